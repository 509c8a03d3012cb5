#pragma once
// Places memory that comes and goes on one axis without gaps: the vertical axis of a memory map.

#include <cstdint>
#include <span>
#include <vector>

#include "engine/core/types.h"

namespace vramlab {

/// Memory held from step `taken` to step `returned` (exclusive); steps are any strictly rising count of changes.
struct LaneRequest {
  std::uint64_t taken = 0;
  std::uint64_t returned = 0;
  Bytes bytes{};
};

struct Lanes {
  std::vector<Bytes> bases;  ///< per request
  Bytes height{};            ///< max over requests of base + bytes
};

/// No two requests held at one step overlap. In order of taking, each gets the tightest gap free then (the lowest of
/// equals), else the end, so that what is never returned is stacked as it came: O(n log n). Where that ends up over 5%
/// higher than what was ever held at once, all are placed by the solver "best-fit" of engine/coloring instead, unless
/// they are so many at once that this would take more than some seconds.
Lanes assign_lanes(std::span<const LaneRequest> requests);

}  // namespace vramlab
