#pragma once
// What became of a block before a run failed, for its message. Nothing is kept while the run goes: the trace is walked
// once more.

#include <cstdint>
#include <string>

#include "traces/trace.h"

namespace vramlab {

/// Of the slot that event `event` concerns: its last allocation and free before, by event number, and the largest
/// objects live at that moment. "" for an event without an object. REQUIRES: event < trace.event_count()
std::string slot_history(const Trace& trace, std::uint64_t event);

}  // namespace vramlab
