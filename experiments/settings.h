#pragma once
// Settings: what a flag, the environment, a file or a default may say, in this
// order of precedence. A setting means the same for every verb that takes it.
// Besides them, every option of every pool, solver, swap policy and codec is a setting, `pools.POOL.OPTION`,
// `solvers.SOLVER.OPTION`, `swaps.SWAP.OPTION`, `codecs.CODEC.OPTION`, and so is every option of the allocator in front
// of a running program's pool, `allocator.OPTION`.

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

/// A kind (kinds.h) whose entries' options are settings, SECTION.NAME.OPTION.
struct SectionInfo {
  std::string_view kind;     ///< "pools": the key in the file
  std::string_view one;      ///< "pool"
  std::string_view form;     ///< "POOL", for help and messages
  std::string_view setting;  ///< "pool": which of them take part
};

std::span<const SectionInfo> setting_sections();

/// Options of each entry of a section, in the order of its registry.
struct SectionValues {
  const SectionInfo* info;
  std::vector<std::string> names;
  std::vector<OptionValues> options;
};

/// All values, each with where it came from.
struct Settings {
  Settings();
  const SectionValues& section(std::string_view kind) const;
  /// Options of the pool, solver, swap policy or codec called `name`. Throws ConfigError for an unknown one.
  const OptionValues& pool(std::string_view name) const;
  const OptionValues& solver(std::string_view name) const;
  const OptionValues& swap(std::string_view name) const;
  const OptionValues& codec(std::string_view name) const;

  OptionValues values;     ///< of setting_infos()
  OptionValues allocator;  ///< of program_allocator_options(): `allocator.OPTION`
  std::vector<SectionValues> sections;
};

/// What the command line gave, in its order.
struct GivenFlags {
  std::vector<std::pair<std::string, std::string>> settings;  ///< name, value
  std::vector<std::string> options;                           ///< NAME.OPTION=VALUE
  std::span<const std::string_view> option_sections;          ///< where their names are looked up
  std::optional<std::string> config_file;
};

/// "POOL.OPTION=VALUE", or "NAME.OPTION=VALUE" for several sections.
std::string option_form(std::span<const std::string_view> sections);

/// Sets one option from "NAME.OPTION=VALUE"; the name is looked up in `sections`, where "allocator" stands for itself.
/// Throws ConfigError.
void set_option(Settings& settings, std::span<const std::string_view> sections, std::string_view assignment);

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
/// as keys and `pools: {POOL: {OPTION: VALUE}}`, likewise `solvers`, `swaps` and `codecs`;
/// `allocator: {OPTION: VALUE}`. Variables
/// VRAMLAB_… that name no setting are warned of. Throws ConfigError with the place of what is
/// wrong.
Settings settle_settings(const GivenFlags& given);

}  // namespace vramlab
