#include "engine/coloring/interval_tracker.h"

#include <fmt/format.h>

#include <algorithm>
#include <map>
#include <set>

#include "engine/core/error.h"

namespace vramlab {
namespace {

constexpr Bytes most_tracked{std::uint64_t{1} << 62};

void touch_pattern(AccessPattern& pattern, std::uint64_t time) {
  const std::uint64_t gap = pattern.count == 0 ? 0 : time - pattern.last;
  if (pattern.count == 2 && gap == pattern.longest_gap) pattern.period = gap;
  if (pattern.count > 2 && gap != pattern.period) pattern.period = 0;
  pattern.longest_gap = std::max(pattern.longest_gap, gap);
  if (pattern.count++ == 0) pattern.first = time;
  pattern.last = time;
}

// The slots of one class: by when they were left, of equal ones the oldest last.
class FreeSlots {
 public:
  void put(std::uint64_t left, std::size_t slot) { slots_.emplace(left, ~slot); }
  // The one left the latest, but not after `time`.
  std::optional<std::size_t> take(std::uint64_t time) {
    auto after = slots_.upper_bound({time, ~std::size_t{0}});
    if (after == slots_.begin()) return std::nullopt;
    return ~slots_.extract(std::prev(after)).value().second;
  }

 private:
  std::set<std::pair<std::uint64_t, std::size_t>> slots_;
};

}  // namespace

IntervalTracker::LatestEnd IntervalTracker::LatestEnd::join(const LatestEnd& left, const Begin&, std::uint64_t upper,
                                                            const LatestEnd& right) {
  return {std::max({left.upper, upper, right.upper})};
}

IntervalTracker::Loads IntervalTracker::Loads::join(const Loads& left, std::uint64_t time, const Change& change,
                                                    const Loads& right) {
  Loads joined = left;
  joined.sum += change.bytes;
  if (joined.sum > joined.highest) {
    joined.highest = joined.sum;
    joined.time = time;
  }
  if (joined.sum + right.highest > joined.highest) {
    joined.highest = joined.sum + right.highest;
    joined.time = right.time;
  }
  joined.sum += right.sum;
  return joined;
}

IntervalTracker::IntervalTracker(Bytes size_granule) : granule_(size_granule) {
  if (granule_ == Bytes(0)) throw ConfigError("interval tracker: a size granule of 0", {}, "1 keeps sizes as they are");
}

void IntervalTracker::open(std::uint64_t id, std::uint64_t time, Bytes size) {
  check_new(id, size);
  check_time(id, time, "opened");
  insert({.id = id, .lower = time, .upper = TrackedInterval::still_open, .size = size, .accesses = {}});
  now_ = time;
}

void IntervalTracker::touch(std::uint64_t id, std::uint64_t time) {
  TrackedInterval& interval = open_one(id, "touched");
  check_time(id, time, "touched");
  touch_pattern(interval.accesses, time);
  now_ = time;
}

void IntervalTracker::close(std::uint64_t id, std::uint64_t time) {
  TrackedInterval& interval = open_one(id, "closed");
  check_time(id, time, "closed");
  if (time == interval.lower)
    throw TraceError(fmt::format("interval {} is closed at {}, where it begins", id, time), {},
                     "remove it if it never lived");
  interval.upper = now_ = time;
  by_begin_.change({interval.lower, id}, [&](std::uint64_t& upper) {
    upper = time;
    return true;
  });
  change_load(time, interval.size, false, false);
}

void IntervalTracker::add(std::uint64_t id, std::uint64_t lower, std::uint64_t upper, Bytes size) {
  check_new(id, size);
  if (upper <= lower || upper == TrackedInterval::still_open)
    throw TraceError(fmt::format("interval {} [{}, {}) is none", id, lower, upper), {},
                     "upper must be above lower; open() is for those without an end");
  insert({.id = id, .lower = lower, .upper = upper, .size = size, .accesses = {}});
}

void IntervalTracker::remove(std::uint64_t id) {
  const auto found = intervals_.find(id);
  if (found == intervals_.end()) throw TraceError(fmt::format("interval {} is removed, but not known", id));
  const TrackedInterval& interval = found->second;
  by_begin_.change({interval.lower, id}, [](std::uint64_t&) { return false; });
  change_load(interval.lower, interval.size, true, true);
  if (!interval.is_open()) change_load(interval.upper, interval.size, false, true);
  tracked_ -= interval.size;
  intervals_.erase(found);
}

void IntervalTracker::check_new(std::uint64_t id, Bytes size) const {
  if (intervals_.contains(id))
    throw TraceError(fmt::format("interval {} is known already", id), {}, "remove it, or use another id");
  if (size == Bytes(0) || size > max_object_bytes || tracked_ + size > most_tracked)
    throw TraceError(fmt::format("interval {} of {} bytes is too large, or empty", id, size.value));
}

void IntervalTracker::check_time(std::uint64_t id, std::uint64_t time, const char* what) const {
  if (time < now_ || time == TrackedInterval::still_open)
    throw TraceError(fmt::format("interval {} is {} at {}, but it is {} already", id, what, time, now_), {},
                     "times must not go back");
}

TrackedInterval& IntervalTracker::open_one(std::uint64_t id, const char* what) {
  const auto found = intervals_.find(id);
  if (found == intervals_.end()) throw TraceError(fmt::format("interval {} is {}, but was never opened", id, what));
  if (!found->second.is_open())
    throw TraceError(fmt::format("interval {} is {}, but ended at {}", id, what, found->second.upper));
  return found->second;
}

void IntervalTracker::insert(const TrackedInterval& interval) {
  intervals_.emplace(interval.id, interval);
  by_begin_.change({interval.lower, interval.id}, [&](std::uint64_t& upper) {
    upper = interval.upper;
    return true;
  });
  change_load(interval.lower, interval.size, true, false);
  if (!interval.is_open()) change_load(interval.upper, interval.size, false, false);
  tracked_ += interval.size;
}

void IntervalTracker::change_load(std::uint64_t time, Bytes size, bool begins, bool undo) {
  by_time_.change(time, [&](Change& change) {
    const auto bytes = static_cast<std::int64_t>(size.value);
    change.bytes += begins != undo ? bytes : -bytes;
    change.count = undo ? change.count - 1 : change.count + 1;
    return change.count > 0;
  });
}

std::optional<TrackedInterval> IntervalTracker::find(std::uint64_t id) const {
  const auto found = intervals_.find(id);
  return found == intervals_.end() ? std::nullopt : std::optional(found->second);
}

std::vector<TrackedInterval> IntervalTracker::intervals() const {
  std::vector<TrackedInterval> all;
  for (const std::uint64_t id : overlaps(0, TrackedInterval::still_open)) all.push_back(intervals_.at(id));
  return all;
}

Bytes IntervalTracker::load_at(std::uint64_t time) const {
  std::int64_t load = 0;
  for (auto i = by_time_.root(); i != ByTime::none;) {
    const auto& node = by_time_.node(i);
    if (node.key <= time) load += by_time_.node(node.left).summary.sum + node.value.bytes;
    i = node.key <= time ? node.right : node.left;
  }
  return Bytes(static_cast<std::uint64_t>(load));
}

Load IntervalTracker::max_load() const {
  const Loads& loads = by_time_.total();
  return {Bytes(static_cast<std::uint64_t>(loads.highest)), loads.time};
}

std::vector<std::uint64_t> IntervalTracker::overlaps_of(std::uint64_t id) const {
  const auto found = intervals_.find(id);
  if (found == intervals_.end()) throw TraceError(fmt::format("the overlaps of interval {}, which is not known", id));
  std::vector<std::uint64_t> ids = overlaps(found->second.lower, found->second.upper);
  std::erase(ids, id);
  return ids;
}

std::vector<std::uint64_t> IntervalTracker::overlaps(std::uint64_t lower, std::uint64_t upper) const {
  std::vector<std::uint64_t> ids;
  collect(by_begin_.root(), lower, upper, ids);
  return ids;
}

void IntervalTracker::collect(ByBegin::Index i, std::uint64_t lower, std::uint64_t upper,
                              std::vector<std::uint64_t>& ids) const {
  if (i == ByBegin::none || by_begin_.node(i).summary.upper <= lower) return;
  const auto& node = by_begin_.node(i);
  collect(node.left, lower, upper, ids);
  if (node.key.first >= upper) return;
  if (node.value > lower) ids.push_back(node.key.second);
  collect(node.right, lower, upper, ids);
}

std::vector<CoalescedSlot> IntervalTracker::coalesced() const {
  std::vector<CoalescedSlot> slots;
  std::map<Bytes, FreeSlots> classes;
  for (const TrackedInterval& interval : intervals()) {
    const Bytes size = round_up(interval.size, granule_);
    FreeSlots& free = classes[size];
    const std::size_t slot = free.take(interval.lower).value_or(slots.size());
    if (slot == slots.size()) slots.push_back({size, {}});
    slots[slot].ids.push_back(interval.id);
    free.put(interval.upper, slot);
  }
  return slots;
}

// Where open intervals end for now: above every time known.
std::uint64_t IntervalTracker::horizon() const {
  std::uint64_t latest = now_;
  for (auto i = by_time_.root(); i != ByTime::none; i = by_time_.node(i).right)
    latest = std::max(latest, by_time_.node(i).key);
  return latest + 1;
}

Instance IntervalTracker::to_instance() const {
  Instance instance;
  instance.name = "tracked intervals";
  const std::uint64_t end = horizon();
  for (const TrackedInterval& interval : intervals()) {
    instance.buffers.push_back({interval.lower, std::min(interval.upper, end), interval.size, Bytes(1)});
    instance.names.push_back(std::to_string(interval.id));
  }
  return instance;
}

Instance IntervalTracker::to_coalesced_instance() const {
  Instance instance;
  instance.name = "coalesced intervals";
  const std::uint64_t end = horizon();
  for (const CoalescedSlot& slot : coalesced()) {
    const auto buffer = static_cast<std::uint32_t>(instance.buffers.size());
    const TrackedInterval& first = intervals_.at(slot.ids.front());
    std::uint64_t upper = first.upper;
    for (std::size_t k = 1; k < slot.ids.size(); ++k) {
      const TrackedInterval& next = intervals_.at(slot.ids[k]);
      if (upper < next.lower) instance.gaps.push_back({buffer, upper, next.lower});
      upper = next.upper;
    }
    instance.buffers.push_back({first.lower, std::min(upper, end), slot.size, Bytes(1)});
    instance.names.push_back(std::to_string(first.id));
  }
  return instance;
}

}  // namespace vramlab
