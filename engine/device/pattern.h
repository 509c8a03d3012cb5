#pragma once
// The bytes of a pattern, for the host and for kernels: std only.

#include <cstdint>

#include "engine/core/host_device.h"

namespace vramlab {

/// Word i / 8 of a pattern by its bytes, lowest first (the mixing of splitmix64: Steele, Lea, Flood 2014).
VRAMLAB_HOST_DEVICE constexpr std::uint64_t pattern_word(std::uint64_t pattern, std::uint64_t word) {
  std::uint64_t z = pattern + (word + 1) * 0x9E3779B97F4A7C15u;
  z = (z ^ (z >> 30)) * 0xBF58476D1CE4E5B9u;
  z = (z ^ (z >> 27)) * 0x94D049BB133111EBu;
  return z ^ (z >> 31);
}
VRAMLAB_HOST_DEVICE constexpr std::uint8_t pattern_byte(std::uint64_t pattern, std::uint64_t byte) {
  return static_cast<std::uint8_t>(pattern_word(pattern, byte / 8) >> (byte % 8 * 8));
}

}  // namespace vramlab
