#pragma once
// Counts to frequencies of the entropy coder, and whether coding pays: integers only, so that both worlds decide alike.

#include <cstdint>

#include "engine/core/host_device.h"
#include "engine/padic/stream_format.h"

namespace vramlab::padic {

/// log2(x) * 2^16, rounded down; x > 0. By repeated squaring.
VRAMLAB_HOST_DEVICE constexpr std::uint64_t log2_q16(std::uint64_t x) {
  std::uint32_t whole = 0;
  for (std::uint64_t rest = x; rest > 1; rest >>= 1) ++whole;
  std::uint64_t mantissa = whole > 31 ? x >> (whole - 31) : x << (31 - whole);  // in [2^31, 2^32)
  std::uint64_t fraction = 0;
  for (int bit = 15; bit >= 0; --bit) {
    mantissa = mantissa * mantissa >> 31;
    if (mantissa >= std::uint64_t{1} << 32) {
      mantissa >>= 1;
      fraction |= std::uint64_t{1} << bit;
    }
  }
  return (static_cast<std::uint64_t>(whole) << 16) + fraction;
}

/// Frequencies of `count` symbols (1 to 256) that sum to 4096, none 0: the share rounded down, at least 1; what is over
/// or short falls to the most frequent (the first of them), and if that has not enough, to each in turn.
VRAMLAB_HOST_DEVICE inline void set_frequencies(const std::uint64_t* counts, std::uint32_t count,
                                                std::uint16_t* frequencies) {
  std::uint64_t total = 0;
  std::uint32_t top = 0;
  for (std::uint32_t i = 0; i < count; ++i) {
    total += counts[i];
    if (counts[i] > counts[top]) top = i;
  }
  std::uint32_t sum = 0;
  for (std::uint32_t i = 0; i < count; ++i) {
    // counts < 2^44 (32 GiB of the smallest values), so that the product fits.
    const auto share = static_cast<std::uint32_t>(counts[i] * probability_scale / total);
    frequencies[i] = static_cast<std::uint16_t>(share == 0 ? 1U : share);
    sum += frequencies[i];
  }
  if (sum <= probability_scale) {
    frequencies[top] = static_cast<std::uint16_t>(frequencies[top] + (probability_scale - sum));
    return;
  }
  std::uint32_t over = sum - probability_scale;
  if (frequencies[top] > 2 * over) {
    frequencies[top] = static_cast<std::uint16_t>(frequencies[top] - over);
    return;
  }
  for (std::uint32_t i = 0; over != 0; i = i + 1 == count ? 0 : i + 1) {
    if (frequencies[i] < 2) continue;
    --frequencies[i];
    --over;
  }
}

/// Bits * 2^16 that coding `counts` takes with the best frequencies.
VRAMLAB_HOST_DEVICE constexpr std::uint64_t coded_cost_q16(const std::uint64_t* counts, std::uint32_t count) {
  std::uint64_t total = 0, own = 0;
  for (std::uint32_t i = 0; i < count; ++i) {
    total += counts[i];
    if (counts[i] != 0) own += counts[i] * log2_q16(counts[i]);
  }
  return total == 0 ? 0 : total * log2_q16(total) - own;
}

inline constexpr std::uint32_t sampled_group = 16;  ///< tail planes: one group of 1024 words in so many is looked at

/// Whether a tail plane gets a table, by the digits of the sampled groups (256 counts, of digits of more than 0 bits)
/// and the bits that they have. It must gain a 64th of the plane and the table's own bytes.
VRAMLAB_HOST_DEVICE constexpr bool worth_coding(const std::uint64_t* counts, std::uint64_t plane_bits,
                                                std::uint64_t sampled_words, std::uint64_t all_words) {
  if (plane_bits == 0 || sampled_words == 0) return false;
  const std::uint64_t raw = plane_bits << 16, coded = coded_cost_q16(counts, 256);
  if (coded >= raw) return false;
  const std::uint64_t gain = raw - coded;
  std::uint64_t symbols = 0;
  for (std::uint32_t i = 0; i < 256; ++i) symbols += counts[i] != 0 ? 1U : 0U;
  const std::uint64_t table_bits = 8 * (2 + 3 * symbols);
  // Each sampled word stands for all_words / sampled_words of them (at most 16 and a little).
  const std::uint64_t whole_gain = (gain >> 16) * (all_words / sampled_words);
  return gain > raw / 64 && whole_gain > table_bits;
}

}  // namespace vramlab::padic
