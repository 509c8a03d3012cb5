#include "traces/info.h"

#include <algorithm>
#include <bit>
#include <vector>

#include "traces/iterations.h"

namespace vramlab {
namespace {

constexpr Bytes load_granule{512};

struct Load {
  Bytes requested{};
  Bytes rounded{};
  std::uint64_t objects = 0;
};

/// One pass over the events.
class EventPass {
 public:
  EventPass(const Trace& trace, TraceInfo& info) : trace_(trace), info_(info), born_(trace.object_count()) {}

  void run() {
    for (std::size_t i = 0; i < trace_.event_count(); ++i) take(i, trace_.subjects[i]);
    info_.events = info_.allocs + info_.frees_requested + info_.frees_completed + info_.ops;
    info_.live_at_end = load_.objects;
    info_.lifetimes.back() = load_.objects;
  }

 private:
  void take(std::size_t position, std::uint32_t subject) {
    switch (trace_.kinds[position]) {
      case EventKind::alloc:
        return alloc(position, subject);
      case EventKind::free_requested:
        ++info_.frees_requested;
        return;
      case EventKind::free_completed:
        return free(position, subject);
      case EventKind::op:
        ++info_.ops;
        return;
      case EventKind::iteration:
        return iteration(position);
      case EventKind::segment:
        return segment(trace_.segment_events[subject]);
      case EventKind::oom:
        ++info_.ooms;
        return;
      case EventKind::snapshot:
        return;
    }
  }

  void alloc(std::size_t position, std::uint32_t object) {
    ++info_.allocs;
    born_[object] = position;
    const Bytes size = trace_.sizes[object];
    load_.requested += size;
    load_.rounded += round_up(size, load_granule);
    ++load_.objects;
    if (load_.requested > info_.peak_requested) {
      info_.peak_requested = load_.requested;
      info_.peak_event = position;
    }
    info_.max_load = std::max(info_.max_load, load_.rounded);
    info_.peak_live_objects = std::max(info_.peak_live_objects, load_.objects);
  }

  void free(std::size_t position, std::uint32_t object) {
    ++info_.frees_completed;
    const Bytes size = trace_.sizes[object];
    load_.requested -= size;
    load_.rounded -= round_up(size, load_granule);
    --load_.objects;
    const auto log2 = static_cast<std::size_t>(std::bit_width(position - born_[object])) - 1;
    ++info_.lifetimes[std::min(log2, info_.lifetimes.size() - 2)];
  }

  void iteration(std::size_t position) {
    if (info_.iterations++ == 0) info_.iterations_begin = position;
    info_.iterations_marked = true;
  }

  void segment(const SegmentEvent& event) {
    ++info_.segment_events;
    const bool gained = event.action == SegmentAction::alloc || event.action == SegmentAction::map;
    if (gained) {
      reserved_ += event.bytes;
    } else {
      reserved_ -= std::min(event.bytes, reserved_);  // what was taken before the recording began may be freed in it
    }
    info_.recorded_peak_reserved = std::max(info_.recorded_peak_reserved, reserved_);
  }

  const Trace& trace_;
  TraceInfo& info_;
  std::vector<std::uint64_t> born_;  // event of each object's allocation
  Load load_;
  Bytes reserved_{};
};

void describe_objects(const Trace& trace, TraceInfo& info) {
  for (const std::uint64_t recorded : trace.stream_names) info.streams.push_back({.recorded = recorded});
  for (std::size_t object = 0; object < trace.object_count(); ++object) {
    const Bytes size = trace.sizes[object];
    TraceInfo::SizeBin& bin = info.sizes[static_cast<std::size_t>(std::bit_width(size.value - 1))];
    ++bin.count;
    bin.bytes += size;
    TraceInfo::Stream& stream = info.streams[trace.streams[object].value];
    ++stream.objects;
    stream.bytes += size;
  }
}

/// The event that allocates `object`: objects are numbered in the order of their alloc events.
std::uint64_t alloc_event(const Trace& trace, std::uint64_t object) {
  for (std::size_t i = 0; i < trace.event_count(); ++i)
    if (trace.kinds[i] == EventKind::alloc && trace.subjects[i] == object) return i;
  return 0;
}

void find_iterations(const Trace& trace, TraceInfo& info) {
  const Repetition found = find_repetition(trace.sizes, trace.streams);
  if (found.period == 0) return;
  info.iterations = found.whole_periods();
  info.iteration_allocs = found.period;
  info.iterations_begin = alloc_event(trace, found.begin);
}

std::int64_t duration_us(const Trace& trace) {
  const auto& times = trace.times_us;
  const auto recorded = [](std::int64_t time) { return time > 0; };
  const auto first = std::find_if(times.begin(), times.end(), recorded);
  const auto last = std::find_if(times.rbegin(), times.rend(), recorded);
  return first == times.end() ? 0 : *last - *first;
}

}  // namespace

TraceInfo trace_info(const Trace& trace) {
  TraceInfo info;
  EventPass(trace, info).run();
  describe_objects(trace, info);
  info.duration_us = duration_us(trace);
  if (!info.iterations_marked) find_iterations(trace, info);
  return info;
}

}  // namespace vramlab
