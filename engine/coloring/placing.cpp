#include "engine/coloring/placing.h"

#include "engine/core/registry.h"

namespace vramlab {

SolveResult solve_by(std::string_view solver, const Instance& instance, const SolveRequest& request) {
  const SolverInfo& row = find_row(solvers(), "solver", solver);
  SolveRequest other = default_request(row, request.seed);
  other.threads = request.threads;
  return row.solve(instance, other);
}

std::optional<std::chrono::steady_clock::time_point> deadline_of(const SolveRequest& request) {
  if (request.time_limit_s <= 0) return std::nullopt;
  return std::chrono::steady_clock::now() + std::chrono::duration_cast<std::chrono::steady_clock::duration>(
                                                std::chrono::duration<double>(request.time_limit_s));
}

}  // namespace vramlab
