#include <algorithm>

#include "engine/coloring/clique_path.h"
#include "engine/coloring/greedy.h"

namespace vramlab {
namespace {

constexpr OptionSpec options[] = {fit_option("best")};

// What is live at the heaviest moment is placed first, on nothing but itself, so that its load is the height there; of
// those, the longest-lived at the bottom. (The order total-width of MiniMalloc's search, used greedily.)
SolveResult solve(const Instance& instance, const SolveRequest& request) {
  const CliquePath path(instance);
  std::vector<std::pair<std::uint64_t, std::uint64_t>> keys(path.buffers());
  for (std::uint32_t i = 0; i < path.buffers(); ++i) keys[i] = {path.heaviest(i), path.width(i)};
  return place_in_order(instance, request, buffers_by_falling(instance, [&](std::uint32_t i) { return keys[i]; }),
                        fit_of(request));
}

}  // namespace

SolverInfo by_load_row() {
  return {.name = "by-load",
          .summary = "those of the heaviest moment first, the longest-lived of them at the bottom",
          .options = options,
          .solve = solve};
}

}  // namespace vramlab
