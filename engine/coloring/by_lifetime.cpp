#include "engine/coloring/greedy.h"

namespace vramlab {
namespace {

constexpr OptionSpec options[] = {fit_option("first")};

// Longest live time first: what outlives everything lies at the bottom and fragments nothing.
SolveResult solve(const Instance& instance, const SolveRequest& request) {
  const std::vector<std::uint64_t> live = live_times(instance);
  const auto order = buffers_by_falling(instance, [&](std::uint32_t i) { return live[i]; });
  return place_in_order(instance, request, order, fit_of(request));
}

}  // namespace

SolverInfo by_lifetime_row() {
  return {.name = "by-lifetime",
          .summary = "longest live time first, then largest; each to its lowest gap",
          .options = options,
          .solve = solve};
}

}  // namespace vramlab
