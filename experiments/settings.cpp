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
#include "engine/pool/pool.h"

namespace vramlab {
namespace {

constexpr std::string_view variable_prefix = "VRAMLAB_";
constexpr const char* config_variable = "VRAMLAB_CONFIG";
constexpr const char* default_file = "vramlab.yaml";

constexpr std::array<SettingInfo, 13> infos{{
    {{"pool", OptionKind::text, "all", "pools to compare; all: every one of `vramlab list pools`"}, "A,B|all", true},
    {{"swap", OptionKind::text, "none", "swap policies; see `vramlab list swaps`"}, "A,B", true},
    {{"limit", OptionKind::text, "unlimited",
      "memory to get by with, also as share of the max load; with swap none a "
      "cap"},
     "BYTES|PCT%"},
    {{"cap", OptionKind::text, "unlimited", "memory a pool may reserve; machine: what --machine has"}, "BYTES|machine"},
    {{"device", OptionKind::choice, "sim", "sim: simulated after --machine; cuda: needs a build with CUDA", "sim|cuda"},
     "sim|cuda"},
    {{"machine", OptionKind::text, "h200", "machine model: a name of `vramlab machine list`, or a .yaml file"},
     "NAME|FILE"},
    {{"inputs", OptionKind::text, "model",
      "completions come from the model, the device's own run, or a log of "
      "--log"},
     "model|measured|FILE"},
    {{"scale",
      OptionKind::real,
      "1",
      "sizes times X, rounded down; none shrinks below 512 bytes, smaller ones "
      "never shrink",
      {},
      1e-6,
      1e6},
     "X"},
    {{"verify", OptionKind::flag, "false", "check every decision by the independent validator"}, ""},
    {{"seed", OptionKind::integer, "0", "seed of what is random", {}, 0}, "N"},
    {{"min_time", OptionKind::real, "1", "seconds of replay to average the speed over; 0: one run", {}, 0, 3600},
     "SECONDS"},
    {{"gpu", OptionKind::text, "all", "which device of a recording of several; all: a row for each"}, "N|all"},
    {{"format", OptionKind::choice, "table", "table for people, json and csv for programs", "table|json|csv"},
     "table|json|csv"},
}};

std::span<const OptionSpec> setting_specs() {
  static const std::vector<OptionSpec> specs = [] {
    std::vector<OptionSpec> all;
    all.reserve(infos.size());
    for (const SettingInfo& info : infos) all.push_back(info.spec);
    return all;
  }();
  return specs;
}

std::size_t pool_index(std::string_view name) {
  return static_cast<std::size_t>(&find_row(pools(), "pool", name) - pools().data());
}

std::string section_of(const PoolInfo& pool) { return fmt::format("pools.{}.", pool.name); }

void apply_pools_section(const YamlValue& section, Settings& settings) {
  section.read_map([&settings](YamlMap& pools_map) {
    for (const PoolInfo& pool : pools()) {
      const std::optional<YamlValue> options = pools_map.take_if(pool.name);
      if (options) options->read_map([&](YamlMap& map) { take_file_settings(settings.pool(pool.name), map); });
    }
  });
}

void apply_file(const std::string& path, Settings& settings) {
  const YamlFile file = YamlFile::load(path);
  if (file.root().is_null()) return;
  file.root().read_map([&settings](YamlMap& map) {
    take_file_settings(settings.values, map);
    if (const auto section = map.take_if("pools")) apply_pools_section(*section, settings);
  });
}

void apply_environment(Settings& settings) {
  const auto get = [](const char* name) -> const char* { return std::getenv(name); };
  take_environment_settings(settings.values, "", get);
  for (const PoolInfo& pool : pools()) take_environment_settings(settings.pool(pool.name), section_of(pool), get);
}

std::vector<std::string> known_variables(const Settings& settings) {
  std::vector<std::string> known{config_variable};
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

std::span<const SettingInfo> setting_infos() { return infos; }

std::string flag_of(std::string_view setting) {
  std::string flag = fmt::format("--{}", setting);
  std::replace(flag.begin(), flag.end(), '_', '-');
  return flag;
}

Settings::Settings() : values("vramlab", setting_specs()) {
  for (const PoolInfo& info : vramlab::pools()) pools.emplace_back(fmt::format("pool {}", info.name), info.options);
}

OptionValues& Settings::pool(std::string_view name) { return pools[pool_index(name)]; }

const OptionValues& Settings::pool(std::string_view name) const { return pools[pool_index(name)]; }

std::pair<std::string, std::string> split_assignment(std::string_view flag, std::string_view text,
                                                     std::string_view form) {
  const std::size_t equals = text.find('=');
  if (equals == std::string_view::npos || equals == 0)
    throw ConfigError(fmt::format("{}: '{}' is not {}", flag, text, form));
  return {std::string(text.substr(0, equals)), std::string(text.substr(equals + 1))};
}

void set_pool_option(Settings& settings, std::string_view assignment) {
  constexpr std::string_view form = "POOL.OPTION=VALUE";
  const auto [key, value] = split_assignment("--set", assignment, form);
  const std::size_t dot = key.find('.');
  if (dot == std::string::npos) throw ConfigError(fmt::format("--set: '{}' is not {}", assignment, form));
  settings.pool(key.substr(0, dot)).set(key.substr(dot + 1), value, "flag --set");
}

void for_each_setting(const Settings& settings,
                      const std::function<void(const std::string& key, const OptionValues::Item& item)>& each) {
  for (const OptionValues::Item& item : settings.values.items()) each(std::string(item.spec->name), item);
  for (std::size_t i = 0; i < settings.pools.size(); ++i)
    for (const OptionValues::Item& item : settings.pools[i].items())
      each(section_of(pools()[i]) + std::string(item.spec->name), item);
}

Settings settle_settings(const GivenFlags& given) {
  Settings settings;
  if (const auto file = config_file(given)) apply_file(*file, settings);
  apply_environment(settings);
  warn_of_unknown_variables(settings);
  for (const auto& [name, value] : given.settings) settings.values.set(name, value, "flag " + flag_of(name));
  for (const std::string& assignment : given.pool_options) set_pool_option(settings, assignment);
  return settings;
}

}  // namespace vramlab
