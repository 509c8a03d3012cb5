// What a policy's options say of the swapper, and whether a limit can be kept at all.

#include <fmt/format.h>
#include <algorithm>

#include "engine/core/error.h"
#include "engine/core/registry.h"
#include "engine/replay/swap_driver.h"

namespace vramlab {
namespace {

SwapStrategy strategy_named(std::string_view name) {
  const auto found = std::find(swap_strategy_names.begin(), swap_strategy_names.end(), name);
  if (found == swap_strategy_names.end()) throw ConfigError(fmt::format("unknown swap strategy {}", name));
  return static_cast<SwapStrategy>(found - swap_strategy_names.begin());
}

bool can_leave(Bytes bytes, const SwapSetup& setup, const SwapperSettings& settings) {
  if (bytes < settings.min_swap || bytes > settings.max_swap) return false;
  for (const Tier tier : {Tier::peer, Tier::host, Tier::disk})
    if (setup.request->machine.link(tier).there() && settings.capacity[static_cast<std::size_t>(tier)] >= bytes)
      return true;
  return false;
}

/// By slot: what its operator needs at once, and that with what lives then and cannot leave.
struct Floor {
  std::vector<Bytes> operands, all;
  Bytes at(std::uint32_t slot) const { return all[slot]; }
  Bytes staying(std::uint32_t slot) const { return all[slot] - operands[slot]; }
};

Floor floor_of(const SwapSetup& setup, const SwapperSettings& settings) {
  const AccessProgram& program = *setup.program;
  const auto leaves = [&](std::uint32_t object) {
    return can_leave(setup.window->sizes[program.objects[object].id.value], setup, settings);
  };
  return {.operands = working_sets(program), .all = working_sets(program, leaves)};
}

}  // namespace

SwapperSettings swapper_settings(const SwapRequest& request, const std::array<Bytes, 4>& taken_before) {
  const OptionValues& options = request.options;
  SwapperSettings settings;
  settings.capacity = request.tier_capacity;
  settings.reserve_now = taken_before;
  settings.min_swap = options.has("min_swap") ? options.bytes("min_swap") : request.min_swap;
  settings.max_swap = options.has("max_swap") ? options.bytes("max_swap") : request.max_swap;
  if (options.has("strategy")) settings.strategy = strategy_named(options.text("strategy"));
  if (options.has("keep_clean_copies")) settings.keep_clean_copies = options.flag("keep_clean_copies");
  return settings;
}

void check_limit(const SwapSetup& setup, const SwapperSettings& settings) {
  const Bytes limit = setup.request->machine.limit;
  const Floor floor = floor_of(setup, settings);
  std::uint32_t worst = 0;
  for (std::uint32_t slot = 1; slot < setup.program->slots(); ++slot)
    if (floor.at(slot) > floor.at(worst)) worst = slot;
  if (worst >= setup.program->slots() || floor.at(worst) <= limit) return;
  const Operators& operators = setup.window->operators;
  throw ConfigError(
      fmt::format(
          "a limit of {} bytes is less than operator {} ({}) needs at once: {} bytes, of which its operands take "
          "{} and what lives beside them and cannot leave {}",
          limit.value, worst, operators.names[operators.name[worst]], floor.at(worst).value,
          floor.operands[worst].value, floor.staying(worst).value),
      {setup.window->name, {}, {}, {}}, fmt::format("allow at least {} bytes", floor.at(worst).value));
}

}  // namespace vramlab
