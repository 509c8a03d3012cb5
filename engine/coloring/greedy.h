#pragma once
// What the greedy solvers share: buffers in a fixed order, each to a gap between those placed before it that live at
// the same time. O(n log n) where the packing is dense; see taken_index.h.

#include <algorithm>
#include <cstdint>
#include <numeric>
#include <span>
#include <tuple>
#include <vector>

#include "engine/coloring/solver.h"
#include "engine/coloring/taken_index.h"

namespace vramlab {

/// Which gap a buffer goes to: the smallest that holds it (of equal ones the lowest), or the lowest.
enum class Fit : std::uint8_t { best, first };

/// The option table's line "fit", and what it says.
constexpr OptionSpec fit_option(std::string_view default_text) {
  return {.name = "fit",
          .kind = OptionKind::choice,
          .default_text = default_text,
          .reason = "which gap a buffer goes to: the smallest that holds it, or the lowest",
          .choices = "best|first"};
}
Fit fit_of(const SolveRequest& request);

/// What divides every alignment, and so every offset: space from the end of a buffer to the next multiple is of no use.
Bytes common_alignment(const Instance& instance);

/// The lowest offset for `buffer` in the gap that `fit` chooses. `taken` is sorted by begin; its ranges may overlap.
/// Above all of them if no gap holds it.
std::uint64_t choose_offset(std::span<const Range> taken, const Buffer& buffer, Fit fit);

/// All buffers by falling key(buffer); ties by falling size, then by beginning, then by number.
template <class Key>
std::vector<std::uint32_t> buffers_by_falling(const Instance& instance, Key&& key) {
  const auto& b = instance.buffers;
  std::vector<std::uint32_t> order(b.size());
  std::iota(order.begin(), order.end(), 0u);
  std::sort(order.begin(), order.end(), [&](std::uint32_t i, std::uint32_t j) {
    return std::tuple(key(j), b[j].size, b[i].lower, i) < std::tuple(key(i), b[i].size, b[j].lower, j);
  });
  return order;
}

/// Largest first, ties by beginning: the order of SmartPool's weighted interval colouring (arXiv:1903.06631).
std::vector<std::uint32_t> buffers_by_size(const Instance& instance);

/// How long each buffer holds its space: its lifetime without its gaps.
std::vector<std::uint64_t> live_times(const Instance& instance);

/// Places pinned buffers where they must be, then the others in `order` (a permutation of all buffers). A gap is
/// measured from the first offset in it that is a multiple of every alignment's common divisor. Throws TraceError if
/// two pinned buffers overlap; names both. Progress tells the peak of what is placed, but never one below the bound.
SolveResult place_in_order(const Instance& instance, const SolveRequest& request, std::span<const std::uint32_t> order,
                           Fit fit);

}  // namespace vramlab
