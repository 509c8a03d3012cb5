#include "engine/replay/live_operators.h"

#include <algorithm>

#include "engine/core/check.h"

namespace vramlab {
namespace {

Contents& contents_of(RunnableDevice& device) {
  Contents* contents = device.contents();
  VRAMLAB_CHECK(contents != nullptr, "operators with operands need a device with contents");
  return *contents;
}

}  // namespace

LiveOperators::LiveOperators(const Trace& trace, const PlacementTable& places, RunnableDevice& device)
    : trace_(trace), places_(places), device_(device), contents_(contents_of(device)) {}

void LiveOperators::launch(std::uint32_t op) {
  streams_.clear();
  gather(trace_.operators.reads, op, reads_);
  gather(trace_.operators.writes, op, writes_);
  for (const StreamId stream : streams_) contents_.order(stream, operator_stream);
  device_.launch(operator_stream, Work(trace_.operators.gpu_time[op], reads_, writes_));
  for (const StreamId stream : streams_) contents_.order(operator_stream, stream);
}

void LiveOperators::gather(const Lists& lists, std::uint32_t op, std::vector<Extent>& extents) {
  extents.clear();
  for (std::uint64_t i = lists.begin_of(op); i < lists.ends[op]; ++i) {
    const std::uint32_t object = lists.values[i];
    extents.push_back(places_.extent_of(ObjectId(object), trace_.sizes[object]));
    note_stream(trace_.streams[object]);
  }
}

void LiveOperators::note_stream(StreamId stream) {
  if (stream != operator_stream && std::find(streams_.begin(), streams_.end(), stream) == streams_.end())
    streams_.push_back(stream);
}

}  // namespace vramlab
