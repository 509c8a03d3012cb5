#pragma once
// Decoding where a table has few symbols: it is kept in registers, 32 lanes look theirs up at once, and nothing is
// gathered. Only the files for AVX-512 include it.

#include <cstring>

#include "engine/padic/kernels_avx512.h"

namespace vramlab::padic {

/// A table of slots as a search: a slot's bucket of 32 has one symbol or two, or it is one of few that are known slot
/// by slot. So it is where symbols are many only at the ends, as those of exponents are.
struct FewSymbols {
  static constexpr std::uint32_t most = 63, bucket_slots = 32, most_full = 4, full = 0x80;
  alignas(64) std::uint8_t bucket[128];  ///< its first symbol, or `full` + 32 * its number among the full ones
  alignas(64) std::uint8_t exact[128];   ///< symbols of the full buckets' slots
  alignas(64) std::uint16_t frequency[64], first[64], next[64];  ///< next: the first slot behind the symbol's
};

/// False: the table is no such one, or its symbols are not 0, 1, 2, ...
static inline bool few_symbols(const std::uint32_t* slots, FewSymbols& few) {
  std::memset(&few, 0, sizeof few);
  std::uint32_t symbols = 0;
  for (std::uint32_t slot = 0; slot < probability_scale; ++symbols) {
    if (symbols == FewSymbols::most || (slots[slot] & 0xFFU) != symbols) return false;
    const std::uint32_t frequency = (slots[slot] >> 20) + 1U;
    few.frequency[symbols] = static_cast<std::uint16_t>(frequency);
    few.first[symbols] = static_cast<std::uint16_t>(slot);
    few.next[symbols] = static_cast<std::uint16_t>(slot + frequency);
    slot += frequency;
  }
  std::uint32_t full = 0;
  for (std::uint32_t b = 0; b < 128; ++b) {
    const std::uint32_t* own = slots + std::size_t{b} * FewSymbols::bucket_slots;
    const std::uint32_t least = own[0] & 0xFFU, highest = own[FewSymbols::bucket_slots - 1] & 0xFFU;
    few.bucket[b] = static_cast<std::uint8_t>(least);
    if (highest - least < 2) continue;
    if (full == FewSymbols::most_full) return false;
    few.bucket[b] = static_cast<std::uint8_t>(FewSymbols::full + 32 * full);
    for (std::uint32_t s = 0; s < FewSymbols::bucket_slots; ++s)
      few.exact[32 * full + s] = static_cast<std::uint8_t>(own[s]);
    ++full;
  }
  return true;
}

/// FewSymbols in registers.
struct FewRegisters {
  __m512i bucket[2], exact[2], frequency[2], first[2], next[2];
  explicit FewRegisters(const FewSymbols& few) {
    for (std::uint32_t k = 0; k < 2; ++k) {
      bucket[k] = load16(few.bucket + std::size_t{64} * k);
      exact[k] = load16(few.exact + std::size_t{64} * k);
      frequency[k] = load16(few.frequency + std::size_t{32} * k);
      first[k] = load16(few.first + std::size_t{32} * k);
      next[k] = load16(few.next + std::size_t{32} * k);
    }
  }
};

static inline __m512i words_at(const __m512i* table, __m512i index) {
  return _mm512_permutex2var_epi16(table[0], index, table[1]);
}
static inline __m512i bytes_at(const __m512i* table, __m512i index) {  // of words, the low bytes
  return _mm512_maskz_permutex2var_epi8(0x5555555555555555ULL, table[0], index, table[1]);
}

/// The symbols of 32 slots.
static inline __m512i symbols_at(const FewRegisters& few, __m512i slot) {
  const __m512i found = bytes_at(few.bucket, _mm512_srli_epi16(slot, 5));
  const __m512i within = _mm512_ternarylogic_epi32(_mm512_set1_epi16(31), slot, found, 0xCA);  // 31 ? slot : found
  const __mmask32 is_full = _mm512_test_epi16_mask(found, _mm512_set1_epi16(FewSymbols::full));
  const __mmask32 beyond = _mm512_cmpge_epu16_mask(slot, words_at(few.next, found));
  const __m512i one_of_two = _mm512_mask_add_epi16(found, beyond, found, _mm512_set1_epi16(1));
  return _mm512_mask_mov_epi16(one_of_two, is_full, bytes_at(few.exact, within));
}

/// 16 of 32 words of two bytes, zero-extended.
static inline __m512i low_half(__m512i words) { return _mm512_cvtepu16_epi32(_mm512_castsi512_si256(words)); }
static inline __m512i high_half(__m512i words) { return _mm512_cvtepu16_epi32(_mm512_extracti64x4_epi64(words, 1)); }

/// One step of 32 lanes. Gives their symbols as bytes.
static inline __m256i few_step(const FewRegisters& few, __m512i& low, __m512i& high, const std::uint16_t*& next) {
  const __m512i evens = _mm512_set_epi16(62, 60, 58, 56, 54, 52, 50, 48, 46, 44, 42, 40, 38, 36, 34, 32, 30, 28, 26, 24,
                                         22, 20, 18, 16, 14, 12, 10, 8, 6, 4, 2, 0);
  const __m512i slot = _mm512_and_si512(_mm512_permutex2var_epi16(low, evens, high),
                                        _mm512_set1_epi16(static_cast<short>(probability_scale - 1U)));
  const __m512i symbol = symbols_at(few, slot);
  const __m512i frequency = words_at(few.frequency, symbol), bias = _mm512_sub_epi16(slot, words_at(few.first, symbol));
  low = _mm512_mullo_epi32(_mm512_srli_epi32(low, probability_bits), low_half(frequency));
  high = _mm512_mullo_epi32(_mm512_srli_epi32(high, probability_bits), high_half(frequency));
  low = _mm512_add_epi32(low, low_half(bias));
  high = _mm512_add_epi32(high, high_half(bias));
  const __mmask16 low_need = _mm512_cmplt_epu32_mask(low, all_lanes(lowest_state));
  const __mmask16 high_need = _mm512_cmplt_epu32_mask(high, all_lanes(lowest_state));
  const __mmask32 need = _mm512_kunpackw(high_need, low_need);
  const __m512i words = _mm512_maskz_expand_epi16(need, load16(next));
  next += ones(need);
  low = _mm512_mask_or_epi32(low, low_need, _mm512_slli_epi32(low, 16), low_half(words));
  high = _mm512_mask_or_epi32(high, high_need, _mm512_slli_epi32(high, 16), high_half(words));
  return _mm512_cvtepi16_epi8(symbol);
}

}  // namespace vramlab::padic
