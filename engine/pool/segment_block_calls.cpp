#include "engine/pool/segment_block.h"

#include <algorithm>

namespace vramlab::segment_block {

SegmentBlockPool::SegmentBlockPool(Port& port, const Settings& settings)
    : port_(port),
      settings_(settings),
      separate_small_(!settings.segment_size && settings.small_segment > Bytes(0)),
      parts_{FreeLists(graph_), FreeLists(graph_)},
      largest_cached_(std::min(settings.small_threshold, settings.cache.bytes / least_cached_blocks)),
      cache_(settings.cache, Bytes(settings.small_threshold)),
      fence_(port),
      credit_(settings.reclaim_bank * settings.reclaim_price) {}

void SegmentBlockPool::allocate(const AllocRequest& request) {
  check_request(request.bytes);
  live_.check_unused(request.block);
  if (!warmed_up_) [[unlikely]]
    warm_up(request.stream);
  const std::uint64_t size = round_up(request.bytes, granule).value;
  NodeIndex n = take_cached(size, request.stream);
  if (n == no_node) {
    const Need need{size, is_apart(size), request.stream};
    n = find(need);
    if (n == no_node) n = grow(need);
    if (n == no_node) out_of_memory("segment-block", request.bytes, port_, stats_.allocated);
    n = take(n, size);
  }
  commit(n, request);
}

void SegmentBlockPool::release(BlockId slot) {
  const NodeIndex n = live_.at(slot);
  live_.clear(slot);
  port_.release(slot);
  const BlockNode& block = graph_[n];
  stats_.allocated -= Bytes(block.size);
  freed_ += Bytes(block.size);
  ++stats_.frees;
  fence_.leave(block.address, block.size, StreamId(static_cast<std::uint16_t>(block.stream)));
  if (!keep(n)) free_block(n);
}

void SegmentBlockPool::expect_allocate(Bytes bytes, unsigned nearness) const {
  if (nearness == 0) return;
  const std::uint64_t size = round_up(bytes, granule).value;
  const NodeIndex n = parts_[is_apart(size)].find(size, settings_.scan);
  if (n != no_node) graph_.prefetch(n, nearness);
}

PoolStats SegmentBlockPool::stats() const {
  PoolStats stats = stats_;
  stats.cached = port_.reserved() - stats_.allocated;
  stats.cache_misses = stats.allocations - stats.cache_hits;
  return stats;
}

// Hybrid paths: small requests try the caches, large ones go to the blocks or to a segment of their own.
inline NodeIndex SegmentBlockPool::take_cached(std::uint64_t size, StreamId stream) {
  if (!is_small(size) || cache_.count() == 0) return no_node;
  const NodeIndex n = cache_.take(size, stream);
  if (n == no_node) return no_node;
  segments_[graph_[n].space].cacheable += static_cast<std::int64_t>(size);
  ++stats_.cache_hits;
  return n;
}

// Makes `size` bytes of free block `n` live and returns the block that holds them: the lower part, cut off, or `n`
// itself where the rest is not worth keeping.
NodeIndex SegmentBlockPool::take(NodeIndex n, std::uint64_t size) {
  if (graph_[n].size - size >= settings_.split_threshold) return cut(n, size);
  part_of(n).erase(n);
  graph_[n].live = true;
  return n;
}

// As take, but `n` stays free, as the rest: in the lists little or nothing moves. REQUIRES: `n` is larger than `size`.
NodeIndex SegmentBlockPool::cut(NodeIndex n, std::uint64_t size) {
  const NodeIndex lower = graph_.add(BlockNode{});
  BlockNode& rest = graph_[n];
  BlockNode& block = graph_[lower];
  const std::uint64_t old_size = rest.size;
  block.address = rest.address;
  block.set_size(size);
  block.live = true;
  block.small = rest.small;
  block.previous = rest.previous;
  block.next = n;
  block.space = rest.space;
  if (rest.previous != no_node) graph_[rest.previous].next = lower;
  rest.address += size;
  rest.set_size(old_size - size);
  rest.previous = lower;
  parts_[rest.small].resized(n, old_size);
  ++stats_.splits;
  return lower;
}

void SegmentBlockPool::commit(NodeIndex n, const AllocRequest& request) {
  BlockNode& block = graph_[n];
  block.stream = request.stream.value;
  live_.set(request.block, n);
  stats_.allocated += Bytes(block.size);
  ++stats_.allocations;
  fence_.use(block.address, block.size, request.stream);
  const Space& segment = segments_[block.space].space;
  port_.place(request.block, segment.id, Bytes(block.address - segment.base.value), Bytes(block.size), request.stream);
}

// Whether the cache keeps a freed block. Not one that would push out many others; not where too much of its segment is
// cached already: what is cached does not coalesce, and would keep the segment in pieces.
inline bool SegmentBlockPool::keep(NodeIndex n) {
  const std::uint64_t size = graph_[n].size;
  if (size > largest_cached_ || aggressive_ || segments_[graph_[n].space].cacheable < static_cast<std::int64_t>(size))
    return false;
  put_in_cache(n);
  return true;
}

void SegmentBlockPool::put_in_cache(NodeIndex n) {
  const BlockNode& block = graph_[n];
  segments_[block.space].cacheable -= static_cast<std::int64_t>(block.size);
  cache_.put(n, block.size, StreamId(static_cast<std::uint16_t>(block.stream)));
  for (NodeIndex old = cache_.overflow(); old != no_node; old = cache_.overflow()) let_go(old);
}

void SegmentBlockPool::free_block(NodeIndex n) {
  if (settings_.coalescing && coalesce(n)) return;
  graph_[n].live = false;
  part_of(n).insert(n);
}

// Adds block `n` to its free neighbours; false where there are none.
bool SegmentBlockPool::coalesce(NodeIndex n) {
  const BlockNode& block = graph_[n];
  FreeLists& part = parts_[block.small];
  const NodeIndex below = block.previous, above = block.next;
  const bool free_below = below != no_node && !graph_[below].live;
  const bool free_above = above != no_node && !graph_[above].live;
  if (free_below) {
    const std::uint64_t old_size = graph_[below].size;
    if (free_above) {
      part.erase(above);
      graph_.absorb_next(n);
    }
    graph_.absorb_next(below);
    part.resized(below, old_size);
  } else if (free_above) {
    const std::uint64_t old_size = graph_[above].size;
    graph_.absorb_previous(above);
    part.resized(above, old_size);
  }
  stats_.merges += std::uint64_t{free_below} + free_above;
  return free_below || free_above;
}

}  // namespace vramlab::segment_block
