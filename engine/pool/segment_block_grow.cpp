// When no block fits. In order: cached blocks are let go and coalesce, small requests look into the segments of large
// ones, idle segments go back so that one which fits takes their place, a segment is taken; when the device has no
// memory, all that is idle goes back first.

#include <algorithm>
#include <optional>

#include "engine/pool/segment_block.h"

namespace vramlab::segment_block {

// A free block of at least `need.size` bytes, still in the lists; no_node when memory is out.
NodeIndex SegmentBlockPool::grow(const Need& need) {
  if (const NodeIndex n = find_after_tidying(need); n != no_node) return n;
  if (settings_.reclaim) reclaim(usual_segment(need));
  if (const NodeIndex n = take_usual_segment(need); n != no_node) return n;
  crowded_ = true;
  return_idle_segments();
  if (const NodeIndex n = take_usual_segment(need); n != no_node) return n;
  if (const NodeIndex n = take_segment(round_up(Bytes(need.size), segment_granule), need); n != no_node) return n;
  return parts_[!need.apart].find(need.size, whole_class);
}

// Here, where a device call is at stake, every block of the request's class is compared.
NodeIndex SegmentBlockPool::find_after_tidying(const Need& need) {
  flush_cache();
  if (!settings_.coalescing) coalesce_all();
  if (const NodeIndex n = parts_[need.apart].find(need.size, whole_class); n != no_node) return n;
  if (!need.apart || !settings_.small_in_large) return no_node;
  const NodeIndex n = parts_[false].find(need.size, whole_class);
  return n != no_node && graph_.whole_segment(n) && !crowded_ ? no_node : n;
}

NodeIndex SegmentBlockPool::take_usual_segment(const Need& need) { return take_segment(usual_segment(need), need); }

// Where memory has run out once, small requests and large ones no longer have segments of their own: what the ones have
// too much of would have to be exchanged, call by call, for what the others lack.
//
// Under auto, segments stay near what their first request needs: what is larger stays reserved when nothing else comes,
// and a segment that several objects share is idle less often. Once the program turns its memory over, what is freed
// will be asked for again in other sizes, and larger segments, whole multiples of the request, save device calls.
Bytes SegmentBlockPool::usual_segment(const Need& need) const {
  const Bytes needed = round_up(Bytes(need.size), segment_granule);
  if (settings_.segment_size) return std::max(*settings_.segment_size, needed);
  if (need.apart && !crowded_) return std::max(shared_segment(settings_.small_segment, 4096), needed);
  const bool shares = needed * 2 < settings_.medium_segment;
  const Bytes least = shares ? shared_segment(settings_.medium_segment, 512) : needed;
  const Bytes share = std::min(port_.reserved(), freed_) / 1000 * settings_.growth_per_mille;
  return least * std::max<std::uint64_t>(1, std::min(share, max_space) / least);
}

// A segment for several objects: where very much is held a small part of that, so that segments do not become many.
Bytes SegmentBlockPool::shared_segment(Bytes size, std::uint64_t part) const {
  return std::max(size, round_down(std::min(port_.reserved() / part, max_space), segment_granule));
}

// Returns idle segments until `wanted` bytes are free at the device: those that are smaller, and so can not serve the
// request. The smallest go first, since a larger one serves more of what comes.
void SegmentBlockPool::reclaim(Bytes wanted) {
  Bytes returned{};
  for (const NodeIndex n : idle_segments()) {
    if (Bytes(graph_[n].size) >= wanted || returned >= wanted || !pay_for_return()) break;
    returned += Bytes(graph_[n].size);
    return_segment(n);
  }
  stats_.cache_releases += returned > Bytes(0);
}

// A program whose sizes change all the time would have segments exchanged at every request. Beyond a first bank each
// return is earned by allocations, so that device calls stay a small part of the time; where they are not paid for, the
// reserve grows and the exchanges end.
bool SegmentBlockPool::pay_for_return() {
  const auto earned = static_cast<std::int64_t>(stats_.allocations - credited_until_);
  credited_until_ = stats_.allocations;
  credit_ = std::min(settings_.reclaim_bank * settings_.reclaim_price, credit_ + earned);
  if (credit_ < settings_.reclaim_price) return false;
  credit_ -= settings_.reclaim_price;
  return true;
}

NodeIndex SegmentBlockPool::take_segment(Bytes bytes, const Need& need) {
  const std::optional<Space> space = port_.take_segment(bytes, need.stream);
  if (!space) return no_node;
  if (settings_.zero_segments) zero(*space, need.stream);
  if (unused_segments_.empty()) {
    unused_segments_.push_back(static_cast<std::uint32_t>(segments_.size()));
    segments_.emplace_back();
  }
  const std::uint32_t index = unused_segments_.back();
  unused_segments_.pop_back();
  segments_[index] = {*space, cacheable_of(bytes)};
  BlockNode block = BlockNode::whole(*space, index);
  block.small = need.apart && !crowded_;
  const NodeIndex n = graph_.add(block);
  part_of(n).insert(n);
  return n;
}

// The zeros are a use like any other: another stream's first block there waits for them.
void SegmentBlockPool::zero(const Space& segment, StreamId stream) {
  fence_.use(segment.base.value, segment.bytes.value, stream);
  port_.clear({segment.id, Bytes(0), segment.bytes}, stream);
  fence_.leave(segment.base.value, segment.bytes.value, stream);
}

void SegmentBlockPool::return_segment(NodeIndex n) {
  part_of(n).erase(n);
  const std::uint32_t index = graph_[n].space;
  const Space space = segments_[index].space;
  fence_.forget(space.base.value, space.bytes.value);
  port_.return_segment(space);
  segments_[index] = {};
  unused_segments_.push_back(index);
  graph_.remove(n);
}

// Blocks that are a whole segment, smallest first.
std::vector<NodeIndex> SegmentBlockPool::idle_segments() const {
  std::vector<NodeIndex> idle;
  for (const FreeLists& part : parts_)
    part.for_each_from(segment_granule.value, [&](NodeIndex n) {
      if (graph_.whole_segment(n)) idle.push_back(n);
    });
  std::sort(idle.begin(), idle.end(), [this](NodeIndex a, NodeIndex b) {
    return graph_[a].size != graph_[b].size ? graph_[a].size < graph_[b].size : graph_[a].address < graph_[b].address;
  });
  return idle;
}

void SegmentBlockPool::return_idle_segments() {
  const std::vector<NodeIndex> idle = idle_segments();
  for (const NodeIndex n : idle) return_segment(n);
  stats_.cache_releases += !idle.empty();
}

void SegmentBlockPool::empty_cache() {
  flush_cache();
  if (!settings_.coalescing) coalesce_all();
  for (const NodeIndex n : idle_segments()) return_segment(n);
}

}  // namespace vramlab::segment_block
