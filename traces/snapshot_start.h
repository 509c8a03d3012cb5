#pragma once
// What was there before the recording began, put in front of the events that were recorded.

#include <cstdint>
#include <vector>

#include "traces/snapshot_segments.h"
#include "traces/trace.h"

namespace vramlab::snapshot {

/// Object number k among those that were live before the recording stands in the events as start_object_flag | k.
inline constexpr std::uint32_t start_object_flag = std::uint32_t{1} << 31;

struct StartObject {
  std::uint64_t address = 0;
  Bytes size{};
  std::uint64_t stream = 0;
  pickle::List* frames = nullptr;  ///< of its allocation; null where not recorded
  bool requested = false;          ///< its free was requested before the recording too
};

struct Start {
  std::vector<StartSegment> segments;  ///< in address order
  std::vector<StartObject> objects;
  std::int64_t time_us = 0;  ///< of the first recorded entry
  bool empty() const { return segments.empty() && objects.empty(); }
};

/// Puts start.segments, then start.objects in address order, before the events of `trace` and renumbers its objects,
/// streams and segment events. `frames` (a list for each object, or empty) moves along. Returns the whole.
Trace with_start(const Trace& trace, const Start& start, std::vector<pickle::List*>& frames);

}  // namespace vramlab::snapshot
