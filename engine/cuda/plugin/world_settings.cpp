#include "engine/cuda/plugin/world_settings.h"

#include <fmt/format.h>

#include <string_view>
#include <vector>

#include "engine/core/error.h"
#include "engine/core/registry.h"

namespace vramlab::plugin {
namespace {

class Variables {
 public:
  explicit Variables(const std::function<const char*(const char*)>& get) : get_(get) {}
  /// "" where it is not set.
  std::string_view text(const char* name) const {
    const char* text = get_(name);
    return text != nullptr ? text : "";
  }

 private:
  const std::function<const char*(const char*)>& get_;
};

/// "name=value,name=value" of the variable `name`.
void take_options(OptionValues& values, std::string_view text, const char* name) {
  const std::string source = fmt::format("environment {}", name);
  while (!text.empty()) {
    const std::string_view part = text.substr(0, text.find(','));
    text.remove_prefix(std::min(part.size() + 1, text.size()));
    const std::size_t equals = part.find('=');
    if (equals == std::string_view::npos)
      throw ConfigError(fmt::format("{}: '{}' is not NAME=VALUE", name, part), {}, "separate options by commas");
    values.set(part.substr(0, equals), part.substr(equals + 1), source);
  }
}

const PoolInfo& pool_called(std::string_view name) {
  for (const PoolInfo& pool : pools())
    if (pool.name == name && !pool.needs_instance) return pool;
  throw ConfigError(fmt::format("VRAMLAB_POOL: '{}' is no pool that a running program can use", name), {},
                    fmt::format("one of {}", usable_pools()));
}

Bytes cap_of(std::string_view text) {
  try {
    return text.empty() ? unlimited_bytes : parse_bytes(text);
  } catch (const ConfigError& error) {
    throw ConfigError(fmt::format("VRAMLAB_CAP: {}", error.what()));
  }
}

}  // namespace

std::string usable_pools() {
  std::vector<std::string_view> names;
  for (const PoolInfo& pool : pools())
    if (!pool.needs_instance) names.push_back(pool.name);
  return fmt::format("{}", fmt::join(names, ", "));
}

WorldSettings WorldSettings::from(const std::function<const char*(const char*)>& environment) {
  const Variables variables(environment);
  WorldSettings settings;
  const std::string_view pool = variables.text("VRAMLAB_POOL");
  settings.pool = &pool_called(pool.empty() ? default_pool : pool);
  settings.pool_options = OptionValues(fmt::format("pool {}", settings.pool->name), settings.pool->options);
  take_options(settings.pool_options, variables.text("VRAMLAB_POOL_OPTIONS"), "VRAMLAB_POOL_OPTIONS");
  OptionValues allocator("allocator", program_allocator_options());
  take_options(allocator, variables.text("VRAMLAB_ALLOCATOR_OPTIONS"), "VRAMLAB_ALLOCATOR_OPTIONS");
  settings.cap = cap_of(variables.text("VRAMLAB_CAP"));
  settings.record = variables.text("VRAMLAB_RECORD");
  const std::string_view compare = variables.text("VRAMLAB_COMPARE");
  settings.compare = !compare.empty() && compare != "0";
  if (!settings.record.empty() || settings.compare)
    allocator.set("debug_history", "true", "VRAMLAB_RECORD or VRAMLAB_COMPARE");
  settings.allocator = AllocatorSettings::from(allocator);
  return settings;
}

}  // namespace vramlab::plugin
