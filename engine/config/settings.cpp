#include "engine/config/settings.h"

#include <fmt/format.h>

#include "engine/config/yaml.h"
#include "engine/core/error.h"

namespace vramlab {
namespace {

void take_file(OptionValues& values, std::span<const OptionSpec> table, const std::string& path) {
  const YamlFile file = YamlFile::load(path);
  if (file.root().is_null()) return;  // a file of comments only sets nothing
  file.root().read_map([&](YamlMap& map) {
    for (const OptionSpec& spec : table) {
      const std::optional<YamlValue> value = map.take_if(spec.name);
      if (!value) continue;
      const std::string text = value->text();
      try {
        values.set(spec.name, text, fmt::format("file {}", Where::at_line(path, *value->where().line).text()));
      } catch (const ConfigError& e) {
        throw ConfigError(e.what(), value->where());
      }
    }
  });
}

void take_environment(OptionValues& values, std::span<const OptionSpec> table,
                      const std::function<const char*(const char*)>& environment) {
  for (const OptionSpec& spec : table) {
    const std::string name = environment_name(spec.name);
    const char* text = environment(name.c_str());
    if (text == nullptr) continue;
    try {
      values.set(spec.name, text, fmt::format("environment {}", name));
    } catch (const ConfigError& e) {
      throw ConfigError(e.what(), Where{fmt::format("environment variable {}", name), {}, {}, {}});
    }
  }
}

}  // namespace

std::string environment_name(std::string_view option) {
  std::string name = "VRAMLAB_";
  for (const char c : option) {
    const bool lower = c >= 'a' && c <= 'z';
    name += c == '-' ? '_' : lower ? static_cast<char>(c - 'a' + 'A') : c;
  }
  return name;
}

OptionValues resolve_settings(std::string_view owner, std::span<const OptionSpec> table,
                              const SettingsSources& sources) {
  OptionValues values(owner, table);
  if (sources.yaml_path) take_file(values, table, *sources.yaml_path);
  if (sources.environment) take_environment(values, table, sources.environment);
  for (const auto& [name, text] : sources.flags) values.set(name, text, "flag");
  return values;
}

}  // namespace vramlab
