#pragma once
// What sweeps over time tell of an interval graph that is not kept. Private to the interval graph.

#include <cstdint>
#include <span>
#include <vector>

#include "engine/coloring/interval_graph.h"

namespace vramlab {

inline constexpr std::uint32_t no_buffer = ~std::uint32_t{0};

/// The inverse of `order`.
std::vector<std::uint32_t> places_in(std::span<const std::uint32_t> order);

/// Pairs that are live at one time. O(n log n + pairs of which one has gaps).
std::uint64_t count_edges(const Instance& instance, const LiveTimes& times);
/// As IntervalGraph::components(). O(n log n).
std::vector<std::uint32_t> sweep_components(const Instance& instance);
/// Whether the later neighbours of each buffer in `order` form a clique. O(n) when there are no gaps and the order is
/// that of ends; else O(pairs), in O(n) memory.
bool sweep_is_perfect(const Instance& instance, const LiveTimes& times, std::span<const std::uint32_t> order);
/// As IntervalGraph::color(). O(n log n). REQUIRES: no gaps.
Coloring sweep_color(const Instance& instance);
/// As IntervalGraph::color(). O(pairs).
Coloring sweep_color_with_gaps(const Instance& instance, const LiveTimes& times);

}  // namespace vramlab
