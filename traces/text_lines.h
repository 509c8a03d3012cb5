#pragma once
// Line-oriented text: lines with their numbers, the comma-separated columns of a line, whole and decimal numbers.
// Shared by the text readers; every failure is a TraceError with file and line.

#include <cstddef>
#include <cstdint>
#include <span>
#include <string>
#include <string_view>

namespace vramlab {

/// Walks the lines of a text. "\n" and "\r\n" end lines; the last one may lack its end.
/// The bytes and the name must outlive it.
class TextLines {
 public:
  TextLines(std::span<const std::byte> bytes, const std::string& name);

  /// Goes to the next line that is not blank. False at the end.
  bool next();
  std::string_view line() const { return line_; }
  /// Counted from 1, blank lines included.
  std::uint64_t number() const { return number_; }
  [[noreturn]] void fail(const std::string& what, const std::string& mend = {}) const;

 private:
  std::string_view rest_;
  std::string_view line_;
  std::uint64_t number_ = 0;
  const std::string& name_;
};

/// Walks the separated columns of a line. `what` names a column in messages.
class Columns {
 public:
  explicit Columns(const TextLines& at) : at_(at), rest_(at.line()) {}

  /// The next column as it stands. Throws when there is none.
  std::string_view text(std::string_view what);
  /// The next column as a whole number from `least` to `most`.
  std::uint64_t number(std::string_view what, std::uint64_t least, std::uint64_t most);
  /// The next column, a decimal number ("12", "3.25"), times 1000, exact; digits beyond the third are rounded.
  std::int64_t thousandths(std::string_view what);
  /// Calls each(number) for the next column's whole numbers, separated by `;`. An empty column holds none.
  template <class Each>
  void numbers(std::string_view what, Each&& each) {
    std::string_view list = text(what);
    while (!list.empty()) {
      const std::size_t end = list.find(';');
      each(whole(list.substr(0, end), what, 0, ~std::uint64_t{0}));
      if (end == std::string_view::npos) return;
      list.remove_prefix(end + 1);
      if (list.empty()) at_.fail(std::string(what) + ": the list ends with ';'");
    }
  }
  /// Throws when columns are left.
  void done() const;
  /// Refuses what is empty or would break a terminal, a table or a JSON file: control characters, invalid UTF-8.
  std::string_view clean_text(std::string_view what);

 private:
  std::uint64_t whole(std::string_view digits, std::string_view what, std::uint64_t least, std::uint64_t most) const;
  [[noreturn]] void not_whole(std::string_view digits, std::string_view what) const;

  const TextLines& at_;
  std::string_view rest_;
  bool more_ = true;
};

/// Valid UTF-8 without control characters.
bool is_clean_text(std::string_view text);

}  // namespace vramlab
