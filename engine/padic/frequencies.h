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

/// A symbol's share of all frequencies, rounded down, at least 1. Counts are below 2^44 (32 GiB of the smallest
/// values), so that the product fits.
VRAMLAB_HOST_DEVICE constexpr std::uint32_t frequency_share(std::uint64_t count, std::uint64_t total) {
  const auto share = static_cast<std::uint32_t>(count * probability_scale / total);
  return share == 0 ? 1U : share;
}

/// From shares that add up to `sum` to frequencies: what is over or short falls to the most frequent symbol `top`, and
/// if that has not enough, to each in turn.
VRAMLAB_HOST_DEVICE inline void balance_frequencies(std::uint16_t* frequencies, std::uint32_t count, std::uint32_t top,
                                                    std::uint32_t sum) {
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

/// Frequencies of `count` symbols (1 to 256) that sum to 4096, none 0: their shares, balanced; `top` is the first of
/// the most frequent.
VRAMLAB_HOST_DEVICE inline void set_frequencies(const std::uint64_t* counts, std::uint32_t count,
                                                std::uint16_t* frequencies) {
  std::uint64_t total = 0;
  std::uint32_t top = 0, sum = 0;
  for (std::uint32_t i = 0; i < count; ++i) {
    total += counts[i];
    if (counts[i] > counts[top]) top = i;
  }
  for (std::uint32_t i = 0; i < count; ++i) {
    frequencies[i] = static_cast<std::uint16_t>(frequency_share(counts[i], total));
    sum += frequencies[i];
  }
  balance_frequencies(frequencies, count, top, sum);
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

/// Whether a tail plane gets a table, by what its digits in the sampled words have (`plane_bits`) and would take coded
/// (`coded_q16`, bits * 2^16): it must gain a 64th of the plane and, over all words, the bytes of a table of so many
/// symbols.
VRAMLAB_HOST_DEVICE constexpr bool coding_pays(std::uint64_t plane_bits, std::uint64_t coded_q16, std::uint64_t symbols,
                                               std::uint64_t sampled_words, std::uint64_t all_words) {
  const std::uint64_t raw = plane_bits << 16;
  if (sampled_words == 0 || coded_q16 >= raw) return false;
  const std::uint64_t gain = raw - coded_q16, table_bits = 8 * (2 + 3 * symbols);
  // Each sampled word stands for all_words / sampled_words of them (at most 16 and a little).
  return gain > raw / 64 && (gain >> 16) * (all_words / sampled_words) > table_bits;
}

/// The same by the 256 counts of the digits of more than 0 bits in the sampled groups.
VRAMLAB_HOST_DEVICE constexpr bool worth_coding(const std::uint64_t* counts, std::uint64_t plane_bits,
                                                std::uint64_t sampled_words, std::uint64_t all_words) {
  std::uint64_t symbols = 0;
  for (std::uint32_t i = 0; i < 256; ++i) symbols += counts[i] != 0 ? 1U : 0U;
  return coding_pays(plane_bits, coded_cost_q16(counts, 256), symbols, sampled_words, all_words);
}

/// Blocks of a `dense` stream, by the count of its most frequent head: states cost a sparse tensor too much otherwise.
VRAMLAB_HOST_DEVICE constexpr std::uint32_t block_log2_of(std::uint64_t most_frequent, std::uint64_t words) {
  return most_frequent > words / 4 ? sparse_block_log2 : dense_block_log2;
}

}  // namespace vramlab::padic
