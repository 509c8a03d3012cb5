#pragma once
// Tensors to pack, of every number format that the GPU codec takes and of every kind of contents that its branches ask
// for, from a seed.

#include <cmath>
#include <cstddef>
#include <cstdint>
#include <cstring>
#include <random>
#include <string>
#include <vector>

#include "engine/padic/quantiser.h"
#include "engine/padic/stream_format.h"
#include "engine/padic/words.h"

namespace vramlab::testing {

struct Drawn {
  padic::DType dtype = padic::DType::float32;
  padic::Mode mode = padic::Mode::lossless;
  double bound = 0;
  std::uint64_t values = 0;
  std::vector<std::byte> raw;
  std::string text;  ///< for messages
};

namespace draw {

using Random = std::mt19937_64;

/// A float in the format, cut off; integers get 500 of them to a unit.
inline std::uint32_t bits_of(float value, padic::DType dtype) {
  const std::uint32_t bits = padic::bits_of_float(value);
  switch (dtype) {
    case padic::DType::float32:
      return bits;
    case padic::DType::bfloat16:
      return bits >> 16;
    case padic::DType::float16: {  // without subnormals
      const std::int32_t exponent = static_cast<std::int32_t>(bits >> 23 & 0xFFU) - 112;
      const std::uint32_t sign = bits >> 31 << 15;
      if (exponent <= 0) return sign;
      return exponent > 30 ? sign | 0x7C00U : sign | static_cast<std::uint32_t>(exponent) << 10 | (bits >> 13 & 0x3FFU);
    }
    default:
      return static_cast<std::uint32_t>(static_cast<std::int32_t>(std::fmax(-1e6F, std::fmin(1e6F, value * 500))));
  }
}

inline std::uint32_t value(std::uint32_t kind, std::uint64_t i, padic::DType dtype, Random& random) {
  std::normal_distribution<float> gaussian(0, 0.02F);
  const auto as = [&](float x) { return bits_of(x, dtype); };
  switch (kind) {
    case 0:
      return static_cast<std::uint32_t>(random());
    case 1:
      return as(gaussian(random));
    case 2:
      return random() % 20 != 0 ? 0U : as(gaussian(random));
    case 3:
      return as(0.25F);
    case 4:
      return random() % 300 != 0 ? 0U : as(gaussian(random));
    case 5:
      return random() % 2 != 0 ? as(gaussian(random)) : 0U;
    case 6:
      return as(random() % 200 == 0 ? INFINITY : random() % 100 == 0 ? -0.0F : gaussian(random));
    case 7:
      return i / 1000 % 2 != 0 ? 0U : as(random() % 2 != 0 ? 1.0F : -1.0F);
    case 8: {  // every bit length
      const std::uint32_t bits = static_cast<std::uint32_t>(random()) >> random() % 32;
      return random() % 2 != 0 ? bits : 0U - bits;
    }
    case 9:
      return static_cast<std::uint32_t>(random() % 37) * 0x01010101U;
    case 10:
      return as(std::ldexp(gaussian(random), static_cast<int>(random() % 60) - 30));
    default: {  // few mantissas: a coded tail plane
      const std::uint32_t bits = padic::bits_of_float(gaussian(random));
      return as(padic::float_of_bits((bits & 0xFFFFF000U) | static_cast<std::uint32_t>(random() % 5) << 12));
    }
  }
}
inline constexpr std::uint32_t kinds = 12;

inline void choose_settings(Drawn& drawn, Random& random) {
  using padic::DType;
  static constexpr DType dtypes[] = {DType::float32,     DType::float16, DType::bfloat16, DType::float8_e4m3,
                                     DType::float8_e5m2, DType::int8,    DType::uint8,    DType::int16,
                                     DType::uint16,      DType::int32,   DType::uint32};
  static constexpr double bounds[] = {1e-6, 1e-4, 1e-3, 0.01, 0.1, 0.3, 3};
  drawn.dtype = dtypes[random() % 11];
  if (!padic::format_of(drawn.dtype).floating) return;
  drawn.mode = static_cast<padic::Mode>(random() % 3);
  if (drawn.mode != padic::Mode::lossless)
    drawn.bound = bounds[random() % (drawn.mode == padic::Mode::relative ? 6 : 7)];
}

inline std::uint64_t length(std::uint64_t most, Random& random) {
  if (random() % 20 == 0) return 16384 * (random() % (most / 16384 + 1));
  return random() % 4 == 0 ? 1 + random() % most : 1 + random() % 5000;
}

}  // namespace draw

/// Of at most `most` values.
inline Drawn drawn_tensor(std::uint64_t seed, std::uint64_t most = 70'000) {
  draw::Random random(seed * 1'000'003 + 17);
  Drawn drawn;
  draw::choose_settings(drawn, random);
  drawn.values = draw::length(most, random);
  const std::uint32_t kind = static_cast<std::uint32_t>(random() % draw::kinds);
  const std::size_t bytes = padic::format_of(drawn.dtype).bytes;
  drawn.raw.resize(drawn.values * bytes);
  for (std::uint64_t i = 0; i < drawn.values; ++i) {
    const std::uint32_t bits = draw::value(kind, i, drawn.dtype, random);
    std::memcpy(drawn.raw.data() + i * bytes, &bits, bytes);
  }
  drawn.text = "seed " + std::to_string(seed) + ", dtype " + std::to_string(static_cast<int>(drawn.dtype)) + ", mode " +
               std::to_string(static_cast<int>(drawn.mode)) + ", bound " + std::to_string(drawn.bound) + ", kind " +
               std::to_string(kind) + ", " + std::to_string(drawn.values) + " values";
  return drawn;
}

/// Flips a few bits from byte `first` on, half of the time near it. Returns whether anything is changed.
inline bool damage(std::vector<std::byte>& stream, std::uint64_t seed, std::uint64_t first = 0) {
  draw::Random random(seed);
  const std::vector<std::byte> before = stream;
  for (std::uint64_t flips = 1 + random() % 3; flips-- > 0;) {
    if (first >= stream.size()) break;
    std::uint64_t at = random() % (stream.size() - first);
    if (random() % 2 != 0) at %= 200;
    at += first;
    stream[at] ^= static_cast<std::byte>(1U << random() % 8);
  }
  return stream != before;
}

}  // namespace vramlab::testing
