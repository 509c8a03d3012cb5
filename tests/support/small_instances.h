#pragma once
// Instances that a brute force can solve.

#include <fmt/format.h>

#include <array>
#include <cstdint>
#include <string>
#include <vector>

#include "brute_force.h"
#include "instances.h"
#include "properties.h"

namespace vramlab::testing {

struct SmallShape {
  std::uint32_t most_buffers = 7;
  bool alignments = false;
  bool gaps = false;
  bool pins = false;
};

/// As one would write it down, for the message of a property that fails.
inline std::string text_of(const Instance& instance) {
  std::string text;
  for (const Buffer& b : instance.buffers)
    text += fmt::format("{{{}, {}, Bytes({}), Bytes({})}} ", b.lower, b.upper, b.size.value, b.alignment.value);
  for (const Gap& gap : instance.gaps) text += fmt::format("gap {{{}, {}, {}}} ", gap.buffer, gap.lower, gap.upper);
  for (const Pin& pin : instance.pins) text += fmt::format("pin {{{}, Bytes({})}} ", pin.buffer, pin.offset.value);
  return text;
}

inline bool live_together(const Instance& instance, std::uint32_t a, std::uint32_t b) {
  const std::vector<LivePart> parts = live_parts(instance);
  return std::any_of(parts.begin(), parts.end(), [&](const LivePart& x) {
    return x.buffer == a && std::any_of(parts.begin(), parts.end(), [&](const LivePart& y) {
             return y.buffer == b && x.lower < y.upper && y.lower < x.upper;
           });
  });
}

/// Low ones, for about every third buffer; those that would hit another are left out.
inline std::vector<Pin> low_pins(const Instance& instance) {
  std::vector<Pin> pins;
  for (std::uint32_t i = 0; i < instance.buffers.size(); ++i) {
    if (pick(0, 3) != 0) continue;
    const Buffer& b = instance.buffers[i];
    const Bytes offset = round_up(Bytes(pick<std::uint64_t>(0, 10)), b.alignment);
    const auto hits = [&](const Pin& pin) {
      const Bytes size = instance.buffers[pin.buffer].size;
      return live_together(instance, i, pin.buffer) && offset < pin.offset + size && pin.offset < offset + b.size;
    };
    if (std::none_of(pins.begin(), pins.end(), hits)) pins.push_back({i, offset});
  }
  return pins;
}

/// Crowded: few positions and sizes, so that buffers alike, buffers that go all across, and peaks that cannot reach the
/// maximum load come up often. Sizes have a common divisor in some. To be called inside a RapidCheck property.
inline Instance small_instance(const SmallShape& shape) {
  const auto n = pick<std::uint32_t>(1, shape.most_buffers + 1);
  const auto unit = pick<std::uint64_t>(1, 4), positions = pick<std::uint64_t>(3, 10);
  const std::array<std::uint64_t, 6> alignments{1, 1, 2, 2, 3, 4};
  Instance instance = make_instance({});
  for (std::uint32_t i = 0; i < n; ++i) {
    const auto lower = pick<std::uint64_t>(0, positions);
    const auto upper = pick<std::uint64_t>(lower, positions) + 1;
    const Bytes size(unit * pick<std::uint64_t>(1, 5));
    const std::uint64_t alignment = shape.alignments ? alignments[pick<std::size_t>(0, alignments.size())] : 1;
    instance.buffers.push_back({lower, upper, size, Bytes(alignment)});
  }
  if (shape.gaps) instance.gaps = random_gaps(instance);
  if (shape.pins) instance.pins = low_pins(instance);
  return instance;
}

/// The maximum load is 10 and cannot be reached: at the times of load 10 the threes must lie over and under the fours
/// in ways that contradict.
inline Instance above_its_load() {
  return make_instance({{1, 2, Bytes(4)},
                        {4, 7, Bytes(4)},
                        {1, 3, Bytes(4)},
                        {2, 4, Bytes(3)},
                        {3, 5, Bytes(3)},
                        {2, 6, Bytes(3)},
                        {6, 7, Bytes(4)}});
}

/// Near it: a few numbers changed and up to two buffers more, without gaps, alignments or pins; in many no plan reaches
/// the maximum load. To be called inside a RapidCheck property.
inline Instance near_above_its_load() {
  Instance instance = above_its_load();
  for (auto more = pick(0, 3); more > 0; --more) {
    const auto lower = pick<std::uint64_t>(0, 8);
    instance.buffers.push_back({lower, pick<std::uint64_t>(lower, 8) + 1, Bytes(pick<std::uint64_t>(1, 5)), Bytes(1)});
  }
  for (auto changes = pick(0, 4); changes > 0; --changes) {
    Buffer& b = instance.buffers[pick<std::size_t>(0, instance.buffers.size())];
    if (pick_bool()) {
      b.size = Bytes(pick<std::uint64_t>(1, 6));
    } else {
      b.upper = b.lower + pick<std::uint64_t>(1, 4);
    }
  }
  return instance;
}

}  // namespace vramlab::testing
