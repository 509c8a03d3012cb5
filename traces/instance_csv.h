#pragma once
// Placement instances: CSV as google/minimalloc reads and writes it, columns as traces/buffer_rows.h says, and two of
// our own: `pinned` and `priority`. Heaps are not in the file.
//
// Columns `offset` and `heap` are refused: they make a plan (traces/plan_csv.h), and an instance is a problem, not an
// answer. Where MiniMalloc takes an offset as given, name the column `pinned`. read_instance_csv() is declared in
// traces/reader.h.

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
/// equal times, then in the order of the file. Alignments, names and priorities have no place in a Trace.
/// One Trace, format "minimalloc". Throws as read_instance_csv and instance_to_trace.
std::vector<Trace> read_instance_trace(std::span<const std::byte> bytes, const std::string& name);

/// Same order, for an instance in memory. Throws TraceError where it has gaps or pins: a program that frees and
/// allocates again gets whatever place the pool chooses, so replaying it would answer another question. REQUIRES: fewer
/// than 2^32 - 1 buffers.
Trace instance_to_trace(const Instance& instance);

}  // namespace vramlab
