#include "engine/coloring/placing.h"

#include "engine/core/registry.h"

namespace vramlab {

SolveResult solve_by(std::string_view solver, const Instance& instance, const SolveRequest& request) {
  const SolverInfo& row = find_row(solvers(), "solver", solver);
  SolveRequest other = default_request(row, request.seed);
  other.threads = request.threads;
  return row.solve(instance, other);
}

bool late(const SolveRequest& request) {
  return request.deadline && std::chrono::steady_clock::now() >= *request.deadline;
}

}  // namespace vramlab
