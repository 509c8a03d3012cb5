#include "engine/coloring/greedy.h"

namespace vramlab {
namespace {

constexpr OptionSpec options[] = {fit_option("best")};

// In order of beginning, what begins together largest first: what an online pool without segments would do.
SolveResult solve(const Instance& instance, const SolveRequest& request) {
  const auto earliness = [&](std::uint32_t i) { return ~instance.buffers[i].lower; };
  return place_in_order(instance, request, buffers_by_falling(instance, earliness), fit_of(request));
}

}  // namespace

SolverInfo by_start_row() {
  return {.name = "by-start",
          .summary = "in order of beginning, each to its best-fitting gap (as an online pool)",
          .options = options,
          .solve = solve};
}

}  // namespace vramlab
