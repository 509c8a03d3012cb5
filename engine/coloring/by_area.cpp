#include <tuple>

#include "engine/coloring/greedy.h"

namespace vramlab {
namespace {

constexpr OptionSpec options[] = {fit_option("first")};

__extension__ using Area = unsigned __int128;  // bytes times positions: beyond 64 bits

// Largest size times live time first.
SolveResult solve(const Instance& instance, const SolveRequest& request) {
  const auto& b = instance.buffers;
  const std::vector<std::uint64_t> live = live_times(instance);
  const auto area = [&](std::uint32_t i) { return Area{live[i]} * b[i].size.value; };
  const auto order = buffers_by(instance, [&](std::uint32_t i, std::uint32_t j) {
    return std::tuple(area(j), b[j].size, b[i].lower, i) < std::tuple(area(i), b[i].size, b[j].lower, j);
  });
  return place_in_order(instance, request, order, fit_of(request));
}

}  // namespace

SolverInfo by_area_row() {
  return {.name = "by-area",
          .summary = "largest product of size and live time first, each to its lowest gap",
          .options = options,
          .solve = solve};
}

}  // namespace vramlab
