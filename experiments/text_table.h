#pragma once
// Tables for people: aligned columns, human units, colours only where the
// caller says so.

#include <cstddef>
#include <cstdint>
#include <map>
#include <string>
#include <string_view>
#include <vector>

#include "engine/core/types.h"
#include "engine/replay/report.h"

namespace vramlab {

enum class Align : std::uint8_t { left, right };
enum class Tone : std::uint8_t { plain, strong, best, bad, faint };

/// `text` in the terminal's colour for `tone`; as it is without `colour`.
std::string toned(std::string_view text, Tone tone, bool colour);
/// Columns that UTF-8 `text` takes on a terminal, one a code point.
std::size_t display_width(std::string_view text);

struct Column {
  std::string title;
  Align align = Align::left;
};

struct Cell {
  Cell(std::string t, Tone c = Tone::plain) : text(std::move(t)), tone(c) {}
  std::string text;
  Tone tone;
};

class TextTable {
 public:
  explicit TextTable(std::vector<Column> columns) : columns_(std::move(columns)) {}
  /// REQUIRES: as many cells as columns.
  void add(std::vector<Cell> cells);
  /// Lines end in newlines and have no trailing spaces. A table without rows is
  /// its titles.
  std::string text(bool colour) const;

 private:
  std::vector<std::size_t> widths() const;

  std::vector<Column> columns_;
  std::vector<std::vector<Cell>> rows_;
};

/// Which of several rows of a group has the least bytes.
class LeastOfGroups {
 public:
  void add(std::size_t group, Bytes bytes);
  /// Whether there was a choice, and no less than `bytes` in it.
  bool is_least(std::size_t group, Bytes bytes) const;
  /// Whether any group had a choice.
  bool any() const;

 private:
  struct Group {
    Bytes least{};
    std::size_t rows = 0;
  };
  std::map<std::size_t, Group> groups_;
};

/// "12.3 MiB" style for *_bytes, "yes"/"no", "-" for null, three decimals for
/// other real numbers.
std::string human_value(std::string_view field, const FieldValue& value);

/// One column a field of the first row, titled by its name in words. REQUIRES:
/// all rows have the same fields.
TextTable rows_to_table(const std::vector<Row>& rows);

/// One line a field, for a single row.
std::string row_to_lines(const Row& row);

}  // namespace vramlab
