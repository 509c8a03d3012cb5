// vramlab config schema

#include <CLI/CLI.hpp>

#include <array>

#include "engine/config/settings.h"
#include "experiments/output.h"
#include "experiments/verb_rows.h"

namespace vramlab {
namespace {

constexpr std::array<std::string_view, 1> taken_settings{"format"};

std::string type_text(const OptionSpec& spec) {
  switch (spec.kind) {
    case OptionKind::flag:
      return "true|false";
    case OptionKind::integer:
      return "integer";
    case OptionKind::real:
      return "number";
    case OptionKind::bytes:
      return "bytes";
    case OptionKind::choice:
      return std::string(spec.choices);
    case OptionKind::text:
      return "text";
  }
  return "";
}

VerbRun define(CLI::App&) {
  return [](const Settings& settings) {
    std::vector<Row> rows;
    for_each_setting(settings, [&rows](const std::string& key, const OptionValues::Item& item) {
      rows.push_back({{"key", key},
                      {"type", type_text(*item.spec)},
                      {"default", std::string(item.spec->default_text)},
                      {"variable", environment_name(key)},
                      {"reason", std::string(item.spec->reason)}});
    });
    write_rows(rows, output_format(settings.values.text("format")));
    return 0;
  };
}

}  // namespace

const VerbInfo verb_config_schema{
    .name = "config schema",
    .summary = "every setting: type, default, environment variable, reason",
    .example = "vramlab config schema",
    .settings = taken_settings,
    .define = define,
};

}  // namespace vramlab
