#include <fmt/format.h>
#include <algorithm>
#include <nlohmann/json.hpp>

#include "engine/core/error.h"
#include "engine/replay/report.h"

namespace vramlab {
namespace {

using Json = nlohmann::ordered_json;

// Names of files need not be UTF-8, JSON must be.
std::string json_text(const Json& value) { return value.dump(-1, ' ', false, Json::error_handler_t::replace); }

std::string json_object(const Row& row) {
  Json object = Json::object();
  for (const Field& field : row)
    std::visit([&](const auto& value) { object[std::string(field.name)] = value; }, field.value);
  return json_text(object);
}

// Quoted where RFC 4180 asks for it, and where it is empty: an empty field means null.
std::string csv_text(std::string_view text) {
  if (!text.empty() && text.find_first_of(",\"\r\n") == std::string_view::npos) return std::string(text);
  std::string quoted = "\"";
  for (const char c : text) {
    if (c == '"') quoted += '"';
    quoted += c;
  }
  return quoted + '"';
}

struct CsvField {
  std::string operator()(std::nullptr_t) const { return ""; }
  std::string operator()(const std::string& text) const { return csv_text(text); }
  template <class Number>
  std::string operator()(Number value) const {
    return fmt::format("{}", value);
  }
};

template <class Cell>
std::string csv_line(const Row& row, const Cell& cell) {
  std::string line;
  for (const Field& field : row) line += (&field == &row.front() ? "" : ",") + cell(field);
  return line + "\r\n";
}

void check_same_fields(const Row& first, const Row& row) {
  const bool same = std::equal(first.begin(), first.end(), row.begin(), row.end(),
                               [](const Field& a, const Field& b) { return a.name == b.name; });
  if (!same) throw InvariantError("rows of one table have different fields");
}

}  // namespace

std::string rows_to_json(const std::vector<Row>& rows) {
  std::string out = "[";
  for (const Row& row : rows) {
    out += out.size() == 1 ? "\n  " : ",\n  ";
    out += json_object(row);
  }
  return out + (rows.empty() ? "]\n" : "\n]\n");
}

std::string rows_to_csv(const std::vector<Row>& rows) {
  if (rows.empty()) return "";
  std::string out = csv_line(rows.front(), [](const Field& field) { return csv_text(field.name); });
  for (const Row& row : rows) {
    check_same_fields(rows.front(), row);
    out += csv_line(row, [](const Field& field) { return std::visit(CsvField(), field.value); });
  }
  return out;
}

}  // namespace vramlab
