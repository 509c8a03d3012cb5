#include <fmt/format.h>

#include "engine/coloring/solver.h"
#include "engine/core/error.h"

namespace vramlab {
namespace {

TraceError bad_buffer(const Instance& instance, std::size_t i, std::string_view what, std::string_view mend) {
  return TraceError(fmt::format("instance {}: buffer {} {}", instance.name, name_of(instance, i), what), {},
                    std::string(mend));
}

void check_buffers(const Instance& instance) {
  std::uint64_t sum = 0;
  for (std::size_t i = 0; i < instance.buffers.size(); ++i) {
    const Buffer& b = instance.buffers[i];
    if (b.size.value == 0) throw bad_buffer(instance, i, "has size 0", "sizes must be positive");
    if (b.upper <= b.lower) throw bad_buffer(instance, i, "ends before it begins", "upper must be above lower");
    if (b.alignment.value == 0) throw bad_buffer(instance, i, "has alignment 0", "alignments must be positive");
    if (__builtin_add_overflow(sum, b.size.value, &sum) || __builtin_add_overflow(sum, b.alignment.value - 1, &sum))
      throw bad_buffer(instance, i, "makes the sum of sizes exceed 2^64", "divide all sizes by a common unit");
  }
}

void check_gaps(const Instance& instance) {
  const Gap* last = nullptr;
  for (const Gap& gap : instance.gaps) {
    if (gap.buffer >= instance.buffers.size())
      throw TraceError(fmt::format("instance {}: a gap of buffer {}, which does not exist", instance.name, gap.buffer));
    const Buffer& b = instance.buffers[gap.buffer];
    if (gap.upper <= gap.lower || gap.lower <= b.lower || gap.upper >= b.upper)
      throw bad_buffer(instance, gap.buffer, fmt::format("has a gap [{}, {})", gap.lower, gap.upper),
                       "a gap must lie inside the lifetime, live before and after it");
    if (last != nullptr && (last->buffer > gap.buffer || (last->buffer == gap.buffer && last->upper >= gap.lower)))
      throw bad_buffer(instance, gap.buffer, fmt::format("has a gap [{}, {}) out of order", gap.lower, gap.upper),
                       "gaps must be sorted by buffer and time, and lie apart");
    last = &gap;
  }
}

void check_pins(const Instance& instance) {
  const Pin* last = nullptr;
  for (const Pin& pin : instance.pins) {
    if (pin.buffer >= instance.buffers.size())
      throw TraceError(fmt::format("instance {}: a pin of buffer {}, which does not exist", instance.name, pin.buffer));
    const Buffer& b = instance.buffers[pin.buffer];
    if (last != nullptr && last->buffer >= pin.buffer)
      throw bad_buffer(instance, pin.buffer, "is pinned twice or out of order", "pins must be sorted by buffer");
    if (pin.offset % b.alignment != Bytes(0))
      throw bad_buffer(instance, pin.buffer, fmt::format("is pinned to {}", pin.offset.value),
                       fmt::format("its alignment is {}", b.alignment.value));
    if (pin.offset.value > (std::uint64_t{1} << 62) || b.size.value > (std::uint64_t{1} << 62))
      throw bad_buffer(instance, pin.buffer, "is pinned beyond 2^62", "divide all sizes by a common unit");
    last = &pin;
  }
}

void check_heaps(const Instance& instance) {
  if (instance.heaps.size() > 255) throw TraceError(fmt::format("instance {}: more than 255 heaps", instance.name));
  for (const Heap& heap : instance.heaps)
    if (heap.capacity == Bytes(0))
      throw TraceError(fmt::format("instance {}: heap {} has capacity 0", instance.name, heap.name));
  if (!instance.heaps.empty() && !instance.pins.empty())
    throw TraceError(fmt::format("instance {}: both heaps and pinned offsets", instance.name), {},
                     "a pin names no heap: pin within one heap only");
  if (!instance.priorities.empty() && instance.priorities.size() != instance.buffers.size())
    throw TraceError(fmt::format("instance {}: {} priorities for {} buffers", instance.name, instance.priorities.size(),
                                 instance.buffers.size()));
}

}  // namespace

void check_instance(const Instance& instance) {
  if (!instance.names.empty() && instance.names.size() != instance.buffers.size())
    throw TraceError(fmt::format("instance {}: {} names for {} buffers", instance.name, instance.names.size(),
                                 instance.buffers.size()));
  check_buffers(instance);
  check_gaps(instance);
  check_pins(instance);
  check_heaps(instance);
}

}  // namespace vramlab
