// Encoding: the coder's rows as two registers of 16 lanes.

#if defined(__AVX512VBMI2__)

#include "engine/padic/kernels_avx512.h"
#include "engine/padic/kernels_rows.h"

namespace vramlab::padic {
namespace {

using u8 = std::uint8_t;
using u16 = std::uint16_t;
using u32 = std::uint32_t;

constexpr __mmask16 everyone = 0xFFFF;

struct Row {
  __m512i low, high;  // lanes 0 to 15, 16 to 31
};

inline Row load_states(const u32* states) { return {load16(states), load16(states + 16)}; }
inline void store_states(u32* states, const Row& row) {
  store16(states, row.low);
  store16(states + 16, row.high);
}

// The low halves of the states whose limit is reached go out, in ascending order of lanes.
inline void put_out(Row& row, __mmask16 low, __mmask16 high, u16*& next) {
  const u32 mask = static_cast<u32>(low) | static_cast<u32>(high) << 16;
  const __m512i halves =
      _mm512_inserti64x4(_mm512_castsi256_si512(_mm512_cvtepi32_epi16(row.low)), _mm512_cvtepi32_epi16(row.high), 1);
  const u32 count = ones(mask);
  next -= count;
  const auto first = static_cast<__mmask32>((std::uint64_t{1} << count) - 1U);
  _mm512_mask_storeu_epi16(next, first, _mm512_maskz_compress_epi16(static_cast<__mmask32>(mask), halves));
  row.low = _mm512_mask_srli_epi32(row.low, low, row.low, 16);
  row.high = _mm512_mask_srli_epi32(row.high, high, row.high, 16);
}

struct Entry {
  __m512i frequency, first;
};

inline Entry entries_of(const u32* entries, __m512i symbols, __mmask16 part) {
  const __m512i entry = _mm512_mask_i32gather_epi32(_mm512_setzero_si512(), part, symbols, entries, 4);
  return {_mm512_add_epi32(_mm512_and_si512(entry, all_lanes(0xFFFFU)), all_lanes(1)), _mm512_srli_epi32(entry, 16)};
}

inline __mmask16 full(__m512i state, const Entry& entry, __mmask16 part) {
  return _mm512_mask_cmpge_epu32_mask(part, state, _mm512_slli_epi32(entry.frequency, 19));
}

// x / f < 2^19 by floats rounded towards zero: three errors of 2^-23 of it at most, so it is right or 1 too small.
inline __m512i pushed(__m512i state, const Entry& entry, __mmask16 part) {
  constexpr int down = _MM_FROUND_TO_ZERO | _MM_FROUND_NO_EXC;
  const __m512 inverse = _mm512_div_round_ps(_mm512_set1_ps(1.0F), _mm512_cvtepi32_ps(entry.frequency), down);
  const __m512 estimate = _mm512_mul_round_ps(_mm512_cvt_roundepi32_ps(state, down), inverse, down);
  const __m512i quotient = _mm512_cvttps_epi32(estimate);
  const __m512i rest = _mm512_sub_epi32(state, _mm512_mullo_epi32(quotient, entry.frequency));
  __m512i next = _mm512_add_epi32(_mm512_add_epi32(_mm512_slli_epi32(quotient, probability_bits), rest), entry.first);
  const __m512i missing = _mm512_sub_epi32(all_lanes(probability_scale), entry.frequency);
  next = _mm512_mask_add_epi32(next, _mm512_cmpge_epu32_mask(rest, entry.frequency), next, missing);
  return _mm512_mask_mov_epi32(state, part, next);
}

inline void encode_row(Row& row, const Entry& low, const Entry& high, __mmask16 low_part, __mmask16 high_part,
                       u16*& next) {
  put_out(row, full(row.low, low, low_part), full(row.high, high, high_part), next);
  row.low = pushed(row.low, low, low_part);
  row.high = pushed(row.high, high, high_part);
}

void encode_symbols(EncoderState& encoder, const u32* entries, const u8* symbols, u32 n) {
  u32 i = n / lanes * lanes;
  encode_symbols_row(encoder, entries, symbols + i, n - i);
  Row row = load_states(encoder.states);
  while (i > 0) {
    i -= lanes;
    const Entry low = entries_of(entries, load_bytes(symbols + i), everyone);
    const Entry high = entries_of(entries, load_bytes(symbols + i + 16), everyone);
    encode_row(row, low, high, everyone, everyone, encoder.next);
  }
  store_states(encoder.states, row);
}

void encode_digits(EncoderState& encoder, const u32* entries, const u16* digits, const u8* widths, u32 n) {
  u32 i = n / lanes * lanes;
  encode_digits_row(encoder, entries, digits + i, widths + i, n - i);
  Row row = load_states(encoder.states);
  while (i > 0) {
    i -= lanes;
    const __m512i low_width = load_bytes(widths + i), high_width = load_bytes(widths + i + 16);
    const __mmask16 low_part = _mm512_test_epi32_mask(low_width, low_width);
    const __mmask16 high_part = _mm512_test_epi32_mask(high_width, high_width);
    const Entry low = entries_of(entries, load_pairs(digits + i), low_part);
    const Entry high = entries_of(entries, load_pairs(digits + i + 16), high_part);
    encode_row(row, low, high, low_part, high_part, encoder.next);
  }
  store_states(encoder.states, row);
}

inline __mmask16 full_for(__m512i state, __m512i width) {
  return _mm512_cmpge_epu32_mask(state, _mm512_srlv_epi32(all_lanes(1U << 31), width));
}
inline __m512i with_digit(__m512i state, __m512i width, __m512i digit) {
  return _mm512_or_si512(_mm512_sllv_epi32(state, width), digit);
}

// A lane without a digit has the width and the digit 0: its state stays, as its limit is 2^31.
void encode_bypass(EncoderState& encoder, const u16* digits, const u8* widths, u32 n) {
  u32 i = n / lanes * lanes;
  encode_bypass_row(encoder, digits + i, widths + i, n - i);
  Row row = load_states(encoder.states);
  while (i > 0) {
    i -= lanes;
    const __m512i low = load_bytes(widths + i), high = load_bytes(widths + i + 16);
    put_out(row, full_for(row.low, low), full_for(row.high, high), encoder.next);
    row.low = with_digit(row.low, low, load_pairs(digits + i));
    row.high = with_digit(row.high, high, load_pairs(digits + i + 16));
  }
  store_states(encoder.states, row);
}

}  // namespace

void add_avx512_encoder(Kernels& table) {
  table.encode_symbols = encode_symbols;
  table.encode_digits = encode_digits;
  table.encode_bypass = encode_bypass;
}

}  // namespace vramlab::padic

#endif
