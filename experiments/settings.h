#pragma once
// Settings: what a flag, the environment, a file or a default may say, in this
// order of precedence. A setting means the same for every verb that takes it.
// Besides them, every option of every pool is a setting, `pools.POOL.OPTION`.

#include <functional>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "engine/core/option.h"

namespace vramlab {

/// The key in the file is spec.name, the flag --name with dashes, the variable
/// VRAMLAB_NAME.
struct SettingInfo {
  OptionSpec spec;
  std::string_view metavar;  ///< what the help shows for the value
  bool list = false;         ///< a flag given twice adds to the list; else the later one wins
};

std::span<const SettingInfo> setting_infos();

/// "min_time" -> "--min-time".
std::string flag_of(std::string_view setting);

/// All values, each with where it came from.
struct Settings {
  Settings();
  /// Options of the pool called `name`. Throws ConfigError for an unknown one.
  OptionValues& pool(std::string_view name);
  const OptionValues& pool(std::string_view name) const;

  OptionValues values;              ///< of setting_infos()
  std::vector<OptionValues> pools;  ///< options of each pool, in the order of pools()
};

/// What the command line gave, in its order.
struct GivenFlags {
  std::vector<std::pair<std::string, std::string>> settings;  ///< name, value
  std::vector<std::string> pool_options;                      ///< POOL.OPTION=VALUE
  std::optional<std::string> config_file;
};

/// Sets one option of a pool from "POOL.OPTION=VALUE". Throws ConfigError.
void set_pool_option(Settings& settings, std::string_view assignment);

/// Calls `each` with key ("seed", "pools.pytorch.max_split_size") and item of
/// every setting.
void for_each_setting(const Settings& settings,
                      const std::function<void(const std::string& key, const OptionValues::Item& item)>& each);

/// Splits "NAME=VALUE"; `flag` and `form` are for the message. Throws
/// ConfigError.
std::pair<std::string, std::string> split_assignment(std::string_view flag, std::string_view text,
                                                     std::string_view form);

/// Default, then file, then environment, then flags. The file is --config, else
/// VRAMLAB_CONFIG, else ./vramlab.yaml when there is one: strict YAML, settings
/// as keys and `pools: {POOL: {OPTION: VALUE}}`. Variables VRAMLAB_… that name
/// no setting are warned of. Throws ConfigError with the place of what is
/// wrong.
Settings settle_settings(const GivenFlags& given);

}  // namespace vramlab
