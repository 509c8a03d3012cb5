#pragma once
// Which space the buffers placed so far take during a given one's life. For greedy solvers, which only add.
//
// A segment tree over time whose nodes keep unions of ranges instead of buffers: `whole`, taken during all of the
// node's time, and `any`, taken at some time of it. Dense packings make these unions a few ranges long, so that a
// look-up costs O(log n) short lists instead of all overlapping buffers.

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <vector>

#include "engine/coloring/time_slots.h"

namespace vramlab {

/// Offsets [begin, end), in bytes.
struct Range {
  std::uint64_t begin = 0;
  std::uint64_t end = 0;
};

/// A union of ranges. INVARIANT: sorted, apart from each other.
class RangeUnion {
 public:
  const std::vector<Range>& ranges() const { return ranges_; }

  /// False where `range` was covered already.
  bool insert(Range range) {
    const auto ends_before = [](const Range& r, std::uint64_t begin) { return r.end < begin; };
    const auto first = std::lower_bound(ranges_.begin(), ranges_.end(), range.begin, ends_before);
    if (first == ranges_.end() || first->begin > range.end) {
      ranges_.insert(first, range);
      return true;
    }
    if (first->begin <= range.begin && range.end <= first->end) return false;
    auto last = first;
    for (; last != ranges_.end() && last->begin <= range.end; ++last) range.end = std::max(range.end, last->end);
    *first = {std::min(first->begin, range.begin), range.end};
    ranges_.erase(first + 1, last);
    return true;
  }

 private:
  std::vector<Range> ranges_;
};

/// THREAD-SAFETY: gather() may run in several threads while nothing is added.
class TakenIndex {
 public:
  /// `slots` must outlive the index.
  explicit TakenIndex(const TimeSlots& slots)
      : slots_(slots), tree_(slots), items_(tree_.buckets()), whole_(tree_.nodes()), any_(tree_.nodes()) {}

  /// `buffer` was placed at `range`.
  void add(std::uint32_t buffer, Range range) {
    for (const SlotSpan& part : slots_.parts_of(buffer)) {
      SlotTree::for_each_partial(part, [&](std::size_t bucket) {
        items_[bucket].push_back({part, range});
        cover(tree_.leaf(bucket), range);
      });
      tree_.for_each_whole(part, [&](std::size_t node) {
        whole_[node].insert(range);
        cover(node, range);
      });
    }
  }

  /// Appends what is taken at some time of the buffer's life: in no order, and ranges may overlap.
  void gather(std::uint32_t buffer, std::vector<Range>& taken) const {
    const auto append = [&](const RangeUnion& ranges) {
      taken.insert(taken.end(), ranges.ranges().begin(), ranges.ranges().end());
    };
    for (const SlotSpan& part : slots_.parts_of(buffer)) {
      SlotTree::for_each_partial(part, [&](std::size_t bucket) {
        for (const Item& item : items_[bucket])
          if (meet(item.part, part)) taken.push_back(item.range);
      });
      tree_.for_each_whole(part, [&](std::size_t node) { append(any_[node]); });
      tree_.for_each_beyond(part, [&](std::size_t node) { append(whole_[node]); });
    }
  }

 private:
  struct Item {
    SlotSpan part;
    Range range;
  };

  // INVARIANT: any_[node / 2] covers any_[node], so that what a node has covered already needs no way up.
  void cover(std::size_t node, Range range) {
    while (node > 0 && any_[node].insert(range)) node /= 2;
  }

  const TimeSlots& slots_;
  SlotTree tree_;
  std::vector<std::vector<Item>> items_;  // by bucket: what covers it in part
  std::vector<RangeUnion> whole_;         // by node
  std::vector<RangeUnion> any_;           // by node
};

}  // namespace vramlab
