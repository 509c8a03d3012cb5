#pragma once
// Levels one value after the other: what the portable kernels do always and the others with the last values. All is
// static: files with other instruction sets include it.

#include <cstring>

#include "engine/padic/kernels.h"

namespace vramlab::padic {

/// n values of type `Bits` to offset words.
template <class Bits>
static inline void words_of_values(const unsigned char* raw, std::uint32_t n, const LevelTable& table,
                                   std::uint32_t* words) {
  const std::uint16_t* level_of = table.level_of;
  constexpr std::uint32_t sign_shift = 8 * sizeof(Bits) - 1;
  for (std::uint32_t i = 0; i < n; ++i) {
    Bits bits;
    std::memcpy(&bits, raw + i * sizeof bits, sizeof bits);
    const std::uint32_t level = level_of[bits & ((1U << sign_shift) - 1U)];
    const std::uint32_t minus = 0U - static_cast<std::uint32_t>(bits >> sign_shift);  // all ones or none
    words[i] = 0x80000000U + ((level ^ minus) - minus);
  }
}

/// The inverse. Returns the highest level and `highest`.
template <class Bits>
static inline std::uint32_t values_of_words(const std::uint32_t* words, std::uint32_t n, const LevelTable& table,
                                            unsigned char* raw, std::uint32_t highest) {
  const std::uint16_t* magnitude_of = table.magnitude_of;
  const std::uint32_t last = table.levels - 1U;
  constexpr std::uint32_t sign = 1U << (8 * sizeof(Bits) - 1);
  for (std::uint32_t i = 0; i < n; ++i) {
    const std::uint32_t minus = (words[i] >> 31) - 1U;  // all ones or none
    const std::uint32_t level = ((words[i] - 0x80000000U) ^ minus) - minus;
    highest = level > highest ? level : highest;
    const auto bits = static_cast<Bits>(magnitude_of[level < last ? level : last] | (minus & sign));
    std::memcpy(raw + i * sizeof bits, &bits, sizeof bits);
  }
  return highest;
}

}  // namespace vramlab::padic
