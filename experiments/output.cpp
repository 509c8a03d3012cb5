#include "experiments/output.h"

#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <cstdio>
#include <cstdlib>
#include <cstring>

#include "engine/core/check.h"
#include "engine/core/error.h"
#include "experiments/text_table.h"

namespace vramlab {
namespace {

bool is_terminal(int descriptor) {
  const char* kind = std::getenv("TERM");
  return isatty(descriptor) == 1 && kind != nullptr && std::strcmp(kind, "dumb") != 0;
}

}  // namespace

OutputFormat output_format(std::string_view name) {
  if (name == "json") return OutputFormat::json;
  return name == "csv" ? OutputFormat::csv : OutputFormat::table;
}

void write_output(std::string_view text) {
  const bool written = std::fwrite(text.data(), 1, text.size(), stdout) == text.size() && std::fflush(stdout) == 0;
  if (written) return;
  const int reason = errno;
  if (reason == EPIPE) throw ClosedPipe{};
  throw Error(std::string("standard output cannot be written: ") + std::strerror(reason));
}

std::string one_line(std::string text) {
  std::replace(text.begin(), text.end(), '\n', ' ');
  return text;
}

bool output_is_terminal() { return is_terminal(STDOUT_FILENO); }

bool log_is_terminal() { return is_terminal(STDERR_FILENO); }

bool output_in_colour() {
  const char* refused = std::getenv("NO_COLOR");
  return output_is_terminal() && (refused == nullptr || *refused == '\0');
}

std::string rows_to_text(const std::vector<Row>& rows, OutputFormat format) {
  VRAMLAB_CHECK(format != OutputFormat::table, "a table is not flat text");
  return format == OutputFormat::json ? rows_to_json(rows) : rows_to_csv(rows);
}

void write_rows(const std::vector<Row>& rows, OutputFormat format) {
  write_output(format == OutputFormat::table ? rows_to_table(rows).text(output_in_colour())
                                             : rows_to_text(rows, format));
}

}  // namespace vramlab
