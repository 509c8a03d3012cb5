#include "experiments/settings.h"

#include <fmt/format.h>
#include <spdlog/spdlog.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <cstdlib>
#include <filesystem>

#include "engine/config/settings.h"
#include "engine/config/yaml.h"
#include "engine/core/error.h"
#include "engine/core/registry.h"
#include "engine/pool/allocator_settings.h"
#include "experiments/kinds.h"

namespace vramlab {
namespace {

constexpr std::string_view variable_prefix = "VRAMLAB_";
constexpr const char* config_variable = "VRAMLAB_CONFIG";
constexpr const char* default_file = "vramlab.yaml";
constexpr std::string_view allocator_section = "allocator";
/// What `vramlab run` sets for the program it runs, in which this one may be called again.
constexpr std::array<std::string_view, 7> variables_of_run{
    "VRAMLAB_LIBRARY", "VRAMLAB_POOL_OPTIONS", "VRAMLAB_ALLOCATOR_OPTIONS", "VRAMLAB_RECORD", "VRAMLAB_RECORD_OWNER",
    "VRAMLAB_COMPARE", "VRAMLAB_REPORT"};

constexpr std::array<SectionInfo, 4> sections{{{"pools", "pool", "POOL", "pool"},
                                               {"solvers", "solver", "SOLVER", "solver"},
                                               {"swaps", "swap policy", "SWAP", "swap"},
                                               {"codecs", "codec", "CODEC", "codec"}}};

std::span<const OptionSpec> setting_specs() {
  static const std::vector<OptionSpec> specs = [] {
    std::vector<OptionSpec> all;
    all.reserve(setting_infos().size());
    for (const SettingInfo& info : setting_infos()) all.push_back(info.spec);
    return all;
  }();
  return specs;
}

SectionValues section_of(const SectionInfo& info) {
  SectionValues section{&info, {}, {}};
  for (const KindEntry& entry : find_row(kinds(), "kind", info.kind).entries()) {
    section.names.push_back(entry.name);
    section.options.emplace_back(fmt::format("{} {}", info.one, entry.name), entry.options);
  }
  return section;
}

/// Index of `name` in the section, or how many names there are.
std::size_t index_of(const SectionValues& section, std::string_view name) {
  return static_cast<std::size_t>(std::find(section.names.begin(), section.names.end(), name) - section.names.begin());
}

const OptionValues& options_of(const SectionValues& section, std::string_view name) {
  const std::size_t index = index_of(section, name);
  if (index == section.names.size())
    unknown_name(section.info->one, name, std::vector<std::string_view>(section.names.begin(), section.names.end()));
  return section.options[index];
}

void apply_section(const YamlValue& values, SectionValues& section) {
  values.read_map([&section](YamlMap& entries) {
    for (std::size_t i = 0; i < section.names.size(); ++i) {
      const std::optional<YamlValue> options = entries.take_if(section.names[i]);
      if (options) options->read_map([&](YamlMap& map) { take_file_settings(section.options[i], map); });
    }
  });
}

void apply_file(const std::string& path, Settings& settings) {
  const YamlFile file = YamlFile::load(path);
  if (file.root().is_null()) return;
  file.root().read_map([&settings](YamlMap& map) {
    take_file_settings(settings.values, map);
    for (SectionValues& section : settings.sections)
      if (const auto values = map.take_if(section.info->kind)) apply_section(*values, section);
    if (const auto values = map.take_if(allocator_section))
      values->read_map([&settings](YamlMap& options) { take_file_settings(settings.allocator, options); });
  });
}

void apply_environment(Settings& settings) {
  const auto get = [](const char* name) -> const char* { return std::getenv(name); };
  take_environment_settings(settings.values, "", get);
  take_environment_settings(settings.allocator, fmt::format("{}.", allocator_section), get);
  for (SectionValues& section : settings.sections)
    for (std::size_t i = 0; i < section.names.size(); ++i)
      take_environment_settings(section.options[i], fmt::format("{}.{}.", section.info->kind, section.names[i]), get);
}

std::vector<std::string> known_variables(const Settings& settings) {
  std::vector<std::string> known{config_variable};
  known.insert(known.end(), variables_of_run.begin(), variables_of_run.end());
  for_each_setting(settings, [&known](const std::string& key, const OptionValues::Item&) {
    known.push_back(environment_name(key));
  });
  return known;
}

void warn_of_unknown_variables(const Settings& settings) {
  const std::vector<std::string> known = known_variables(settings);
  const std::vector<std::string_view> views(known.begin(), known.end());
  for (char** entry = environ; *entry != nullptr; ++entry) {
    const std::string_view text(*entry);
    const std::string_view name = text.substr(0, text.find('='));
    if (!name.starts_with(variable_prefix) || std::find(views.begin(), views.end(), name) != views.end()) continue;
    const std::string_view nearest = nearest_name(name, views);
    spdlog::warn("environment variable {} names no setting{}", name,
                 nearest.empty() ? "" : fmt::format(" (did you mean {}?)", nearest));
  }
}

std::optional<std::string> config_file(const GivenFlags& given) {
  if (given.config_file) return given.config_file;
  if (const char* named = std::getenv(config_variable); named != nullptr && *named != '\0') return named;
  if (std::filesystem::exists(default_file)) return default_file;
  return std::nullopt;
}

}  // namespace

std::string flag_of(std::string_view setting) {
  std::string flag = fmt::format("--{}", setting);
  std::replace(flag.begin(), flag.end(), '_', '-');
  return flag;
}

std::span<const SectionInfo> setting_sections() { return vramlab::sections; }

Settings::Settings() : values("vramlab", setting_specs()), allocator("allocator", program_allocator_options()) {
  for (const SectionInfo& info : vramlab::sections) sections.push_back(section_of(info));
}

const SectionValues& Settings::section(std::string_view kind) const {
  const auto found = std::find_if(sections.begin(), sections.end(),
                                  [kind](const SectionValues& section) { return section.info->kind == kind; });
  if (found == sections.end()) throw InvariantError(fmt::format("the options of {} are no settings", kind));
  return *found;
}

const OptionValues& Settings::pool(std::string_view name) const { return options_of(section("pools"), name); }

const OptionValues& Settings::solver(std::string_view name) const { return options_of(section("solvers"), name); }

const OptionValues& Settings::swap(std::string_view name) const { return options_of(section("swaps"), name); }

const OptionValues& Settings::codec(std::string_view name) const { return options_of(section("codecs"), name); }

std::pair<std::string, std::string> split_assignment(std::string_view flag, std::string_view text,
                                                     std::string_view form) {
  const std::size_t equals = text.find('=');
  if (equals == std::string_view::npos || equals == 0)
    throw ConfigError(fmt::format("{}: '{}' is not {}", flag, text, form));
  return {std::string(text.substr(0, equals)), std::string(text.substr(equals + 1))};
}

std::string option_form(std::span<const std::string_view> kinds) {
  const auto info = std::find_if(vramlab::sections.begin(), vramlab::sections.end(),
                                 [kinds](const SectionInfo& section) { return section.kind == kinds.front(); });
  return fmt::format("{}.OPTION=VALUE", kinds.size() == 1 ? info->form : "NAME");
}

void set_option(Settings& settings, std::span<const std::string_view> kinds, std::string_view assignment) {
  const std::string form = option_form(kinds);
  const auto [key, value] = split_assignment("--set", assignment, form);
  const std::size_t dot = key.find('.');
  if (dot == std::string::npos) throw ConfigError(fmt::format("--set: '{}' is not {}", assignment, form));
  const std::string name = key.substr(0, dot);
  std::vector<OptionValues*> owners;
  std::vector<std::string_view> known, ones;
  if (std::find(kinds.begin(), kinds.end(), allocator_section) != kinds.end()) {
    known.push_back(allocator_section);
    if (name == allocator_section) owners.push_back(&settings.allocator);
  }
  for (SectionValues& section : settings.sections) {
    if (std::find(kinds.begin(), kinds.end(), section.info->kind) == kinds.end()) continue;
    ones.push_back(section.info->one);
    known.insert(known.end(), section.names.begin(), section.names.end());
    const std::size_t index = index_of(section, name);
    if (index < section.names.size()) owners.push_back(&section.options[index]);
  }
  if (owners.empty()) unknown_name(fmt::format("{}", fmt::join(ones, " or ")), name, known);
  if (owners.size() > 1)
    throw ConfigError(fmt::format("--set: '{}' is a {}", name, fmt::join(ones, " and a ")), {},
                      "set it in a settings file, in the section meant");
  owners.front()->set(key.substr(dot + 1), value, "flag --set");
}

void for_each_setting(const Settings& settings,
                      const std::function<void(const std::string& key, const OptionValues::Item& item)>& each) {
  for (const OptionValues::Item& item : settings.values.items()) each(std::string(item.spec->name), item);
  for (const OptionValues::Item& item : settings.allocator.items())
    each(fmt::format("{}.{}", allocator_section, item.spec->name), item);
  for (const SectionValues& section : settings.sections)
    for (std::size_t i = 0; i < section.names.size(); ++i)
      for (const OptionValues::Item& item : section.options[i].items())
        each(fmt::format("{}.{}.{}", section.info->kind, section.names[i], item.spec->name), item);
}

Settings settle_settings(const GivenFlags& given) {
  Settings settings;
  if (const auto file = config_file(given)) apply_file(*file, settings);
  apply_environment(settings);
  warn_of_unknown_variables(settings);
  for (const auto& [name, value] : given.settings) settings.values.set(name, value, "flag " + flag_of(name));
  for (const std::string& assignment : given.options) set_option(settings, given.option_sections, assignment);
  return settings;
}

}  // namespace vramlab
