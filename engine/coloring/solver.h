#pragma once
// Offline placement: solvers of Instances, one file each, one line each in engine/coloring/registry.cpp.

#include <chrono>
#include <cstdint>
#include <functional>
#include <optional>
#include <span>
#include <string>
#include <string_view>

#include "engine/core/instance.h"
#include "engine/core/option.h"

namespace vramlab {

/// How far a solver has come.
struct SolveProgress {
  Bytes lower_bound{};
  Bytes peak{};  ///< of the best plan so far
};

/// What is asked of a solver besides the problem.
struct SolveRequest {
  OptionValues options;              ///< of the solver's table
  std::uint64_t seed = 0;            ///< same seed, same plan, whatever the number of threads (unless time stops it)
  Bytes capacity = unlimited_bytes;  ///< a plan with a peak at or below it will do
  double time_limit_s = 0;           ///< 0: none. The only place where a clock may decide; budgets count steps
  std::optional<std::chrono::steady_clock::time_point> deadline;  ///< set by solve_instance() from the limit
  unsigned threads = 0;                                           ///< 0: as many as the machine has
  std::function<void(const SolveProgress&)> progress;  ///< called from any of the solver's threads, one at a time
};

/// What a solver tells. `plan` is always valid, also when it exceeds the capacity or the solver was stopped.
struct SolveResult {
  Plan plan;
  Bytes lower_bound{};      ///< the best one proven
  bool optimal = false;     ///< proven: plan.peak == lower_bound
  bool infeasible = false;  ///< proven: no plan has a peak at or below the capacity
  bool stopped = false;     ///< by its limit of steps or time, with work left
  std::uint64_t steps = 0;  ///< what its budget counts: nodes of a search, placements of an improver
};

struct SolverInfo {
  std::string_view name;
  std::string_view summary;
  std::span<const OptionSpec> options;
  /// Called by solve_instance() only. REQUIRES: check_instance() passed; no heaps (pins and gaps may be there).
  SolveResult (*solve)(const Instance& instance, const SolveRequest& request) = nullptr;
};

std::span<const SolverInfo> solvers();

/// A request with the solver's default options.
SolveRequest default_request(const SolverInfo& solver, std::uint64_t seed = 0);

/// Checks the instance, solves it, over its heaps where it has some (see heaps.h; the result then tells no bound), and
/// completes what the solver left open (lower bound, optimal). Throws TraceError for a bad instance, and ConfigError
/// for a capacity below a lower bound (which one, at which time).
SolveResult solve_instance(const SolverInfo& solver, const Instance& instance, const SolveRequest& request);

/// Throws TraceError for zero sizes, upper <= lower, sums that overflow, bad gaps, pins, heaps or priorities; names the
/// buffer.
void check_instance(const Instance& instance);

/// Maximum load: the largest sum of sizes live at one time, and the first time it is reached.
struct Load {
  Bytes bytes{};
  std::uint64_t time = 0;
  friend bool operator==(const Load&, const Load&) = default;
};
Load max_load(const Instance& instance);

/// No plan has a lower peak.
struct LowerBound {
  Bytes bytes{};
  std::uint64_t time = 0;  ///< a position where it holds
  std::string_view name;   ///< what gives it: "maximum load", ...
};
/// The largest of the bounds in engine/coloring/bounds.cpp. REQUIRES: check_instance() passed.
LowerBound lower_bound(const Instance& instance);

/// Independent of every solver: "" when `plan` is valid, else what is wrong (first overlap found, by name; wrong
/// count; misaligned or unpinned offset; wrong peak; a heap that overflows).
std::string check_plan(const Instance& instance, const Plan& plan);

}  // namespace vramlab
