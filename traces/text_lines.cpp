#include "traces/text_lines.h"

#include <fmt/format.h>

#include <array>

#include "engine/core/error.h"

namespace vramlab {

TextLines::TextLines(std::span<const std::byte> bytes, const std::string& name)
    : rest_(reinterpret_cast<const char*>(bytes.data()), bytes.size()), name_(name) {}

bool TextLines::next() {
  while (!rest_.empty()) {
    const std::size_t end = rest_.find('\n');
    line_ = rest_.substr(0, end);
    rest_.remove_prefix(end == std::string_view::npos ? rest_.size() : end + 1);
    ++number_;
    if (line_.ends_with('\r')) line_.remove_suffix(1);
    if (!line_.empty()) return true;
  }
  return false;
}

void TextLines::fail(const std::string& what, const std::string& mend) const {
  throw TraceError(what, Where::at_line(name_, number_), mend);
}

std::string_view Columns::text(std::string_view what) {
  if (!more_) at_.fail(fmt::format("column {} is missing", what));
  const std::size_t end = rest_.find(',');
  const std::string_view column = rest_.substr(0, end);
  more_ = end != std::string_view::npos;
  if (more_) rest_.remove_prefix(end + 1);
  return column;
}

std::string_view Columns::clean_text(std::string_view what) {
  const std::string_view column = text(what);
  if (column.empty()) at_.fail(fmt::format("{} is empty", what));
  if (!is_clean_text(column)) at_.fail(fmt::format("{} holds control characters or is not UTF-8", what));
  return column;
}

std::uint64_t Columns::number(std::string_view what, std::uint64_t least, std::uint64_t most) {
  return whole(text(what), what, least, most);
}

std::uint64_t Columns::whole(std::string_view digits, std::string_view what, std::uint64_t least,
                             std::uint64_t most) const {
  std::uint64_t value = 0;
  bool fits = true;
  if (digits.empty()) not_whole(digits, what);
  for (const char c : digits) {
    const auto digit = static_cast<unsigned char>(c - '0');
    if (digit > 9) not_whole(digits, what);
    fits = fits && !__builtin_mul_overflow(value, std::uint64_t{10}, &value) &&
           !__builtin_add_overflow(value, std::uint64_t{digit}, &value);
  }
  if (!fits || value < least || value > most)
    at_.fail(fmt::format("{} {} is not from {} to {}", what, digits, least, most));
  return value;
}

void Columns::not_whole(std::string_view digits, std::string_view what) const {
  if (digits.empty()) at_.fail(fmt::format("{} is empty", what));
  const std::string shown = is_clean_text(digits) ? fmt::format(" '{}'", digits.substr(0, 40)) : std::string();
  at_.fail(digits.starts_with('-') ? fmt::format("{}{} is negative", what, shown)
                                   : fmt::format("{}{} is not a whole number", what, shown));
}

std::int64_t Columns::thousandths(std::string_view what) {
  constexpr std::uint64_t most_whole = std::uint64_t{1} << 53;  // times 1000 still fits
  const std::string_view column = text(what);
  const std::size_t point = column.find('.');
  std::uint64_t value = whole(column.substr(0, point), what, 0, most_whole) * 1000;
  if (point == std::string_view::npos) return static_cast<std::int64_t>(value);
  const std::string_view fraction = column.substr(point + 1);
  std::uint64_t weight = 100;
  for (std::size_t i = 0; i < fraction.size(); ++i, weight /= 10) {
    const auto digit = static_cast<unsigned char>(fraction[i] - '0');
    if (digit > 9) not_whole(column, what);
    if (i < 3) value += digit * weight;
    if (i == 3 && digit >= 5) ++value;
  }
  return static_cast<std::int64_t>(value);
}

void Columns::done() const {
  if (more_) at_.fail(fmt::format("too many columns: '{}' is left", is_clean_text(rest_) ? rest_.substr(0, 40) : "?"));
}

namespace {

/// Length of the UTF-8 sequence at the front of `text`, 0 where there is none (overlong, surrogate, cut).
std::size_t sequence_length(std::string_view text) {
  struct Form {
    unsigned char mask, lead;
    char32_t least;
  };
  static constexpr std::array<Form, 4> forms{
      {{0x80, 0x00, 0}, {0xe0, 0xc0, 0x80}, {0xf0, 0xe0, 0x800}, {0xf8, 0xf0, 0x10000}}};
  const auto first = static_cast<unsigned char>(text.front());
  for (std::size_t length = 1; length <= forms.size(); ++length) {
    const Form& form = forms[length - 1];
    if ((first & form.mask) != form.lead) continue;
    if (text.size() < length) return 0;
    auto point = static_cast<char32_t>(first & static_cast<unsigned char>(~form.mask));
    for (const char c : text.substr(1, length - 1)) {
      const auto next = static_cast<unsigned char>(c);
      if ((next & 0xc0) != 0x80) return 0;
      point = (point << 6) | (next & 0x3fu);
    }
    const bool surrogate = point >= 0xd800 && point <= 0xdfff;
    return point < form.least || point > 0x10ffff || surrogate ? 0 : length;
  }
  return 0;
}

}  // namespace

bool is_clean_text(std::string_view text) {
  while (!text.empty()) {
    const auto first = static_cast<unsigned char>(text.front());
    const std::size_t length = sequence_length(text);
    if (length == 0 || first < 0x20 || first == 0x7f) return false;
    text.remove_prefix(length);
  }
  return true;
}

}  // namespace vramlab
