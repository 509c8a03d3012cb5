#include "engine/cuda/plugin/telling.h"

#include <fmt/format.h>

#include <array>
#include <bit>
#include <iterator>
#include <utility>

namespace vramlab::plugin {
namespace {

double share(Bytes part, Bytes whole) {
  return whole == Bytes(0) ? 0 : static_cast<double>(part.value) / static_cast<double>(whole.value);
}

std::string bytes_and_ratio(Bytes bytes, Bytes requested) {
  return requested == Bytes(0) ? format_bytes(bytes)
                               : fmt::format("{} ({:.4f} of requested)", format_bytes(bytes), share(bytes, requested));
}

std::uint64_t handle_number(const StreamMap& streams, StreamId stream) {
  return std::bit_cast<std::uintptr_t>(streams.handle_of(stream));
}

enum BlockWord { live = 0, pending = 1, idle = 2 };

BlockWord word_of(const BlockRecord& block) {
  if (block.is_live()) return live;
  return block.state() == BlockState::parked ? pending : idle;
}

/// Blocks of one segment, with what lies between them.
class SegmentWriter {
 public:
  SegmentWriter(std::string& out, const HeldSegment& segment) : out_(out), at_(segment.base) {}

  void block(const BlockRecord& block) {
    if (block.address() < at_) return;  // changed while the snapshot was made
    gap(block.address());
    put(block.bytes, block.requested, word_of(block));
  }
  void gap(Address to) {
    if (at_ < to) put(distance(at_, to), Bytes(0), idle);
  }

 private:
  void put(Bytes bytes, Bytes requested, BlockWord word) {
    fmt::format_to(std::back_inserter(out_), "{}[{},{},{},{}]", out_.back() == '[' ? "" : ",", at_.value, bytes.value,
                   word == idle ? 0 : requested.value, static_cast<int>(word));
    at_ = at_ + bytes;
  }

  std::string& out_;
  Address at_;
};

void add_segments(std::string& out, const WorldSnapshot& snapshot, const StreamMap& streams) {
  auto block = snapshot.blocks.begin();
  for (const HeldSegment& segment : snapshot.segments) {
    const Address end = segment.base + segment.bytes;
    while (block != snapshot.blocks.end() && block->address() < segment.base) ++block;
    const StreamId stream =
        segment.mapped && block != snapshot.blocks.end() && block->address() < end ? block->stream() : segment.stream;
    fmt::format_to(std::back_inserter(out),
                   R"({}{{"address":{},"total_size":{},"stream":{},"is_expandable":{},"blocks":[)",
                   out.back() == '[' ? "" : ",", segment.base.value, segment.bytes.value,
                   handle_number(streams, stream), segment.mapped);
    SegmentWriter writer(out, segment);
    for (; block != snapshot.blocks.end() && block->address() + block->bytes <= end; ++block) writer.block(*block);
    writer.gap(end);
    out += "]}";
  }
}

void add_events(std::string& out, const WorldSnapshot& snapshot, const StreamMap& streams) {
  for (const AllocationEvent& event : snapshot.events)
    fmt::format_to(std::back_inserter(out), "{}[{},{},{},{}]", out.back() == '[' ? "" : ",",
                   static_cast<int>(event.kind), event.address.value, event.bytes.value,
                   handle_number(streams, event.stream));
}

}  // namespace

std::string stats_json(const WorldStats& stats) {
  const AllocatorStats& allocator = stats.allocator;
  const std::array<std::pair<const char*, std::uint64_t>, 24> numbers{{
      {"allocations", allocator.allocations},
      {"frees", allocator.frees},
      {"cache_hits", allocator.cache_hits},
      {"cache_misses", allocator.cache_misses},
      {"reclaims", allocator.reclaims},
      {"live_bytes", allocator.live.value},
      {"cached_bytes", allocator.cached.value},
      {"parked_bytes", allocator.parked.value},
      {"capacity_bytes", allocator.capacity.value},
      {"all_requested_bytes", allocator.all_requested.value},
      {"requested_bytes", stats.requested.value},
      {"peak_requested_bytes", stats.peak_requested.value},
      {"top_requested_bytes", stats.top_requested.value},
      {"reserved_bytes", stats.reserved.value},
      {"peak_reserved_bytes", stats.peak_reserved.value},
      {"top_reserved_bytes", stats.top_reserved.value},
      {"segments", stats.segments},
      {"segments_taken", stats.segments_taken},
      {"segments_given_back", stats.segments_given_back},
      {"device_calls", stats.device_calls},
      {"ooms", stats.ooms},
      {"bad_frees", stats.bad_frees},
      {"pool_cache_hits", allocator.pool.cache_hits},
      {"pytorch_reserved_bytes", stats.pytorch_reserved.value_or(Bytes(0)).value},
  }};
  std::string out = "{";
  for (const auto& [name, value] : numbers)
    out += fmt::format("{}\"{}\":{}", out.back() == '{' ? "" : ",", name, value);
  return out + "}";
}

std::string snapshot_json(const World& world) {
  const WorldSnapshot snapshot = world.snapshot();
  std::string out = fmt::format(R"({{"device":{},"segments":[)", world.gpu());
  add_segments(out, snapshot, world.streams());
  out += R"(],"events":[)";
  add_events(out, snapshot, world.streams());
  const std::uint64_t first = snapshot.events.empty() ? 0 : snapshot.events.front().sequence;
  return out + fmt::format(R"(],"first_event":{}}})", first);
}

std::string footprint_text(const World& world) {
  const WorldStats stats = world.stats();
  const AllocatorStats& allocator = stats.allocator;
  const Bytes requested = stats.top_requested;
  std::string text = fmt::format("vramlab: GPU {} ({}), pool {}\n", world.gpu(), world.gpu_name(), world.pool_name());
  const auto line = [&text](std::string_view what, const std::string& value) {
    text += fmt::format("  {:<22}{}\n", what, value);
  };
  line("peak requested", format_bytes(requested));
  line("peak reserved", bytes_and_ratio(stats.top_reserved, requested));
  line("PyTorch would reserve", stats.pytorch_reserved ? bytes_and_ratio(*stats.pytorch_reserved, requested)
                                                       : "not followed (--record or --compare)");
  line("allocations", fmt::format("{}, {} frees", allocator.allocations, allocator.frees));
  line("hits", fmt::format("{:.1f}% from caches, {} by what the pool keeps ready", 100 * allocator.efficiency_score(),
                           allocator.pool.cache_hits));
  line("device calls", fmt::format("{}", stats.device_calls));
  if (stats.ooms > 0) line("out of memory", fmt::format("{} times", stats.ooms));
  if (stats.bad_frees > 0) line("refused frees", fmt::format("{}", stats.bad_frees));
  if (const std::string* record = world.record()) line("recorded", *record);
  return text;
}

}  // namespace vramlab::plugin
