#pragma once
// What an allocator tells of itself, and of one region of a program.

#include <cstdint>
#include <string>

#include "engine/pool/pool.h"

namespace vramlab {

/// Counts since the beginning; bytes now. `live` is as asked of the pool, that is, rounded up to a class of sizes.
struct AllocatorStats {
  std::uint64_t allocations = 0;
  std::uint64_t frees = 0;
  std::uint64_t cache_hits = 0;    ///< allocations served by their stream's cache
  std::uint64_t cache_misses = 0;  ///< those that a cache might have served
  std::uint64_t reclaims = 0;      ///< times all caches were given back to serve a request
  Bytes live{};
  Bytes requested{};
  Bytes all_requested{};  ///< by all allocations so far
  Bytes peak_live{};  ///< exact for one stream and one kind of sizes, cached or not; else at most this: peaks add up
  Bytes cached{};     ///< in caches of streams
  Bytes parked{};     ///< freed, but other streams may still use it
  Bytes reserved{};   ///< taken from the device
  Bytes peak_reserved{};
  Bytes capacity{};
  std::uint64_t leak_limit = 0;  ///< the option leak_warning
  PoolStats pool;

  std::uint64_t live_blocks() const { return allocations - frees; }
  /// Share of the reserved bytes that no live block has; 0 when nothing is reserved.
  double fragmentation() const;
  /// Hits over all allocations; 1 when there were none.
  double efficiency_score() const;
  /// Hits over those that a cache might have served; 0 when there were none.
  double cache_hit_rate() const;
  bool leak_warning() const { return live_blocks() > leak_limit; }
  /// One line, with the warning where it holds.
  std::string text() const;
};

/// What a region did: counts are differences, bytes are those at its end.
AllocatorStats since(const AllocatorStats& begin, AllocatorStats end);

}  // namespace vramlab
