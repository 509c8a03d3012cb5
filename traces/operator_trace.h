#pragma once
// Operator traces: one record a line.
//
//   alloc,ID,BYTES,STREAM      free,ID      op,NAME,GPU_US,READ_IDS,WRITE_IDS      iteration,N
//
// IDs are any 64-bit numbers, joined by ';' in lists (which may be empty); an ID may be allocated again after its
// free. GPU_US is a decimal number. Allocations of 0 bytes (real recordings hold some) are passed over with their
// frees and uses, and counted in TraceNotes.

#include <cstddef>
#include <span>
#include <string>
#include <vector>

#include "traces/trace.h"

namespace vramlab {

/// `head` begins with one of the four records.
bool recognise_operator_trace(std::span<const std::byte> head);

/// One Trace, format "operator". Throws TraceError with the line: unknown record, missing or extra columns, numbers
/// out of range, an id allocated while live, an id freed or used while not live.
std::vector<Trace> read_operator_trace(std::span<const std::byte> bytes, const std::string& name);

}  // namespace vramlab
