#include "experiments/codec_regroup.h"

#if defined(__x86_64__)
#include <immintrin.h>
#endif

namespace vramlab {
namespace {

/// Values from `first` on. A constant number of bytes lets the compiler unroll.
template <std::size_t each>
void regroup_fixed(const std::byte* __restrict from, std::size_t first, std::size_t count, std::byte* __restrict to) {
  for (std::size_t i = first; i < count; ++i)
    for (std::size_t byte = 0; byte < each; ++byte) to[byte * count + i] = from[i * each + byte];
}
template <std::size_t each>
void ungroup_fixed(const std::byte* __restrict from, std::size_t first, std::size_t count, std::byte* __restrict to) {
  for (std::size_t i = first; i < count; ++i)
    for (std::size_t byte = 0; byte < each; ++byte) to[i * each + byte] = from[byte * count + i];
}

#if defined(__x86_64__)

#define VRAMLAB_WITH_AVX2 __attribute__((target("avx2")))

VRAMLAB_WITH_AVX2 inline __m256i load(const std::byte* from) {
  return _mm256_loadu_si256(reinterpret_cast<const __m256i*>(from));
}
VRAMLAB_WITH_AVX2 inline void store(std::byte* to, __m256i bytes) {
  _mm256_storeu_si256(reinterpret_cast<__m256i*>(to), bytes);
}

// All give the number of values that are done, 32 at a time.

VRAMLAB_WITH_AVX2 std::size_t regroup_2(const std::byte* from, std::size_t count, std::byte* to) {
  const __m256i low = _mm256_set1_epi16(0xFF);
  std::size_t i = 0;
  for (; i + 32 <= count; i += 32) {
    const __m256i first = load(from + 2 * i), second = load(from + 2 * i + 32);
    const __m256i lows = _mm256_packus_epi16(_mm256_and_si256(first, low), _mm256_and_si256(second, low));
    const __m256i highs = _mm256_packus_epi16(_mm256_srli_epi16(first, 8), _mm256_srli_epi16(second, 8));
    store(to + i, _mm256_permute4x64_epi64(lows, 0xD8));
    store(to + count + i, _mm256_permute4x64_epi64(highs, 0xD8));
  }
  return i;
}

VRAMLAB_WITH_AVX2 std::size_t ungroup_2(const std::byte* from, std::size_t count, std::byte* to) {
  std::size_t i = 0;
  for (; i + 32 <= count; i += 32) {
    const __m256i lows = load(from + i), highs = load(from + count + i);
    const __m256i first = _mm256_unpacklo_epi8(lows, highs), second = _mm256_unpackhi_epi8(lows, highs);
    store(to + 2 * i, _mm256_permute2x128_si256(first, second, 0x20));
    store(to + 2 * i + 32, _mm256_permute2x128_si256(first, second, 0x31));
  }
  return i;
}

// 8 values to their 8 first bytes, their 8 second ones, ...
VRAMLAB_WITH_AVX2 inline __m256i regrouped_8(__m256i values) {
  const __m256i together = _mm256_setr_epi8(0, 4, 8, 12, 1, 5, 9, 13, 2, 6, 10, 14, 3, 7, 11, 15, 0, 4, 8, 12, 1, 5, 9,
                                            13, 2, 6, 10, 14, 3, 7, 11, 15);
  return _mm256_permutevar8x32_epi32(_mm256_shuffle_epi8(values, together), _mm256_setr_epi32(0, 4, 1, 5, 2, 6, 3, 7));
}

VRAMLAB_WITH_AVX2 std::size_t regroup_4(const std::byte* from, std::size_t count, std::byte* to) {
  std::size_t i = 0;
  for (; i + 32 <= count; i += 32) {
    const __m256i a = regrouped_8(load(from + 4 * i)), b = regrouped_8(load(from + 4 * i + 32));
    const __m256i c = regrouped_8(load(from + 4 * i + 64)), d = regrouped_8(load(from + 4 * i + 96));
    const __m256i ab = _mm256_unpacklo_epi64(a, b), cd = _mm256_unpacklo_epi64(c, d);
    const __m256i ab_odd = _mm256_unpackhi_epi64(a, b), cd_odd = _mm256_unpackhi_epi64(c, d);
    store(to + i, _mm256_permute2x128_si256(ab, cd, 0x20));
    store(to + count + i, _mm256_permute2x128_si256(ab_odd, cd_odd, 0x20));
    store(to + 2 * count + i, _mm256_permute2x128_si256(ab, cd, 0x31));
    store(to + 3 * count + i, _mm256_permute2x128_si256(ab_odd, cd_odd, 0x31));
  }
  return i;
}

VRAMLAB_WITH_AVX2 std::size_t ungroup_4(const std::byte* from, std::size_t count, std::byte* to) {
  std::size_t i = 0;
  for (; i + 32 <= count; i += 32) {
    const __m256i a = load(from + i), b = load(from + count + i);
    const __m256i c = load(from + 2 * count + i), d = load(from + 3 * count + i);
    const __m256i ab = _mm256_unpacklo_epi8(a, b), ab_high = _mm256_unpackhi_epi8(a, b);
    const __m256i cd = _mm256_unpacklo_epi8(c, d), cd_high = _mm256_unpackhi_epi8(c, d);
    const __m256i first = _mm256_unpacklo_epi16(ab, cd), second = _mm256_unpackhi_epi16(ab, cd);
    const __m256i third = _mm256_unpacklo_epi16(ab_high, cd_high), fourth = _mm256_unpackhi_epi16(ab_high, cd_high);
    store(to + 4 * i, _mm256_permute2x128_si256(first, second, 0x20));
    store(to + 4 * i + 32, _mm256_permute2x128_si256(third, fourth, 0x20));
    store(to + 4 * i + 64, _mm256_permute2x128_si256(first, second, 0x31));
    store(to + 4 * i + 96, _mm256_permute2x128_si256(third, fourth, 0x31));
  }
  return i;
}

bool has_avx2() { return __builtin_cpu_supports("avx2") != 0; }
#else
bool has_avx2() { return false; }
std::size_t regroup_2(const std::byte*, std::size_t, std::byte*) { return 0; }
std::size_t ungroup_2(const std::byte*, std::size_t, std::byte*) { return 0; }
std::size_t regroup_4(const std::byte*, std::size_t, std::byte*) { return 0; }
std::size_t ungroup_4(const std::byte*, std::size_t, std::byte*) { return 0; }
#endif

}  // namespace

void regroup(std::span<const std::byte> values, std::size_t each, std::span<std::byte> grouped) {
  const std::byte* from = values.data();
  const std::size_t count = values.size() / each;
  const bool fast = has_avx2();
  if (each == 2)
    return regroup_fixed<2>(from, fast ? regroup_2(from, count, grouped.data()) : 0, count, grouped.data());
  if (each == 4)
    return regroup_fixed<4>(from, fast ? regroup_4(from, count, grouped.data()) : 0, count, grouped.data());
  regroup_fixed<8>(from, 0, count, grouped.data());
}

void ungroup(std::span<const std::byte> grouped, std::size_t each, std::span<std::byte> values) {
  const std::byte* from = grouped.data();
  const std::size_t count = values.size() / each;
  const bool fast = has_avx2();
  if (each == 2) return ungroup_fixed<2>(from, fast ? ungroup_2(from, count, values.data()) : 0, count, values.data());
  if (each == 4) return ungroup_fixed<4>(from, fast ? ungroup_4(from, count, values.data()) : 0, count, values.data());
  ungroup_fixed<8>(from, 0, count, values.data());
}

}  // namespace vramlab
