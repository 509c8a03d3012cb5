// Words and planes, 16 at a time.

#if defined(__AVX512VBMI2__)

#include "engine/padic/kernels_avx512_planes.h"

namespace vramlab::padic {
namespace {

using u8 = std::uint8_t;
using u32 = std::uint32_t;
using u64 = std::uint64_t;

constexpr u32 top_bit = 0x80000000U;

// ---- float32 within a bound ----

struct Bound {
  __m512d bound, step, inverse;
};

inline __mmask8 holds(__m512d value, __m512d q, const Bound& by) {
  const __m512d back = _mm512_cvtps_pd(_mm512_cvtpd_ps(_mm512_mul_pd(q, by.step)));
  return _mm512_cmp_pd_mask(_mm512_abs_pd(_mm512_sub_pd(value, back)), by.bound, _CMP_LE_OQ);
}

// 8 values to q, 0 for those that escape; the mask says which have a q. The product is rounded as rint does.
inline __m256i quantised(__m256 raw, const Bound& by, __mmask8& good) {
  const __m512d value = _mm512_cvtps_pd(raw);
  const __m512d wanted = _mm512_mul_pd(value, by.inverse);
  const __mmask8 near = _mm512_cmp_pd_mask(_mm512_abs_pd(wanted), _mm512_set1_pd(largest_multiple), _CMP_LT_OQ);
  __m512d q = _mm512_roundscale_pd(wanted, _MM_FROUND_CUR_DIRECTION | _MM_FROUND_NO_EXC);
  good = static_cast<__mmask8>(near & holds(value, q, by));
  if (good != near) [[unlikely]] {
    const __mmask8 above = _mm512_cmp_pd_mask(wanted, q, _CMP_GT_OQ);
    const __m512d towards = _mm512_mask_blend_pd(above, _mm512_set1_pd(-1.0), _mm512_set1_pd(1.0));
    q = _mm512_mask_add_pd(q, static_cast<__mmask8>(near & ~good), q, towards);
    good = static_cast<__mmask8>(near & holds(value, q, by));
  }
  return _mm512_maskz_cvtpd_epi32(good, q);
}

u32 quantise(const void* raw, u32 n, const Quantiser& quantiser, u32* words, u32* escapes) {
  const Bound by = {_mm512_set1_pd(quantiser.bound), _mm512_set1_pd(quantiser.step), _mm512_set1_pd(quantiser.inverse)};
  const auto* from = static_cast<const unsigned char*>(raw);
  u32 count = 0;
  for (u32 i = 0; i < n; i += 16) {
    const __mmask16 valid = lanes_below(i, n);
    const __m512 values = _mm512_castsi512_ps(_mm512_maskz_loadu_epi32(valid, from + std::uint64_t{i} * 4));
    __mmask8 low_good, high_good;
    const __m256i low = quantised(_mm512_castps512_ps256(values), by, low_good);
    const __m256i high = quantised(_mm512_extractf32x8_ps(values, 1), by, high_good);
    const __m512i q = _mm512_inserti64x4(_mm512_castsi256_si512(low), high, 1);
    store16(words + i, _mm512_xor_si512(q, all_lanes(top_bit)));
    const u32 bad = ~(low_good | static_cast<u32>(high_good) << 8) & valid;
    escapes[i / 32] = i % 32 == 0 ? bad : escapes[i / 32] | bad << 16;
    count += ones(bad);
  }
  return count;
}

void dequantise(const u32* words, u32 n, double step, void* raw) {
  const __m512d steps = _mm512_set1_pd(step);
  auto* to = static_cast<unsigned char*>(raw);
  for (u32 i = 0; i < n; i += 16) {
    const __m512i q = _mm512_xor_si512(load16(words + i), all_lanes(top_bit));
    const __m256 low = _mm512_cvtpd_ps(_mm512_mul_pd(_mm512_cvtepi32_pd(_mm512_castsi512_si256(q)), steps));
    const __m256 high = _mm512_cvtpd_ps(_mm512_mul_pd(_mm512_cvtepi32_pd(_mm512_extracti64x4_epi64(q, 1)), steps));
    const __m512 values = _mm512_insertf32x8(_mm512_castps256_ps512(low), high, 1);
    _mm512_mask_storeu_epi32(to + std::uint64_t{i} * 4, lanes_below(i, n), _mm512_castps_si512(values));
  }
}

// ---- Planes ----

inline u32 both(__mmask16 low, __mmask16 high) { return static_cast<u32>(low) | static_cast<u32>(high) << 16; }

// Byte k of 64 words, in order, for k = 0 to 3.
inline BytePlanes transposed(const __m512i* words) {
  const __m512i together = _mm512_broadcast_i32x4(_mm_setr_epi8(0, 4, 8, 12, 1, 5, 9, 13, 2, 6, 10, 14, 3, 7, 11, 15));
  __m512i bytes[4];
  for (u32 k = 0; k < 4; ++k) bytes[k] = _mm512_shuffle_epi8(words[k], together);
  const __m512i low01 = _mm512_unpacklo_epi32(bytes[0], bytes[1]), low23 = _mm512_unpacklo_epi32(bytes[2], bytes[3]);
  const __m512i high01 = _mm512_unpackhi_epi32(bytes[0], bytes[1]), high23 = _mm512_unpackhi_epi32(bytes[2], bytes[3]);
  return {{turned(_mm512_unpacklo_epi64(low01, low23)), turned(_mm512_unpackhi_epi64(low01, low23)),
           turned(_mm512_unpacklo_epi64(high01, high23)), turned(_mm512_unpackhi_epi64(high01, high23))}};
}

void pack_rows(const __m512i* words, u32 width, u32 rows, bool two, u32* plane) {
  const BytePlanes bytes = transposed(words);
  for (u32 bits = width; bits > 0; bits = (bits - 1) / 8 * 8) {
    // The highest bit wanted goes to the top. What neighbours shift in stays below it.
    const __m128i spare = _mm_cvtsi32_si128(static_cast<int>(7 - (bits - 1) % 8));
    __m512i byte = _mm512_sll_epi16(bytes.byte[(bits - 1) / 8], spare);
    for (u32 k = (bits - 1) / 8 * 8; k < bits; ++k, plane += rows) {
      store_rows(plane, _mm512_movepi8_mask(byte), two);
      byte = _mm512_add_epi8(byte, byte);
    }
  }
}

void pack(const u32* words, u32 n, u32 base, u32 width, u32* planes) {
  const u32 rows = (n + 31) / 32;
  for (u32 i = 0; i < n; i += 64) {
    __m512i values[4];
    for (u32 k = 0; k < 4; ++k) {
      const u32 at = i + 16 * k;
      const __mmask16 valid = at < n ? lanes_below(at, n) : static_cast<__mmask16>(0);
      values[k] = _mm512_maskz_sub_epi32(valid, load16(words + at), all_lanes(base));
    }
    pack_rows(values, width, rows, n - i > 32, planes + i / 32);
  }
}

/// Byte k of the words from row `first` on goes to bytes[k], as far as planes are given.
VRAMLAB_WITH_GFNI void bytes_of(const u32* planes, u32 rows, u32 first, u32 width, u32 taken,
                                u8 (*bytes)[words_at_once]) {
  for (u32 bits = width; bits > 0 && taken > 0; bits = (bits - 1) / 8 * 8) {
    const u32 wanted = (bits - 1) % 8 + 1, given = wanted < taken ? wanted : taken;
    plane_bytes(planes, rows, first, given, wanted - given, bytes[(bits - 1) / 8]);
    planes += std::size_t{given} * rows;
    taken -= given;
  }
}

void unpack(const u32* planes, u32 n, u32 width, u32 taken, u32 base, u32* words) {
  alignas(64) u8 bytes[4][words_at_once] = {};
  for (u32 i = 0; i < n; i += 64) {
    const u32 at = i % words_at_once;
    if (at == 0) bytes_of(planes, (n + 31) / 32, i / 32, width, taken, bytes);
    BytePlanes of;
    for (u32 k = 0; k < 4; ++k) of.byte[k] = turned(load16(bytes[k] + at));
    __m512i parts[4];
    join_bytes(of, parts);
    for (u32 k = 0; k < 4; ++k) store16(words + i + 16 * k, _mm512_add_epi32(parts[k], all_lanes(base)));
  }
}

void pack_signs(const u32* words, u32 n, u32* plane) {
  for (u32 i = 0; i < n; i += 32) {
    const u32 signs = both(_mm512_movepi32_mask(load16(words + i)), _mm512_movepi32_mask(load16(words + i + 16)));
    plane[i / 32] = n - i >= 32 ? signs : signs & ((1U << (n - i)) - 1U);
  }
}

void add_signs(const u32* plane, u32 n, u32* words) {
  const __m512i sign = all_lanes(top_bit);
  for (u32 i = 0; i < n; i += 32) {
    const u32 mask = plane[i / 32];
    const __m512i low = load16(words + i), high = load16(words + i + 16);
    store16(words + i, _mm512_mask_or_epi32(low, static_cast<__mmask16>(mask), low, sign));
    store16(words + i + 16, _mm512_mask_or_epi32(high, static_cast<__mmask16>(mask >> 16), high, sign));
  }
}

// ---- Groups ----

Extent extent(const u32* words, u32 n, WordKind kind) {
  const __m512i zero = all_lanes(kind == WordKind::offset ? top_bit : 0U);
  const __m512i sign = all_lanes(kind == WordKind::signed_parts ? top_bit : 0U);
  __m512i least = all_lanes(0xFFFFFFFFU), most = _mm512_setzero_si512();
  u32 kept = 0, negative = 0;
  for (u32 i = 0; i < n; i += 16) {
    const __m512i word = load16(words + i);
    const __mmask16 keep = _mm512_mask_cmpneq_epu32_mask(lanes_below(i, n), word, zero);
    const __m512i value = _mm512_andnot_si512(sign, word);
    least = _mm512_mask_min_epu32(least, keep, least, value);
    most = _mm512_mask_max_epu32(most, keep, most, value);
    kept += ones(keep);
    negative += ones(_mm512_mask_test_epi32_mask(keep, word, sign));
  }
  const bool parts = kind == WordKind::signed_parts;
  return {static_cast<u32>(_mm512_reduce_min_epu32(least)), static_cast<u32>(_mm512_reduce_max_epu32(most)), kept,
          negative != 0, parts && negative != kept};
}

u32 compact(const u32* words, u32 n, u32 zero, u32* kept, u32* bitmap) {
  u32 count = 0;
  for (u32 i = 0; i < n; i += 16) {
    const __m512i word = load16(words + i);
    const __mmask16 keep = _mm512_mask_cmpneq_epu32_mask(lanes_below(i, n), word, all_lanes(zero));
    store16(kept + count, _mm512_maskz_compress_epi32(keep, word));
    bitmap[i / 32] = i % 32 == 0 ? keep : bitmap[i / 32] | static_cast<u32>(keep) << 16;
    count += ones(keep);
  }
  return count;
}

void expand(const u32* bitmap, const u32* kept, u32 n, u32 zero, u32* words) {
  for (u32 i = 0; i < n; i += 16) {
    const auto mask = static_cast<__mmask16>(bitmap[i / 32] >> i % 32 & lanes_below(i, n));
    store16(words + i, _mm512_mask_expand_epi32(all_lanes(zero), mask, load16(kept)));
    kept += ones(mask);
  }
}

// ---- Checksum ----

inline __m512i share(__m512i word, __m512i salt) {
  __m512i h = _mm512_xor_si512(word, salt);
  h = _mm512_mullo_epi32(_mm512_xor_si512(h, _mm512_srli_epi32(h, 16)), all_lanes(0x85EBCA6BU));
  h = _mm512_mullo_epi32(_mm512_xor_si512(h, _mm512_srli_epi32(h, 13)), all_lanes(0xC2B2AE35U));
  return _mm512_xor_si512(h, _mm512_srli_epi32(h, 16));
}

u32 checksum(const void* words, std::uint64_t count, u32 first_index) {
  constexpr u32 stride = 0x9E3779B9U;
  const auto* from = static_cast<const unsigned char*>(words);
  const __m512i iota = _mm512_set_epi32(16, 15, 14, 13, 12, 11, 10, 9, 8, 7, 6, 5, 4, 3, 2, 1);
  __m512i salt = _mm512_mullo_epi32(_mm512_add_epi32(iota, all_lanes(first_index)), all_lanes(stride));
  __m512i sum = _mm512_setzero_si512();
  for (; count >= 16; count -= 16, from += 64) {
    sum = _mm512_add_epi32(sum, share(load16(from), salt));
    salt = _mm512_add_epi32(salt, all_lanes(16U * stride));
  }
  const __mmask16 valid = lanes_below(0, static_cast<u32>(count));
  sum = _mm512_mask_add_epi32(sum, valid, sum, share(_mm512_maskz_loadu_epi32(valid, from), salt));
  alignas(64) u32 parts[16];  // added up here: the intrinsic adds signed numbers, whose overflow is no wrapping
  _mm512_store_si512(parts, sum);
  u32 total = 0;
  for (const u32 part : parts) total += part;
  return total;
}

}  // namespace

void add_avx512_words(Kernels& table) {
  table.quantise = quantise;
  table.dequantise = dequantise;
  table.pack = pack;
  table.unpack = unpack;
  table.pack_signs = pack_signs;
  table.add_signs = add_signs;
  table.extent = extent;
  table.compact = compact;
  table.expand = expand;
  table.checksum = checksum;
}

}  // namespace vramlab::padic

#endif
