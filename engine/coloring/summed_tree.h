#pragma once
// A search tree in which every node knows a summary of all below it: what a std::map cannot answer, such as the
// greatest end of intervals that begin before a time. A treap whose priorities are mixed from a counter: balanced in
// expectation, and the same on every run.

#include <cstdint>
#include <utility>
#include <vector>

#include "engine/coloring/mix.h"

namespace vramlab {

/// `Summary` has a static Summary join(const Summary& left, const Key&, const Value&, const Summary& right), and by
/// default is that of nothing. Operations cost O(log n) expected.
template <class Key, class Value, class Summary>
class SummedTree {
 public:
  using Index = std::uint32_t;
  static constexpr Index none = 0;

  struct Node {
    Key key{};
    Value value{};
    Summary summary{};
    std::uint64_t priority = 0;
    Index left = none;
    Index right = none;
  };

  SummedTree() : nodes_(1) {}

  const Node& node(Index i) const { return nodes_[i]; }
  Index root() const { return root_; }
  const Summary& total() const { return nodes_[root_].summary; }

  /// Calls change(value) for the value of `key`, which is made if it does not exist. Erases it if change returns false.
  template <class Change>
  void change(const Key& key, Change&& change) {
    auto [below, rest] = split(root_, key, false);
    auto [at, above] = split(rest, key, true);
    if (at == none) at = make(key);
    if (change(nodes_[at].value)) {
      update(at);
    } else {
      free_.push_back(std::exchange(at, none));
    }
    root_ = merge(merge(below, at), above);
  }

 private:
  Index make(const Key& key) {
    Index i = static_cast<Index>(nodes_.size());
    if (free_.empty()) {
      nodes_.emplace_back();
    } else {
      i = free_.back();
      free_.pop_back();
    }
    nodes_[i] = {key, {}, {}, mix(++made_), none, none};
    return i;
  }

  void update(Index i) {
    Node& n = nodes_[i];
    n.summary = Summary::join(nodes_[n.left].summary, n.key, n.value, nodes_[n.right].summary);
  }

  // Those below `key`, with `key` itself where `inclusive`, and the others.
  std::pair<Index, Index> split(Index i, const Key& key, bool inclusive) {
    if (i == none) return {none, none};
    if (nodes_[i].key < key || (inclusive && !(key < nodes_[i].key))) {
      const auto [below, above] = split(nodes_[i].right, key, inclusive);
      nodes_[i].right = below;
      update(i);
      return {i, above};
    }
    const auto [below, above] = split(nodes_[i].left, key, inclusive);
    nodes_[i].left = above;
    update(i);
    return {below, i};
  }

  // REQUIRES: all of a below all of b.
  Index merge(Index a, Index b) {
    if (a == none || b == none) return a == none ? b : a;
    if (nodes_[a].priority > nodes_[b].priority) {
      nodes_[a].right = merge(nodes_[a].right, b);
      update(a);
      return a;
    }
    nodes_[b].left = merge(a, nodes_[b].left);
    update(b);
    return b;
  }

  std::vector<Node> nodes_;  // nodes_[none] is that of nothing
  std::vector<Index> free_;
  Index root_ = none;
  std::uint64_t made_ = 0;
};

}  // namespace vramlab
