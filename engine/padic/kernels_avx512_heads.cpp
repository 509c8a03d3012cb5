// Heads and tails of `dense`, 16 words or 64 symbols at a time.

#if defined(__AVX512VBMI2__)

#include "engine/padic/kernels_avx512.h"

namespace vramlab::padic {
namespace {

using u8 = std::uint8_t;
using u16 = std::uint16_t;
using u32 = std::uint32_t;

constexpr u32 top_bit = 0x80000000U;

struct Parts {
  __m512i magnitude, sign;
};

inline Parts parts_of(__m512i word, WordKind kind) {
  if (kind == WordKind::plain) return {word, _mm512_setzero_si512()};
  const __m512i top = _mm512_srli_epi32(word, 31);
  if (kind == WordKind::signed_parts) return {_mm512_andnot_si512(all_lanes(top_bit), word), top};
  return {_mm512_abs_epi32(_mm512_xor_si512(word, all_lanes(top_bit))), _mm512_xor_si512(top, all_lanes(1))};
}

inline __m512i fixed_class(__m512i magnitude, __m128i tail) {
  const __mmask16 some = _mm512_test_epi32_mask(magnitude, magnitude);
  return _mm512_maskz_add_epi32(some, _mm512_srl_epi32(magnitude, tail), all_lanes(1));
}

// Bits of the tail: the length less the leading bits, at least 0. A magnitude of 0 has 32 leading zeros and class 0.
inline __m512i logarithmic_class(__m512i magnitude, u32 lead) {
  const __m512i room = _mm512_sub_epi32(all_lanes(31U - lead), _mm512_lzcnt_epi32(magnitude));
  const __m512i bits = _mm512_max_epi32(room, _mm512_setzero_si512());
  const __m512i above = _mm512_sll_epi32(bits, _mm_cvtsi32_si128(static_cast<int>(lead)));
  return _mm512_add_epi32(above, _mm512_srlv_epi32(magnitude, bits));
}

void codes(const u32* words, u32 n, WordKind kind, const Splitter& splitter, u16* codes) {
  const bool fixed = splitter.split == Split::fixed;
  const u32 lead = splitter.lead;
  const __m128i tail = _mm_cvtsi32_si128(static_cast<int>(splitter.tail));
  for (u32 i = 0; i < n; i += 16) {
    const Parts parts = parts_of(load16(words + i), kind);
    const __m512i cls = fixed ? fixed_class(parts.magnitude, tail) : logarithmic_class(parts.magnitude, lead);
    store_pairs(codes + i, _mm512_or_si512(_mm512_add_epi32(cls, cls), parts.sign));
  }
}

void magnitudes(u32* words, u32 n, WordKind kind) {
  if (kind == WordKind::plain) return;
  for (u32 i = 0; i < n; i += 16) store16(words + i, parts_of(load16(words + i), kind).magnitude);
}

void translate(const u8* symbols, u32 n, const u8* table, u8* out) {
  const ByteTable entries = byte_table(table);
  for (u32 i = 0; i < n; i += 64) store16(out + i, look_up(entries, load16(symbols + i)));
}

// Codes below 512 are nearly all: two tables. Where others occur among 64 of them, one after the other.
void rank(const u16* codes, u32 n, const u8* table, u8* symbols) {
  const ByteTable low = byte_table(table), high = byte_table(table + 256);
  const __m512i evens = _mm512_set1_epi16(0x00FF);
  u32 i = 0;
  for (; i + 64 <= n; i += 64) {
    const __m512i first = load16(codes + i), second = load16(codes + i + 32);
    const __mmask32 beyond =
        _mm512_test_epi16_mask(_mm512_or_si512(first, second), _mm512_set1_epi16(static_cast<short>(0xFE00)));
    if (beyond != 0) [[unlikely]] {
      for (u32 k = i; k < i + 64; ++k) symbols[k] = table[codes[k]];
      continue;
    }
    const __m512i index = _mm512_inserti64x4(_mm512_castsi256_si512(_mm512_cvtepi16_epi8(first)),
                                             _mm512_cvtepi16_epi8(_mm512_and_si512(second, evens)), 1);
    const __mmask64 upper = _mm512_test_epi16_mask(first, _mm512_set1_epi16(0x100)) |
                            static_cast<__mmask64>(_mm512_test_epi16_mask(second, _mm512_set1_epi16(0x100))) << 32;
    store16(symbols + i, _mm512_mask_blend_epi8(upper, look_up(low, index), look_up(high, index)));
  }
  for (; i < n; ++i) symbols[i] = table[codes[i]];
}

inline __m512i low_bits(__m512i width) {
  return _mm512_sub_epi32(_mm512_sllv_epi32(all_lanes(1), width), all_lanes(1));
}

u32 peel(u32* words, const u8* widths, u32 n, u16* digits) {
  __m512i any = _mm512_setzero_si512();
  for (u32 i = 0; i < n; i += 16) {
    const __m512i word = load16(words + i), width = load_bytes(widths + i);
    const __m512i digit = _mm512_and_si512(word, low_bits(width));
    store_pairs(digits + i, digit);
    store16(words + i, _mm512_srlv_epi32(word, width));
    any = _mm512_mask_or_epi32(any, lanes_below(i, n), any, digit);
  }
  return static_cast<u32>(_mm512_reduce_or_epi32(any));
}

void lead(const u8* symbols, u32 n, const u8* leads, u32* words) {
  const ByteTable entries = byte_table(leads);
  for (u32 i = 0; i < n; i += 64) {
    const __m512i found = look_up(entries, load16(symbols + i));
    store16(words + i, _mm512_cvtepu8_epi32(_mm512_castsi512_si128(found)));
    store16(words + i + 16, _mm512_cvtepu8_epi32(_mm512_extracti32x4_epi32(found, 1)));
    store16(words + i + 32, _mm512_cvtepu8_epi32(_mm512_extracti32x4_epi32(found, 2)));
    store16(words + i + 48, _mm512_cvtepu8_epi32(_mm512_extracti32x4_epi32(found, 3)));
  }
}

void append(u32* words, const u8* widths, const u32* digits, u32 n) {
  for (u32 i = 0; i < n; i += 16) {
    const __m512i moved = _mm512_sllv_epi32(load16(words + i), load_bytes(widths + i));
    store16(words + i, _mm512_or_si512(moved, load16(digits + i)));
  }
}

void shift(u32* words, const u8* widths, u32 n, bool half) {
  const __m512i one = all_lanes(half ? 1U : 0U);
  for (u32 i = 0; i < n; i += 16) {
    const __m512i width = load_bytes(widths + i);
    const __m512i added = _mm512_srli_epi32(_mm512_sllv_epi32(one, width), 1);
    store16(words + i, _mm512_or_si512(_mm512_sllv_epi32(load16(words + i), width), added));
  }
}

u32 present(const u8* symbols, u32 n, const u8* widths, u32* rows) {
  const ByteTable entries = byte_table(widths);
  u32 count = 0;
  for (u32 i = 0; i < n; i += 64) {
    const __m512i found = look_up(entries, load16(symbols + i));
    const std::uint64_t valid = n - i >= 64 ? ~std::uint64_t{0} : (std::uint64_t{1} << (n - i)) - 1U;
    const std::uint64_t bits = _mm512_test_epi8_mask(found, found) & valid;
    rows[i / 32] = static_cast<u32>(bits);
    if (n - i > 32) rows[i / 32 + 1] = static_cast<u32>(bits >> 32);
    count += static_cast<u32>(__builtin_popcountll(bits));
  }
  return count;
}

void positions(const u32* rows, u32 n, u16* found) {
  __m512i number = _mm512_set_epi16(31, 30, 29, 28, 27, 26, 25, 24, 23, 22, 21, 20, 19, 18, 17, 16, 15, 14, 13, 12, 11,
                                    10, 9, 8, 7, 6, 5, 4, 3, 2, 1, 0);
  for (u32 row = 0; row < (n + 31) / 32; ++row) {
    store16(found, _mm512_maskz_compress_epi16(rows[row], number));
    found += ones(rows[row]);
    number = _mm512_add_epi16(number, _mm512_set1_epi16(32));
  }
}

inline __m512i with_sign(__m512i magnitude, __mmask16 sign, WordKind kind) {
  const __m512i top = all_lanes(top_bit);
  if (kind == WordKind::signed_parts) return _mm512_mask_or_epi32(magnitude, sign, magnitude, top);
  return _mm512_mask_sub_epi32(_mm512_add_epi32(top, magnitude), sign, top, magnitude);
}

void restore(u32* words, const u8* symbols, u32 n, const u8* signs, WordKind kind) {
  if (kind == WordKind::plain) return;
  const ByteTable entries = byte_table(signs);
  for (u32 i = 0; i < n; i += 64) {
    const __m512i sign = look_up(entries, load16(symbols + i));
    const __mmask64 mask = _mm512_test_epi8_mask(sign, sign);
    for (u32 k = 0; k < 64; k += 16)
      store16(words + i + k, with_sign(load16(words + i + k), static_cast<__mmask16>(mask >> k), kind));
  }
}

}  // namespace

void add_avx512_heads(Kernels& table) {
  table.codes = codes;
  table.magnitudes = magnitudes;
  table.rank = rank;
  table.translate = translate;
  table.peel = peel;
  table.lead = lead;
  table.present = present;
  table.positions = positions;
  table.append = append;
  table.shift = shift;
  table.restore = restore;
}

}  // namespace vramlab::padic

#endif
