#include "engine/coloring/greedy.h"

namespace vramlab {
namespace {

SolveResult solve(const Instance& instance, const SolveRequest& request) {
  return place_in_order(instance, request, buffers_by_size(instance), Fit::first);
}

}  // namespace

SolverInfo first_fit_row() {
  return {.name = "first-fit",
          .summary = "largest first, each to its lowest gap (SmartPool's other fit)",
          .options = {},
          .solve = solve};
}

}  // namespace vramlab
