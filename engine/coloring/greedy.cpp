#include "engine/coloring/greedy.h"

#include <fmt/format.h>

#include "engine/coloring/live_times.h"
#include "engine/core/error.h"

namespace vramlab {
namespace {

constexpr std::size_t progress_steps = 100;

class Placement {
 public:
  explicit Placement(const Instance& instance)
      : instance_(instance), slots_(instance), index_(slots_), grain_(common_alignment(instance)) {
    plan_.offsets.resize(instance.buffers.size());
  }

  void place_pins() {
    for (std::size_t p = 0; p < instance_.pins.size(); ++p) {
      const Pin& pin = instance_.pins[p];
      gather(pin.buffer);
      for (const Range& range : taken_)
        if (range.begin < (pin.offset + instance_.buffers[pin.buffer].size).value && pin.offset.value < range.end)
          refuse_pin(p);
      put(pin.buffer, pin.offset);
    }
  }

  void place(std::uint32_t buffer, Fit fit) {
    gather(buffer);
    std::sort(taken_.begin(), taken_.end(), [](const Range& a, const Range& b) { return a.begin < b.begin; });
    put(buffer, Bytes(choose_offset(taken_, instance_.buffers[buffer], fit)));
  }

  Bytes peak() const { return plan_.peak; }
  Plan take() { return std::move(plan_); }

 private:
  void gather(std::uint32_t buffer) {
    taken_.clear();
    index_.gather(buffer, taken_);
  }

  void put(std::uint32_t buffer, Bytes offset) {
    const Bytes end = offset + instance_.buffers[buffer].size;
    index_.add(buffer, {offset.value, round_up(end, grain_).value});
    plan_.offsets[buffer] = offset;
    plan_.peak = std::max(plan_.peak, end);
  }

  // The p-th pin meets an earlier one: says which.
  [[noreturn]] void refuse_pin(std::size_t p) const {
    const LiveTimes times(instance_);
    const Pin& pin = instance_.pins[p];
    const auto in_the_way = [&](const Pin& other) {
      return other.offset < pin.offset + instance_.buffers[pin.buffer].size &&
             pin.offset < other.offset + instance_.buffers[other.buffer].size && times.meet(pin.buffer, other.buffer);
    };
    const Pin& other = *std::ranges::find_if(std::span(instance_.pins).first(p), in_the_way);
    throw TraceError(fmt::format("instance {}: buffers {} and {} are pinned to {} and {}, where they overlap",
                                 instance_.name, name_of(instance_, other.buffer), name_of(instance_, pin.buffer),
                                 other.offset.value, pin.offset.value),
                     {}, "pin one of them elsewhere, or leave it free");
  }

  const Instance& instance_;
  TimeSlots slots_;
  TakenIndex index_;
  Bytes grain_;
  std::vector<Range> taken_;
  Plan plan_;
};

}  // namespace

Bytes common_alignment(const Instance& instance) {
  std::uint64_t common = 0;
  for (const Buffer& b : instance.buffers) common = std::gcd(common, b.alignment.value);
  return Bytes(std::max<std::uint64_t>(common, 1));
}

Fit fit_of(const SolveRequest& request) { return request.options.text("fit") == "best" ? Fit::best : Fit::first; }

std::uint64_t choose_offset(std::span<const Range> taken, const Buffer& buffer, Fit fit) {
  std::uint64_t top = 0, chosen = 0, chosen_gap = 0;
  bool found = false;
  for (const Range& t : taken) {
    if (t.begin > top) {
      const std::uint64_t start = round_up(Bytes(top), buffer.alignment).value;
      const bool fits = t.begin >= start && t.begin - start >= buffer.size.value;
      if (fits && (!found || t.begin - top < chosen_gap)) {
        chosen = start;
        chosen_gap = t.begin - top;
        found = true;
        if (fit == Fit::first) return chosen;
      }
    }
    top = std::max(top, t.end);
  }
  return found ? chosen : round_up(Bytes(top), buffer.alignment).value;
}

std::vector<std::uint32_t> buffers_by_size(const Instance& instance) {
  return buffers_by_falling(instance, [&](std::uint32_t i) { return instance.buffers[i].size; });
}

std::vector<std::uint64_t> live_times(const Instance& instance) {
  std::vector<std::uint64_t> times(instance.buffers.size());
  for (const LivePart& part : live_parts(instance)) times[part.buffer] += part.upper - part.lower;
  return times;
}

SolveResult place_in_order(const Instance& instance, const SolveRequest& request, std::span<const std::uint32_t> order,
                           Fit fit) {
  Placement placement(instance);
  placement.place_pins();
  std::vector<bool> pinned(instance.buffers.size());
  for (const Pin& pin : instance.pins) pinned[pin.buffer] = true;
  const Bytes bound = request.progress ? lower_bound(instance).bytes : Bytes(0);
  const std::size_t step = order.size() / progress_steps + 1;
  for (std::size_t i = 0; i < order.size(); ++i) {
    if (!pinned[order[i]]) placement.place(order[i], fit);
    if (request.progress && (i + 1) % step == 0) request.progress({bound, std::max(bound, placement.peak())});
  }
  SolveResult result;
  result.plan = placement.take();
  return result;
}

}  // namespace vramlab
