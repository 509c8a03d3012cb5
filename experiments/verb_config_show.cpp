// vramlab config show

#include <CLI/CLI.hpp>

#include <array>

#include "experiments/output.h"
#include "experiments/verb_rows.h"

namespace vramlab {
namespace {

constexpr std::array<std::string_view, 3> all_sections{"pools", "solvers", "allocator"};

std::span<const std::string_view> all_settings() {
  static const std::vector<std::string_view> names = [] {
    std::vector<std::string_view> all;
    for (const SettingInfo& info : setting_infos()) all.push_back(info.spec.name);
    return all;
  }();
  return names;
}

VerbRun define(CLI::App&) {
  return [](const Settings& settings) {
    std::vector<Row> rows;
    for_each_setting(settings, [&rows](const std::string& key, const OptionValues::Item& item) {
      rows.push_back({{"key", key}, {"value", item.text}, {"source", item.source}});
    });
    write_rows(rows, output_format(settings.values.text("format")));
    return 0;
  };
}

}  // namespace

const VerbInfo verb_config_show{
    .name = "config show",
    .summary = "every setting, its value and where that came from",
    .example =
        "vramlab config show --machine rtx4090\nVRAMLAB_SEED=7 vramlab "
        "config show",
    .settings = all_settings(),
    .sections = all_sections,
    .define = define,
};

}  // namespace vramlab
