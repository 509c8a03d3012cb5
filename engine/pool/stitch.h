#pragma once
// How an object is laid over free bytes of several places: pages are mapped side by side as they are, so the first
// place must end, the last begin, and those between both begin and end at a page boundary.

#include <cstdint>
#include <span>
#include <vector>

#include "engine/pool/home_space.h"

namespace vramlab {

/// Which of the runs of whole pages are used up first.
enum class StitchOrder : std::uint8_t { smallest_run, largest_run };

struct Stitch {
  std::vector<HomePiece> pieces;    ///< in order; they sum to the size. Empty where pages are missing
  std::uint64_t missing_pages = 0;  ///< how many more whole pages, anywhere, would make it possible
};

/// Places for `size` bytes out of `free` (ascending, disjoint, not adjacent). Takes as few whole pages as it can,
/// filling up the ends of pages that are in use in part. O(n log n) for n free blocks. `page` and all sizes are
/// multiples of 512.
Stitch stitch(std::uint64_t size, std::span<const HomePiece> free, std::uint64_t page, StitchOrder order);

/// `bytes` out of `runs` in `order`, the last perhaps in part; all of them where they are fewer.
std::vector<HomePiece> take_runs(std::vector<HomePiece> runs, std::uint64_t bytes, StitchOrder order);

}  // namespace vramlab
