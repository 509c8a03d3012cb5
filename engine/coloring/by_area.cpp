#include "engine/coloring/greedy.h"

namespace vramlab {
namespace {

constexpr OptionSpec options[] = {fit_option("first")};

__extension__ using Area = unsigned __int128;  // bytes times positions: beyond 64 bits

// Largest size times live time first.
SolveResult solve(const Instance& instance, const SolveRequest& request) {
  const std::vector<std::uint64_t> live = live_times(instance);
  const auto area = [&](std::uint32_t i) { return Area{live[i]} * instance.buffers[i].size.value; };
  return place_in_order(instance, request, buffers_by_falling(instance, area), fit_of(request));
}

}  // namespace

SolverInfo by_area_row() {
  return {.name = "by-area",
          .summary = "largest product of size and live time first, each to its lowest gap",
          .options = options,
          .solve = solve};
}

}  // namespace vramlab
