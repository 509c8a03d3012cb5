#pragma once
// A trace compiled, batch by batch, into what the replay loop needs at each event, so that the loop looks nothing up.

#include <cstdint>
#include <span>
#include <vector>

#include "engine/core/types.h"
#include "traces/trace.h"

namespace vramlab {

/// One event. Sizes are below 2^48, so the stream fits beside them.
struct Step {
  std::uint64_t size_and_stream = 0;  ///< objects: requested bytes in the low 48 bits, stream in the high 16
  std::uint32_t subject = 0;          ///< objects: slot; op: operator; else the trace's subject
  EventKind kind{};

  Bytes bytes() const { return Bytes(size_and_stream & (max_object_bytes.value - 1)); }
  StreamId stream() const { return StreamId(static_cast<std::uint16_t>(size_and_stream >> 48)); }
  BlockId block() const { return BlockId(subject); }
};
static_assert(sizeof(Step) == 16);

/// Compiles a trace in order, one Step an event. Slots are recycled last in, first out, so that they stay as few as
/// the objects live at once and the most recently used ones are reused while they are in cache.
/// Memory: 4 bytes an object of the trace, 4 a slot, and one batch.
class Program {
 public:
  static constexpr std::size_t batch_steps = std::size_t{64} << 10;

  /// `trace` must outlive the program.
  explicit Program(const Trace& trace);

  /// The next events, at most batch_steps of them; empty at the end. Valid until the next call.
  /// Throws TraceError naming the first event that breaks an INVARIANT of Trace.
  std::span<const Step> next();
  /// Slots given out so far: the most objects live at once up to the end of the last batch.
  std::uint32_t slots() const { return slots_; }
  /// Events compiled so far.
  std::uint64_t position() const { return position_; }

 private:
  Step compile(EventKind kind, std::uint32_t subject);
  Step compile_alloc(std::uint32_t object);
  Step compile_free(EventKind kind, std::uint32_t object);
  Step object_step(EventKind kind, std::uint32_t object, std::uint32_t slot) const;
  std::uint32_t take_slot();
  void require(bool holds, const char* what, std::uint32_t subject) const {
    if (!holds) [[unlikely]]
      refuse(what, subject);
  }
  [[noreturn]] void refuse(const char* what, std::uint32_t subject) const;

  const Trace& trace_;
  std::uint64_t position_ = 0;
  std::vector<std::uint32_t> slot_of_;  ///< per object; no_slot unless live
  std::vector<std::uint32_t> free_slots_;
  std::uint32_t slots_ = 0;
  std::uint32_t next_object_ = 0;
  std::vector<Step> steps_;
};

}  // namespace vramlab
