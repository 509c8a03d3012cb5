#include "engine/replay/allocation_trace.h"

#include <filesystem>
#include <map>

#include "traces/vlt.h"

namespace vramlab {
namespace {

class Builder {
 public:
  explicit Builder(const std::string& name) {
    trace_.name = name;
    trace_.format = "allocator history";
  }

  /// Blocks that are live before the first event.
  void begin(std::span<const AllocationEvent> events) {
    std::map<Address, bool> seen;  // whether an alloc or a free came first
    for (const AllocationEvent& event : events) {
      if (!seen.emplace(event.address, true).second || event.kind == AllocationEventKind::alloc) continue;
      alloc(event);
      ++trace_.notes.ring_start_objects;
      ++trace_.notes.unseen_frees;
    }
  }
  void add(const AllocationEvent& event) {
    if (event.kind == AllocationEventKind::alloc) return alloc(event);
    const bool completed = event.kind == AllocationEventKind::free_completed;
    const auto live = live_.find(event.address);
    push(completed ? EventKind::free_completed : EventKind::free_requested, live->second);
    if (completed) live_.erase(live);
  }
  Trace finish() {
    validate(trace_);
    return std::move(trace_);
  }

 private:
  void push(EventKind kind, std::uint32_t subject) {
    trace_.kinds.push_back(kind);
    trace_.subjects.push_back(subject);
  }
  void alloc(const AllocationEvent& event) {
    const auto object = static_cast<std::uint32_t>(trace_.object_count());
    live_[event.address] = object;
    push(EventKind::alloc, object);
    trace_.sizes.push_back(event.bytes);
    trace_.streams.push_back(dense(event.stream));
    trace_.addresses.push_back(event.address);
  }
  StreamId dense(StreamId stream) {
    const auto [known, is_new] = streams_.emplace(stream, StreamId(static_cast<std::uint16_t>(streams_.size())));
    if (is_new) trace_.stream_names.push_back(stream.value);
    return known->second;
  }

  Trace trace_;
  std::map<Address, std::uint32_t> live_;
  std::map<StreamId, StreamId> streams_;
};

}  // namespace

Trace to_trace(std::span<const AllocationEvent> events, const std::string& name) {
  Builder builder(name);
  builder.begin(events);
  for (const AllocationEvent& event : events) builder.add(event);
  return builder.finish();
}

void dump_allocation_trace(const AllocationHistory& history, const std::string& path) {
  write_vlt(to_trace(history.events(), std::filesystem::path(path).filename().string()), path);
}

}  // namespace vramlab
