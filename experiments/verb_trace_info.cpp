// vramlab trace info FILE...

#include <CLI/CLI.hpp>

#include <array>
#include <memory>

#include "experiments/output.h"
#include "experiments/trace_files.h"
#include "experiments/trace_summary.h"
#include "experiments/verb_rows.h"

namespace vramlab {
namespace {

constexpr std::array<std::string_view, 2> taken_settings{"gpu", "format"};

int info(const std::vector<std::string>& paths, const Settings& settings) {
  check_readable(paths);
  const OutputFormat format = output_format(settings.values.text("format"));
  std::vector<Row> rows;
  for (const std::string& path : paths) {
    for (const Trace& trace : read_chosen_traces(path, settings.values.text("gpu"))) {
      const TraceInfo found = trace_info(trace);
      if (format == OutputFormat::table) {
        write_output(summary_text(trace, found, output_in_colour()));
      } else {
        rows.push_back(summary_row(trace, found));
      }
    }
  }
  if (format != OutputFormat::table) write_rows(rows, format);
  return 0;
}

VerbRun define(CLI::App& app) {
  auto paths = std::make_shared<std::vector<std::string>>();
  app.add_option("TRACE", *paths, "recordings of any format; also .gz, .xz, .zst")->required()->option_text(" ");
  return [paths](const Settings& settings) { return info(*paths, settings); };
}

}  // namespace

const VerbInfo verb_trace_info{
    .name = "trace info",
    .summary =
        "what a recording is: counts, peak, sizes, lifetimes, streams, "
        "iterations",
    .example = "vramlab trace info snapshot.pickle.xz",
    .settings = taken_settings,
    .define = define,
};

}  // namespace vramlab
