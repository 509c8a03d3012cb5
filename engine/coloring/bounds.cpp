#include <algorithm>
#include <span>
#include <vector>

#include "engine/coloring/greedy.h"
#include "engine/coloring/live_times.h"
#include "engine/coloring/solver.h"

namespace vramlab {
namespace {

Load heaviest(const Instance& instance, std::span<const LivePart> parts) {
  Load best;
  for (const LoadStep& step : load_profile(instance, parts))
    if (step.load > best.bytes) best = {step.load, step.time};
  return best;
}

// Every offset is a multiple of `grain`, so that all but the topmost of the buffers live at one time take whole grains.
LowerBound aligned_load(const Instance& instance, Bytes grain) {
  Instance rounded = instance;
  for (Buffer& b : rounded.buffers) b.size = round_up(b.size, grain);
  const Load load = max_load(rounded);
  Bytes tail{};
  const LiveTimes times(instance);
  for (const std::uint32_t i : times.live_buffers(load.time))
    tail = std::max(tail, rounded.buffers[i].size - instance.buffers[i].size);
  return {load.bytes - tail, load.time, "aligned load"};
}

// Buffers too large to lie below a pinned one, and live with it and with each other, all lie above it.
LowerBound above_pin(const Instance& instance, std::span<const LivePart> parts, const LiveTimes& times,
                     const Pin& pin) {
  const Bytes end = pin.offset + instance.buffers[pin.buffer].size;
  std::vector<LivePart> large;
  for (const LivePart& part : parts) {
    if (part.buffer == pin.buffer || instance.buffers[part.buffer].size <= pin.offset) continue;
    for (const LivePart& pinned : times.parts(pin.buffer))
      if (part.lower < pinned.upper && pinned.lower < part.upper)
        large.push_back({part.buffer, std::max(part.lower, pinned.lower), std::min(part.upper, pinned.upper)});
  }
  if (large.empty()) return {end, instance.buffers[pin.buffer].lower, "pinned offset"};
  const Load load = heaviest(instance, large);
  return {end + load.bytes, load.time, "load above a pinned offset"};
}

}  // namespace

Load max_load(const Instance& instance) { return heaviest(instance, live_parts(instance)); }

LowerBound lower_bound(const Instance& instance) {
  const std::vector<LivePart> parts = live_parts(instance);
  const Load load = heaviest(instance, parts);
  LowerBound best{load.bytes, load.time, "maximum load"};
  const auto consider = [&best](const LowerBound& bound) {
    if (bound.bytes > best.bytes) best = bound;
  };
  if (const Bytes grain = common_alignment(instance); grain > Bytes(1)) consider(aligned_load(instance, grain));
  if (instance.pins.empty()) return best;
  const LiveTimes times(instance);
  for (const Pin& pin : instance.pins) consider(above_pin(instance, parts, times, pin));
  return best;
}

}  // namespace vramlab
