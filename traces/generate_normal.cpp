#include "traces/generate_normal.h"

#include <algorithm>
#include <array>
#include <bit>

namespace vramlab {
namespace {

constexpr std::size_t octaves = 22;
constexpr std::size_t steps = 8;

// round(2^16 * quantile of the standard normal distribution at 1 - tail)
constexpr std::array<std::int32_t, octaves * steps + 1> quantiles{
    0,      5139,   10310,  15545,  20882,  26362,  32032,  37954,  44203,  47482,  50884,  54428,  58140,  62048,
    66191,  70616,  75389,  77933,  80600,  83408,  86377,  89536,  92917,  96565,  100540, 102675, 104924, 107304,
    109834, 112540, 115453, 118613, 122076, 123944, 125918, 128013, 130248, 132646, 135235, 138055, 141156, 142834,
    144610, 146500, 148519, 150691, 153042, 155608, 158437, 159970, 161597, 163329, 165184, 167181, 169346, 171714,
    174330, 175750, 177257, 178865, 180588, 182445, 184462, 186670, 189113, 190440, 191851, 193356, 194971, 196714,
    198608, 200683, 202983, 204233, 205563, 206982, 208507, 210153, 211943, 213907, 216085, 217270, 218531, 219878,
    221325, 222888, 224590, 226458, 228531, 229660, 230861, 232145, 233525, 235017, 236642, 238426, 240408, 241487,
    242636, 243865, 245187, 246616, 248173, 249884, 251785, 252821, 253924, 255104, 256374, 257747, 259244, 260890,
    262719, 263716, 264779, 265915, 267138, 268462, 269905, 271492, 273257, 274219, 275245, 276343, 277524, 278803,
    280197, 281732, 283438, 284369, 285361, 286423, 287567, 288805, 290155, 291642, 293295, 294197, 295159, 296189,
    297298, 298499, 299809, 301252, 302857, 303733, 304667, 305668, 306745, 307912, 309185, 310587, 312148, 313000,
    313909, 314882, 315930, 317065, 318305, 319670, 321190, 322019, 322904, 323852, 324873, 325980, 327188, 328519,
    330000, 330810, 331673, 332597, 333593, 334673, 335852, 337151, 338597};

// round(2^30 * ln(2)^k / k!): the power series of 2^x.
constexpr std::array<std::uint64_t, 7> power_series{1073741824, 744261118, 257941248, 59597083,
                                                    10327387,   1431680,   165394};

std::int32_t interpolate(std::size_t octave, std::uint32_t fraction) {
  const std::size_t index = octave * steps + (fraction >> 13);
  const auto rest = static_cast<std::int32_t>(fraction & 0x1fff);
  const std::int32_t low = quantiles[index];
  return rest == 0 ? low : low + (((quantiles[index + 1] - low) * rest) >> 13);
}

}  // namespace

std::int32_t normal_quantile(std::size_t index) { return quantiles[index]; }

std::int32_t draw_normal(Prng& prng) {
  const std::uint64_t bits = prng.next();
  const std::uint64_t tail = bits | 1;  // bit 0 gives the sign and does not count in the tail's 63 bits
  const auto octave = static_cast<std::size_t>(std::countl_zero(tail));
  std::int32_t size = quantiles.back();
  if (octave < octaves) {
    // The 16 bits below the leading one run from 0 to 1 as the tail grows, the table from large tails to small.
    const auto below_leading = static_cast<std::uint32_t>(((tail << octave) << 1) >> 48);
    size = interpolate(octave, 0x10000 - below_leading);
  }
  return (bits & 1) != 0 ? size : -size;
}

std::uint64_t scale_by_power_of_two(std::uint64_t value, std::int64_t exponent) {
  __extension__ using Wide = unsigned __int128;
  const auto whole = static_cast<int>(exponent >> 20);
  const auto fraction = static_cast<std::uint64_t>(exponent & 0xfffff);
  std::uint64_t mantissa = 0;
  for (std::size_t k = power_series.size(); k-- > 0;) mantissa = power_series[k] + ((mantissa * fraction) >> 20);
  const Wide scaled = Wide(value) * mantissa;
  const Wide shifted = whole <= 30 ? scaled >> (30 - whole) : scaled << (whole - 30);
  return static_cast<std::uint64_t>(std::min<Wide>(shifted, ~std::uint64_t{0}));
}

}  // namespace vramlab
