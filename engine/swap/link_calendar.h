#pragma once
// When one direction of a link is taken, as planned so far.

#include <algorithm>
#include <iterator>
#include <optional>
#include <vector>

#include "engine/core/types.h"

namespace vramlab {

class LinkCalendar {
 public:
  struct Busy {
    Nanoseconds begin{}, end{};
  };

  /// Begin of the earliest free stretch of `duration` that begins at `from` or later.
  Nanoseconds earliest(Nanoseconds from, Nanoseconds duration) const {
    Nanoseconds begin = from;
    for (auto block = after(blocks_, from); block != blocks_.end() && block->begin < begin + duration; ++block)
      begin = std::max(begin, block->end);
    return begin;
  }

  /// Begin of the latest free stretch of `duration` that ends at `until` or earlier and begins at `from` or later.
  std::optional<Nanoseconds> latest(Nanoseconds from, Nanoseconds until, Nanoseconds duration) const {
    Nanoseconds end = until;
    auto block = std::partition_point(blocks_.begin(), blocks_.end(), [&](const Busy& b) { return b.begin < until; });
    while (block != blocks_.begin()) {
      --block;
      if (block->end + duration <= end) break;
      end = std::min(end, block->begin);
      if (end < from + duration) return std::nullopt;
    }
    if (end < from + duration) return std::nullopt;
    return end - duration;
  }

  /// REQUIRES: free.
  void take(Nanoseconds begin, Nanoseconds duration) {
    if (duration == Nanoseconds(0)) return;
    const Busy taken{begin, begin + duration};
    busy_.insert(after(busy_, begin), taken);
    const auto next = blocks_.insert(after(blocks_, begin), taken);
    close_gap(next);
    if (next != blocks_.begin()) close_gap(std::prev(next));
  }
  /// What begins at `from` or later begins, and ends, so much later.
  void put_off(Nanoseconds from, Nanoseconds time) {
    auto busy = std::partition_point(busy_.begin(), busy_.end(), [&](const Busy& b) { return b.begin < from; });
    if (busy == busy_.end()) return;
    for (; busy != busy_.end(); ++busy) *busy = {busy->begin + time, busy->end + time};
    blocks_.clear();
    for (const Busy& one : busy_) {
      if (!blocks_.empty() && one.begin - blocks_.back().end < shortest_)
        blocks_.back().end = one.end;
      else
        blocks_.push_back(one);
    }
  }
  /// When what is under way at `time` is done; `time` where nothing is.
  Nanoseconds free_from(Nanoseconds time) const {
    const auto busy = after(busy_, time);
    return busy != busy_.end() && busy->begin < time ? busy->end : time;
  }
  const std::vector<Busy>& busy() const { return busy_; }
  /// `shortest`: nothing that is asked for afterwards takes less.
  void clear(Nanoseconds shortest = Nanoseconds(1)) {
    busy_.clear();
    blocks_.clear();
    shortest_ = std::max(shortest, Nanoseconds(1));
  }

 private:
  using Times = std::vector<Busy>;

  // The first that ends after `time`.
  static Times::const_iterator after(const Times& times, Nanoseconds time) {
    return std::partition_point(times.begin(), times.end(), [&](const Busy& b) { return b.end <= time; });
  }

  // With the one after it, where nothing has room between them.
  void close_gap(Times::iterator block) {
    const auto next = std::next(block);
    if (next == blocks_.end() || next->begin - block->end >= shortest_) return;
    block->end = next->end;
    blocks_.erase(next);
  }

  Times busy_;    ///< in order, apart from each other
  Times blocks_;  ///< the same, one where there is no room between them
  Nanoseconds shortest_{1};
};

}  // namespace vramlab
