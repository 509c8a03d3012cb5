#include "engine/replay/allocation_trace.h"

#include <fmt/format.h>

#include <filesystem>
#include <set>
#include <utility>

#include "engine/core/error.h"
#include "traces/vlt.h"

namespace vramlab {

AllocationTraceBuilder::AllocationTraceBuilder(std::string name) : name_(std::move(name)) { take(); }

void AllocationTraceBuilder::add(const AllocationEvent& event) {
  if (event.kind == AllocationEventKind::alloc) return alloc(event);
  const bool completed = event.kind == AllocationEventKind::free_completed;
  const auto live = live_.find(event.address);
  if (live == live_.end())
    throw TraceError(fmt::format("event {} frees {:#x}, which is not live", event.sequence, event.address.value));
  push(completed ? EventKind::free_completed : EventKind::free_requested, live->second);
  if (completed) live_.erase(live);
}

void AllocationTraceBuilder::add_forgotten(const AllocationEvent& event) {
  alloc(event);
  ++part_.notes.ring_start_objects;
  ++part_.notes.unseen_frees;
}

Trace AllocationTraceBuilder::take() {
  Trace part = std::exchange(part_, {});
  part_.name = name_;
  part_.format = "allocator history";
  return part;
}

void AllocationTraceBuilder::push(EventKind kind, std::uint32_t subject) {
  part_.kinds.push_back(kind);
  part_.subjects.push_back(subject);
}

void AllocationTraceBuilder::alloc(const AllocationEvent& event) {
  live_[event.address] = objects_;
  push(EventKind::alloc, objects_++);
  part_.sizes.push_back(event.bytes);
  part_.streams.push_back(dense(event.stream));
  part_.addresses.push_back(event.address);
}

StreamId AllocationTraceBuilder::dense(StreamId stream) {
  const auto [known, is_new] = streams_.emplace(stream, StreamId(static_cast<std::uint16_t>(streams_.size())));
  if (is_new) part_.stream_names.push_back(stream.value);
  return known->second;
}

Trace to_trace(std::span<const AllocationEvent> events, const std::string& name) {
  AllocationTraceBuilder builder(name);
  std::set<Address> seen;
  for (const AllocationEvent& event : events)
    if (seen.insert(event.address).second && event.kind != AllocationEventKind::alloc) builder.add_forgotten(event);
  for (const AllocationEvent& event : events) builder.add(event);
  Trace trace = builder.take();
  validate(trace);
  return trace;
}

void dump_allocation_trace(const AllocationHistory& history, const std::string& path) {
  write_vlt(to_trace(history.events(), std::filesystem::path(path).filename().string()), path);
}

}  // namespace vramlab
