#pragma once
// What a history of allocations suggests: sizes worth having ready, and how large segments should be.

#include <cstdint>
#include <span>
#include <string>
#include <vector>

#include "engine/core/types.h"
#include "engine/pool/allocation_history.h"

namespace vramlab {

/// A size that comes often. Bytes are rounded up to 512.
struct SizePattern {
  Bytes bytes{};
  std::uint64_t allocations = 0;
  std::uint64_t peak_live = 0;  ///< blocks of it at once
};

struct AllocationAdvice {
  std::vector<SizePattern> patterns;  ///< all sizes, most frequent first, then smaller first
  Bytes peak_live{};                  ///< rounded sizes
  /// Small sizes that came often with the number live at once, as the option of pools understands it:
  /// "4KiB:50,64KiB:20"; "" when no size came often.
  std::string warmup;
  /// Power of two from 2 MiB to 1 GiB: an eighth of what was live at most, but at least the largest request that came
  /// often, so that few segments stay partly used.
  Bytes segment_size{};
  std::vector<std::string> remarks;  ///< what else is notable, a sentence each
};

/// REQUIRES: events in order. A free whose allocation is not among them is passed over.
AllocationAdvice advise(std::span<const AllocationEvent> events);

}  // namespace vramlab
