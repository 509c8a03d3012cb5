// Heads and tails of `dense`, 8 words at a time. Tables of bytes are left to the portable loops.

#if defined(__AVX2__)

#include "engine/padic/kernels_avx2.h"

namespace vramlab::padic {
namespace {

using u8 = std::uint8_t;
using u16 = std::uint16_t;
using u32 = std::uint32_t;

constexpr u32 top_bit = 0x80000000U;

struct Parts {
  __m256i magnitude, sign;
};

inline Parts parts_of(__m256i word, WordKind kind) {
  if (kind == WordKind::plain) return {word, _mm256_setzero_si256()};
  const __m256i top = _mm256_srli_epi32(word, 31);
  if (kind == WordKind::signed_parts) return {_mm256_andnot_si256(all_lanes(top_bit), word), top};
  return {_mm256_abs_epi32(_mm256_xor_si256(word, all_lanes(top_bit))), _mm256_xor_si256(top, all_lanes(1))};
}

inline __m256i fixed_class(__m256i magnitude, __m128i tail) {
  const __m256i none = _mm256_cmpeq_epi32(magnitude, _mm256_setzero_si256());
  return _mm256_andnot_si256(none, _mm256_add_epi32(_mm256_srl_epi32(magnitude, tail), all_lanes(1)));
}

// The exponent of the number as a float, which cannot round up: the bit below the top one is cleared. From bit 31 on
// the float is that of a negative number.
inline __m256i bit_lengths(__m256i value) {
  const __m256i top = _mm256_andnot_si256(_mm256_srli_epi32(value, 1), value);
  const __m256i exponent = _mm256_srli_epi32(_mm256_castps_si256(_mm256_cvtepi32_ps(top)), 23);
  const __m256i length = _mm256_sub_epi32(exponent, all_lanes(126));
  return _mm256_blendv_epi8(length, all_lanes(32), _mm256_srai_epi32(value, 31));
}

// Bits of the tail: the length less the leading bits, at least 0. A magnitude of 0 has length -126 and class 0.
inline __m256i logarithmic_class(__m256i magnitude, u32 lead) {
  const __m256i room = _mm256_sub_epi32(bit_lengths(magnitude), all_lanes(lead + 1U));
  const __m256i bits = _mm256_max_epi32(room, _mm256_setzero_si256());
  const __m256i above = _mm256_sll_epi32(bits, _mm_cvtsi32_si128(static_cast<int>(lead)));
  return _mm256_add_epi32(above, _mm256_srlv_epi32(magnitude, bits));
}

void codes(const u32* words, u32 n, WordKind kind, const Splitter& splitter, u16* codes) {
  const bool fixed = splitter.split == Split::fixed;
  const u32 lead = splitter.lead;
  const __m128i tail = _mm_cvtsi32_si128(static_cast<int>(splitter.tail));
  for (u32 i = 0; i < n; i += 8) {
    const Parts parts = parts_of(load8(words + i), kind);
    const __m256i cls = fixed ? fixed_class(parts.magnitude, tail) : logarithmic_class(parts.magnitude, lead);
    store_pairs(codes + i, _mm256_or_si256(_mm256_add_epi32(cls, cls), parts.sign));
  }
}

void magnitudes(u32* words, u32 n, WordKind kind) {
  if (kind == WordKind::plain) return;
  for (u32 i = 0; i < n; i += 8) store8(words + i, parts_of(load8(words + i), kind).magnitude);
}

u32 peel(u32* words, const u8* widths, u32 n, u16* digits) {
  __m256i any = _mm256_setzero_si256();
  for (u32 i = 0; i < n; i += 8) {
    const __m256i word = load8(words + i), width = load_bytes(widths + i);
    const __m256i digit = _mm256_andnot_si256(_mm256_sllv_epi32(all_lanes(~0U), width), word);
    store_pairs(digits + i, digit);
    store8(words + i, _mm256_srlv_epi32(word, width));
    any = _mm256_or_si256(any, n - i >= 8 ? digit : _mm256_and_si256(digit, lanes_below(i, n)));
  }
  __m128i four = _mm_or_si128(_mm256_castsi256_si128(any), _mm256_extracti128_si256(any, 1));
  four = _mm_or_si128(four, _mm_shuffle_epi32(four, 0x4E));
  four = _mm_or_si128(four, _mm_shuffle_epi32(four, 0xB1));
  return static_cast<u32>(_mm_cvtsi128_si32(four));
}

void append(u32* words, const u8* widths, const u32* digits, u32 n) {
  for (u32 i = 0; i < n; i += 8) {
    const __m256i moved = _mm256_sllv_epi32(load8(words + i), load_bytes(widths + i));
    store8(words + i, _mm256_or_si256(moved, load8(digits + i)));
  }
}

void shift(u32* words, const u8* widths, u32 n, bool half) {
  const __m256i one = all_lanes(half ? 1U : 0U);
  for (u32 i = 0; i < n; i += 8) {
    const __m256i width = load_bytes(widths + i);
    const __m256i added = _mm256_srli_epi32(_mm256_sllv_epi32(one, width), 1);
    store8(words + i, _mm256_or_si256(_mm256_sllv_epi32(load8(words + i), width), added));
  }
}

inline __m256i with_sign(__m256i magnitude, __m256i sign, WordKind kind) {
  if (kind == WordKind::signed_parts) return _mm256_or_si256(magnitude, _mm256_slli_epi32(sign, 31));
  const __m256i flip = _mm256_sub_epi32(_mm256_setzero_si256(), sign);
  const __m256i value = _mm256_add_epi32(_mm256_xor_si256(magnitude, flip), sign);
  return _mm256_add_epi32(value, all_lanes(top_bit));
}

void restore(u32* words, const u8* symbols, u32 n, const u8* signs, WordKind kind) {
  if (kind == WordKind::plain) return;
  for (u32 i = 0; i < n; i += 8) {
    u8 found[8];
    for (u32 k = 0; k < 8; ++k) found[k] = signs[symbols[i + k]];
    store8(words + i, with_sign(load8(words + i), load_bytes(found), kind));
  }
}

}  // namespace

void add_avx2_heads(Kernels& table) {
  table.codes = codes;
  table.magnitudes = magnitudes;
  table.peel = peel;
  table.append = append;
  table.shift = shift;
  table.restore = restore;
}

}  // namespace vramlab::padic

#endif
