#include "traces/snapshot_start.h"

#include <algorithm>
#include <numeric>

#include "traces/snapshot_streams.h"

namespace vramlab::snapshot {
namespace {

/// Builds the whole trace; `out` begins with the start's events, then takes those of the recording.
class Joiner {
 public:
  Joiner(const Trace& trace, const Start& start, std::vector<pickle::List*>& frames)
      : trace_(trace), start_(start), frames_(frames), rank_(start.objects.size()), order_(start.objects.size()) {
    std::iota(order_.begin(), order_.end(), 0u);
    std::sort(order_.begin(), order_.end(), [&start](std::uint32_t a, std::uint32_t b) {
      return start.objects[a].address < start.objects[b].address;
    });
    for (std::uint32_t i = 0; i < order_.size(); ++i) rank_[order_[i]] = i;
  }

  Trace join() {
    put_segments();
    put_objects();
    append_streams();
    append_objects();
    append_events();
    out_.ooms = trace_.ooms;
    out_.notes = trace_.notes;
    out_.stream_names = streams_.take_names();
    return std::move(out_);
  }

 private:
  void put(EventKind kind, std::size_t subject) {
    out_.kinds.push_back(kind);
    out_.subjects.push_back(static_cast<std::uint32_t>(subject));
    if (!trace_.times_us.empty()) out_.times_us.push_back(start_.time_us);
  }

  void put_segments() {
    for (const StartSegment& segment : start_.segments) {
      put(EventKind::segment, out_.segment_events.size());
      out_.segment_events.push_back(
          {segment.action, streams_.intern(segment.stream), Address(segment.range.begin), Bytes(segment.range.size())});
    }
  }

  void put_objects() {
    std::vector<pickle::List*> frames;
    for (const std::uint32_t i : order_) {
      const StartObject& object = start_.objects[i];
      put(EventKind::alloc, out_.sizes.size());
      if (object.requested) put(EventKind::free_requested, out_.sizes.size());
      out_.sizes.push_back(object.size);
      out_.streams.push_back(streams_.intern(object.stream));
      out_.addresses.emplace_back(object.address);
      frames.push_back(object.frames);
    }
    frames_.insert(frames_.begin(), frames.begin(), frames.end());
  }

  void append_streams() {
    for (const std::uint64_t recorded : trace_.stream_names) new_stream_.push_back(streams_.intern(recorded));
  }

  void append_objects() {
    out_.sizes.insert(out_.sizes.end(), trace_.sizes.begin(), trace_.sizes.end());
    out_.addresses.insert(out_.addresses.end(), trace_.addresses.begin(), trace_.addresses.end());
    for (const StreamId stream : trace_.streams) out_.streams.push_back(new_stream_[stream.value]);
    for (SegmentEvent event : trace_.segment_events) {
      event.stream = new_stream_[event.stream.value];
      out_.segment_events.push_back(event);
    }
  }

  std::uint32_t new_subject(EventKind kind, std::uint32_t subject) const {
    switch (kind) {
      case EventKind::alloc:
      case EventKind::free_requested:
      case EventKind::free_completed:
        if (subject & start_object_flag) return rank_[subject & ~start_object_flag];
        return subject + static_cast<std::uint32_t>(start_.objects.size());
      case EventKind::segment:
        return subject + static_cast<std::uint32_t>(start_.segments.size());
      default:
        return subject;
    }
  }

  void append_events() {
    for (std::size_t i = 0; i < trace_.kinds.size(); ++i)
      out_.subjects.push_back(new_subject(trace_.kinds[i], trace_.subjects[i]));
    out_.kinds.insert(out_.kinds.end(), trace_.kinds.begin(), trace_.kinds.end());
    out_.times_us.insert(out_.times_us.end(), trace_.times_us.begin(), trace_.times_us.end());
  }

  const Trace& trace_;
  const Start& start_;
  std::vector<pickle::List*>& frames_;
  std::vector<std::uint32_t> rank_;   ///< of a start object in address order
  std::vector<std::uint32_t> order_;  ///< the start objects in address order
  std::vector<StreamId> new_stream_;
  StreamTable streams_;
  Trace out_;
};

}  // namespace

Trace with_start(const Trace& trace, const Start& start, std::vector<pickle::List*>& frames) {
  return Joiner(trace, start, frames).join();
}

}  // namespace vramlab::snapshot
