#pragma once
// PyTorch's memory snapshots: the pickles that torch.cuda.memory._dump_snapshot writes, in protocols 2 to 5.
//
// Nothing in such a file is ever executed: it is read as plain data, and what is not plain data is refused.

#include <cstddef>
#include <span>
#include <string>
#include <vector>

#include "traces/trace.h"

namespace vramlab {

/// True for every binary pickle: a pickle that is no snapshot is told so by read_snapshot.
bool recognise_snapshot(std::span<const std::byte> head);

/// One trace for each device that has a history, named `name`, or `name`#N for device N > 0.
///
/// Recorded histories are rings whose beginning may be lost. Blocks that are freed or active at the end but whose
/// allocation is not in the history, and segments likewise, are put at the start: segments first, then blocks, each in
/// address order, at the time of the first entry (TraceNotes counts them). Free events without a request occur so.
/// Throws TraceError with the byte offset: truncated or not plain data (see pickle::Pickle); fields that are missing,
/// of the wrong type, negative or too large; a block that is freed twice, freed where nothing was allocated or
/// allocated where one is live; a segment likewise; no history recorded at all.
/// Time is linear in bytes.size(); so is memory.
std::vector<Trace> read_snapshot(std::span<const std::byte> bytes, const std::string& name);

}  // namespace vramlab
