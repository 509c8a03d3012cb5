#pragma once
// A checksum whose parts may be added in any order, so that a thousand threads compute it as one does.
// Source: the finalizer of MurmurHash3 (A. Appleby), a bijection that mixes every bit into every other.

#include <cstdint>

#include "engine/core/host_device.h"

namespace vramlab::padic {

inline constexpr std::uint32_t checksum_step = 0x9E3779B9U;

/// A word's share by what its place makes of it, (index + 1) * checksum_step.
VRAMLAB_HOST_DEVICE constexpr std::uint32_t keyed_share(std::uint32_t word, std::uint32_t key) {
  std::uint32_t h = word ^ key;
  h = (h ^ h >> 16) * 0x85EBCA6BU;
  h = (h ^ h >> 13) * 0xC2B2AE35U;
  return h ^ h >> 16;
}

/// The share of the word at `index` (in words from the begin): the sum of all shares is the checksum.
VRAMLAB_HOST_DEVICE constexpr std::uint32_t checksum_share(std::uint32_t word, std::uint32_t index) {
  return keyed_share(word, (index + 1) * checksum_step);
}

/// Of whole 32-bit words.
VRAMLAB_HOST_DEVICE constexpr std::uint32_t checksum32(const std::uint32_t* words, std::uint64_t count,
                                                       std::uint32_t first_index = 0) {
  std::uint32_t sum = 0;
  for (std::uint64_t i = 0; i < count; ++i)
    sum += checksum_share(words[i], first_index + static_cast<std::uint32_t>(i));
  return sum;
}

}  // namespace vramlab::padic
