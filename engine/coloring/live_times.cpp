#include "engine/coloring/live_times.h"

#include <algorithm>
#include <numeric>
#include <utility>

namespace vramlab {
namespace {

template <class Time>
std::vector<std::uint32_t> order_by(const Instance& instance, Time Buffer::* time) {
  std::vector<std::uint32_t> order(instance.buffers.size());
  std::iota(order.begin(), order.end(), 0u);
  std::sort(order.begin(), order.end(), [&](std::uint32_t a, std::uint32_t b) {
    return std::pair(instance.buffers[a].*time, a) < std::pair(instance.buffers[b].*time, b);
  });
  return order;
}

}  // namespace

LiveTimes::LiveTimes(const Instance& instance)
    : parts_(live_parts(instance)), first_(instance.buffers.size() + 1, parts_.size()) {
  for (std::size_t i = parts_.size(); i-- > 0;) first_[parts_[i].buffer] = i;
}

bool LiveTimes::meet(std::uint32_t a, std::uint32_t b) const {
  const std::span<const LivePart> of_a = parts(a), of_b = parts(b);
  for (std::size_t i = 0, j = 0; i < of_a.size() && j < of_b.size();) {
    if (of_a[i].lower < of_b[j].upper && of_b[j].lower < of_a[i].upper) return true;
    if (of_a[i].upper < of_b[j].upper) {
      ++i;
    } else {
      ++j;
    }
  }
  return false;
}

std::vector<std::uint32_t> LiveTimes::live_buffers(std::uint64_t time) const {
  std::vector<std::uint32_t> live;
  for (const LivePart& part : parts_)
    if (part.lower <= time && time < part.upper) live.push_back(part.buffer);
  return live;
}

std::vector<std::uint32_t> order_of_beginnings(const Instance& instance) { return order_by(instance, &Buffer::lower); }
std::vector<std::uint32_t> order_of_ends(const Instance& instance) { return order_by(instance, &Buffer::upper); }

std::vector<LoadStep> load_profile(const Instance& instance) { return load_profile(instance, live_parts(instance)); }

std::vector<LoadStep> load_profile(const Instance& instance, std::span<const LivePart> parts) {
  struct Change {
    std::uint64_t time;
    std::uint64_t bytes;  ///< modulo 2^64: an end takes its size away
  };
  std::vector<Change> changes;
  changes.reserve(parts.size() * 2);
  for (const LivePart& part : parts) {
    const std::uint64_t size = instance.buffers[part.buffer].size.value;
    changes.push_back({part.lower, size});
    changes.push_back({part.upper, std::uint64_t{0} - size});
  }
  std::sort(changes.begin(), changes.end(), [](const Change& a, const Change& b) { return a.time < b.time; });
  std::vector<LoadStep> steps;
  std::uint64_t load = 0;
  for (const Change& change : changes) {
    load += change.bytes;
    if (steps.empty() || steps.back().time != change.time) steps.push_back({change.time, {}});
    steps.back().load = Bytes(load);
  }
  return steps;
}

}  // namespace vramlab
