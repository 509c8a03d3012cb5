// Words and groups, 8 at a time; planes by way of bytes, 32 at a time.

#if defined(__AVX2__)

#include "engine/padic/kernels_avx2.h"

namespace vramlab::padic {
namespace {

using u32 = std::uint32_t;

constexpr u32 top_bit = 0x80000000U;

constexpr Permutations to_lanes = expanding();
constexpr Permutations from_lanes = compressing(false);

// ---- float32 within a bound ----

struct Bound {
  __m256d bound, step, inverse;
};

inline __m256d absolute(__m256d value) { return _mm256_andnot_pd(_mm256_set1_pd(-0.0), value); }

inline __m256d holds(__m256d value, __m256d q, const Bound& by) {
  const __m256d back = _mm256_cvtps_pd(_mm256_cvtpd_ps(_mm256_mul_pd(q, by.step)));
  return _mm256_cmp_pd(absolute(_mm256_sub_pd(value, back)), by.bound, _CMP_LE_OQ);
}

// 4 values to q, 0 for those that escape; `good`: a bit for each that has a q. The product is rounded as rint does.
inline __m128i quantised(__m128 raw, const Bound& by, u32& good) {
  const __m256d value = _mm256_cvtps_pd(raw);
  const __m256d wanted = _mm256_mul_pd(value, by.inverse);
  const __m256d near = _mm256_cmp_pd(absolute(wanted), _mm256_set1_pd(largest_multiple), _CMP_LT_OQ);
  __m256d q = _mm256_round_pd(wanted, _MM_FROUND_CUR_DIRECTION | _MM_FROUND_NO_EXC);
  __m256d fits = _mm256_and_pd(near, holds(value, q, by));
  if (_mm256_movemask_pd(fits) != _mm256_movemask_pd(near)) [[unlikely]] {
    const __m256d above = _mm256_cmp_pd(wanted, q, _CMP_GT_OQ);
    const __m256d towards = _mm256_blendv_pd(_mm256_set1_pd(-1.0), _mm256_set1_pd(1.0), above);
    q = _mm256_blendv_pd(_mm256_add_pd(q, towards), q, fits);
    fits = _mm256_and_pd(near, holds(value, q, by));
  }
  good = static_cast<u32>(_mm256_movemask_pd(fits));
  return _mm256_cvtpd_epi32(_mm256_and_pd(q, fits));
}

u32 quantise(const void* raw, u32 n, const Quantiser& quantiser, u32* words, u32* escapes) {
  const Bound by = {_mm256_set1_pd(quantiser.bound), _mm256_set1_pd(quantiser.step), _mm256_set1_pd(quantiser.inverse)};
  const auto* from = static_cast<const unsigned char*>(raw);
  u32 count = 0;
  for (u32 i = 0; i < n; i += 8, from += 32) {
    const __m256i bits =
        n - i >= 8 ? load8(from) : _mm256_maskload_epi32(reinterpret_cast<const int*>(from), lanes_below(i, n));
    const __m256 values = _mm256_castsi256_ps(bits);
    u32 low_good, high_good;
    const __m128i low = quantised(_mm256_castps256_ps128(values), by, low_good);
    const __m128i high = quantised(_mm256_extractf128_ps(values, 1), by, high_good);
    store8(words + i, _mm256_xor_si256(_mm256_set_m128i(high, low), all_lanes(top_bit)));
    const u32 bad = ~(low_good | high_good << 4) & bits_below(i, n);
    escapes[i / 32] = i % 32 == 0 ? bad : escapes[i / 32] | bad << i % 32;
    count += ones(bad);
  }
  return count;
}

// ---- Planes ----

// Byte k of 32 words, in order, for k = 0 to 3.
struct BytePlanes {
  __m256i byte[4];
};

inline BytePlanes transposed(const __m256i* words) {
  const __m256i together = _mm256_setr_epi8(0, 4, 8, 12, 1, 5, 9, 13, 2, 6, 10, 14, 3, 7, 11, 15, 0, 4, 8, 12, 1, 5, 9,
                                            13, 2, 6, 10, 14, 3, 7, 11, 15);
  __m256i bytes[4];
  for (u32 k = 0; k < 4; ++k) bytes[k] = _mm256_shuffle_epi8(words[k], together);
  const __m256i low01 = _mm256_unpacklo_epi32(bytes[0], bytes[1]), low23 = _mm256_unpacklo_epi32(bytes[2], bytes[3]);
  const __m256i high01 = _mm256_unpackhi_epi32(bytes[0], bytes[1]), high23 = _mm256_unpackhi_epi32(bytes[2], bytes[3]);
  const __m256i order = _mm256_setr_epi32(0, 4, 1, 5, 2, 6, 3, 7);
  return {{_mm256_permutevar8x32_epi32(_mm256_unpacklo_epi64(low01, low23), order),
           _mm256_permutevar8x32_epi32(_mm256_unpackhi_epi64(low01, low23), order),
           _mm256_permutevar8x32_epi32(_mm256_unpacklo_epi64(high01, high23), order),
           _mm256_permutevar8x32_epi32(_mm256_unpackhi_epi64(high01, high23), order)}};
}

void pack(const u32* words, u32 n, u32 base, u32 width, u32* planes) {
  const u32 rows = (n + 31) / 32;
  for (u32 row = 0; row < rows; ++row) {
    __m256i values[4];
    for (u32 k = 0; k < 4; ++k) {
      const u32 at = 32 * row + 8 * k;
      const __m256i value = _mm256_sub_epi32(load8(words + at), all_lanes(base));
      values[k] = n >= at + 8 ? value : n <= at ? _mm256_setzero_si256() : _mm256_and_si256(value, lanes_below(at, n));
    }
    const BytePlanes bytes = transposed(values);
    u32* plane = planes + row;
    for (u32 bits = width; bits > 0; bits = (bits - 1) / 8 * 8) {
      // The highest bit wanted goes to the top. What neighbours shift in stays below it.
      const int spare = static_cast<int>(7 - (bits - 1) % 8);
      __m256i byte = _mm256_sll_epi16(bytes.byte[(bits - 1) / 8], _mm_cvtsi32_si128(spare));
      for (u32 k = (bits - 1) / 8 * 8; k < bits; ++k, plane += rows) {
        *plane = static_cast<u32>(_mm256_movemask_epi8(byte));
        byte = _mm256_add_epi8(byte, byte);
      }
    }
  }
}

// All ones in the bytes whose bit is set.
inline __m256i bytes_of(u32 mask) {
  const __m256i which =
      _mm256_setr_epi8(0, 0, 0, 0, 0, 0, 0, 0, 1, 1, 1, 1, 1, 1, 1, 1, 2, 2, 2, 2, 2, 2, 2, 2, 3, 3, 3, 3, 3, 3, 3, 3);
  const __m256i bit = _mm256_set1_epi64x(static_cast<long long>(0x8040201008040201ULL));
  const __m256i spread = _mm256_shuffle_epi8(all_lanes(mask), which);
  return _mm256_cmpeq_epi8(_mm256_and_si256(spread, bit), bit);
}

// The inverse of transposed(), with the base added.
inline void store_words(const BytePlanes& from, __m256i base, u32* words) {
  const __m256i* byte = from.byte;
  const __m256i low01 = _mm256_unpacklo_epi8(byte[0], byte[1]), high01 = _mm256_unpackhi_epi8(byte[0], byte[1]);
  const __m256i low23 = _mm256_unpacklo_epi8(byte[2], byte[3]), high23 = _mm256_unpackhi_epi8(byte[2], byte[3]);
  const __m256i a = _mm256_unpacklo_epi16(low01, low23), b = _mm256_unpackhi_epi16(low01, low23);
  const __m256i c = _mm256_unpacklo_epi16(high01, high23), d = _mm256_unpackhi_epi16(high01, high23);
  store8(words, _mm256_add_epi32(_mm256_permute2x128_si256(a, b, 0x20), base));
  store8(words + 8, _mm256_add_epi32(_mm256_permute2x128_si256(c, d, 0x20), base));
  store8(words + 16, _mm256_add_epi32(_mm256_permute2x128_si256(a, b, 0x31), base));
  store8(words + 24, _mm256_add_epi32(_mm256_permute2x128_si256(c, d, 0x31), base));
}

// Planes from bit `bits` - 1 down to bit 8 * k, as far as they are given, into byte k.
inline __m256i unpack_byte(const u32*& plane, u32 rows, u32 bits, u32 k, u32& left) {
  __m256i byte = _mm256_setzero_si256();
  for (u32 bit = bits; bit > 8 * k && left > 0; --bit, --left, plane += rows) {
    const __m256i wanted = _mm256_set1_epi8(static_cast<char>(1U << (bit - 1) % 8));
    byte = _mm256_or_si256(byte, _mm256_and_si256(bytes_of(*plane), wanted));
  }
  return byte;
}

void unpack(const u32* planes, u32 n, u32 width, u32 taken, u32 base, u32* words) {
  const u32 rows = (n + 31) / 32;
  for (u32 row = 0; row < rows; ++row) {
    BytePlanes bytes = {
        {_mm256_setzero_si256(), _mm256_setzero_si256(), _mm256_setzero_si256(), _mm256_setzero_si256()}};
    const u32* plane = planes + row;
    u32 left = taken;
    for (u32 bits = width; bits > 0 && left > 0; bits = (bits - 1) / 8 * 8)
      bytes.byte[(bits - 1) / 8] = unpack_byte(plane, rows, bits, (bits - 1) / 8, left);
    store_words(bytes, all_lanes(base), words + std::size_t{32} * row);
  }
}

void pack_signs(const u32* words, u32 n, u32* plane) {
  for (u32 i = 0; i < n; i += 8) {
    const u32 signs = bits_of(load8(words + i)) & bits_below(i, n);
    plane[i / 32] = i % 32 == 0 ? signs : plane[i / 32] | signs << i % 32;
  }
}

void add_signs(const u32* plane, u32 n, u32* words) {
  for (u32 i = 0; i < n; i += 8) {
    const __m256i to_top = _mm256_setr_epi32(31, 30, 29, 28, 27, 26, 25, 24);
    const __m256i shifted = _mm256_sllv_epi32(all_lanes(plane[i / 32] >> i % 32), to_top);
    store8(words + i, _mm256_or_si256(load8(words + i), _mm256_and_si256(shifted, all_lanes(top_bit))));
  }
}

// ---- Groups ----

inline u32 least_of(__m256i value) {
  __m128i four = _mm_min_epu32(_mm256_castsi256_si128(value), _mm256_extracti128_si256(value, 1));
  four = _mm_min_epu32(four, _mm_shuffle_epi32(four, 0x4E));
  four = _mm_min_epu32(four, _mm_shuffle_epi32(four, 0xB1));
  return static_cast<u32>(_mm_cvtsi128_si32(four));
}

Extent extent(const u32* words, u32 n, WordKind kind) {
  const __m256i zero = all_lanes(kind == WordKind::offset ? top_bit : 0U), all = all_lanes(~0U);
  const __m256i sign = all_lanes(kind == WordKind::signed_parts ? top_bit : 0U);
  __m256i least = all, least_of_rest = all;  // the latter: of the complements, which gives the most
  u32 kept = 0, negative = 0;
  for (u32 i = 0; i < n; i += 8) {
    const __m256i word = load8(words + i);
    __m256i drop = _mm256_cmpeq_epi32(word, zero);
    if (n - i < 8) drop = _mm256_or_si256(drop, _mm256_andnot_si256(lanes_below(i, n), all));
    const __m256i value = _mm256_andnot_si256(sign, word);
    least = _mm256_min_epu32(least, _mm256_or_si256(value, drop));
    least_of_rest = _mm256_min_epu32(least_of_rest, _mm256_or_si256(_mm256_xor_si256(value, all), drop));
    const u32 keep = ~bits_of(drop) & 0xFFU;
    kept += ones(keep);
    negative += ones(keep & bits_of(_mm256_and_si256(word, sign)));
  }
  const bool parts = kind == WordKind::signed_parts;
  return {least_of(least), ~least_of(least_of_rest), kept, negative != 0, parts && negative != kept};
}

u32 compact(const u32* words, u32 n, u32 zero, u32* kept, u32* bitmap) {
  u32 count = 0;
  for (u32 i = 0; i < n; i += 8) {
    const __m256i word = load8(words + i);
    const u32 keep = ~bits_of(_mm256_cmpeq_epi32(word, all_lanes(zero))) & bits_below(i, n);
    store8(kept + count, permuted(word, from_lanes, keep));
    bitmap[i / 32] = i % 32 == 0 ? keep : bitmap[i / 32] | keep << i % 32;
    count += ones(keep);
  }
  return count;
}

void expand(const u32* bitmap, const u32* kept, u32 n, u32 zero, u32* words) {
  const __m256i bit = _mm256_setr_epi32(1, 2, 4, 8, 16, 32, 64, 128);
  for (u32 i = 0; i < n; i += 8) {
    const u32 mask = bitmap[i / 32] >> i % 32 & bits_below(i, n);
    const __m256i keep = _mm256_cmpeq_epi32(_mm256_and_si256(all_lanes(mask), bit), bit);
    store8(words + i, _mm256_blendv_epi8(all_lanes(zero), permuted(load8(kept), to_lanes, mask), keep));
    kept += ones(mask);
  }
}

// ---- Checksum ----

inline __m256i share(__m256i word, __m256i salt) {
  __m256i h = _mm256_xor_si256(word, salt);
  h = _mm256_mullo_epi32(_mm256_xor_si256(h, _mm256_srli_epi32(h, 16)), all_lanes(0x85EBCA6BU));
  h = _mm256_mullo_epi32(_mm256_xor_si256(h, _mm256_srli_epi32(h, 13)), all_lanes(0xC2B2AE35U));
  return _mm256_xor_si256(h, _mm256_srli_epi32(h, 16));
}

u32 checksum(const void* words, std::uint64_t count, u32 first_index) {
  constexpr u32 stride = 0x9E3779B9U;
  const auto* from = static_cast<const unsigned char*>(words);
  const __m256i iota = _mm256_setr_epi32(1, 2, 3, 4, 5, 6, 7, 8);
  __m256i salt = _mm256_mullo_epi32(_mm256_add_epi32(iota, all_lanes(first_index)), all_lanes(stride));
  __m256i sum = _mm256_setzero_si256();
  for (; count >= 8; count -= 8, from += 32) {
    sum = _mm256_add_epi32(sum, share(load8(from), salt));
    salt = _mm256_add_epi32(salt, all_lanes(8U * stride));
  }
  const __m256i valid = lanes_below(0, static_cast<u32>(count));
  const __m256i last = _mm256_maskload_epi32(reinterpret_cast<const int*>(from), valid);
  sum = _mm256_add_epi32(sum, _mm256_and_si256(share(last, salt), valid));
  __m128i four = _mm_add_epi32(_mm256_castsi256_si128(sum), _mm256_extracti128_si256(sum, 1));
  four = _mm_add_epi32(four, _mm_shuffle_epi32(four, 0x4E));
  four = _mm_add_epi32(four, _mm_shuffle_epi32(four, 0xB1));
  return static_cast<u32>(_mm_cvtsi128_si32(four));
}

}  // namespace

void add_avx2_words(Kernels& table) {
  table.quantise = quantise;
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
