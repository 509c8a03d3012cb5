// The coder's rows as four registers of 8 lanes. Coder words go to and from lanes by a permutation for each mask.

#if defined(__AVX2__)

#include "engine/padic/kernels_avx2.h"
#include "engine/padic/kernels_rows.h"

namespace vramlab::padic {
namespace {

using u8 = std::uint8_t;
using u16 = std::uint16_t;
using u32 = std::uint32_t;

constexpr Permutations to_lanes = expanding();
constexpr Permutations from_lanes = compressing(true);

struct Row {
  __m256i part[4];
};

inline Row load_states(const u32* states) {
  return {{load8(states), load8(states + 8), load8(states + 16), load8(states + 24)}};
}
inline void store_states(u32* states, const Row& row) {
  for (u32 p = 0; p < 4; ++p) store8(states + std::size_t{8} * p, row.part[p]);
}

// After the last full row.
inline bool close(const CoderWords& source, const Row& row, DecoderState& decoder) {
  store_states(decoder.states, row);
  return close(source, decoder);
}

// `part`: all ones in the lanes that take part.
inline __m256i refilled(__m256i state, __m256i part, CoderWords& source) {
  const __m256i low = _mm256_cmpeq_epi32(_mm256_srli_epi32(state, 15), _mm256_setzero_si256());
  const __m256i need = _mm256_and_si256(low, part);
  const u32 mask = bits_of(need);
  const __m256i words = permuted(load_pairs(source.next), to_lanes, mask);
  source.next += ones(mask);
  return _mm256_blendv_epi8(state, _mm256_or_si256(_mm256_slli_epi32(state, 16), words), need);
}

inline __m128i four_of(const u32* table, const u32* index) {
  __m128i found = _mm_cvtsi32_si128(static_cast<int>(table[index[0]]));
  found = _mm_insert_epi32(found, static_cast<int>(table[index[1]]), 1);
  found = _mm_insert_epi32(found, static_cast<int>(table[index[2]]), 2);
  return _mm_insert_epi32(found, static_cast<int>(table[index[3]]), 3);
}
// A gather takes longer to issue than 8 loads.
inline __m256i looked_up(const u32* table, __m256i index) {
  alignas(32) u32 at[8];
  store8(at, index);
  return _mm256_inserti128_si256(_mm256_castsi128_si256(four_of(table, at)), four_of(table, at + 4), 1);
}

// Gives the symbols (0 for lanes that take no part).
inline __m256i decode_part(__m256i& state, __m256i part, const u32* slots, CoderWords& source) {
  const __m256i index = _mm256_and_si256(state, all_lanes(probability_scale - 1U));
  const __m256i slot = looked_up(slots, index);
  const __m256i quotient = _mm256_srli_epi32(state, probability_bits);
  const __m256i bias = _mm256_and_si256(_mm256_srli_epi32(slot, 8), all_lanes(0xFFFU));
  const __m256i product = _mm256_mullo_epi32(_mm256_srli_epi32(slot, 20), quotient);
  const __m256i next = _mm256_add_epi32(product, _mm256_add_epi32(quotient, bias));
  state = refilled(_mm256_blendv_epi8(state, next, part), part, source);
  return _mm256_and_si256(_mm256_and_si256(slot, all_lanes(0xFFU)), part);
}

// 4 times 8 numbers below 256 to bytes: packing works on halves of registers, the permutation puts them in order.
inline void store_bytes(u8* bytes, const Row& row) {
  const __m256i low = _mm256_packus_epi32(row.part[0], row.part[1]);
  const __m256i high = _mm256_packus_epi32(row.part[2], row.part[3]);
  const __m256i order = _mm256_setr_epi32(0, 4, 1, 5, 2, 6, 3, 7);
  store8(bytes, _mm256_permutevar8x32_epi32(_mm256_packus_epi16(low, high), order));
}

// All ones in the lanes of 8 whose bits are set.
inline __m256i lanes_of(u32 bits) {
  const __m256i bit = _mm256_setr_epi32(1, 2, 4, 8, 16, 32, 64, 128);
  return _mm256_cmpeq_epi32(_mm256_and_si256(all_lanes(bits), bit), bit);
}

inline u32 row_of(const CodedBytes& block, u32 i) { return block.present == nullptr ? ~0U : block.present[i / lanes]; }

// Full rows; `step` reads a digit of 8 lanes.
template <class Step>
bool decode_rows(const CodedBytes& block, u32 n, const Step& step) {
  CoderWords source;
  open(source, *block.decoder);
  Row row = load_states(block.decoder->states);
  for (u32 i = 0; i + lanes <= n; i += lanes) {
    if (!ready(source)) return false;
    const u32 present = row_of(block, i);
    Row found;
    for (u32 p = 0; p < 4; ++p) found.part[p] = step(row.part[p], lanes_of(present >> 8 * p), source);
    store_bytes(block.bytes + i, found);
  }
  return close(source, row, *block.decoder);
}

bool decode_bytes(const CodedBytes* blocks, u32 count, const u32* slots, u32 n) {
  const auto step = [slots](__m256i& state, __m256i part, CoderWords& source) {
    return decode_part(state, part, slots, source);
  };
  for (u32 k = 0; k < count; ++k)
    if (!decode_rows(blocks[k], n, step) || !decode_coded_row(blocks[k], slots, n / lanes * lanes, n)) return false;
  return true;
}

bool decode_raw_bytes(const CodedBytes* blocks, u32 count, u32 width, u32 n) {
  const __m256i mask = all_lanes((1U << width) - 1U);
  const __m128i by = _mm_cvtsi32_si128(static_cast<int>(width));
  const auto step = [mask, by](__m256i& state, __m256i part, CoderWords& source) {
    const __m256i digit = _mm256_and_si256(_mm256_and_si256(state, mask), part);
    state = refilled(_mm256_blendv_epi8(state, _mm256_srl_epi32(state, by), part), part, source);
    return digit;
  };
  for (u32 k = 0; k < count; ++k)
    if (!decode_rows(blocks[k], n, step) || !decode_raw_row(blocks[k], width, n / lanes * lanes, n)) return false;
  return true;
}

inline __m256i with_digit(__m256i word, __m256i width, __m256i digit) {
  return _mm256_or_si256(_mm256_sllv_epi32(word, width), digit);
}

bool decode_digits(DecoderState& decoder, const u32* slots, const u8* widths, u32 n, u32* words) {
  CoderWords source;
  open(source, decoder);
  Row row = load_states(decoder.states);
  u32 i = 0;
  for (; i + lanes <= n; i += lanes) {
    if (!ready(source)) return false;
    for (u32 p = 0; p < 4; ++p) {
      const u32 at = i + 8 * p;
      const __m256i width = load_bytes(widths + at);
      const __m256i part = _mm256_cmpgt_epi32(width, _mm256_setzero_si256());
      const __m256i digit = decode_part(row.part[p], part, slots, source);
      store8(words + at, with_digit(load8(words + at), width, digit));
    }
  }
  if (!close(source, row, decoder)) return false;
  return decode_digits_row(decoder, slots, widths + i, n - i, words + i);
}

bool decode_bypass(DecoderState& decoder, const u8* widths, u32 n, u32* words) {
  CoderWords source;
  open(source, decoder);
  Row row = load_states(decoder.states);
  u32 i = 0;
  for (; i + lanes <= n; i += lanes) {
    if (!ready(source)) return false;
    for (u32 p = 0; p < 4; ++p) {
      const u32 at = i + 8 * p;
      const __m256i width = load_bytes(widths + at);
      const __m256i part = _mm256_cmpgt_epi32(width, _mm256_setzero_si256());
      const __m256i above = _mm256_sllv_epi32(all_lanes(~0U), width);
      const __m256i digit = _mm256_andnot_si256(above, row.part[p]);
      row.part[p] = refilled(_mm256_srlv_epi32(row.part[p], width), part, source);
      store8(words + at, with_digit(load8(words + at), width, digit));
    }
  }
  if (!close(source, row, decoder)) return false;
  return decode_bypass_row(decoder, widths + i, n - i, words + i);
}

// ---- Encoding ----

// The low halves of the lanes that are full, together at the high end of 8 words that end where the last output began.
// What lies below them is room: at least as many words as symbols are to come.
inline __m256i put_out(__m256i state, __m256i full, u16*& next) {
  const u32 mask = bits_of(full);
  const __m256i halves = permuted(_mm256_and_si256(state, all_lanes(0xFFFFU)), from_lanes, mask);
  store_pairs(next - 8, halves);
  next -= ones(mask);
  return _mm256_blendv_epi8(state, _mm256_srli_epi32(state, 16), full);
}

struct Entry {
  __m256i frequency, first;
};

inline Entry entries_of(const u32* entries, __m256i symbols) {
  const __m256i entry = _mm256_i32gather_epi32(reinterpret_cast<const int*>(entries), symbols, 4);
  return {_mm256_add_epi32(_mm256_and_si256(entry, all_lanes(0xFFFFU)), all_lanes(1)), _mm256_srli_epi32(entry, 16)};
}

inline __m256i full_for(__m256i state, const Entry& entry) {
  return _mm256_cmpgt_epi32(_mm256_srli_epi32(state, 19), _mm256_sub_epi32(entry.frequency, all_lanes(1)));
}

// x / f < 2^19 by floats: three errors of 2^-24 of it at most, and 2^-21 of it taken off, so that the quotient is right
// or 1 too small.
inline __m256i pushed(__m256i state, const Entry& entry) {
  const __m256 nearly_1 = _mm256_set1_ps(1.0F - 0x1p-21F);
  const __m256 inverse = _mm256_div_ps(nearly_1, _mm256_cvtepi32_ps(entry.frequency));
  const __m256i quotient = _mm256_cvttps_epi32(_mm256_mul_ps(_mm256_cvtepi32_ps(state), inverse));
  const __m256i rest = _mm256_sub_epi32(state, _mm256_mullo_epi32(quotient, entry.frequency));
  const __m256i next =
      _mm256_add_epi32(_mm256_add_epi32(_mm256_slli_epi32(quotient, probability_bits), rest), entry.first);
  const __m256i small = _mm256_cmpgt_epi32(entry.frequency, rest);
  const __m256i missing = _mm256_sub_epi32(all_lanes(probability_scale), entry.frequency);
  return _mm256_add_epi32(next, _mm256_andnot_si256(small, missing));
}

void encode_symbols(EncoderState& encoder, const u32* entries, const u8* symbols, u32 n) {
  u32 i = n / lanes * lanes;
  encode_symbols_row(encoder, entries, symbols + i, n - i);
  Row row = load_states(encoder.states);
  while (i > 0) {
    i -= lanes;
    for (u32 p = 4; p-- > 0;) {
      const Entry entry = entries_of(entries, load_bytes(symbols + i + std::size_t{8} * p));
      row.part[p] = pushed(put_out(row.part[p], full_for(row.part[p], entry), encoder.next), entry);
    }
  }
  store_states(encoder.states, row);
}

void encode_digits(EncoderState& encoder, const u32* entries, const u16* digits, const u8* widths, u32 n) {
  u32 i = n / lanes * lanes;
  encode_digits_row(encoder, entries, digits + i, widths + i, n - i);
  Row row = load_states(encoder.states);
  while (i > 0) {
    i -= lanes;
    for (u32 p = 4; p-- > 0;) {
      const u32 at = i + 8 * p;
      const __m256i part = _mm256_cmpgt_epi32(load_bytes(widths + at), _mm256_setzero_si256());
      const Entry entry = entries_of(entries, _mm256_and_si256(load_pairs(digits + at), part));
      const __m256i full = _mm256_and_si256(full_for(row.part[p], entry), part);
      const __m256i state = put_out(row.part[p], full, encoder.next);
      row.part[p] = _mm256_blendv_epi8(state, pushed(state, entry), part);
    }
  }
  store_states(encoder.states, row);
}

// A lane without a digit has the width and the digit 0: its state stays, as it is below 2^31.
void encode_bypass(EncoderState& encoder, const u16* digits, const u8* widths, u32 n) {
  u32 i = n / lanes * lanes;
  encode_bypass_row(encoder, digits + i, widths + i, n - i);
  Row row = load_states(encoder.states);
  while (i > 0) {
    i -= lanes;
    for (u32 p = 4; p-- > 0;) {
      const u32 at = i + 8 * p;
      const __m256i width = load_bytes(widths + at);
      const __m256i full = _mm256_cmpgt_epi32(row.part[p], _mm256_srlv_epi32(all_lanes(0x7FFFFFFFU), width));
      row.part[p] = with_digit(put_out(row.part[p], full, encoder.next), width, load_pairs(digits + at));
    }
  }
  store_states(encoder.states, row);
}

}  // namespace

void add_avx2_coder(Kernels& table) {
  table.decode_bytes = decode_bytes;
  table.decode_raw_bytes = decode_raw_bytes;
  table.decode_digits = decode_digits;
  table.decode_bypass = decode_bypass;
  table.encode_symbols = encode_symbols;
  table.encode_digits = encode_digits;
  table.encode_bypass = encode_bypass;
}

}  // namespace vramlab::padic

#endif
