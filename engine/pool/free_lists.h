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
    classes_[c].push_back(entry(units, n));
    steps_[c / steps] |= 1u << (c % steps);
    powers_ |= std::uint64_t{1} << (c / steps);
  }

  void erase(NodeIndex n) { remove(class_of(graph_[n].size), graph_[n].list_place); }

  /// To be called after the size of listed node `n` changed from `old_size`: in its class most changes end.
  void resized(NodeIndex n, std::uint64_t old_size) {
    const std::uint64_t units = graph_[n].size >> 9;
    const std::uint32_t c = class_of(old_size);
    if (class_of_units(units) == c) {
      classes_[c][graph_[n].list_place] = entry(units, n);
      return;
    }
    remove(c, graph_[n].list_place);
    insert(n);
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
      for (const Entry e : blocks) each(node_of(e));
  }

  /// As for_each, of the nodes of at least `size` bytes and a few that are a little smaller. Skips empty classes.
  template <class Each>
  void for_each_from(std::uint64_t size, Each&& each) const {
    for (std::uint32_t c = next_class(class_of(size)); c != none; c = next_class(c + 1))
      for (const Entry e : classes_[c]) each(node_of(e));
  }

  static std::uint32_t class_of(std::uint64_t size) { return class_of_units(size >> 9); }

 private:
  // Size in units of 512 bytes above the node, in one word: written and read in one piece.
  using Entry = std::uint64_t;
  static Entry entry(std::uint64_t units, NodeIndex n) { return units << 32 | n; }
  static NodeIndex node_of(Entry e) { return static_cast<NodeIndex>(e); }
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

  // Without branches on what cannot be foreseen: whether the class is empty now.
  void remove(std::uint32_t c, std::uint32_t place) {
    std::vector<Entry>& blocks = classes_[c];
    const Entry last = blocks.back();
    blocks[place] = last;
    graph_[node_of(last)].list_place = place;
    blocks.pop_back();
    const std::uint32_t power = c / steps;
    const std::uint32_t left = steps_[power] & ~(std::uint32_t{blocks.empty()} << (c % steps));
    steps_[power] = left;
    powers_ &= ~(std::uint64_t{left == 0} << power);
  }

  NodeIndex smallest(std::uint32_t c, std::uint32_t units, std::uint32_t scan) const {
    const std::vector<Entry>& blocks = classes_[c];
    const std::size_t until = blocks.size() > scan ? blocks.size() - scan : 0;
    Entry best = ~Entry{0};
    for (std::size_t i = blocks.size(); i-- > until;) {
      if (blocks[i] >> 32 < units || blocks[i] >> 32 >= best >> 32) continue;
      best = blocks[i];
      if (best >> 32 == units) break;
    }
    return node_of(best);
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
