#pragma once
// Free blocks in lists by size, found through two levels of bitmaps in constant time. The classes are TLSF's
// (Masmano et al. 2004, "TLSF: a new dynamic memory allocator for real-time systems"): powers of two, each cut into
// 32 equal steps, so a block is at most 1/32 larger than another of its class.

#include <array>
#include <bit>
#include <cstdint>
#include <vector>

#include "engine/pool/block_graph.h"

namespace vramlab {

/// A class is an array of (size, node), so that comparing a few of its blocks touches a cache line or two and no node.
/// Sizes are multiples of 512 below 2^41. The place of a node in its class is kept in the nodes of `graph`.
class FreeLists {
 public:
  explicit FreeLists(BlockGraph& graph) : graph_(graph) {}

  void insert(NodeIndex n) {
    const std::uint64_t units = graph_[n].size >> 9;
    const std::uint32_t c = class_of_units(units);
    graph_[n].list_place = static_cast<std::uint32_t>(classes_[c].size());
    classes_[c].push_back({static_cast<std::uint32_t>(units), n});
    steps_[c / steps] |= 1u << (c % steps);
    powers_ |= std::uint64_t{1} << (c / steps);
  }

  void erase(NodeIndex n) {
    const BlockNode& node = graph_[n];
    const std::uint32_t c = class_of(node.size);
    std::vector<Entry>& blocks = classes_[c];
    const Entry last = blocks.back();
    blocks[node.list_place] = last;
    graph_[last.node].list_place = node.list_place;
    blocks.pop_back();
    if (!blocks.empty()) return;
    steps_[c / steps] &= ~(1u << (c % steps));
    if (steps_[c / steps] == 0) powers_ &= ~(std::uint64_t{1} << (c / steps));
  }

  /// Best fit: the smallest that is large enough among the last `scan` blocks of `size`'s own class, else among the
  /// last `scan` of the next class that has any. With scan = 1 the first that fits. no_node when there is none.
  NodeIndex find(std::uint64_t size, std::uint32_t scan) const {
    const auto units = static_cast<std::uint32_t>(size >> 9);
    std::uint32_t c = class_of_units(units);
    if (const NodeIndex n = smallest(c, units, scan); n != no_node) return n;
    c = next_class(c + 1);
    return c == none ? no_node : smallest(c, units, scan);
  }

  /// Calls `each` with every free node.
  template <class Each>
  void for_each(Each&& each) const {
    for (const std::vector<Entry>& blocks : classes_)
      for (const Entry& entry : blocks) each(entry.node);
  }

  /// As for_each, of the nodes of at least `size` bytes and a few that are a little smaller. Skips empty classes.
  template <class Each>
  void for_each_from(std::uint64_t size, Each&& each) const {
    for (std::uint32_t c = next_class(class_of(size)); c != none; c = next_class(c + 1))
      for (const Entry& entry : classes_[c]) each(entry.node);
  }

  static std::uint32_t class_of(std::uint64_t size) { return class_of_units(size >> 9); }

 private:
  struct Entry {
    std::uint32_t units;  // size in units of 512 bytes
    NodeIndex node;
  };
  static constexpr std::uint32_t step_bits = 5;
  static constexpr std::uint32_t steps = 1u << step_bits;
  static constexpr std::uint32_t powers = 28;  // units below 2^32
  static constexpr std::uint32_t none = ~0u;

  static std::uint32_t class_of_units(std::uint64_t units) {
    if (units < steps) return static_cast<std::uint32_t>(units);
    const auto power = static_cast<std::uint32_t>(std::bit_width(units)) - 1;  // >= 5
    const auto step = static_cast<std::uint32_t>(units >> (power - step_bits)) & (steps - 1);
    return (power - step_bits + 1) * steps + step;
  }

  NodeIndex smallest(std::uint32_t c, std::uint32_t units, std::uint32_t scan) const {
    const std::vector<Entry>& blocks = classes_[c];
    const std::size_t until = blocks.size() > scan ? blocks.size() - scan : 0;
    Entry best{~0u, no_node};
    for (std::size_t i = blocks.size(); i-- > until;) {
      if (blocks[i].units < units || blocks[i].units >= best.units) continue;
      best = blocks[i];
      if (best.units == units) break;
    }
    return best.node;
  }

  // The first class >= c with a block, or none.
  std::uint32_t next_class(std::uint32_t c) const {
    std::uint32_t power = c / steps;
    if (power >= powers) return none;
    if (const std::uint32_t rest = steps_[power] & (~0u << (c % steps)); rest != 0)
      return power * steps + static_cast<std::uint32_t>(std::countr_zero(rest));
    const std::uint64_t above = powers_ & (~std::uint64_t{0} << (power + 1));
    if (above == 0) return none;
    power = static_cast<std::uint32_t>(std::countr_zero(above));
    return power * steps + static_cast<std::uint32_t>(std::countr_zero(steps_[power]));
  }

  BlockGraph& graph_;
  std::uint64_t powers_ = 0;
  std::array<std::uint32_t, powers> steps_{};
  std::array<std::vector<Entry>, powers * steps> classes_;
};

}  // namespace vramlab
