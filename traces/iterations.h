#pragma once
// Finding the iterations of a program in what it allocated.
//
// METHOD A training loop of fixed shape asks for the same sizes on the same streams in the same order at every step.
// A repetition with period p is a stretch of allocations in which each equals the one p later, at least 2p long; the
// stretch that covers most of the trace is the loop, its shortest period the step. The warm-up before and the rest
// after may differ; inside the stretch nothing may. Repetitions within a step (equal layers) are shorter than the
// step, so the loop's own wins.
//
// Around an anchor m the stretch of every period p is found at once, by Z-functions: it reaches as far right of m as
// sequence[m..] agrees with sequence[m+p..], and as far left as the parts ending there agree (Main and Lorentz, "An
// O(n log n) algorithm for finding all repetitions in a string", 1984). Eight anchors suffice for stretches of at least
// a quarter of the trace; shorter ones are not reported. Linear in time, 8 bytes of memory an allocation.

#include <cstdint>
#include <span>

#include "engine/core/types.h"

namespace vramlab {

/// Counted in allocations. INVARIANT: period == 0 (none found), or length >= 2 * period.
struct Repetition {
  std::uint64_t begin = 0;
  std::uint64_t length = 0;
  std::uint64_t period = 0;

  std::uint64_t whole_periods() const { return period == 0 ? 0 : length / period; }
};

/// REQUIRES: sizes.size() == streams.size() < 2^32; sizes are of objects (below 2^48).
Repetition find_repetition(std::span<const Bytes> sizes, std::span<const StreamId> streams);

}  // namespace vramlab
