#pragma once
// A LevelTable as the kernels of the CPU look it up: only where a level stands for several magnitudes.

#include <cstdint>

#include "engine/padic/quantiser.h"

namespace vramlab::padic {

/// Where the places of a format lie further apart than the bound, every magnitude is a level, and so are infinities and
/// NaNs; these are the highest levels. Of bfloat16 at most 256 others are, so that vectors of them can hold the rest.
struct LevelMap {
  LevelTable table{};
  std::uint32_t alone = 0;  ///< from this level on the magnitude is level + apart, and the level magnitude - apart
  std::uint32_t apart = 0;
};

}  // namespace vramlab::padic
