// Levels and rounding, 16 values at a time, and 32 where levels become values.

#if defined(__AVX512VBMI2__)

#include "engine/padic/kernels_avx512.h"

namespace vramlab::padic {
namespace {

using u8 = std::uint8_t;
using u16 = std::uint16_t;
using u32 = std::uint32_t;

constexpr u32 top_bit = 0x80000000U;

// ---- Levels ----

// What 16-bit `entries` have at `index`, where it is not 0 and wanted, else 0. Four bytes are read at once, of which
// the upper two count, so that nothing behind the table is touched.
inline __m512i look_up(const u16* entries, __m512i index, __mmask16 wanted) {
  const __mmask16 some = _mm512_mask_test_epi32_mask(wanted, index, index);
  if (some == 0) return _mm512_setzero_si512();
  const __m512i before = _mm512_sub_epi32(index, all_lanes(1));
  return _mm512_srli_epi32(_mm512_mask_i32gather_epi32(_mm512_setzero_si512(), some, before, entries, 2), 16);
}

template <class Bits>
inline __m512i load_values(const u8* from, __mmask16 valid) {
  if constexpr (sizeof(Bits) == 1) return _mm512_cvtepu8_epi32(_mm_maskz_loadu_epi8(valid, from));
  return _mm512_cvtepu16_epi32(_mm256_maskz_loadu_epi16(valid, from));
}

template <class Bits>
void to_levels_of(const void* raw, u32 n, const LevelMap& map, u32* words) {
  constexpr u32 sign = 1U << (8 * sizeof(Bits) - 1);
  const auto* from = static_cast<const u8*>(raw);
  const __m512i alone = all_lanes(map.alone + map.apart), apart = all_lanes(map.apart), top = all_lanes(top_bit);
  for (u32 i = 0; i < n; i += 16) {
    const __m512i value = load_values<Bits>(from + i * sizeof(Bits), lanes_below(i, n));
    const __m512i magnitude = _mm512_and_si512(value, all_lanes(sign - 1U));
    const __mmask16 shared = _mm512_cmplt_epu32_mask(magnitude, alone);
    const __m512i found = look_up(map.table.level_of, magnitude, shared);
    const __m512i level = _mm512_mask_sub_epi32(found, static_cast<__mmask16>(~shared), magnitude, apart);
    const __mmask16 minus = _mm512_test_epi32_mask(value, all_lanes(sign));
    store16(words + i, _mm512_mask_sub_epi32(_mm512_add_epi32(top, level), minus, top, level));
  }
}

void to_levels(const void* raw, u32 n, const LevelMap& map, u32* words) {
  if (map.table.sign_shift == 15) return to_levels_of<u16>(raw, n, map, words);
  to_levels_of<u8>(raw, n, map, words);
}

/// 256 numbers of 16 bits in registers, looked up 32 at a time.
constexpr u32 pairs_in_registers = 256;
struct PairTable {
  __m512i part[8];
};
inline PairTable pair_table(const u16* entries, u32 count) {
  PairTable table;
  for (u32 k = 0; k < 8; ++k) {
    const u32 left = count > 32 * k ? count - 32 * k : 0;
    const auto valid = static_cast<__mmask32>(left >= 32 ? 0xFFFFFFFFU : (1U << left) - 1U);
    table.part[k] = valid == 0 ? _mm512_setzero_si512() : _mm512_maskz_loadu_epi16(valid, entries + 32 * k);
  }
  return table;
}
inline __m512i look_up(const PairTable& table, __m512i indices) {
  __m512i quarter[4];
  for (u32 k = 0; k < 4; ++k) quarter[k] = _mm512_permutex2var_epi16(table.part[2 * k], indices, table.part[2 * k + 1]);
  const __mmask32 odd = _mm512_test_epi16_mask(indices, _mm512_set1_epi16(64));
  const __mmask32 upper = _mm512_test_epi16_mask(indices, _mm512_set1_epi16(128));
  return _mm512_mask_blend_epi16(upper, _mm512_mask_blend_epi16(odd, quarter[0], quarter[1]),
                                 _mm512_mask_blend_epi16(odd, quarter[2], quarter[3]));
}

// The lower halves of 32 words.
inline __m512i joined(__m512i low, __m512i high) {
  const __m512i evens = _mm512_set_epi16(62, 60, 58, 56, 54, 52, 50, 48, 46, 44, 42, 40, 38, 36, 34, 32, 30, 28, 26, 24,
                                         22, 20, 18, 16, 14, 12, 10, 8, 6, 4, 2, 0);
  return _mm512_permutex2var_epi16(low, evens, high);
}

template <class Bits>
inline void store_values(u8* to, __mmask32 valid, __m512i values) {
  if constexpr (sizeof(Bits) == 1)
    _mm512_mask_cvtepi16_storeu_epi8(to, valid, values);
  else
    _mm512_mask_storeu_epi16(to, valid, values);
}

// `magnitudes`: what is shared, of 32 levels as two registers and as one.
template <class Bits, class Magnitudes>
u32 values_of(const u32* words, u32 n, const LevelMap& map, void* raw, const Magnitudes& magnitudes) {
  auto* to = static_cast<u8*>(raw);
  const __m512i alone = _mm512_set1_epi16(static_cast<short>(map.alone));
  const __m512i apart = _mm512_set1_epi16(static_cast<short>(map.apart));
  const __m512i last = all_lanes(map.table.levels - 1U);
  const __m512i sign = _mm512_set1_epi16(static_cast<short>(1U << (8 * sizeof(Bits) - 1)));
  __m512i highest = _mm512_setzero_si512();
  for (u32 i = 0; i < n; i += 32) {
    const __mmask32 valid = static_cast<__mmask32>(n - i >= 32 ? 0xFFFFFFFFU : (1U << (n - i)) - 1U);
    __m512i level[2];
    u32 positive = 0;
    for (u32 k = 0; k < 2; ++k) {
      const __m512i word = load16(words + i + 16 * k);
      const __m512i beyond = _mm512_abs_epi32(_mm512_xor_si512(word, all_lanes(top_bit)));
      highest = _mm512_mask_max_epu32(highest, static_cast<__mmask16>(valid >> 16 * k), highest, beyond);
      level[k] = _mm512_min_epu32(beyond, last);
      positive |= static_cast<u32>(_mm512_movepi32_mask(word)) << 16 * k;
    }
    const __m512i both = joined(level[0], level[1]);
    const __m512i shared = magnitudes(level, both);
    const __m512i magnitude = _mm512_mask_add_epi16(shared, _mm512_cmpge_epu16_mask(both, alone), both, apart);
    const __m512i signs = _mm512_maskz_mov_epi16(static_cast<__mmask32>(~positive), sign);
    store_values<Bits>(to + i * sizeof(Bits), valid, _mm512_or_si512(magnitude, signs));
  }
  return _mm512_reduce_max_epu32(highest);
}

template <class Bits>
u32 from_levels_of(const u32* words, u32 n, const LevelMap& map, void* raw) {
  const u16* entries = map.table.magnitude_of;
  if (map.alone <= pairs_in_registers) {
    const PairTable table = pair_table(entries, map.alone);
    return values_of<Bits>(words, n, map, raw, [&](const __m512i*, __m512i levels) { return look_up(table, levels); });
  }
  const __m512i alone = all_lanes(map.alone);
  return values_of<Bits>(words, n, map, raw, [&](const __m512i* levels, __m512i) {
    __m512i found[2];
    for (u32 k = 0; k < 2; ++k) found[k] = look_up(entries, levels[k], _mm512_cmplt_epu32_mask(levels[k], alone));
    return joined(found[0], found[1]);
  });
}

u32 from_levels(const u32* words, u32 n, const LevelMap& map, void* raw) {
  return map.table.sign_shift == 15 ? from_levels_of<u16>(words, n, map, raw) : from_levels_of<u8>(words, n, map, raw);
}

// ---- Rounding ----

// Of the wanted lanes those whose error, as a share of the magnitude, is more than the bound.
inline __mmask16 too_far(__m512i magnitude, __m512i error, __mmask16 wanted, double bound) {
  const auto half = [&](__m256i of, __m256i by) {
    const __m512d most = _mm512_mul_pd(_mm512_set1_pd(bound), _mm512_cvtepu32_pd(of));
    return static_cast<u32>(_mm512_cmp_pd_mask(_mm512_cvtepu32_pd(by), most, _CMP_GT_OQ));
  };
  const u32 low = half(_mm512_castsi512_si256(magnitude), _mm512_castsi512_si256(error));
  const u32 high = half(_mm512_extracti32x8_epi32(magnitude, 1), _mm512_extracti32x8_epi32(error, 1));
  return static_cast<__mmask16>((low | high << 8) & wanted);
}

u32 round(u32* words, u32 n, const Rounding& rounding, u32* escapes) {
  const __m512i low = all_lanes((1U << rounding.drop) - 1U), half = all_lanes(1U << (rounding.drop - 1));
  const __m512i special = all_lanes(rounding.least_special), normal = all_lanes(1U << rounding.format.mantissa);
  const __m128i drop = _mm_cvtsi32_si128(static_cast<int>(rounding.drop));
  const __m512i top = all_lanes(top_bit);
  u32 count = 0;
  for (u32 i = 0; i < n; i += 16) {
    const __m512i word = load16(words + i), magnitude = _mm512_andnot_si512(top, word);
    const __m512i up = _mm512_andnot_si512(low, _mm512_add_epi32(magnitude, half));
    const __mmask16 inexact = _mm512_mask_test_epi32_mask(lanes_below(i, n), magnitude, low);
    __mmask16 escape = _mm512_mask_cmpge_epu32_mask(inexact, _mm512_max_epu32(magnitude, up), special);
    const __mmask16 subnormal = _mm512_mask_cmplt_epu32_mask(inexact, magnitude, normal);
    if (subnormal != 0) [[unlikely]] {
      const __m512i error = _mm512_abs_epi32(_mm512_sub_epi32(up, magnitude));
      escape = static_cast<__mmask16>(escape | too_far(magnitude, error, subnormal, rounding.bound));
    }
    const __m512i rounded = _mm512_or_si512(_mm512_srl_epi32(up, drop), _mm512_and_si512(word, top));
    store16(words + i, _mm512_maskz_mov_epi32(static_cast<__mmask16>(~escape), rounded));
    escapes[i / 32] = i % 32 == 0 ? escape : escapes[i / 32] | static_cast<u32>(escape) << 16;
    count += ones(escape);
  }
  return count;
}

}  // namespace

void add_avx512_levels(Kernels& table) {
  table.to_levels = to_levels;
  table.from_levels = from_levels;
  table.round = round;
}

}  // namespace vramlab::padic

#endif
