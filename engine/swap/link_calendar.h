#pragma once
// When one direction of a link is taken, as planned so far.

#include <algorithm>
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
    for (auto busy = after(from); busy != busy_.end() && busy->begin < begin + duration; ++busy)
      begin = std::max(begin, busy->end);
    return begin;
  }

  /// Begin of the latest free stretch of `duration` that ends at `until` or earlier and begins at `from` or later.
  std::optional<Nanoseconds> latest(Nanoseconds from, Nanoseconds until, Nanoseconds duration) const {
    Nanoseconds end = until;
    auto busy = std::partition_point(busy_.begin(), busy_.end(), [&](const Busy& b) { return b.begin < until; });
    while (busy != busy_.begin()) {
      --busy;
      if (busy->end + duration <= end) break;
      end = std::min(end, busy->begin);
      if (end < from + duration) return std::nullopt;
    }
    if (end < from + duration) return std::nullopt;
    return end - duration;
  }

  /// REQUIRES: free.
  void take(Nanoseconds begin, Nanoseconds duration) {
    if (duration == Nanoseconds(0)) return;
    busy_.insert(after(begin), {begin, begin + duration});
  }
  /// When what is under way at `time` is done; `time` where nothing is.
  Nanoseconds free_from(Nanoseconds time) const {
    const auto busy = after(time);
    return busy != busy_.end() && busy->begin < time ? busy->end : time;
  }
  const std::vector<Busy>& busy() const { return busy_; }
  void clear() { busy_.clear(); }

 private:
  // The first that ends after `time`.
  std::vector<Busy>::const_iterator after(Nanoseconds time) const {
    return std::partition_point(busy_.begin(), busy_.end(), [&](const Busy& b) { return b.end <= time; });
  }

  std::vector<Busy> busy_;  ///< in order, apart from each other
};

}  // namespace vramlab
