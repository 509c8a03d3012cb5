#include <fmt/format.h>

#include <algorithm>
#include <chrono>

#include "engine/coloring/heaps.h"
#include "engine/coloring/solver.h"
#include "engine/core/error.h"

namespace vramlab {
namespace {

void check_capacity(const Instance& instance, const LowerBound& bound, Bytes capacity) {
  if (capacity >= bound.bytes) return;
  throw ConfigError(fmt::format("capacity {} is below the {} of {}: {} at time {}", capacity.value, bound.name,
                                instance.name, bound.bytes.value, bound.time),
                    {}, fmt::format("give at least {}", bound.bytes.value));
}

}  // namespace

SolveRequest default_request(const SolverInfo& solver, std::uint64_t seed) {
  SolveRequest request;
  request.options = OptionValues(solver.name, solver.options);
  request.seed = seed;
  return request;
}

SolveResult solve_instance(const SolverInfo& solver, const Instance& instance, const SolveRequest& asked) {
  SolveRequest request = asked;
  if (request.time_limit_s > 0) {
    const auto limit = std::chrono::duration<double>(std::min(request.time_limit_s, 1e9));
    request.deadline =
        std::chrono::steady_clock::now() + std::chrono::duration_cast<std::chrono::steady_clock::duration>(limit);
  }
  check_instance(instance);
  if (!instance.heaps.empty()) {
    SolveResult result = solve_over_heaps(solver, instance, request);
    result.plan.solver = solver.name;
    return result;
  }
  const LowerBound bound = lower_bound(instance);
  check_capacity(instance, bound, request.capacity);
  SolveResult result = solver.solve(instance, request);
  result.plan.solver = solver.name;
  result.lower_bound = std::max(result.lower_bound, bound.bytes);
  result.optimal = result.plan.peak == result.lower_bound;
  return result;
}

}  // namespace vramlab
