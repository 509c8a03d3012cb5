#pragma once
// Chooses absences and a transfer timetable for a stretch whose operators are known.
//
// A plan is built absence by absence (plan_builder.h): at a slot over the limit, one that is copied out in the earliest
// free time of the link and back in the latest. Where none is possible in time, some operator waits, as long as that is
// allowed: whatever waits then waits no longer than the plan says, because every step of it only depends on earlier
// ones. Many plans are built (plan_search.h), until the effort is spent.

#include <cstdint>
#include <optional>

#include "engine/swap/plan_forecast.h"
#include "engine/swap/swap_plan.h"

namespace vramlab {

enum class PlanMode : std::uint8_t {
  no_overhead,     ///< operators wait no more than max_overhead; the limit may be missed
  stick_to_limit,  ///< the limit holds; operators wait as long as that takes
};

struct PlannerRequest {
  Tier tier = Tier::host;
  PlanMode mode = PlanMode::no_overhead;
  double max_overhead = 0;  ///< fraction of the duration, in mode no_overhead
  /// What operators wait for every transfer beside what the forecast knows: the host's calls, where the device waits
  /// for the host. Part of what they may wait, and of the plan's stall.
  Nanoseconds transfer_cost{};
  Bytes min_swap{std::uint64_t{1} << 20};
  /// Absences weighed, for up to 5000 operators, and in proportion for more: less than a second for an iteration.
  std::uint64_t effort = 3'000'000;
  std::uint64_t seed = 1;
};

/// With peak and stall. Mode no_overhead: where no plan within `limit` was found, the one with the least peak that was.
/// Throws ConfigError where `limit` is below the largest operator's working set, naming it, or the link is missing.
SwapPlan plan_swaps(const AccessProgram& program, const SwapMachine& machine, Bytes limit,
                    const PlannerRequest& request);
/// The least peak found within max_overhead.
SwapPlan least_plan(const AccessProgram& program, const SwapMachine& machine, const PlannerRequest& request);

}  // namespace vramlab
