#pragma once
// Where the value of an option comes from: flag, else environment (VRAMLAB_NAME), else file, else default.

#include <functional>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "engine/core/option.h"

namespace vramlab {

class YamlMap;

/// What the user gave. Nothing is read from the process itself, so that a test can give anything.
struct SettingsSources {
  std::optional<std::string> yaml_path;                    ///< a mapping of option names to values
  std::function<const char*(const char*)> environment;     ///< like std::getenv; may be empty
  std::vector<std::pair<std::string, std::string>> flags;  ///< option name, text; later ones win
};

/// The values of `table`, each with its source: "flag", "environment NAME", "file PATH:LINE" or "default". A bad value
/// is an error wherever it stands, also where a stronger source overrides it.
/// Throws ConfigError: unknown names with the nearest known one, bad values, each with its place.
OptionValues resolve_settings(std::string_view owner, std::span<const OptionSpec> table,
                              const SettingsSources& sources);

// The sources one at a time, for settings in sections. Both throw ConfigError with the place of a bad value.

/// Sets the options that are keys of `map`; other keys are left to whoever reads the map.
void take_file_settings(OptionValues& values, YamlMap& map);
/// Sets the options whose variable, VRAMLAB_PREFIXNAME, there is. `prefix`: "", or a section such as "pools.vmm.".
void take_environment_settings(OptionValues& values, std::string_view prefix,
                               const std::function<const char*(const char*)>& environment);

/// "memory-limit" -> "VRAMLAB_MEMORY_LIMIT"; dots become underscores too.
std::string environment_name(std::string_view option);

}  // namespace vramlab
