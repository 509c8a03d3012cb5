#include "engine/coloring/greedy.h"

namespace vramlab {
namespace {

constexpr OptionSpec options[] = {fit_option("best")};

// Weighted interval colouring as SmartPool does it (arXiv:1903.06631): largest first, ties by beginning, each to the
// best-fitting gap (or the lowest) among those already placed that live at the same time.
SolveResult solve(const Instance& instance, const SolveRequest& request) {
  return place_in_order(instance, request, buffers_by_size(instance), fit_of(request));
}

}  // namespace

SolverInfo best_fit_row() {
  return {.name = "best-fit",
          .summary = "largest first, each to its best-fitting gap (SmartPool's weighted interval colouring)",
          .options = options,
          .solve = solve};
}

}  // namespace vramlab
