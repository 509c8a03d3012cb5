#pragma once
// Bit planes to bytes with AVX-512 and GFNI. Only the files for AVX-512 include it.

#include <cstring>

#include "engine/padic/kernels_avx512.h"

namespace vramlab::padic {

/// What has GFNI beside what the files are compiled for; every processor with AVX512-VBMI2 does.
#define VRAMLAB_WITH_GFNI __attribute__((target("gfni")))

// Two rows lie side by side in every plane, but for the last one of an odd number.
static inline void store_rows(std::uint32_t* plane, std::uint64_t bits, bool two) {
  if (two)
    std::memcpy(plane, &bits, sizeof bits);
  else
    *plane = static_cast<std::uint32_t>(bits);
}
/// Rows and columns of 4 x 4 parts of a register, changed for each other.
static inline __m512i turned(__m512i value) {
  const __m512i order = _mm512_setr_epi32(0, 4, 8, 12, 1, 5, 9, 13, 2, 6, 10, 14, 3, 7, 11, 15);
  return _mm512_permutexvar_epi32(order, value);
}

/// Where a block's planes are taken from at once: 16 rows of each.
constexpr std::uint32_t rows_at_once = 16, words_at_once = 32 * rows_at_once;

/// Rows and columns of 4 x 4 lanes of 16 bytes, changed for each other.
static inline void turn_lanes(const __m512i* from, __m512i* to) {
  const __m512i low01 = _mm512_shuffle_i64x2(from[0], from[1], 0x44);
  const __m512i high01 = _mm512_shuffle_i64x2(from[0], from[1], 0xEE);
  const __m512i low23 = _mm512_shuffle_i64x2(from[2], from[3], 0x44);
  const __m512i high23 = _mm512_shuffle_i64x2(from[2], from[3], 0xEE);
  to[0] = _mm512_shuffle_i64x2(low01, low23, 0x88);
  to[1] = _mm512_shuffle_i64x2(low01, low23, 0xDD);
  to[2] = _mm512_shuffle_i64x2(high01, high23, 0x88);
  to[3] = _mm512_shuffle_i64x2(high01, high23, 0xDD);
}

/// 64 bytes of 8 planes of 64 bits, the first the top bits.
VRAMLAB_WITH_GFNI static inline __m512i columns(__m512i planes) {
  const __m512i order =
      _mm512_set_epi64(0x3F372F271F170F07, 0x3E362E261E160E06, 0x3D352D251D150D05, 0x3C342C241C140C04,
                       0x3B332B231B130B03, 0x3A322A221A120A02, 0x3931292119110901, 0x3830282018100800);
  const __m512i units = _mm512_set1_epi64(static_cast<long long>(0x8040201008040201ULL));
  return _mm512_gf2p8affine_epi64_epi8(units, _mm512_permutexvar_epi8(order, planes), 0);
}

/// The bytes of the words from row `first` on, words_at_once of them, of which `count` (1 to 8) planes of `rows` rows
/// each are given, the top one first; the last one holds bit `lowest`. What is beyond the rows is 0.
VRAMLAB_WITH_GFNI static inline void plane_bytes(const std::uint32_t* planes, std::uint32_t rows, std::uint32_t first,
                                                 std::uint32_t count, std::uint32_t lowest, std::uint8_t* bytes) {
  const __mmask16 valid = lanes_below(first, rows);
  __m512i plane[8];
  for (std::uint32_t k = 0; k < 8; ++k)
    plane[k] = k + count < 8 ? _mm512_setzero_si512()
                             : _mm512_maskz_loadu_epi32(valid, planes + std::size_t{k + count - 8} * rows + first);
  __m512i even[4], odd[4], found[8];
  for (std::uint32_t k = 0; k < 4; ++k) {
    even[k] = _mm512_unpacklo_epi64(plane[2 * k], plane[2 * k + 1]);
    odd[k] = _mm512_unpackhi_epi64(plane[2 * k], plane[2 * k + 1]);
  }
  turn_lanes(even, found);
  turn_lanes(odd, found + 4);
  const __m128i up = _mm_cvtsi32_si128(static_cast<int>(lowest));  // nothing leaves its byte
  for (std::uint32_t k = 0; k < 4; ++k) {
    store16(bytes + std::size_t{128} * k, _mm512_sll_epi16(columns(found[k]), up));
    store16(bytes + std::size_t{128} * k + 64, _mm512_sll_epi16(columns(found[k + 4]), up));
  }
}

/// 64 words of their bytes, in order.
struct BytePlanes {
  __m512i byte[4];  ///< byte k of the words, as turned() leaves them
};
static inline void join_bytes(const BytePlanes& from, __m512i* words) {
  const __m512i low01 = _mm512_unpacklo_epi8(from.byte[0], from.byte[1]);
  const __m512i high01 = _mm512_unpackhi_epi8(from.byte[0], from.byte[1]);
  const __m512i low23 = _mm512_unpacklo_epi8(from.byte[2], from.byte[3]);
  const __m512i high23 = _mm512_unpackhi_epi8(from.byte[2], from.byte[3]);
  words[0] = _mm512_unpacklo_epi16(low01, low23);
  words[1] = _mm512_unpackhi_epi16(low01, low23);
  words[2] = _mm512_unpacklo_epi16(high01, high23);
  words[3] = _mm512_unpackhi_epi16(high01, high23);
}

}  // namespace vramlab::padic
