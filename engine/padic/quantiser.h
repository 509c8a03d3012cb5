#pragma once
// From values to integers within an absolute error bound, and back. float32 by a uniform quantiser; formats of up to 16
// bits by a table of levels, since rounding a multiple of a step into such a format would break the bound.

#include <cmath>
#include <cstdint>
#include <cstring>

#include "engine/core/host_device.h"
#include "engine/padic/words.h"

namespace vramlab::padic {

VRAMLAB_HOST_DEVICE inline float float_of_bits(std::uint32_t bits) {
#ifdef __CUDA_ARCH__
  return __uint_as_float(bits);
#else
  float value;
  std::memcpy(&value, &bits, sizeof value);
  return value;
#endif
}
VRAMLAB_HOST_DEVICE inline std::uint32_t bits_of_float(float value) {
#ifdef __CUDA_ARCH__
  return __float_as_uint(value);
#else
  std::uint32_t bits;
  std::memcpy(&bits, &value, sizeof bits);
  return bits;
#endif
}

inline constexpr double largest_multiple = 1073741824.0;  ///< 2^30: |q| stays below

/// x -> q = rint(x / step), back q * step, in double: exact in both worlds, no product is followed by a sum. The step
/// is a 256th under twice the bound, room for the rounding of q * step to float while |x| <= 2^17 bounds; what fails
/// even so escapes. Costs 0.006 bits a value.
struct Quantiser {
  double bound = 0, step = 0, inverse = 0;

  VRAMLAB_HOST_DEVICE static Quantiser with(double bound) {
    const double step = bound * 1.9921875;
    return {bound, step, 1.0 / step};
  }
  VRAMLAB_HOST_DEVICE float value_of(std::int32_t q) const { return static_cast<float>(static_cast<double>(q) * step); }
  VRAMLAB_HOST_DEVICE bool holds(float x, double q) const {
    const float back = static_cast<float>(q * step);
    return fabs(static_cast<double>(x) - static_cast<double>(back)) <= bound;
  }
  /// Magnitude and sign of q.
  VRAMLAB_HOST_DEVICE Word word_of(std::uint32_t raw) const {
    const float x = float_of_bits(raw);
    const double wanted = static_cast<double>(x) * inverse;
    if (!(fabs(wanted) < largest_multiple)) return {0, 0, true};
    double q = rint(wanted);
    if (!holds(x, q)) {
      q += wanted > q ? 1.0 : -1.0;  // the other neighbour may round to a float within the bound
      if (!holds(x, q)) return {0, 0, true};
    }
    const auto whole = static_cast<std::int32_t>(q);
    return {static_cast<std::uint32_t>(whole < 0 ? -whole : whole), whole < 0 ? 1U : 0U, false};
  }
  VRAMLAB_HOST_DEVICE std::uint32_t raw_of(std::uint32_t magnitude, std::uint32_t sign) const {
    const auto q = static_cast<std::int32_t>(magnitude);
    return bits_of_float(value_of(sign != 0 ? -q : q));
  }
};

/// Levels of a format of at most 16 bits: the fewest values of the format such that each finite one is within the bound
/// of a level (greedy from zero upwards, which is optimal on a line). Infinities and NaNs are levels of their own. The
/// sign stays beside the level, but level 0 has none.
struct LevelTable {
  const std::uint16_t* level_of;      ///< by magnitude bits: 2^(bits - 1) of them
  const std::uint16_t* magnitude_of;  ///< by level
  std::uint32_t sign_shift;           ///< bits - 1
  std::uint32_t levels;

  VRAMLAB_HOST_DEVICE Word word_of(std::uint32_t raw) const {
    const std::uint32_t level = level_of[raw & ((1U << sign_shift) - 1U)];
    return {level, level == 0 ? 0U : raw >> sign_shift, false};
  }
  VRAMLAB_HOST_DEVICE std::uint32_t raw_of(std::uint32_t level, std::uint32_t sign) const {
    return magnitude_of[level] | sign << sign_shift;
  }
};

}  // namespace vramlab::padic
