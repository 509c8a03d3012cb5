#pragma once
// What the program prints: rows as an aligned table, JSON or CSV on stdout.
// Nothing else goes there; logs go to stderr.

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "engine/replay/report.h"

namespace vramlab {

enum class OutputFormat : std::uint8_t { table, json, csv };

/// Of the setting `format`. REQUIRES: one of its choices.
OutputFormat output_format(std::string_view name);

/// Thrown when the reader of stdout went away (`vramlab ... | head`): the
/// program ends quietly.
struct ClosedPipe {};

/// Writes all of `text` to stdout at once. Throws ClosedPipe, or Error when
/// stdout cannot be written.
void write_output(std::string_view text);

/// A message on one line.
std::string one_line(std::string text);

/// Whether stdout (stderr) is a terminal that understands escape codes.
bool output_is_terminal();
bool log_is_terminal();
/// Colours are for a terminal whose user did not set NO_COLOR
/// (https://no-color.org).
bool output_in_colour();

/// One row an outcome.
template <class Outcome>
std::vector<Row> rows_of(const std::vector<Outcome>& outcomes, Row (*row)(const Outcome&)) {
  std::vector<Row> rows;
  rows.reserve(outcomes.size());
  for (const Outcome& outcome : outcomes) rows.push_back(row(outcome));
  return rows;
}

/// The rows as JSON or CSV. REQUIRES: format is not table.
std::string rows_to_text(const std::vector<Row>& rows, OutputFormat format);

/// Prints rows in any format; as a table with one column a field (see
/// rows_to_table in text_table.h).
void write_rows(const std::vector<Row>& rows, OutputFormat format);

}  // namespace vramlab
