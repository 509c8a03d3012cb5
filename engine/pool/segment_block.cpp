// Options of the pool segment-block. Its fast path, take() and coalesce() among it, is in segment_block_calls.cpp;
// grow(), which takes what is needed and counts cache_releases, in segment_block_grow.cpp; segments_ and their base
// addresses in segment_block.h.
#include "engine/pool/segment_block.h"

#include <fmt/format.h>
#include <algorithm>
#include <cmath>

#include "engine/core/error.h"

namespace vramlab {
namespace segment_block {
namespace {

constexpr OptionSpec options[] = {
    {.name = "segment_size",
     .kind = OptionKind::text,
     .default_text = "auto",
     .reason = "of a new segment; auto: as its first request needs; else bytes, and a larger request gets its own"},
    {.name = "small_segment",
     .kind = OptionKind::bytes,
     .default_text = "2MiB",
     .reason = "under auto: segments of small requests, which would pin large ones; 0: all share all"},
    {.name = "medium_segment",
     .kind = OptionKind::bytes,
     .default_text = "20MiB",
     .reason = "under auto: segments of requests below half of it, so that several share one"},
    {.name = "growth",
     .kind = OptionKind::real,
     .default_text = "0.02",
     .reason = "under auto: a large segment has this share of what is held, once as much was freed; fewer device calls",
     .at_least = 0,
     .at_most = 1},
    {.name = "small_in_large",
     .kind = OptionKind::flag,
     .default_text = "true",
     .reason = "before the pool grows, a small request may use a free block of a large segment that is in use"},
    {.name = "reclaim",
     .kind = OptionKind::flag,
     .default_text = "true",
     .reason = "before the reserve grows, return idle segments, all too small for the request, and take one that fits"},
    {.name = "reclaim_bank",
     .kind = OptionKind::integer,
     .default_text = "512",
     .reason = "segments that may be returned for that before they must be earned",
     .at_least = 0,
     .at_most = 1e9},
    {.name = "reclaim_price",
     .kind = OptionKind::integer,
     .default_text = "4096",
     .reason = "allocations that earn the return of one more: a device call costs a thousand of ours",
     .at_least = 0,
     .at_most = 1e9},
    {.name = "allocation_strategy",
     .kind = OptionKind::choice,
     .default_text = "best_fit",
     .reason = "best_fit wastes the least, first_fit looks at one block only",
     .choices = "best_fit|first_fit"},
    {.name = "best_fit_scan",
     .kind = OptionKind::integer,
     .default_text = "16",
     .reason = "how many blocks of a size class best_fit compares; classes differ by 1/32",
     .at_least = 1,
     .at_most = 1e6},
    {.name = "split_threshold",
     .kind = OptionKind::bytes,
     .default_text = "512",
     .reason = "smallest rest that is split off a block instead of being handed out with it"},
    {.name = "coalescing",
     .kind = OptionKind::flag,
     .default_text = "true",
     .reason = "merge a freed block with its free neighbours at once; false: only before the pool would grow"},
    {.name = "coalescing_threshold",
     .kind = OptionKind::real,
     .default_text = "0.1",
     .reason = "share of a segment that may lie in the caches; what is freed beyond it coalesces",
     .at_least = 0,
     .at_most = 1},
    {.name = "small_threshold",
     .kind = OptionKind::bytes,
     .default_text = "1MiB",
     .reason = "largest small request: these try the caches first; at most 64MiB"},
    {.name = "stream_cache",
     .kind = OptionKind::integer,
     .default_text = "100",
     .reason = "freed blocks that a stream keeps whole for its next request of the same size, without a wait",
     .at_least = 0,
     .at_most = 1e6},
    {.name = "global_cache",
     .kind = OptionKind::integer,
     .default_text = "500",
     .reason = "older ones kept for any stream, which may have to wait",
     .at_least = 0,
     .at_most = 1e6},
    {.name = "cache_size",
     .kind = OptionKind::integer,
     .default_text = "1000",
     .reason = "blocks in both caches, all streams together; 0: no caches",
     .at_least = 0,
     .at_most = 1e6},
    {.name = "cache_bytes",
     .kind = OptionKind::bytes,
     .default_text = "4MiB",
     .reason = "bytes in the caches, or what warm-up prepares if more; a block of more than 1/32 of it is not cached"},
    {.name = "enable_warmup",
     .kind = OptionKind::flag,
     .default_text = "false",
     .reason = "prepare `warmup` before the first allocation; off: idle memory is reserve, and the first use fills the "
               "caches"},
    {.name = "warmup",
     .kind = OptionKind::text,
     .default_text = "4KiB:50,64KiB:20,1MiB:10",
     .reason = "what enable_warmup prepares: size:count,..."},
    {.name = "high_pressure",
     .kind = OptionKind::real,
     .default_text = "0.8",
     .reason = "above this used share of the memory the caches are trimmed, and nothing is cached until it falls",
     .at_least = 0,
     .at_most = 1},
    {.name = "low_pressure",
     .kind = OptionKind::real,
     .default_text = "0.3",
     .reason = "below this used share the caches may grow",
     .at_least = 0,
     .at_most = 1},
    {.name = "cleanup_threshold",
     .kind = OptionKind::real,
     .default_text = "0.9",
     .reason = "share of the cached blocks, oldest first, that high pressure lets go",
     .at_least = 0,
     .at_most = 1},
    {.name = "expand_factor",
     .kind = OptionKind::real,
     .default_text = "1.5",
     .reason = "by which low pressure raises the limits of the caches, to at most 8 times the configured ones",
     .at_least = 1,
     .at_most = 8},
    {.name = "zero_segments",
     .kind = OptionKind::flag,
     .default_text = "false",
     .reason = "set every new segment to 0, in the stream that asked; off: programs write before they read, and time"},
};

std::optional<Bytes> parse_segment_size(std::string_view text) {
  if (text == "auto") return std::nullopt;
  const Bytes size = parse_bytes(text);
  if (size > max_space)
    throw ConfigError("option segment_size of pool segment-block: more than " + format_bytes(max_space));
  return std::max(round_up(size, 2_MiB), 2_MiB);
}

// A size of segments under auto.
Bytes segment_bytes(const OptionValues& values, std::string_view name) {
  const Bytes size = values.bytes(name);
  if (size > max_space)
    throw ConfigError(fmt::format("option {} of pool segment-block: more than {}", name, format_bytes(max_space)));
  return round_up(size, 2_MiB);
}

std::uint64_t largest_small(const OptionValues& values) {
  const Bytes size = values.bytes("small_threshold");
  if (size > 64_MiB) throw ConfigError("option small_threshold of pool segment-block: more than 64 MiB");
  return round_down(size, 512_B).value;
}

TwoLevelCache::Limits cache_limits(const OptionValues& values) {
  return {.stream = static_cast<std::uint32_t>(values.integer("stream_cache")),
          .global = static_cast<std::uint32_t>(values.integer("global_cache")),
          .total = static_cast<std::uint32_t>(values.integer("cache_size")),
          .bytes = values.bytes("cache_bytes").value};
}

std::uint32_t per_mille(const OptionValues& values, std::string_view name) {
  return static_cast<std::uint32_t>(std::lround(values.real(name) * 1000));
}

// By the warm-up, for the caches.
std::uint64_t prepared_bytes(const Settings& settings) {
  std::uint64_t bytes = 0;
  for (const WarmUp& entry : settings.warmup)
    if (entry.bytes.value <= settings.small_threshold) bytes += entry.bytes.value * entry.count;
  return bytes;
}

}  // namespace

Settings Settings::from(const OptionValues& values) {
  Settings s;
  s.segment_size = parse_segment_size(values.text("segment_size"));
  s.small_segment = segment_bytes(values, "small_segment");
  s.medium_segment = segment_bytes(values, "medium_segment");
  s.growth_per_mille = per_mille(values, "growth");
  s.small_in_large = values.flag("small_in_large");
  s.reclaim = values.flag("reclaim");
  s.reclaim_bank = values.integer("reclaim_bank");
  s.reclaim_price = values.integer("reclaim_price");
  if (values.text("allocation_strategy") == "best_fit")
    s.scan = static_cast<std::uint32_t>(values.integer("best_fit_scan"));
  s.split_threshold = std::max(round_up(values.bytes("split_threshold"), 512_B), 512_B).value;
  s.coalescing = values.flag("coalescing");
  s.cacheable_per_mille = per_mille(values, "coalescing_threshold");
  s.small_threshold = largest_small(values);
  s.cache = cache_limits(values);
  s.warmup = parse_warmup(values.text("warmup"));
  if (!values.flag("enable_warmup")) s.warmup.clear();
  s.cache.bytes = std::max(s.cache.bytes, prepared_bytes(s));
  s.high_pressure = per_mille(values, "high_pressure");
  s.low_pressure = per_mille(values, "low_pressure");
  s.cleanup_per_mille = per_mille(values, "cleanup_threshold");
  s.expand_per_mille = per_mille(values, "expand_factor");
  s.zero_segments = values.flag("zero_segments");
  return s;
}

}  // namespace segment_block

PoolInfo segment_block_row() {
  return {.name = "segment-block",
          .summary = "segments cut into blocks: best fit, coalescing, two-level cache, idle segments reclaimed",
          .options = segment_block::options,
          .make = [](Port& port, const OptionValues& values, const PoolContext&) -> std::unique_ptr<Pool> {
            return std::make_unique<segment_block::SegmentBlockPool>(port, segment_block::Settings::from(values));
          }};
}

}  // namespace vramlab
