#pragma once
// Copies behind one record. Every slot in which copies begin has the operators' stream record once for all copies out,
// and once for those in; a record takes that stream's time (SwapMachine::record_gap). So copies of a plan begin earlier
// than they would have to where others begin: those out once their contents are there, those in where memory is left.

#include "engine/swap/swap_plan.h"

namespace vramlab {

/// Keeps the order in which copies of one direction begin, and the peak: copies out that are packed first would be on
/// the link in the order of their sizes, so they stay where they are. REQUIRES: a plan that load_under() accepts.
void share_records(const AccessProgram& program, const CodecFigures& codec, SwapPlan& plan);

}  // namespace vramlab
