#pragma once
// A value for each 512 bytes of an address space, set and read by ranges: a tree of 16-fold nodes whose entries are a
// value or a node that tells more. A range costs a few entries on each level at either end, wherever it lies, and
// nothing is allocated or balanced for it as in a tree of intervals.

#include <algorithm>
#include <array>
#include <cstdint>
#include <memory>
#include <vector>

namespace vramlab {

/// Values are below 2^63. Memory: 128 bytes a node, at most 35 KiB for 2 MiB whose pieces of 512 bytes all differ.
/// Nodes are used again; what is set as a whole gives its nodes back.
class UseMap {
 public:
  using Value = std::uint64_t;

  /// What addresses have that were never set. REQUIRES: none has been set or read.
  void set_background(Value value) { background_ = value; }

  /// Sets [address, address + bytes), rounded outwards to 512.
  void assign(std::uint64_t address, std::uint64_t bytes, Value value) {
    walk(address, bytes,
         [&](Value& root, std::uint64_t from, std::uint64_t to) { assign_below(root, root_span, from, to, value); });
  }

  /// Calls `each(address, bytes, value)` in order for stretches of one value; neighbours may have the same.
  template <class Each>
  void for_each(std::uint64_t address, std::uint64_t bytes, Each&& each) {
    std::uint64_t base = address / granule / root_span * root_span;
    walk(address, bytes, [&](Value root, std::uint64_t from, std::uint64_t to) {
      read_below(root, root_span, base, from, to, each);
      base += root_span;
    });
  }

 private:
  static constexpr std::uint64_t granule = 512;
  static constexpr std::uint64_t fan_out = 16;
  static constexpr std::uint64_t root_span = std::uint64_t{1} << 24;  // granules of a tree: 8 GiB
  static constexpr std::size_t slab = 256;                            // nodes that are allocated together
  static constexpr Value node_bit = Value{1} << 63;                   // the entry is a node's number

  using Node = std::array<Value, fan_out>;
  struct Tree {
    std::uint64_t number = 0;  // of the 8 GiB
    Value root = 0;
  };

  static bool is_node(Value entry) { return (entry & node_bit) != 0; }
  Node& node(Value entry) const {
    const auto n = static_cast<std::uint32_t>(entry);
    return slabs_[n / slab][n % slab];
  }

  // Calls `visit` with each tree's root and the granules of it that the range has.
  template <class Visit>
  void walk(std::uint64_t address, std::uint64_t bytes, Visit&& visit) {
    if (bytes == 0) return;
    std::uint64_t at = address / granule;
    const std::uint64_t end = (address + bytes + granule - 1) / granule;
    while (at < end) {
      const std::uint64_t number = at / root_span;
      const std::uint64_t stop = std::min(end, (number + 1) * root_span);
      visit(root(number), at - number * root_span, stop - number * root_span);
      at = stop;
    }
  }

  // `from` and `to` count from the first granule of `entry`, which has `span` of them.
  void assign_below(Value& entry, std::uint64_t span, std::uint64_t from, std::uint64_t to, Value value) {
    if (from == 0 && to == span) {
      drop(entry);
      entry = value;
      return;
    }
    if (!is_node(entry)) entry = add(entry);
    Node& children = node(entry);
    const std::uint64_t width = span / fan_out;
    for (std::uint64_t c = from / width; from < to; ++c) {
      const std::uint64_t stop = std::min(to, (c + 1) * width);
      assign_below(children[c], width, from - c * width, stop - c * width, value);
      from = stop;
    }
  }

  template <class Each>
  void read_below(Value entry, std::uint64_t span, std::uint64_t base, std::uint64_t from, std::uint64_t to,
                  Each& each) const {
    if (!is_node(entry)) return each((base + from) * granule, (to - from) * granule, entry);
    const Node& children = node(entry);
    const std::uint64_t width = span / fan_out;
    for (std::uint64_t c = from / width; from < to; ++c) {
      const std::uint64_t stop = std::min(to, (c + 1) * width);
      read_below(children[c], width, base + c * width, from - c * width, stop - c * width, each);
      from = stop;
    }
  }

  Value add(Value filled_with) {
    if (unused_.empty()) {
      for (std::size_t i = slab; i-- > 0;) unused_.push_back(static_cast<std::uint32_t>(slabs_.size() * slab + i));
      slabs_.push_back(std::make_unique<Node[]>(slab));
    }
    const std::uint32_t n = unused_.back();
    unused_.pop_back();
    node(n).fill(filled_with);
    return n | node_bit;
  }

  void drop(Value entry) {
    if (!is_node(entry)) return;
    for (const Value child : node(entry)) drop(child);
    unused_.push_back(static_cast<std::uint32_t>(entry));
  }

  Value& root(std::uint64_t number) {
    const auto at = std::lower_bound(trees_.begin(), trees_.end(), number,
                                     [](const Tree& tree, std::uint64_t n) { return tree.number < n; });
    if (at != trees_.end() && at->number == number) return at->root;
    return trees_.insert(at, {number, background_})->root;
  }

  Value background_ = 0;
  std::vector<Tree> trees_;  // ascending
  std::vector<std::unique_ptr<Node[]>> slabs_;
  std::vector<std::uint32_t> unused_;
};

}  // namespace vramlab
