#include "engine/config/settings.h"

#include <fmt/format.h>

#include "engine/config/yaml.h"
#include "engine/core/error.h"

namespace vramlab {
void take_file_settings(OptionValues& values, YamlMap& map) {
  for (const OptionValues::Item& item : values.items()) {
    const std::optional<YamlValue> value = map.take_if(item.spec->name);
    if (!value) continue;
    const Where where = value->where();
    const std::string text = value->text();
    try {
      values.set(item.spec->name, text, fmt::format("file {}", Where::at_line(where.file, *where.line).text()));
    } catch (const ConfigError& e) {
      throw ConfigError(e.what(), where);
    }
  }
}

void take_environment_settings(OptionValues& values, std::string_view prefix,
                               const std::function<const char*(const char*)>& environment) {
  for (const OptionValues::Item& item : values.items()) {
    const std::string name = environment_name(fmt::format("{}{}", prefix, item.spec->name));
    const char* text = environment(name.c_str());
    if (text == nullptr) continue;
    try {
      values.set(item.spec->name, text, fmt::format("environment {}", name));
    } catch (const ConfigError& e) {
      throw ConfigError(e.what(), Where{fmt::format("environment variable {}", name), {}, {}, {}});
    }
  }
}

std::string environment_name(std::string_view option) {
  std::string name = "VRAMLAB_";
  for (const char c : option) {
    const bool lower = c >= 'a' && c <= 'z';
    name += (c == '-' || c == '.') ? '_' : lower ? static_cast<char>(c - 'a' + 'A') : c;
  }
  return name;
}

OptionValues resolve_settings(std::string_view owner, std::span<const OptionSpec> table,
                              const SettingsSources& sources) {
  OptionValues values(owner, table);
  if (sources.yaml_path) {
    const YamlFile file = YamlFile::load(*sources.yaml_path);
    // A file of comments only sets nothing.
    if (!file.root().is_null()) file.root().read_map([&values](YamlMap& map) { take_file_settings(values, map); });
  }
  if (sources.environment) take_environment_settings(values, "", sources.environment);
  for (const auto& [name, text] : sources.flags) values.set(name, text, "flag");
  return values;
}

}  // namespace vramlab
