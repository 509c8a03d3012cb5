#pragma once
// What the files for AVX-512 share. Only they include it.

#include <immintrin.h>

#include "engine/padic/kernels_variants.h"

namespace vramlab::padic {

static inline __m512i all_lanes(std::uint32_t value) { return _mm512_set1_epi32(static_cast<int>(value)); }

/// The lanes of 16 from `i` on that are below n.
static inline __mmask16 lanes_below(std::uint32_t i, std::uint32_t n) {
  return static_cast<__mmask16>(n - i >= 16 ? 0xFFFFU : (1U << (n - i)) - 1U);
}

static inline std::uint32_t ones(std::uint32_t mask) { return static_cast<std::uint32_t>(__builtin_popcount(mask)); }

static inline __m512i load16(const void* words) { return _mm512_loadu_si512(words); }
static inline void store16(void* words, __m512i value) { _mm512_storeu_si512(words, value); }

/// 16 bytes, zero-extended.
static inline __m512i load_bytes(const std::uint8_t* bytes) {
  return _mm512_cvtepu8_epi32(_mm_loadu_si128(reinterpret_cast<const __m128i*>(bytes)));
}
/// 16 numbers of two bytes, zero-extended.
static inline __m512i load_pairs(const std::uint16_t* numbers) {
  return _mm512_cvtepu16_epi32(_mm256_loadu_si256(reinterpret_cast<const __m256i*>(numbers)));
}
static inline void store_bytes(std::uint8_t* bytes, __m512i value) {
  _mm_storeu_si128(reinterpret_cast<__m128i*>(bytes), _mm512_cvtepi32_epi8(value));
}
static inline void store_pairs(std::uint16_t* numbers, __m512i value) {
  _mm256_storeu_si256(reinterpret_cast<__m256i*>(numbers), _mm512_cvtepi32_epi16(value));
}

/// 256 bytes in registers, looked up 64 at a time.
struct ByteTable {
  __m512i part[4];
};
static inline ByteTable byte_table(const std::uint8_t* entries) {
  return {{load16(entries), load16(entries + 64), load16(entries + 128), load16(entries + 192)}};
}
static inline __m512i look_up(const ByteTable& table, __m512i indices) {
  const __m512i low = _mm512_permutex2var_epi8(table.part[0], indices, table.part[1]);
  const __m512i high = _mm512_permutex2var_epi8(table.part[2], indices, table.part[3]);
  return _mm512_mask_blend_epi8(_mm512_movepi8_mask(indices), low, high);
}

}  // namespace vramlab::padic
