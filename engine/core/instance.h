#pragma once
// The offline placement problem (dynamic storage allocation) and its answer.

#include <cstdint>
#include <string>
#include <vector>

#include "engine/core/types.h"

namespace vramlab {

/// One buffer: live in [lower, upper) (positions), `size` bytes, offset a multiple of `alignment`.
struct Buffer {
  std::uint64_t lower = 0;
  std::uint64_t upper = 0;
  Bytes size{};
  Bytes alignment{1};
};

/// Buffer `buffer` is swapped out in [lower, upper): its space is free for others then, and it comes back to the same
/// offset. (One that may come back elsewhere is two buffers.)
struct Gap {
  std::uint32_t buffer = 0;
  std::uint64_t lower = 0;
  std::uint64_t upper = 0;
};

/// Buffer `buffer` must lie at `offset`.
struct Pin {
  std::uint32_t buffer = 0;
  Bytes offset{};
};

/// One of several memories: offsets of its buffers are within [0, capacity).
struct Heap {
  std::string name;
  Bytes capacity{};
};

/// A placement problem. Buffer i of `buffers` has the outside name `names[i]`, or i where names is empty.
struct Instance {
  std::string name;
  std::vector<Buffer> buffers;
  std::vector<std::string> names;
  std::vector<Gap> gaps;                 ///< by (buffer, lower); strictly inside the lifetime, apart from each other
  std::vector<Pin> pins;                 ///< by buffer, one a buffer at most
  std::vector<Heap> heaps;               ///< in order of preference; empty: one without an end
  std::vector<std::int32_t> priorities;  ///< a buffer each: the higher stays in the earlier heap; empty: all alike
};

/// A stretch [lower, upper) in which a buffer holds its space.
struct LivePart {
  std::uint32_t buffer = 0;
  std::uint64_t lower = 0;
  std::uint64_t upper = 0;
};

/// Every buffer's lifetime without its gaps; by (buffer, lower). REQUIRES: gaps as Instance says.
std::vector<LivePart> live_parts(const Instance& instance);

/// The outside name of buffer i.
std::string name_of(const Instance& instance, std::size_t i);

/// An answer: offsets[i] is the place of buffers[i] in heap heaps[i] (empty: all in the first);
/// peak = max(offset + size) of the first heap, heap_peaks[h] of heap h (empty: one heap).
struct Plan {
  std::string solver;
  std::vector<Bytes> offsets;
  Bytes peak{};
  std::vector<std::uint8_t> heaps;
  std::vector<Bytes> heap_peaks;
};

}  // namespace vramlab
