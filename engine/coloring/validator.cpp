#include <fmt/format.h>

#include <algorithm>
#include <iterator>
#include <map>
#include <tuple>
#include <vector>

#include "engine/coloring/solver.h"

namespace vramlab {
namespace {

std::size_t heap_count(const Instance& instance) { return std::max<std::size_t>(instance.heaps.size(), 1); }
std::size_t heap_of(const Plan& plan, std::size_t buffer) { return plan.heaps.empty() ? 0 : plan.heaps[buffer]; }
std::string heap_name(const Instance& instance, std::size_t heap) {
  return instance.heaps.empty() ? "0" : fmt::format("{} ({})", heap, instance.heaps[heap].name);
}

std::string check_counts(const Instance& instance, const Plan& plan) {
  const std::size_t n = instance.buffers.size(), heaps = heap_count(instance);
  if (plan.offsets.size() != n) return fmt::format("{} offsets for {} buffers", plan.offsets.size(), n);
  if (!plan.heaps.empty() && plan.heaps.size() != n)
    return fmt::format("the heaps of {} buffers for {} buffers", plan.heaps.size(), n);
  const bool one_unstated = plan.heap_peaks.empty() && heaps == 1;
  if (!one_unstated && plan.heap_peaks.size() != heaps)
    return fmt::format("{} heap peaks for {} heaps", plan.heap_peaks.size(), heaps);
  return "";
}

// The place of one buffer by itself.
std::string check_place(const Instance& instance, const Plan& plan, std::size_t i) {
  const Buffer& b = instance.buffers[i];
  const std::uint64_t offset = plan.offsets[i].value;
  const std::size_t heap = heap_of(plan, i);
  if (heap >= heap_count(instance))
    return fmt::format("buffer {} is in heap {} of {}", name_of(instance, i), heap, heap_count(instance));
  if (offset % b.alignment.value != 0)
    return fmt::format("buffer {} at {} is not aligned to {}", name_of(instance, i), offset, b.alignment.value);
  if (offset > ~std::uint64_t{0} - b.size.value)
    return fmt::format("buffer {} at {} ends beyond 2^64", name_of(instance, i), offset);
  if (!instance.heaps.empty() && offset + b.size.value > instance.heaps[heap].capacity.value)
    return fmt::format("buffer {} ends at {}, beyond the capacity {} of heap {}", name_of(instance, i),
                       offset + b.size.value, instance.heaps[heap].capacity.value, heap_name(instance, heap));
  return "";
}

std::string check_pins(const Instance& instance, const Plan& plan) {
  for (const Pin& pin : instance.pins)
    if (plan.offsets[pin.buffer] != pin.offset)
      return fmt::format("buffer {} is at {}, not at {} where it is pinned", name_of(instance, pin.buffer),
                         plan.offsets[pin.buffer].value, pin.offset.value);
  return "";
}

std::string check_peaks(const Instance& instance, const Plan& plan) {
  std::vector<Bytes> peaks(heap_count(instance));
  for (std::size_t i = 0; i < instance.buffers.size(); ++i) {
    Bytes& peak = peaks[heap_of(plan, i)];
    peak = std::max(peak, plan.offsets[i] + instance.buffers[i].size);
  }
  if (plan.peak != peaks[0]) return fmt::format("the peak is {}, not {} as stated", peaks[0].value, plan.peak.value);
  for (std::size_t h = 0; h < plan.heap_peaks.size(); ++h)
    if (plan.heap_peaks[h] != peaks[h])
      return fmt::format("the peak of heap {} is {}, not {} as stated", heap_name(instance, h), peaks[h].value,
                         plan.heap_peaks[h].value);
  return "";
}

// Buffers that hold space at the time of the sweep, by heap and offset. INVARIANT: none overlap.
class HeldSpace {
 public:
  HeldSpace(const Instance& instance, const Plan& plan) : instance_(instance), plan_(plan) {}

  std::string add(const LivePart& part) {
    const auto above = held_.lower_bound(place(part.buffer));
    if (above != held_.end() && overlap(part.buffer, above->second)) return describe(part, above->second);
    if (above != held_.begin() && overlap(part.buffer, std::prev(above)->second))
      return describe(part, std::prev(above)->second);
    held_.emplace_hint(above, place(part.buffer), part.buffer);
    return "";
  }
  void remove(std::uint32_t buffer) { held_.erase(place(buffer)); }

 private:
  using Place = std::pair<std::size_t, Bytes>;
  Place place(std::uint32_t i) const { return {heap_of(plan_, i), plan_.offsets[i]}; }

  bool overlap(std::uint32_t a, std::uint32_t b) const {
    return heap_of(plan_, a) == heap_of(plan_, b) && plan_.offsets[a] < plan_.offsets[b] + instance_.buffers[b].size &&
           plan_.offsets[b] < plan_.offsets[a] + instance_.buffers[a].size;
  }
  std::string describe(const LivePart& part, std::uint32_t other) const {
    const auto range = [this](std::uint32_t i) {
      return fmt::format("{} [{}, {})", name_of(instance_, i), plan_.offsets[i].value,
                         (plan_.offsets[i] + instance_.buffers[i].size).value);
    };
    return fmt::format("buffers {} and {} overlap at time {}", range(other), range(part.buffer), part.lower);
  }

  const Instance& instance_;
  const Plan& plan_;
  std::map<Place, std::uint32_t> held_;
};

std::string check_overlaps(const Instance& instance, const Plan& plan) {
  std::vector<LivePart> begins = live_parts(instance);
  std::vector<LivePart> ends = begins;
  std::sort(begins.begin(), begins.end(), [](const LivePart& a, const LivePart& b) {
    return std::tie(a.lower, a.buffer) < std::tie(b.lower, b.buffer);
  });
  std::sort(ends.begin(), ends.end(), [](const LivePart& a, const LivePart& b) {
    return std::tie(a.upper, a.buffer) < std::tie(b.upper, b.buffer);
  });
  HeldSpace held(instance, plan);
  auto end = ends.begin();
  for (const LivePart& part : begins) {
    for (; end->upper <= part.lower; ++end) held.remove(end->buffer);
    if (std::string problem = held.add(part); !problem.empty()) return problem;
  }
  return "";
}

}  // namespace

std::string check_plan(const Instance& instance, const Plan& plan) {
  if (std::string problem = check_counts(instance, plan); !problem.empty()) return problem;
  for (std::size_t i = 0; i < instance.buffers.size(); ++i)
    if (std::string problem = check_place(instance, plan, i); !problem.empty()) return problem;
  if (std::string problem = check_pins(instance, plan); !problem.empty()) return problem;
  if (std::string problem = check_peaks(instance, plan); !problem.empty()) return problem;
  return check_overlaps(instance, plan);
}

}  // namespace vramlab
