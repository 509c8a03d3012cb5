#pragma once
// What the files for AVX2 share. Only they include it.

#include <immintrin.h>

#include "engine/padic/kernels_variants.h"

namespace vramlab::padic {

static inline __m256i all_lanes(std::uint32_t value) { return _mm256_set1_epi32(static_cast<int>(value)); }

static inline std::uint32_t ones(std::uint32_t mask) { return static_cast<std::uint32_t>(__builtin_popcount(mask)); }

static inline __m256i load8(const void* words) { return _mm256_loadu_si256(static_cast<const __m256i*>(words)); }
static inline void store8(void* words, __m256i value) { _mm256_storeu_si256(static_cast<__m256i*>(words), value); }

/// 8 bytes, zero-extended.
static inline __m256i load_bytes(const std::uint8_t* bytes) {
  return _mm256_cvtepu8_epi32(_mm_loadl_epi64(reinterpret_cast<const __m128i*>(bytes)));
}
/// 8 numbers of two bytes, zero-extended.
static inline __m256i load_pairs(const std::uint16_t* numbers) {
  return _mm256_cvtepu16_epi32(_mm_loadu_si128(reinterpret_cast<const __m128i*>(numbers)));
}
/// 8 numbers below 2^16.
static inline __m128i pairs_of(__m256i value) {
  return _mm_packus_epi32(_mm256_castsi256_si128(value), _mm256_extracti128_si256(value, 1));
}
static inline void store_pairs(std::uint16_t* numbers, __m256i value) {
  _mm_storeu_si128(reinterpret_cast<__m128i*>(numbers), pairs_of(value));
}

/// A bit a lane of a mask whose lanes are all ones or zero.
static inline std::uint32_t bits_of(__m256i mask) {
  return static_cast<std::uint32_t>(_mm256_movemask_ps(_mm256_castsi256_ps(mask)));
}

/// The bits of 8 lanes from `i` on that are below n, and the same as a mask.
static inline std::uint32_t bits_below(std::uint32_t i, std::uint32_t n) {
  return n - i >= 8 ? 0xFFU : (1U << (n - i)) - 1U;
}
static inline __m256i lanes_below(std::uint32_t i, std::uint32_t n) {
  const std::uint32_t left = n - i >= 8 ? 8U : n - i;
  return _mm256_cmpgt_epi32(all_lanes(left), _mm256_setr_epi32(0, 1, 2, 3, 4, 5, 6, 7));
}

/// For each mask of 8 lanes an index a lane, for _mm256_permutevar8x32_epi32.
struct Permutations {
  std::uint64_t by_mask[256];
};

/// Lane i takes the number of ones below it: the next of a sequence go to the lanes of the mask.
constexpr Permutations expanding() {
  Permutations all{};
  for (std::uint32_t mask = 0; mask < 256; ++mask) {
    std::uint64_t rank = 0;
    for (std::uint32_t lane = 0; lane < 8; ++lane) {
      all.by_mask[mask] |= rank << 8 * lane;
      rank += mask >> lane & 1U;
    }
  }
  return all;
}
/// The lanes of the mask go together, to the low end or to the high one.
constexpr Permutations compressing(bool to_high) {
  Permutations all{};
  for (std::uint32_t mask = 0; mask < 256; ++mask) {
    std::uint32_t count = 0, at = 0;
    for (std::uint32_t lane = 0; lane < 8; ++lane) count += mask >> lane & 1U;
    if (to_high) at = 8 - count;
    for (std::uint32_t lane = 0; lane < 8; ++lane)
      if ((mask >> lane & 1U) != 0) all.by_mask[mask] |= static_cast<std::uint64_t>(lane) << 8 * at++;
  }
  return all;
}

static inline __m256i permuted(__m256i value, const Permutations& all, std::uint32_t mask) {
  const __m128i bytes = _mm_loadl_epi64(reinterpret_cast<const __m128i*>(&all.by_mask[mask]));
  return _mm256_permutevar8x32_epi32(value, _mm256_cvtepu8_epi32(bytes));
}

}  // namespace vramlab::padic
