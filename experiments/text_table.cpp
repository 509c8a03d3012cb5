#include "experiments/text_table.h"

#include <fmt/format.h>

#include <algorithm>

#include "engine/core/check.h"
#include "engine/core/option.h"

namespace vramlab {
namespace {

constexpr std::string_view bytes_suffix = "_bytes";
constexpr std::string_view column_gap = "  ";

std::string_view escape_of(Tone tone) {
  switch (tone) {
    case Tone::plain:
      return "";
    case Tone::strong:
      return "\x1b[1m";
    case Tone::best:
      return "\x1b[1;32m";
    case Tone::bad:
      return "\x1b[31m";
    case Tone::faint:
      return "\x1b[2m";
  }
  return "";
}

bool is_number(const FieldValue& value) {
  return std::holds_alternative<std::uint64_t>(value) || std::holds_alternative<std::int64_t>(value) ||
         std::holds_alternative<double>(value);
}

/// Right where some row has a number in the column.
Align align_of(const std::vector<Row>& rows, std::size_t column) {
  const bool numbers =
      std::any_of(rows.begin(), rows.end(), [column](const Row& r) { return is_number(r[column].value); });
  return numbers ? Align::right : Align::left;
}

std::string title_of(std::string_view field) {
  if (field.ends_with(bytes_suffix)) field.remove_suffix(bytes_suffix.size());
  std::string title(field);
  std::replace(title.begin(), title.end(), '_', ' ');
  return title;
}

std::string pad(std::string_view text, std::size_t width, Align align, Tone tone, bool colour) {
  const std::string space(width - std::min(width, display_width(text)), ' ');
  const std::string shown = toned(text, tone, colour);
  return align == Align::right ? space + shown : shown + space;
}

void end_line(std::string& out) {
  out.erase(out.find_last_not_of(' ') + 1);
  out += '\n';
}

}  // namespace

std::string toned(std::string_view text, Tone tone, bool colour) {
  if (!colour || tone == Tone::plain || text.empty()) return std::string(text);
  return fmt::format("{}{}\x1b[0m", escape_of(tone), text);
}

std::size_t display_width(std::string_view text) {
  const auto starts_code_point = [](char c) { return (static_cast<unsigned char>(c) & 0xC0U) != 0x80U; };
  return static_cast<std::size_t>(std::count_if(text.begin(), text.end(), starts_code_point));
}

void TextTable::add(std::vector<Cell> cells) {
  VRAMLAB_CHECK(cells.size() == columns_.size(), "a table's row must fill its columns");
  rows_.push_back(std::move(cells));
}

std::vector<std::size_t> TextTable::widths() const {
  std::vector<std::size_t> widths;
  widths.reserve(columns_.size());
  for (const Column& column : columns_) widths.push_back(display_width(column.title));
  for (const auto& row : rows_)
    for (std::size_t i = 0; i < row.size(); ++i) widths[i] = std::max(widths[i], display_width(row[i].text));
  return widths;
}

std::string TextTable::text(bool colour) const {
  const std::vector<std::size_t> wide = widths();
  std::string out;
  for (std::size_t i = 0; i < columns_.size(); ++i)
    out += pad(columns_[i].title, wide[i], columns_[i].align, Tone::strong, colour).append(column_gap);
  end_line(out);
  for (const auto& row : rows_) {
    for (std::size_t i = 0; i < row.size(); ++i)
      out += pad(row[i].text, wide[i], columns_[i].align, row[i].tone, colour).append(column_gap);
    end_line(out);
  }
  return out;
}

void LeastOfGroups::add(std::size_t group, Bytes bytes) {
  Group& entry = groups_.try_emplace(group, Group{bytes, 0}).first->second;
  entry.least = std::min(entry.least, bytes);
  ++entry.rows;
}

bool LeastOfGroups::is_least(std::size_t group, Bytes bytes) const {
  const auto found = groups_.find(group);
  return found != groups_.end() && found->second.rows > 1 && found->second.least == bytes;
}

bool LeastOfGroups::any() const {
  return std::any_of(groups_.begin(), groups_.end(), [](const auto& entry) { return entry.second.rows > 1; });
}

std::string human_value(std::string_view field, const FieldValue& value) {
  if (std::holds_alternative<std::nullptr_t>(value)) return "-";
  if (const bool* flag = std::get_if<bool>(&value)) return *flag ? "yes" : "no";
  if (const double* real = std::get_if<double>(&value)) return fmt::format("{:.3f}", *real);
  if (const auto* number = std::get_if<std::int64_t>(&value)) return fmt::format("{}", *number);
  if (const auto* text = std::get_if<std::string>(&value)) return *text;
  const std::uint64_t count = std::get<std::uint64_t>(value);
  return field.ends_with(bytes_suffix) ? format_bytes(Bytes(count)) : fmt::format("{}", count);
}

TextTable rows_to_table(const std::vector<Row>& rows) {
  std::vector<Column> columns;
  if (!rows.empty())
    for (std::size_t i = 0; i < rows.front().size(); ++i)
      columns.push_back({title_of(rows.front()[i].name), align_of(rows, i)});
  TextTable table(std::move(columns));
  for (const Row& row : rows) {
    std::vector<Cell> cells;
    for (const Field& field : row) cells.emplace_back(human_value(field.name, field.value));
    table.add(std::move(cells));
  }
  return table;
}

std::string row_to_lines(const Row& row) {
  std::size_t width = 0;
  for (const Field& field : row) width = std::max(width, title_of(field.name).size());
  std::string out;
  for (const Field& field : row)
    out += fmt::format("{:<{}}  {}\n", title_of(field.name), width, human_value(field.name, field.value));
  return out;
}

}  // namespace vramlab
