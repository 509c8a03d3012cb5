#pragma once
// What a value is to the codec: a sign and a magnitude. Truncating p-adically drops the large part of a number, an
// error bound needs the small part dropped; so planes hold digits of the magnitude, most significant first (the order
// of the Monna map, under which the bit length of the magnitude is the valuation of its image).

#include <cstdint>

#include "engine/core/host_device.h"
#include "engine/padic/stream_format.h"

namespace vramlab::padic {

struct Word {
  std::uint32_t magnitude = 0;
  std::uint32_t sign = 0;  ///< 0 or 1
  bool escape = false;     ///< kept as it is: it has no word within the bound
};

/// How words are cut into a class and a tail.
enum class Split : std::uint8_t {
  fixed,        ///< the tail is the mantissa
  logarithmic,  ///< the class holds the bit length and the leading bits
};

/// What the codec has to know of a number format.
struct NumberFormat {
  std::uint8_t bytes = 0;     ///< of a value
  std::uint8_t mantissa = 0;  ///< stored bits of it, of floating-point formats
  bool floating = false;
  bool negative = false;      ///< two's complement
  std::uint8_t words = 1;     ///< of a value: 2 where it has 8 bytes
  std::uint8_t exponent = 0;  ///< bits of it
  bool infinities = false;    ///< the largest exponent is for infinities and NaN (float8_e4m3: for one NaN only)
};

/// bytes = 0: there is no such format.
VRAMLAB_HOST_DEVICE constexpr NumberFormat format_of(DType dtype) {
  switch (dtype) {
    case DType::float32:
      return {4, 23, true, false, 1, 8, true};
    case DType::float16:
      return {2, 10, true, false, 1, 5, true};
    case DType::bfloat16:
      return {2, 7, true, false, 1, 8, true};
    case DType::float8_e4m3:
      return {1, 3, true, false, 1, 4, false};
    case DType::float8_e5m2:
      return {1, 2, true, false, 1, 5, true};
    case DType::float64:
      return {8, 52, true, false, 2, 11, true};
    case DType::int8:
      return {1, 0, false, true, 1, 0, false};
    case DType::uint8:
      return {1, 0, false, false, 1, 0, false};
    case DType::int16:
      return {2, 0, false, true, 1, 0, false};
    case DType::uint16:
      return {2, 0, false, false, 1, 0, false};
    case DType::int32:
      return {4, 0, false, true, 1, 0, false};
    case DType::uint32:
      return {4, 0, false, false, 1, 0, false};
    case DType::int64:
      return {8, 0, false, true, 2, 0, false};
    case DType::uint64:
      return {8, 0, false, false, 2, 0, false};
  }
  return {};
}

/// A value of at most 4 bytes, as it lies in memory, without an error. `raw` is zero-extended.
VRAMLAB_HOST_DEVICE constexpr Word exact_word(std::uint32_t raw, const NumberFormat& format) {
  const std::uint32_t bits = 8U * format.bytes;
  if (format.bytes == 8 || (!format.floating && !format.negative)) return {raw, 0, false};
  const std::uint32_t sign = raw >> (bits - 1) & 1U;
  const std::uint32_t rest = bits == 32 ? 0x7FFFFFFFU : (1U << (bits - 1)) - 1U;
  if (format.floating) return {raw & rest, sign, false};
  const std::uint32_t full = bits == 32 ? 0xFFFFFFFFU : (1U << bits) - 1U;
  return {sign != 0 ? (0U - raw) & full : raw, sign, false};
}

/// The inverse of exact_word().
VRAMLAB_HOST_DEVICE constexpr std::uint32_t exact_raw(std::uint32_t magnitude, std::uint32_t sign,
                                                      const NumberFormat& format) {
  const std::uint32_t bits = 8U * format.bytes;
  if (format.bytes == 8 || (!format.floating && !format.negative)) return magnitude;
  if (format.floating) return magnitude | sign << (bits - 1);
  const std::uint32_t full = bits == 32 ? 0xFFFFFFFFU : (1U << bits) - 1U;
  return sign != 0 ? (0U - magnitude) & full : magnitude;
}

/// Signed 64-bit integers: small ones of either sign become small.
VRAMLAB_HOST_DEVICE constexpr std::uint64_t zigzag(std::uint64_t value) { return value << 1 ^ (0 - (value >> 63)); }
VRAMLAB_HOST_DEVICE constexpr std::uint64_t unzigzag(std::uint64_t folded) { return folded >> 1 ^ (0 - (folded & 1)); }

/// The low bits that relative mode may round away: half of 2^drop units of the last place over 2^mantissa of them is at
/// most `bound`.
VRAMLAB_HOST_DEVICE constexpr std::uint32_t droppable_bits(double bound, const NumberFormat& format) {
  std::uint32_t drop = 0;
  double error = 1;  // of the next one: 2^drop / 2^mantissa
  for (std::uint32_t i = 0; i < format.mantissa; ++i) error /= 2;
  for (; drop < format.mantissa && error <= bound; ++drop) error *= 2;
  return drop;
}

/// Rounds `drop` low bits away, to nearest, halves up; what cannot be rounded within `bound` escapes.
VRAMLAB_HOST_DEVICE constexpr Word rounded_word(Word word, std::uint32_t drop, double bound,
                                                const NumberFormat& format) {
  if (drop == 0) return word;
  const std::uint32_t low = (1U << drop) - 1U;
  const std::uint32_t up = (word.magnitude + (1U << (drop - 1))) & ~low;
  const std::uint32_t least_special = format.infinities ? ((1U << format.exponent) - 1U) << format.mantissa
                                                        : (1U << (format.exponent + format.mantissa)) - 1U;
  const bool special = word.magnitude >= least_special;
  const bool exact = (word.magnitude & low) == 0;
  if (!exact) {
    const std::uint32_t error = up > word.magnitude ? up - word.magnitude : word.magnitude - up;
    const bool subnormal = word.magnitude >> format.mantissa == 0;
    word.escape = special || up >= least_special ||
                  (subnormal && static_cast<double>(error) > bound * static_cast<double>(word.magnitude));
  }
  word.magnitude = up >> drop;
  return word;
}

}  // namespace vramlab::padic
