#pragma once
// What a reader had to interpret, in words.

#include <string>
#include <vector>

#include "traces/trace.h"

namespace vramlab {

/// Nothing for a complete recording.
std::vector<std::string> trace_notes(const Trace& trace);

}  // namespace vramlab
