// vramlab trace convert IN OUT.vlt

#include <fmt/format.h>
#include <CLI/CLI.hpp>

#include <array>
#include <filesystem>
#include <memory>

#include "experiments/output.h"
#include "experiments/trace_files.h"
#include "experiments/verb_rows.h"
#include "traces/vlt.h"

namespace vramlab {
namespace {

constexpr std::array<std::string_view, 2> taken_settings{"gpu", "format"};

struct Arguments {
  std::string in, out;
};

int convert(const Arguments& arguments, const Settings& settings) {
  check_vlt_name(arguments.out);
  const std::vector<Trace> traces = read_chosen_traces(arguments.in, settings.values.text("gpu"));
  std::vector<Row> rows;
  for (const Trace& trace : traces) {
    const std::string suffix = traces.size() > 1 ? fmt::format("-gpu{}", device_number(trace)) : "";
    const std::string out = with_suffix(arguments.out, suffix);
    write_vlt(trace, out);
    rows.push_back({{"file", out},
                    {"trace", trace.name},
                    {"format", trace.format},
                    {"events", std::uint64_t{trace.event_count()}},
                    {"objects", std::uint64_t{trace.object_count()}},
                    {"size_bytes", std::uint64_t{std::filesystem::file_size(out)}}});
  }
  write_rows(rows, output_format(settings.values.text("format")));
  return 0;
}

VerbRun define(CLI::App& app) {
  auto arguments = std::make_shared<Arguments>();
  app.add_option("IN", arguments->in, "recording of any format; also .gz, .xz, .zst")->required()->option_text(" ");
  app.add_option("OUT", arguments->out, "file to write, .vlt; of several devices -gpuN is inserted")
      ->required()
      ->option_text(" ");
  return [arguments](const Settings& settings) { return convert(*arguments, settings); };
}

}  // namespace

const VerbInfo verb_trace_convert{
    .name = "trace convert",
    .summary = "rewrite a recording as .vlt: compact, checksummed, quick to read",
    .example = "vramlab trace convert snapshot.pickle snapshot.vlt",
    .settings = taken_settings,
    .define = define,
};

}  // namespace vramlab
