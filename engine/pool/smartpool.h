#pragma once
// What the pool smartpool tells of itself beyond PoolStats: the statistics of SmartPool (arXiv:1903.06631 and the
// documents behind this project).

#include <cstdint>

#include "engine/pool/pool.h"

namespace vramlab {

struct SmartPoolStatistics {
  /// Held bytes that nothing lives in, over held bytes, now. 0 where nothing is held.
  double current_fragmentation = 0;
  /// 1 - (most bytes reserved since the first plan is followed) / (most reserved before, by the inner pool alone).
  /// 0 before the first plan; negative where plans took more.
  double overall_reduction = 0;
  /// overall_reduction >= option target_fragmentation_reduction.
  bool target_achieved = false;
  bool following = false;  ///< a plan is followed now
  std::uint64_t plans_kept = 0;
  std::uint64_t plans_made = 0;
  std::uint64_t replans = 0;           ///< plans made after the first
  std::uint64_t plan_hits = 0;         ///< requests served from a plan
  std::uint64_t plan_misses = 0;       ///< requests handed to the inner pool while a plan was followed
  std::uint64_t periods_followed = 0;  ///< whole ones
  Bytes plan_memory{};                 ///< held for plans now
};

/// Throws PoolError for a pool of another kind.
SmartPoolStatistics smartpool_statistics(const Pool& pool);

}  // namespace vramlab
