#pragma once
// What was asked of an allocator, as a trace: it replays as any recording does.

#include <cstdint>
#include <map>
#include <span>
#include <string>

#include "engine/pool/allocation_history.h"
#include "traces/trace.h"

namespace vramlab {

/// Makes a trace of events as they come. take() gives what is new, as VltWriter::append wants its parts.
/// THREAD-SAFETY: none.
class AllocationTraceBuilder {
 public:
  explicit AllocationTraceBuilder(std::string name);

  /// Throws TraceError for a free of a block that is not live.
  void add(const AllocationEvent& event);
  /// The block of `event` was live before the first event that was seen.
  void add_forgotten(const AllocationEvent& event);
  Trace take();

 private:
  void push(EventKind kind, std::uint32_t subject);
  void alloc(const AllocationEvent& event);
  StreamId dense(StreamId stream);

  std::string name_;
  Trace part_;
  std::uint32_t objects_ = 0;              // of the whole trace
  std::map<Address, std::uint32_t> live_;  // object by address
  std::map<StreamId, StreamId> streams_;
};

/// REQUIRES: events in order. A block that was freed without its allocation being among them (the history forgot it) is
/// taken as live at the start; TraceNotes counts those. Streams keep their numbers as names.
Trace to_trace(std::span<const AllocationEvent> events, const std::string& name);

/// Writes a .vlt. Throws as OutputFile does; the file is complete or not there.
void dump_allocation_trace(const AllocationHistory& history, const std::string& path);

}  // namespace vramlab
