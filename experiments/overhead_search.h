#pragma once
// `--limit min`: the least memory that a trace gets by with at a given overhead.

#include <functional>

#include "engine/replay/replay.h"
#include "experiments/limit_search.h"

namespace vramlab {

/// Gives the run at most `limit` bytes of the device: a cap, and what swap policies hold memory against.
void set_limit(ReplayRequest& request, Bytes limit);

/// Tries limits from the largest operator's working set (the max load where nothing is swapped) to what the run takes
/// without one, swapping or not, in steps of 1/512 of the max load, at most 2 MiB. A limit suffices where the run
/// neither runs out of memory nor loses more than `max_overhead` of its ideal time. Runs are the model's, and one each:
/// of a real device the limit is the one that its model predicts. The request's own capacity is kept. Throws what
/// replay() throws, but OutOfMemory only where nothing fits without a limit. REQUIRES: operators.
FoundLimit search_limit(const Trace& trace, ReplayRequest request, double max_overhead,
                        const std::function<void(double)>& progress);

}  // namespace vramlab
