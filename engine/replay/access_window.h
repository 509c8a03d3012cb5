#pragma once
// The stretch of a trace whose operators are recorded, as a trace of its own and as planners see it.

#include "engine/replay/replay.h"
#include "engine/swap/access_program.h"
#include "traces/trace.h"

namespace vramlab {

/// What is live when the first iteration with operators begins is allocated first, in the order of its objects; then
/// follows everything from that iteration's marker (or the first operator) to the end. What is allocated and freed
/// between two operators, with nothing large allocated after it, is workspace of the second one and freed behind it.
/// Without recorded addresses, stacks and segments. Throws TraceError where the trace has no operators.
Trace operator_window(const Trace& trace);

struct OperatorWindow {
  Trace trace;
  std::uint64_t measured_from = 0;  ///< event with which the last round begins: its marker, or first operator
};

/// That stretch, with itself `rounds_before` times before it, as in a program that has gone on for a while. Between two
/// rounds what one left behind is what the next one finds; where sizes differ, the one is freed and the other
/// allocated.
OperatorWindow repeated_window(const Trace& trace, std::uint32_t rounds_before);

/// Slots, loads and times of a window. Object i is the trace's object i. Times are those of a device that runs one
/// operator after the other and a host that does nothing but launch, waiting at each iteration's begin.
AccessProgram access_program(const Trace& window, const OperatorTiming& timing);

}  // namespace vramlab
