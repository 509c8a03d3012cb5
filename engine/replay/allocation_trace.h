#pragma once
// What was asked of an allocator, as a trace: it replays as any recording does.

#include <span>
#include <string>

#include "engine/pool/allocation_history.h"
#include "traces/trace.h"

namespace vramlab {

/// REQUIRES: events in order. A block that was freed without its allocation being among them (the history forgot it) is
/// taken as live at the start; TraceNotes counts those. Streams keep their numbers as names.
Trace to_trace(std::span<const AllocationEvent> events, const std::string& name);

/// Writes a .vlt. Throws as OutputFile does; the file is complete or not there.
void dump_allocation_trace(const AllocationHistory& history, const std::string& path);

}  // namespace vramlab
