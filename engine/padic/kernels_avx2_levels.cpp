// Levels and rounding, 8 values at a time.

#if defined(__AVX2__)

#include "engine/padic/kernels_avx2.h"
#include "engine/padic/kernels_levels.h"

namespace vramlab::padic {
namespace {

using u8 = std::uint8_t;
using u16 = std::uint16_t;
using u32 = std::uint32_t;

constexpr u32 top_bit = 0x80000000U;

// ---- Levels ----

template <class Bits>
inline __m256i load_values(const u8* from) {
  if constexpr (sizeof(Bits) == 1) return load_bytes(from);
  return _mm256_cvtepu16_epi32(_mm_loadu_si128(reinterpret_cast<const __m128i*>(from)));
}
template <class Bits>
inline void store_values(u8* to, __m256i values) {
  auto* register_of = reinterpret_cast<__m128i*>(to);
  if constexpr (sizeof(Bits) == 1)
    _mm_storel_epi64(register_of, _mm_packus_epi16(pairs_of(values), _mm_setzero_si128()));
  else
    _mm_storeu_si128(register_of, pairs_of(values));
}

// What 16-bit `entries` have at `index`, where both it and the mask are not 0, else 0. Four bytes are read at once, of
// which the upper two count, so that nothing behind the table is touched.
inline __m256i look_up(const u16* entries, __m256i index, __m256i wanted) {
  const __m256i some = _mm256_and_si256(wanted, _mm256_cmpgt_epi32(index, _mm256_setzero_si256()));
  if (_mm256_testz_si256(some, some) != 0) return _mm256_setzero_si256();
  const __m256i pairs = _mm256_mask_i32gather_epi32(_mm256_setzero_si256(), reinterpret_cast<const int*>(entries),
                                                    _mm256_sub_epi32(index, all_lanes(1)), some, 2);
  return _mm256_srli_epi32(pairs, 16);
}

template <class Bits>
void to_levels_of(const void* raw, u32 n, const LevelMap& map, u32* words) {
  constexpr u32 bits = 8 * sizeof(Bits);
  const auto* from = static_cast<const u8*>(raw);
  const __m256i alone = all_lanes(map.alone + map.apart), apart = all_lanes(map.apart);
  const u32 whole = n / 8 * 8;
  for (u32 i = 0; i < whole; i += 8) {
    const __m256i value = load_values<Bits>(from + i * sizeof(Bits));
    const __m256i magnitude = _mm256_and_si256(value, all_lanes((1U << (bits - 1)) - 1U));
    const __m256i shared = _mm256_cmpgt_epi32(alone, magnitude);
    const __m256i found = look_up(map.table.level_of, magnitude, shared);
    const __m256i level = _mm256_or_si256(found, _mm256_andnot_si256(shared, _mm256_sub_epi32(magnitude, apart)));
    const __m256i minus = _mm256_srai_epi32(_mm256_slli_epi32(value, 32 - bits), 31);
    const __m256i whole_number = _mm256_sub_epi32(_mm256_xor_si256(level, minus), minus);
    store8(words + i, _mm256_add_epi32(whole_number, all_lanes(top_bit)));
  }
  words_of_values<Bits>(from + whole * sizeof(Bits), n - whole, map.table, words + whole);
}

void to_levels(const void* raw, u32 n, const LevelMap& map, u32* words) {
  if (map.table.sign_shift == 15) return to_levels_of<u16>(raw, n, map, words);
  to_levels_of<u8>(raw, n, map, words);
}

inline u32 highest_of(__m256i levels) {
  alignas(32) u32 parts[8];
  _mm256_store_si256(reinterpret_cast<__m256i*>(parts), levels);
  u32 highest = 0;
  for (const u32 part : parts) highest = part > highest ? part : highest;
  return highest;
}

template <class Bits>
u32 from_levels_of(const u32* words, u32 n, const LevelMap& map, void* raw) {
  auto* to = static_cast<u8*>(raw);
  const __m256i alone = all_lanes(map.alone), apart = all_lanes(map.apart), last = all_lanes(map.table.levels - 1U);
  const __m256i sign = all_lanes(1U << (8 * sizeof(Bits) - 1));
  __m256i highest = _mm256_setzero_si256();
  const u32 whole = n / 8 * 8;
  for (u32 i = 0; i < whole; i += 8) {
    const __m256i word = load8(words + i);
    const __m256i beyond = _mm256_abs_epi32(_mm256_xor_si256(word, all_lanes(top_bit)));
    highest = _mm256_max_epu32(highest, beyond);
    const __m256i level = _mm256_min_epu32(beyond, last);
    const __m256i shared = _mm256_cmpgt_epi32(alone, level);
    const __m256i found = look_up(map.table.magnitude_of, level, shared);
    const __m256i magnitude = _mm256_or_si256(found, _mm256_andnot_si256(shared, _mm256_add_epi32(level, apart)));
    store_values<Bits>(to + i * sizeof(Bits),
                       _mm256_or_si256(magnitude, _mm256_andnot_si256(_mm256_srai_epi32(word, 31), sign)));
  }
  return values_of_words<Bits>(words + whole, n - whole, map.table, to + whole * sizeof(Bits), highest_of(highest));
}

u32 from_levels(const u32* words, u32 n, const LevelMap& map, void* raw) {
  return map.table.sign_shift == 15 ? from_levels_of<u16>(words, n, map, raw) : from_levels_of<u8>(words, n, map, raw);
}

// ---- Rounding ----

struct Rounded {
  __m256i low, least_special, least_normal;
  __m256d bound;
};

// Subnormal numbers whose error, as a share of them, is more than the bound. All are below 2^31.
inline __m256i too_far(__m256i magnitude, __m256i error, __m256d bound) {
  const auto half = [bound](__m128i of, __m128i by) {
    return _mm256_cmp_pd(_mm256_cvtepi32_pd(by), _mm256_mul_pd(bound, _mm256_cvtepi32_pd(of)), _CMP_GT_OQ);
  };
  const __m256d low = half(_mm256_castsi256_si128(magnitude), _mm256_castsi256_si128(error));
  const __m256d high = half(_mm256_extracti128_si256(magnitude, 1), _mm256_extracti128_si256(error, 1));
  const __m256i order = _mm256_setr_epi32(0, 2, 4, 6, 0, 2, 4, 6);
  return _mm256_blend_epi32(_mm256_permutevar8x32_epi32(_mm256_castpd_si256(low), order),
                            _mm256_permutevar8x32_epi32(_mm256_castpd_si256(high), order), 0xF0);
}

// All ones where `magnitude`, which is rounded to `up`, escapes.
inline __m256i escaping(__m256i magnitude, __m256i up, const Rounded& by) {
  const __m256i exact = _mm256_cmpeq_epi32(_mm256_and_si256(magnitude, by.low), _mm256_setzero_si256());
  const __m256i most = _mm256_max_epi32(magnitude, up);
  __m256i escape = _mm256_xor_si256(_mm256_cmpgt_epi32(by.least_special, most), all_lanes(0xFFFFFFFFU));
  const __m256i subnormal = _mm256_andnot_si256(exact, _mm256_cmpgt_epi32(by.least_normal, magnitude));
  if (_mm256_testz_si256(subnormal, subnormal) == 0) [[unlikely]] {
    const __m256i error = _mm256_abs_epi32(_mm256_sub_epi32(up, magnitude));
    escape = _mm256_or_si256(escape, _mm256_and_si256(subnormal, too_far(magnitude, error, by.bound)));
  }
  return _mm256_andnot_si256(exact, escape);
}

u32 round(u32* words, u32 n, const Rounding& rounding, u32* escapes) {
  const __m256i low = all_lanes((1U << rounding.drop) - 1U), half = all_lanes(1U << (rounding.drop - 1));
  const __m128i drop = _mm_cvtsi32_si128(static_cast<int>(rounding.drop));
  const Rounded by{low, all_lanes(rounding.least_special), all_lanes(1U << rounding.format.mantissa),
                   _mm256_set1_pd(rounding.bound)};
  u32 count = 0;
  for (u32 i = 0; i < n; i += 8) {
    const __m256i word = load8(words + i), magnitude = _mm256_andnot_si256(all_lanes(top_bit), word);
    const __m256i up = _mm256_andnot_si256(low, _mm256_add_epi32(magnitude, half));
    const __m256i escape = escaping(magnitude, up, by);
    const __m256i sign = _mm256_and_si256(word, all_lanes(top_bit));
    store8(words + i, _mm256_andnot_si256(escape, _mm256_or_si256(sign, _mm256_srl_epi32(up, drop))));
    const u32 bad = bits_of(escape) & bits_below(i, n);
    escapes[i / 32] = i % 32 == 0 ? bad : escapes[i / 32] | bad << i % 32;
    count += ones(bad);
  }
  return count;
}

}  // namespace

void add_avx2_levels(Kernels& table) {
  table.to_levels = to_levels;
  table.from_levels = from_levels;
  table.round = round;
}

}  // namespace vramlab::padic

#endif
