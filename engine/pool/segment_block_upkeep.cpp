// What happens beside the calls: warm-up, pressure, letting cached blocks go, and the checks.

#include <algorithm>
#include <charconv>

#include "engine/core/error.h"
#include "engine/pool/segment_block.h"

namespace vramlab::segment_block {
namespace {

std::uint32_t part_per_mille(std::uint32_t count, std::uint32_t per_mille) {
  return static_cast<std::uint32_t>((std::uint64_t{count} * per_mille + 999) / 1000);
}

[[noreturn]] void bad_warmup(std::string_view text) {
  throw ConfigError("option warmup of pool segment-block: '" + std::string(text) + "'", {},
                    "give sizes and counts, such as 4KiB:50,1MiB:10");
}

WarmUp parse_entry(std::string_view text) {
  const std::size_t colon = text.find(':');
  if (colon == std::string_view::npos) bad_warmup(text);
  WarmUp entry{.bytes = round_up(parse_bytes(text.substr(0, colon)), 512_B)};
  const char* end = text.data() + text.size();
  const auto [stop, error] = std::from_chars(text.data() + colon + 1, end, entry.count);
  if (error != std::errc() || stop != end || entry.bytes == Bytes(0) || entry.bytes > max_space) bad_warmup(text);
  if (entry.count > max_space / entry.bytes) bad_warmup(text);
  return entry;
}

}  // namespace

std::vector<WarmUp> parse_warmup(std::string_view text) {
  std::vector<WarmUp> entries;
  while (!text.empty()) {
    const std::size_t comma = std::min(text.find(','), text.size());
    entries.push_back(parse_entry(text.substr(0, comma)));
    text.remove_prefix(std::min(comma + 1, text.size()));
  }
  return entries;
}

// --- Warm-up ---------------------------------------------------------------------------------------------------------

// What is prepared may be any share of its segment: coalescing_threshold rules over what is freed later.
// What does not fit the device's memory is not prepared: the requests themselves will tell.
void SegmentBlockPool::warm_up(StreamId stream) {
  warmed_up_ = true;
  for (const WarmUp& entry : settings_.warmup) {
    const Need need{entry.bytes.value * entry.count, is_apart(entry.bytes.value), stream};
    if (need.size == 0) continue;
    NodeIndex n = find(need);
    if (n == no_node) n = take_usual_segment(need);
    if (n != no_node && is_small(entry.bytes.value)) prepare(entry, n, stream);
  }
}

// Cuts free block `from` into blocks that go to the cache of `stream`.
void SegmentBlockPool::prepare(const WarmUp& entry, NodeIndex from, StreamId stream) {
  for (std::uint32_t i = 0; i < entry.count; ++i) {
    const std::uint64_t size = entry.bytes.value;
    const NodeIndex n = i + 1 < entry.count ? cut(from, size) : take(from, size);
    graph_[n].stream = stream.value;
    put_in_cache(n);
  }
}

// --- Pressure --------------------------------------------------------------------------------------------------------

void SegmentBlockPool::pressure(std::uint32_t used_per_mille) {
  aggressive_ = used_per_mille > settings_.high_pressure;
  if (aggressive_) {
    scale_cache(1000);
    trim_cache(settings_.cleanup_per_mille);
    if (!settings_.coalescing) coalesce_all();
  } else if (used_per_mille < settings_.low_pressure) {
    scale_cache(std::min(most_cache_scale, cache_scale_ * settings_.expand_per_mille / 1000));
  }
}

void SegmentBlockPool::scale_cache(std::uint32_t per_mille) {
  cache_scale_ = per_mille;
  TwoLevelCache::Limits limits = settings_.cache;
  limits.stream = part_per_mille(limits.stream, per_mille);
  limits.global = part_per_mille(limits.global, per_mille);
  limits.total = part_per_mille(limits.total, per_mille);
  cache_.set_limits(limits);
}

void SegmentBlockPool::trim_cache(std::uint32_t per_mille) {
  for (std::uint32_t left = part_per_mille(cache_.count(), per_mille); left > 0; --left) let_go(cache_.take_oldest());
}

void SegmentBlockPool::flush_cache() { trim_cache(1000); }

// A block that the cache gave up becomes free.
void SegmentBlockPool::let_go(NodeIndex n) {
  segments_[graph_[n].space].cacheable += static_cast<std::int64_t>(graph_[n].size);
  free_block(n);
}

// Merges every run of free blocks. A run begins where the block below is not free, so that what is merged away begins
// none.
void SegmentBlockPool::coalesce_all() {
  std::vector<NodeIndex> begins;
  for (const FreeLists& part : parts_)
    part.for_each([&](NodeIndex n) {
      const NodeIndex below = graph_[n].previous, above = graph_[n].next;
      if ((below == no_node || graph_[below].live) && above != no_node && !graph_[above].live) begins.push_back(n);
    });
  for (const NodeIndex n : begins) {
    FreeLists& part = part_of(n);
    part.erase(n);
    for (NodeIndex above = graph_[n].next; above != no_node && !graph_[above].live; above = graph_[n].next) {
      part.erase(above);
      graph_.absorb_next(n);
      ++stats_.merges;
    }
    part.insert(n);
  }
}

// --- Checks ----------------------------------------------------------------------------------------------------------

void SegmentBlockPool::validate() const {
  cache_.validate();
  std::vector<NodeIndex> first(segments_.size(), no_node);
  const auto note_first = [&](NodeIndex n) {
    if (graph_[n].previous == no_node) first[graph_[n].space] = n;
  };
  std::uint64_t listed = 0;
  for (const bool small : {false, true})
    parts_[small].for_each([&](NodeIndex n) {
      VRAMLAB_CHECK(!graph_[n].live, "a live block is in a free list");
      VRAMLAB_CHECK(graph_[n].small == small, "a block is in the free lists of the other part");
      note_first(n);
      ++listed;
    });
  for (const NodeIndex n : live_.table())
    if (n != no_node) note_first(n);
  std::vector<std::uint64_t> cached(segments_.size());
  cache_.for_each([&](NodeIndex n, std::uint64_t size) {
    VRAMLAB_CHECK(graph_[n].live && graph_[n].size == size, "a cached block is free, or of another size");
    cached[graph_[n].space] += size;
    note_first(n);
  });
  validate_segments(first, cached, listed);
}

void SegmentBlockPool::validate_segments(const std::vector<NodeIndex>& first, const std::vector<std::uint64_t>& cached,
                                         std::uint64_t listed) const {
  std::uint64_t free_blocks = 0;
  Bytes held{}, live{}, kept{};
  for (std::size_t s = 0; s < segments_.size(); ++s) {
    const Segment& segment = segments_[s];
    if (!segment.space.id.valid()) continue;
    held += segment.space.bytes;
    kept += Bytes(cached[s]);
    VRAMLAB_CHECK(segment.cacheable == cacheable_of(segment.space.bytes) - static_cast<std::int64_t>(cached[s]),
                  "cached bytes of a segment are counted wrongly");
    graph_.validate_chain(first[s], segment.space.base.value, segment.space.bytes.value, [&](NodeIndex n) {
      const NodeIndex above = graph_[n].next;
      VRAMLAB_CHECK(!settings_.coalescing || graph_[n].live || above == no_node || graph_[above].live,
                    "two neighbouring free blocks were not merged");
      if (graph_[n].live) live += Bytes(graph_[n].size);
      free_blocks += !graph_[n].live;
    });
  }
  VRAMLAB_CHECK(held == port_.reserved(), "segments held and bytes reserved differ");
  VRAMLAB_CHECK(live == stats_.allocated + kept, "live bytes are counted wrongly");
  VRAMLAB_CHECK(free_blocks == listed, "free blocks and free lists differ in number");
}

}  // namespace vramlab::segment_block
