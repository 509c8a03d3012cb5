#pragma once
// A timetable for an iteration that goes as one that was kept: what `adaptive` makes of what it saw. The kept iteration
// becomes an access program (access_program.h) with foretold times, and the planner's search (plan_search.h) chooses
// which absences pay and when their transfers run: the least waiting within the limit. That an iteration measured once
// plans those after it is Capuchin's idea (X. Peng et al., ASPLOS 2020).

#include <functional>
#include <optional>
#include <vector>

#include "engine/swap/iteration_history.h"
#include "engine/swap/swap_types.h"

namespace vramlab {

/// Positions are those of the operator to come: 0 = before the first operator, operators() = after the last.
struct IterationPlan {
  struct Absence {
    IterationHistory::Role role{};
    std::uint32_t out = 0;     ///< from here on it is copied out ...
    std::uint32_t settle = 0;  ///< ... and from here on its memory may be given up
    std::uint32_t in = 0;      ///< from here on it comes back; operators(): not in this iteration
  };
  std::vector<Absence> absences;  ///< in the order in which they come back
  /// Of absences, by position; in the order of their transfers.
  std::vector<std::vector<std::uint32_t>> outs, settles, ins;
  Nanoseconds stall{};  ///< foretold
};

struct IterationPlanRequest {
  Bytes limit{};  ///< of the load that is left
  Bytes min_swap{};
  Tier tier = Tier::host;
  std::uint64_t effort = 0;  ///< as of PlannerRequest
  std::uint64_t seed = 1;
  /// Whether the role may leave at all.
  std::function<bool(IterationHistory::Role)> may_leave;
};

/// A limit below what any plan holds stands for that. nullopt: all fits as it is, or the search found no plan.
/// REQUIRES: lives were kept.
std::optional<IterationPlan> plan_iteration(const IterationHistory::Iteration& kept, const SwapMachine& machine,
                                            const IterationPlanRequest& request);

}  // namespace vramlab
