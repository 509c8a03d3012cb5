#pragma once
// What plan shows: one instance under one solver, or a plan that somebody made.

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "engine/coloring/explain.h"
#include "engine/coloring/solver.h"
#include "engine/replay/report.h"

namespace vramlab {

/// How a plan was found; of a plan that was only checked nothing is known.
struct PlanSearch {
  double seconds = 0;  ///< a timing
  bool stopped = false;
  std::uint64_t steps = 0;
  std::uint64_t seed = 0;
  double time_limit_s = 0;  ///< 0: none
};

struct PlanOutcome {
  std::size_t instance_number = 0;  ///< counts instances in order of the command line
  std::string instance;
  std::uint64_t buffers = 0;
  Load load;         ///< maximum load
  LowerBound bound;  ///< the best one known
  std::string solver;
  bool failed = false;  ///< only what stands above, and `search` but for its results, holds

  Bytes capacity{};  ///< unlimited_bytes: none asked for
  Bytes peak{};
  bool optimal = false;
  bool infeasible = false;  ///< proven: no plan is within the capacity
  std::string mistake;      ///< what the validator found; "": valid
  std::optional<PlanSearch> search;
  std::uint64_t heaps = 0;          ///< 0: one without an end
  std::optional<Bytes> spilled;     ///< bytes of buffers that are not in the first of several heaps
  std::optional<Explanation> told;  ///< where it was asked for
  std::string explanation;          ///< the same for people

  bool valid() const { return mistake.empty(); }
  bool within_capacity() const { return peak <= capacity; }
  /// What was asked for is there.
  bool good() const { return !failed && valid() && within_capacity(); }
};

/// The fields of the contract and more; of a failed run all that is not known is null.
Row plan_row(const PlanOutcome& outcome);

/// One line an outcome, then the explanations. Marks the lowest peak of each instance that several solvers placed.
std::string plan_table(const std::vector<PlanOutcome>& outcomes, bool colour);

}  // namespace vramlab
