#include "engine/swap/planner.h"

#include <fmt/format.h>

#include "engine/core/error.h"
#include "engine/core/option.h"
#include "engine/swap/plan_search.h"

namespace vramlab {
namespace {

void check_limit(const AccessProgram& program, Bytes limit) {
  const std::uint32_t slot = largest_operator(program);
  const Bytes least = working_set(program, slot);
  if (limit < least)
    throw ConfigError(fmt::format("a limit of {} is less than operator {} needs at once, {}", format_bytes(limit), slot,
                                  format_bytes(least)),
                      {}, fmt::format("{} is the least limit possible", format_bytes(least)));
}

}  // namespace

SwapPlan plan_swaps(const AccessProgram& program, const SwapMachine& machine, Bytes limit,
                    const PlannerRequest& request) {
  check_limit(program, limit);
  PlanSearch search(program, machine, request);
  if (request.mode == PlanMode::no_overhead || search.max_load() <= limit) return search.lowest(limit);
  if (auto plan = search.quickest(limit)) return *plan;
  throw OutOfMemory(fmt::format("no plan holds a limit of {}, however long operators wait", format_bytes(limit)), {},
                    "raise the limit, or lower the least size that is swapped");
}

SwapPlan least_plan(const AccessProgram& program, const SwapMachine& machine, const PlannerRequest& request) {
  PlanSearch search(program, machine, request);
  return search.lowest(search.least());
}

}  // namespace vramlab
