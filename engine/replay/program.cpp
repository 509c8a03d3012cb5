#include "engine/replay/program.h"

#include <fmt/format.h>
#include <algorithm>

#include "engine/core/error.h"

namespace vramlab {
namespace {
constexpr std::uint32_t no_slot = BlockId::none_value;
}  // namespace

Program::Program(const Trace& trace)
    : trace_(trace), slot_of_(trace.object_count(), no_slot), steps_(std::min(batch_steps, trace.event_count())) {}

std::span<const Step> Program::next() {
  const std::size_t count = std::min<std::size_t>(steps_.size(), trace_.event_count() - position_);
  for (std::size_t i = 0; i < count; ++i, ++position_)
    steps_[i] = compile(trace_.kinds[position_], trace_.subjects[position_]);
  return {steps_.data(), count};
}

Step Program::compile(EventKind kind, std::uint32_t subject) {
  switch (kind) {
    case EventKind::alloc:
      return compile_alloc(subject);
    case EventKind::free_requested:
    case EventKind::free_completed:
      return compile_free(kind, subject);
    case EventKind::op:
      require(subject < trace_.operators.size(), "unknown operator", subject);
      break;
    case EventKind::iteration:
    case EventKind::segment:
    case EventKind::oom:
    case EventKind::snapshot:
      break;
  }
  return {.subject = subject, .kind = kind};
}

Step Program::compile_alloc(std::uint32_t object) {
  require(object == next_object_ && object < slot_of_.size(), "allocation out of order of object", object);
  ++next_object_;
  return object_step(EventKind::alloc, object, slot_of_[object] = take_slot());
}

Step Program::compile_free(EventKind kind, std::uint32_t object) {
  require(object < slot_of_.size() && slot_of_[object] != no_slot, "free of an object that is not live, number",
          object);
  const std::uint32_t slot = slot_of_[object];
  if (kind == EventKind::free_completed) {
    slot_of_[object] = no_slot;
    free_slots_.push_back(slot);
  }
  return object_step(kind, object, slot);
}

Step Program::object_step(EventKind kind, std::uint32_t object, std::uint32_t slot) const {
  const Bytes bytes = trace_.sizes[object];
  require(bytes < max_object_bytes, "a size of 2^48 bytes or more of object", object);
  return {.size_and_stream = bytes.value | std::uint64_t{trace_.streams[object].value} << 48,
          .subject = slot,
          .kind = kind};
}

std::uint32_t Program::take_slot() {
  if (free_slots_.empty()) return slots_++;
  const std::uint32_t slot = free_slots_.back();
  free_slots_.pop_back();
  return slot;
}

void Program::refuse(const char* what, std::uint32_t subject) const {
  throw TraceError(fmt::format("event {}: {} {}", position_, what, subject), {trace_.name, {}, {}, {}});
}

}  // namespace vramlab
