#pragma once
// Normal and log-normal numbers by integers alone, so that every machine draws the same.

#include <cstdint>

#include "traces/generate_support.h"

namespace vramlab {

/// One standard normal number in units of 2^-16, by inversion: the table holds the quantiles at tail probabilities
/// 2^-(k+2) * (2 - i/8), k = 0..21, i = 0..7, linear between them (error below 0.002), cut at 5.17.
std::int32_t draw_normal(Prng& prng);

/// The table's entry for the tail probability above: index 8k + i, 0 to 176.
std::int32_t normal_quantile(std::size_t index);

/// value * 2^(exponent / 2^20), relative error below 2e-5.
/// REQUIRES: value < 2^48, |exponent| < 2^26
std::uint64_t scale_by_power_of_two(std::uint64_t value, std::int64_t exponent);

}  // namespace vramlab
