#pragma once
// Placement instances as google/minimalloc reads and writes them: CSV, a header names the columns, in any order.
//
//   id | buffer | buffer_id   any text, each once
//   lower | start | begin     first position of the lifetime
//   upper                     first position after it      or  end: last position of the lifetime
//   size                      bytes
//   alignment                 optional; the offset is a multiple of it
//   gaps                      optional; lifetimes with holes are refused, so it must be empty
//
// A column `offset` (a solution) is refused: an instance is a problem, not an answer. read_instance_csv() is declared
// in traces/reader.h.

#include <cstddef>
#include <span>
#include <string>
#include <vector>

#include "engine/core/instance.h"
#include "traces/trace.h"

namespace vramlab {

/// The first line is a comma-separated header with at least two of the names above.
bool recognise_instance_csv(std::span<const std::byte> head);

/// The instance as a recording: one alloc and one free_completed a buffer, in order of time, frees before allocs at
/// equal times, then in the order of the file. Alignments and names have no place in a Trace.
/// One Trace, format "minimalloc". Throws as read_instance_csv.
std::vector<Trace> read_instance_trace(std::span<const std::byte> bytes, const std::string& name);

/// Same order, for an instance in memory. REQUIRES: fewer than 2^32 - 1 buffers.
Trace instance_to_trace(const Instance& instance);

}  // namespace vramlab
