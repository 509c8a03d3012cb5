#pragma once
// A word cut into a code (sign and class), which is entropy-coded, and a tail, whose digits are kept in planes of up to
// 8 bits, the most significant first. In p-adic terms the class of the logarithmic split is the valuation of the
// magnitude's image under the Monna map with the leading digits of its unit.

#include <cstdint>

#include "engine/core/host_device.h"
#include "engine/padic/stream_format.h"
#include "engine/padic/words.h"

namespace vramlab::padic {

/// A number of leading zeros, of a value that is not 0.
VRAMLAB_HOST_DEVICE constexpr std::uint32_t bit_length(std::uint32_t value) {
#ifdef __CUDA_ARCH__
  return 32U - static_cast<std::uint32_t>(__clz(static_cast<int>(value)));
#else
  return value == 0 ? 0U : 32U - static_cast<std::uint32_t>(__builtin_clz(value));
#endif
}

/// How a stream cuts its words. `tail`: bits of the fixed split's tail, 0 to 23.
struct Splitter {
  Split split = Split::fixed;
  std::uint32_t tail = 0;
  std::uint32_t lead = 3;  ///< of the logarithmic split: 3, or 2 where 3 give more than 255 codes

  /// Bits of the tail of a word of this class.
  VRAMLAB_HOST_DEVICE constexpr std::uint32_t tail_bits(std::uint32_t cls) const {
    if (split == Split::fixed) return cls == 0 ? 0U : tail;
    return cls >> (lead + 1) == 0 ? 0U : (cls >> lead) - 1U;
  }
  /// Class 0 is the magnitude 0.
  VRAMLAB_HOST_DEVICE constexpr std::uint32_t class_of(std::uint32_t magnitude) const {
    if (magnitude == 0) return 0;
    if (split == Split::fixed) return 1U + (magnitude >> tail);
    const std::uint32_t length = bit_length(magnitude);
    const std::uint32_t bits = length > lead + 1 ? length - lead - 1 : 0;
    return (bits << lead) + (magnitude >> bits);
  }
  /// The magnitude whose tail is zero.
  VRAMLAB_HOST_DEVICE constexpr std::uint32_t first_of(std::uint32_t cls) const {
    if (split == Split::fixed) return cls == 0 ? 0U : (cls - 1U) << tail;
    const std::uint32_t bits = tail_bits(cls);
    return (cls - (bits << lead)) << bits;
  }
  /// Sign and class. At most code_count - 1.
  VRAMLAB_HOST_DEVICE constexpr std::uint32_t code_of(const Word& word) const {
    return word.escape ? escape_code : 2U * class_of(word.magnitude) + word.sign;
  }

  /// Bits of the digit that plane `plane` holds, of a tail of `bits` bits. Fixed: full bytes at the low end, what is
  /// over first. Logarithmic: 8 bits, then up to 12 and 12.
  VRAMLAB_HOST_DEVICE constexpr std::uint32_t digit_bits(std::uint32_t bits, std::uint32_t plane) const {
    if (split == Split::fixed) {
      const std::uint32_t planes = (bits + 7) / 8;
      if (plane >= planes) return 0;
      return plane == 0 ? bits - 8U * (planes - 1U) : 8U;
    }
    const std::uint32_t before = plane == 0 ? 0U : plane == 1 ? 8U : 20U;
    const std::uint32_t most = plane == 0 ? 8U : 12U;
    const std::uint32_t left = bits > before ? bits - before : 0U;
    return left < most ? left : most;
  }
  /// Bits of the tail below the digit of plane `plane`: its digit is tail >> this & mask.
  VRAMLAB_HOST_DEVICE constexpr std::uint32_t bits_below(std::uint32_t bits, std::uint32_t plane) const {
    std::uint32_t below = bits;
    for (std::uint32_t k = 0; k <= plane; ++k) below -= digit_bits(bits, k);
    return below;
  }
};

/// The code that a magnitude has with lead = 2, from the one it has with lead = 3.
VRAMLAB_HOST_DEVICE constexpr std::uint32_t coarser_code(std::uint32_t code) {
  if (code == escape_code) return code;
  const std::uint32_t cls = code >> 1, sign = code & 1U;
  if (cls < 8) return code;
  const std::uint32_t bits = (cls >> 3) - 1U;              // of the tail with lead = 3
  const std::uint32_t leading = (cls - (bits << 3)) >> 1;  // 4 to 7
  return 2U * (((bits + 1U) << 2) + leading) + sign;
}

}  // namespace vramlab::padic
