#pragma once
// The offline placement problem and its answer.

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

/// A placement problem. Buffer i of `buffers` has the outside name `names[i]`, or i where names is empty.
struct Instance {
  std::string name;
  std::vector<Buffer> buffers;
  std::vector<std::string> names;
};

/// An answer: offsets[i] is the place of buffers[i]; peak = max(offset + size).
struct Plan {
  std::string solver;
  std::vector<Bytes> offsets;
  Bytes peak{};
};

}  // namespace vramlab
