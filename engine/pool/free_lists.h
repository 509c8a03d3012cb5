#pragma once
// Free blocks in lists by size, found through two levels of bitmaps in constant time. The classes are TLSF's
// (Masmano et al. 2004, "TLSF: a new dynamic memory allocator for real-time systems"): powers of two, each cut into
// 32 equal steps, so a block is at most 1/32 larger than another of its class.

#include <array>
#include <bit>
#include <cstdint>

#include "engine/pool/block_graph.h"

namespace vramlab {

/// Sizes are multiples of 512 below 2^49. Links are kept in the nodes of `graph`.
class FreeLists {
 public:
  explicit FreeLists(BlockGraph& graph) : graph_(graph) { heads_.fill(no_node); }

  void insert(NodeIndex n) {
    const std::uint32_t c = class_of(graph_[n].size);
    const NodeIndex head = heads_[c];
    graph_[n].list_previous = no_node;
    graph_[n].list_next = head;
    if (head != no_node) graph_[head].list_previous = n;
    heads_[c] = n;
    steps_[c / steps] |= 1u << (c % steps);
    powers_ |= std::uint64_t{1} << (c / steps);
  }

  void erase(NodeIndex n) {
    const BlockNode& node = graph_[n];
    if (node.list_next != no_node) graph_[node.list_next].list_previous = node.list_previous;
    if (node.list_previous != no_node) {
      graph_[node.list_previous].list_next = node.list_next;
      return;
    }
    const std::uint32_t c = class_of(node.size);
    heads_[c] = node.list_next;
    if (node.list_next != no_node) return;
    steps_[c / steps] &= ~(1u << (c % steps));
    if (steps_[c / steps] == 0) powers_ &= ~(std::uint64_t{1} << (c / steps));
  }

  /// Best fit: the smallest of the first `scan` blocks of the first class that has one of at least `size` bytes.
  /// With scan = 1 the first that fits. no_node when there is none.
  NodeIndex find(std::uint64_t size, std::uint32_t scan) const {
    std::uint32_t c = class_of(size);
    if (const NodeIndex n = smallest(c, size, scan); n != no_node) return n;
    c = next_class(c + 1);
    return c == none ? no_node : smallest(c, size, scan);
  }

  /// Calls `each` with every free node.
  template <class Each>
  void for_each(Each&& each) const {
    for (NodeIndex head : heads_)
      for (NodeIndex n = head; n != no_node; n = graph_[n].list_next) each(n);
  }

  static std::uint32_t class_of(std::uint64_t size) {
    const std::uint64_t units = size >> 9;
    if (units < steps) return static_cast<std::uint32_t>(units);
    const auto power = static_cast<std::uint32_t>(std::bit_width(units)) - 1;  // >= 5
    const auto step = static_cast<std::uint32_t>(units >> (power - step_bits)) & (steps - 1);
    return (power - step_bits + 1) * steps + step;
  }

 private:
  static constexpr std::uint32_t step_bits = 5;
  static constexpr std::uint32_t steps = 1u << step_bits;
  static constexpr std::uint32_t powers = 36;  // units below 2^40
  static constexpr std::uint32_t none = ~0u;

  NodeIndex smallest(std::uint32_t c, std::uint64_t size, std::uint32_t scan) const {
    NodeIndex best = no_node;
    std::uint64_t best_size = ~std::uint64_t{0};
    for (NodeIndex n = heads_[c]; n != no_node && scan > 0; n = graph_[n].list_next, --scan) {
      const std::uint64_t found = graph_[n].size;
      if (found < size || found >= best_size) continue;
      best = n;
      best_size = found;
      if (found == size) break;
    }
    return best;
  }

  // The first class >= c with a block, or none.
  std::uint32_t next_class(std::uint32_t c) const {
    std::uint32_t power = c / steps;
    if (power >= powers) return none;
    if (const std::uint32_t rest = steps_[power] & (~0u << (c % steps)); rest != 0)
      return power * steps + static_cast<std::uint32_t>(std::countr_zero(rest));
    if (power + 1 >= powers) return none;
    const std::uint64_t above = powers_ & (~std::uint64_t{0} << (power + 1));
    if (above == 0) return none;
    power = static_cast<std::uint32_t>(std::countr_zero(above));
    return power * steps + static_cast<std::uint32_t>(std::countr_zero(steps_[power]));
  }

  BlockGraph& graph_;
  std::uint64_t powers_ = 0;
  std::array<std::uint32_t, powers> steps_{};
  std::array<NodeIndex, powers * steps> heads_;
};

}  // namespace vramlab
