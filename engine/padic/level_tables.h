#pragma once
// The levels of formats of at most 16 bits under an absolute bound: format.md, "Values to words".

#include <cstdint>
#include <memory>
#include <vector>

#include "engine/padic/level_map.h"
#include "engine/padic/stream_format.h"

namespace vramlab::padic {

/// The tables that a LevelTable points to.
struct Levels {
  std::vector<std::uint16_t> level_of;      ///< by magnitude bits
  std::vector<std::uint16_t> magnitude_of;  ///< by level, the finite ones ascending, then infinities and NaNs
  std::uint32_t sign_shift = 0;
  std::uint32_t finite = 0;  ///< levels that are numbers
  std::uint32_t alone = 0;   ///< from this level on every magnitude is a level

  LevelTable view() const {
    return {level_of.data(), magnitude_of.data(), sign_shift, static_cast<std::uint32_t>(magnitude_of.size())};
  }
  LevelMap map() const { return {view(), alone, magnitude_of[alone] - alone}; }
};

/// The number that a magnitude of a floating-point format of at most 16 bits means. REQUIRES: it is finite.
double magnitude_value(std::uint32_t magnitude, const NumberFormat& format);
/// The lowest magnitude that is no number.
std::uint32_t least_special_magnitude(const NumberFormat& format);

/// The levels of `dtype` under `bound`. The last few are kept. REQUIRES: a floating-point format of 1 or 2 bytes, a
/// positive finite bound. THREAD-SAFETY: any thread.
std::shared_ptr<const Levels> levels_for(DType dtype, double bound);

}  // namespace vramlab::padic
