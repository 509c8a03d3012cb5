#pragma once
// What a plan will cost in time, before it is run.

#include "engine/swap/swap_plan.h"

namespace vramlab {

struct PlanForecast {
  Nanoseconds duration{};           ///< of the stretch with the plan, until the last transfer is done
  Nanoseconds stall{};              ///< that minus the stretch's own duration
  Nanoseconds recording{};          ///< of `duration`: records; 0 where the machine's take nothing
  std::uint64_t waits = 0;          ///< operators that began late
  std::vector<Nanoseconds> waited;  ///< before each operator; last: for transfers after all of them
  Bytes out{}, in{};                ///< of objects, not of what passes the link
};

/// Operators run one after the other as in the program, each waiting for the copies that it or its memory needs; copies
/// obey LinkForecast, one for each tier, and follow records, which take the operators' time (SwapMachine::record_gap):
/// one for all copies out between two operators, and one for those in. From record to copy and from copy to operator it
/// takes SwapMachine::handover. REQUIRES: a plan that load_under() accepts; the
/// machine has links to its tiers.
PlanForecast forecast(const AccessProgram& program, const SwapMachine& machine, const SwapPlan& plan);

}  // namespace vramlab
