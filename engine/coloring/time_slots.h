#pragma once
// Time as a placement sees it: only the order of beginnings and endings counts. Slot s is the s-th distinct time at
// which a live part begins; two parts overlap in time exactly when the slots they cover meet, because the later one of
// two overlapping parts begins while the other is live.

#include <algorithm>
#include <bit>
#include <cstddef>
#include <cstdint>
#include <span>
#include <vector>

#include "engine/core/instance.h"

namespace vramlab {

/// A live part covers the slots [from, to); from < to.
struct SlotSpan {
  std::uint32_t from = 0;
  std::uint32_t to = 0;
};

constexpr bool meet(const SlotSpan& a, const SlotSpan& b) { return a.from < b.to && b.from < a.to; }

/// The slots of every buffer's live parts, which are numbered by (buffer, time). REQUIRES: check_instance() passed;
/// fewer than 2^32 live parts.
class TimeSlots {
 public:
  explicit TimeSlots(const Instance& instance) {
    const std::vector<LivePart> parts = live_parts(instance);
    begins_.reserve(parts.size());
    for (const LivePart& part : parts) begins_.push_back(part.lower);
    std::sort(begins_.begin(), begins_.end());
    begins_.erase(std::unique(begins_.begin(), begins_.end()), begins_.end());
    spans_.reserve(parts.size());
    first_part_.reserve(instance.buffers.size() + 1);
    for (const LivePart& part : parts) {
      if (part.buffer == first_part_.size()) first_part_.push_back(static_cast<std::uint32_t>(spans_.size()));
      spans_.push_back({slot(part.lower), slot(part.upper)});
    }
    first_part_.push_back(static_cast<std::uint32_t>(spans_.size()));
  }

  std::size_t count() const { return begins_.size(); }
  /// Of a buffer, in order of time.
  std::span<const SlotSpan> parts_of(std::uint32_t buffer) const {
    return {spans_.data() + first_part_[buffer], spans_.data() + first_part_[buffer + 1]};
  }

 private:
  /// The first slot that begins at `time` or later.
  std::uint32_t slot(std::uint64_t time) const {
    return static_cast<std::uint32_t>(std::lower_bound(begins_.begin(), begins_.end(), time) - begins_.begin());
  }

  std::vector<std::uint64_t> begins_;      // of the slots
  std::vector<std::uint32_t> first_part_;  // of each buffer, and one past the last
  std::vector<SlotSpan> spans_;            // by part
};

/// The shape of a segment tree over slots: bucket b of a few slots is node leaf(b), the nodes' parents are node / 2.
/// A part covers some nodes whole, each slot of them once, and in part the buckets at its ends.
class SlotTree {
 public:
  explicit SlotTree(const TimeSlots& slots)
      : buckets_(slots.count() / bucket_slots + 1), leaves_(std::bit_ceil(buckets_)) {}

  std::size_t buckets() const { return buckets_; }
  std::size_t nodes() const { return leaves_ + buckets_; }
  std::size_t leaf(std::size_t bucket) const { return leaves_ + bucket; }
  static std::size_t bucket_of(std::uint32_t slot) { return slot / bucket_slots; }

  /// Calls each(bucket) for the buckets that the part covers, but not whole: at most two.
  template <class Each>
  static void for_each_partial(const SlotSpan& part, Each&& each) {
    const std::size_t first = bucket_of(part.from), last = bucket_of(part.to - 1);
    const bool from_begin = part.from % bucket_slots == 0, to_end = part.to % bucket_slots == 0;
    if (!from_begin || (first == last && !to_end)) each(first);
    if (!to_end && first != last) each(last);
  }

  /// Calls each(node) for nodes that together cover the other buckets of the part.
  template <class Each>
  void for_each_whole(const SlotSpan& part, Each&& each) const {
    auto [from, to] = whole_leaves(part);
    for (; from < to; from /= 2, to /= 2) {
      if (from & 1) each(from++);
      if (to & 1) each(--to);
    }
  }

  /// Calls each(node) for the nodes that share time with the part and reach beyond it.
  template <class Each>
  void for_each_beyond(const SlotSpan& part, Each&& each) const {
    const auto [from, to] = whole_leaves(part);
    std::size_t left = leaf(bucket_of(part.from)), right = leaf(bucket_of(part.to - 1));
    for (unsigned level = 0; left > 0; left /= 2, right /= 2, ++level) {
      const auto inside = [&](std::size_t node) { return node << level >= from && (node + 1) << level <= to; };
      if (!inside(left)) each(left);
      if (right != left && !inside(right)) each(right);
    }
  }

 private:
  static constexpr std::uint32_t bucket_slots = 32;
  struct Leaves {
    std::size_t from;
    std::size_t to;
  };
  Leaves whole_leaves(const SlotSpan& part) const {
    return {leaf((part.from + bucket_slots - 1) / bucket_slots), leaf(part.to / bucket_slots)};
  }

  std::size_t buckets_;
  std::size_t leaves_;
};

}  // namespace vramlab
