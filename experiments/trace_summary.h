#pragma once
// What `trace info` tells of a trace.

#include <string>

#include "engine/replay/report.h"
#include "traces/info.h"
#include "traces/trace.h"

namespace vramlab {

/// Flat: histograms as "upper bound:count" pairs joined by spaces; null where
/// not recorded.
Row summary_row(const Trace& trace, const TraceInfo& info);

/// Some 40 lines for people.
std::string summary_text(const Trace& trace, const TraceInfo& info, bool colour);

}  // namespace vramlab
