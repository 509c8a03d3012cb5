// vramlab list KIND

#include <fmt/format.h>
#include <CLI/CLI.hpp>

#include <array>
#include <memory>

#include "engine/core/registry.h"
#include "experiments/kinds.h"
#include "experiments/output.h"
#include "experiments/text_table.h"
#include "experiments/verb_rows.h"

namespace vramlab {
namespace {

constexpr std::array<std::string_view, 1> taken_settings{"format"};

std::vector<Row> rows_of(const std::vector<KindEntry>& entries) {
  std::vector<Row> rows;
  for (const KindEntry& entry : entries) {
    std::string options;
    for (const OptionSpec& spec : entry.options) options += fmt::format("{}{}", options.empty() ? "" : ",", spec.name);
    rows.push_back({{"name", entry.name}, {"summary", entry.summary}, {"options", options}});
  }
  return rows;
}

/// Names with their options indented below.
std::string listing(const std::vector<KindEntry>& entries, bool colour) {
  std::size_t width = 0;
  for (const KindEntry& entry : entries) width = std::max(width, display_width(entry.name));
  std::string out;
  for (const KindEntry& entry : entries) {
    const std::string gap(width - display_width(entry.name) + 2, ' ');
    out += toned(entry.name, Tone::strong, colour) + gap + entry.summary + "\n";
    for (const OptionSpec& spec : entry.options)
      out +=
          toned(fmt::format("    {} = {}: {}", spec.name, spec.default_text, spec.reason), Tone::faint, colour) + "\n";
  }
  return out;
}

int list(const std::string& kind, const Settings& settings) {
  const std::vector<KindEntry> entries = find_row(kinds(), "kind", kind).entries();
  const OutputFormat format = output_format(settings.values.text("format"));
  if (format == OutputFormat::table) {
    write_output(listing(entries, output_in_colour()));
  } else {
    write_rows(rows_of(entries), format);
  }
  return 0;
}

VerbRun define(CLI::App& app) {
  auto kind = std::make_shared<std::string>();
  app.add_option("KIND", *kind, fmt::format("one of {}", fmt::join(names_of(kinds()), ", ")))
      ->required()
      ->option_text(" ");
  return [kind](const Settings& settings) { return list(*kind, settings); };
}

}  // namespace

const VerbInfo verb_list{
    .name = "list",
    .summary = "names to choose among, with their options",
    .example = "vramlab list pools\nvramlab list machines --format json",
    .settings = taken_settings,
    .define = define,
};

}  // namespace vramlab
