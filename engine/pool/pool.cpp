#include "engine/pool/pool.h"

namespace vramlab {
namespace {

// Free over held, in millionths.
std::uint32_t fragmentation(const PoolStats& stats) {
  const std::uint64_t held = (stats.allocated + stats.cached).value;
  return held == 0
             ? 0
             : static_cast<std::uint32_t>(static_cast<double>(stats.cached.value) * 1e6 / static_cast<double>(held));
}

}  // namespace

void Pool::allocate_batch(std::span<const AllocRequest> requests) {
  std::size_t served = 0;
  try {
    for (; served < requests.size(); ++served) allocate(requests[served]);
  } catch (...) {
    while (served > 0) release(requests[--served].block);
    throw;
  }
}

OptimizeResult Pool::optimize() {
  const PoolStats before = stats();
  empty_cache();
  const PoolStats after = stats();
  return {.freed = before.cached - after.cached,
          .fragmentation_before = fragmentation(before),
          .fragmentation_after = fragmentation(after)};
}

}  // namespace vramlab
