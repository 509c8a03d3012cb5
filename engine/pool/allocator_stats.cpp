#include "engine/pool/allocator_stats.h"

#include <fmt/format.h>

#include "engine/core/option.h"

namespace vramlab {
namespace {

double share(std::uint64_t part, std::uint64_t whole, double of_nothing) {
  return whole == 0 ? of_nothing : static_cast<double>(part) / static_cast<double>(whole);
}

}  // namespace

double AllocatorStats::fragmentation() const {
  return reserved == Bytes(0) ? 0 : 1 - share(live.value, reserved.value, 0);
}

double AllocatorStats::efficiency_score() const { return share(cache_hits, allocations, 1); }

double AllocatorStats::cache_hit_rate() const { return share(cache_hits, cache_hits + cache_misses, 0); }

std::string AllocatorStats::text() const {
  std::string text = fmt::format(
      "{} allocations, {} frees, {:.1f}% from caches; live {} ({} requested, {} at peak), cached {}, parked {}, "
      "reserved {} ({} at peak)",
      allocations, frees, 100 * efficiency_score(), format_bytes(live), format_bytes(requested),
      format_bytes(peak_live), format_bytes(cached), format_bytes(parked), format_bytes(reserved),
      format_bytes(peak_reserved));
  if (leak_warning()) text += fmt::format("; a leak? {} blocks were allocated and not freed", live_blocks());
  return text;
}

AllocatorStats since(const AllocatorStats& begin, AllocatorStats end) {
  end.allocations -= begin.allocations;
  end.frees -= begin.frees;
  end.cache_hits -= begin.cache_hits;
  end.cache_misses -= begin.cache_misses;
  end.reclaims -= begin.reclaims;
  end.all_requested -= begin.all_requested;
  end.pool.allocations -= begin.pool.allocations;
  end.pool.frees -= begin.pool.frees;
  end.pool.splits -= begin.pool.splits;
  end.pool.merges -= begin.pool.merges;
  end.pool.cache_releases -= begin.pool.cache_releases;
  end.pool.cache_hits -= begin.pool.cache_hits;
  end.pool.cache_misses -= begin.pool.cache_misses;
  end.pool.stitches -= begin.pool.stitches;
  return end;
}

}  // namespace vramlab
