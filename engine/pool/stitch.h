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

/// Places for `size` bytes out of `free` (ascending, disjoint, not adjacent), in order; empty where that is impossible.
/// Takes as few whole pages as it can, filling up the ends of pages that are in use in part. Pieces sum to `size`.
/// O(n log n) for n free blocks. `page` and all sizes are multiples of 512.
std::vector<HomePiece> stitch(std::uint64_t size, std::span<const HomePiece> free, std::uint64_t page,
                              StitchOrder order);

/// `bytes` out of `runs` in `order`, the last perhaps in part; all of them where they are fewer.
std::vector<HomePiece> take_runs(std::vector<HomePiece> runs, std::uint64_t bytes, StitchOrder order);

/// How many more whole pages, anywhere, would make stitch() possible: 0 where it is.
std::uint64_t pages_missing(std::uint64_t size, std::span<const HomePiece> free, std::uint64_t page);

}  // namespace vramlab
