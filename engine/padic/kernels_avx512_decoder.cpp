// Decoding: the coder's rows as two registers of 16 lanes, of up to four blocks at once. One block's steps wait for
// each other: a lane's state for its slot, a row's coder words for those of the row before.

#if defined(__AVX512VBMI2__)

#include "engine/padic/kernels_avx512_few.h"
#include "engine/padic/kernels_rows.h"

namespace vramlab::padic {
namespace {

using u8 = std::uint8_t;
using u16 = std::uint16_t;
using u32 = std::uint32_t;

struct Row {
  __m512i low, high;  // lanes 0 to 15, 16 to 31
};

/// A block's states and where its words come from, in registers.
struct Reader {
  Row row;
  const u16* next;
  const u16* end;
};

inline Reader opened(const DecoderState& decoder, CoderWords& words) {
  open(words, decoder);
  return {{load16(decoder.states), load16(decoder.states + 16)}, words.next, words.end};
}

/// As ready(): where few words are left they are taken from a copy.
inline bool ready(Reader& reader, CoderWords& words) {
  if (reader.end - reader.next >= static_cast<std::ptrdiff_t>(lanes)) [[likely]]
    return true;
  words.next = reader.next;
  if (!ready_at_end(words)) return false;
  reader.next = words.next;
  reader.end = words.end;
  return true;
}

// After the last full row.
inline bool close(const Reader& reader, CoderWords& words, DecoderState& decoder) {
  store16(decoder.states, reader.row.low);
  store16(decoder.states + 16, reader.row.high);
  words.next = reader.next;
  return close(words, decoder);
}

inline __m512i refilled(__m512i state, __mmask16 part, const u16*& next) {
  const __mmask16 need = _mm512_mask_cmplt_epu32_mask(part, state, all_lanes(lowest_state));
  const __m512i words = _mm512_maskz_expand_epi32(need, load_pairs(next));
  next += ones(need);
  return _mm512_mask_or_epi32(state, need, _mm512_slli_epi32(state, 16), words);
}

inline __m128i four_of(const u32* table, const u32* index) {
  __m128i found = _mm_cvtsi32_si128(static_cast<int>(table[index[0]]));
  found = _mm_insert_epi32(found, static_cast<int>(table[index[1]]), 1);
  found = _mm_insert_epi32(found, static_cast<int>(table[index[2]]), 2);
  return _mm_insert_epi32(found, static_cast<int>(table[index[3]]), 3);
}

// One gather takes longer to issue than 16 loads; with several blocks there is other work meanwhile, so that this and
// not the way through one lane's step is what counts.
template <bool alone>
inline __m512i slots_of(__m512i state, const u32* slots) {
  const __m512i index = _mm512_and_si512(state, all_lanes(probability_scale - 1U));
  if (alone) return _mm512_i32gather_epi32(index, slots, 4);
  alignas(64) u32 at[16];
  store16(at, index);
  __m512i slot = _mm512_castsi128_si512(four_of(slots, at));
  slot = _mm512_inserti32x4(slot, four_of(slots, at + 4), 1);
  slot = _mm512_inserti32x4(slot, four_of(slots, at + 8), 2);
  return _mm512_inserti32x4(slot, four_of(slots, at + 12), 3);
}

/// How a lane's digit is read. Both give 16 digits, of the lanes that take no part anything below 256.
template <bool alone>
struct Coded {
  const u32* slots;
  __m512i operator()(__m512i& state, __mmask16 part, const u16*& next) const {
    const __m512i slot = slots_of<alone>(state, slots);
    const __m512i quotient = _mm512_srli_epi32(state, probability_bits);
    const __m512i bias = _mm512_and_si512(_mm512_srli_epi32(slot, 8), all_lanes(0xFFFU));
    const __m512i product = _mm512_mullo_epi32(_mm512_srli_epi32(slot, 20), quotient);
    state = _mm512_mask_add_epi32(state, part, product, _mm512_add_epi32(quotient, bias));
    state = refilled(state, part, next);
    return slot;
  }
};
struct Bypass {
  __m512i mask;
  __m128i width;
  explicit Bypass(u32 bits) : mask(all_lanes((1U << bits) - 1U)), width(_mm_cvtsi32_si128(static_cast<int>(bits))) {}
  __m512i operator()(__m512i& state, __mmask16 part, const u16*& next) const {
    const __m512i digit = _mm512_and_si512(state, mask);
    state = refilled(_mm512_mask_srl_epi32(state, part, state, width), part, next);
    return digit;
  }
};

template <class Step>
inline void decode_half(__m512i& state, const u16*& next, const CodedBytes& block, u32 i, const Step& step) {
  const u32 present = block.present == nullptr ? ~0U : block.present[i / lanes] >> i % lanes;
  const auto part = static_cast<__mmask16>(present);
  const __m512i found = step(state, part, next);
  _mm_storeu_si128(reinterpret_cast<__m128i*>(block.bytes + i), _mm512_maskz_cvtepi32_epi8(part, found));
}

/// Bytes of the lanes that take part (all of them without `present`), zero for the others.
template <u32 count, class Step>
bool decode_rows(const CodedBytes* blocks, u32 n, const Step& step) {
  CoderWords words[count];
  Reader readers[count];
  for (u32 k = 0; k < count; ++k) readers[k] = opened(*blocks[k].decoder, words[k]);
  u32 i = 0;
  for (; i + lanes <= n; i += lanes) {
    for (u32 k = 0; k < count; ++k)
      if (!ready(readers[k], words[k])) return false;
    for (u32 k = 0; k < count; ++k) decode_half(readers[k].row.low, readers[k].next, blocks[k], i, step);
    for (u32 k = 0; k < count; ++k) decode_half(readers[k].row.high, readers[k].next, blocks[k], i + 16, step);
  }
  bool good = true;
  for (u32 k = 0; k < count; ++k) good = close(readers[k], words[k], *blocks[k].decoder) && good;
  return good;
}

/// As decode_rows, of all lanes.
template <u32 count>
bool decode_few_rows(const CodedBytes* blocks, u32 n, const FewSymbols& table) {
  const FewRegisters few(table);
  CoderWords words[count];
  Reader readers[count];
  for (u32 k = 0; k < count; ++k) readers[k] = opened(*blocks[k].decoder, words[k]);
  for (u32 i = 0; i + lanes <= n; i += lanes) {
    for (u32 k = 0; k < count; ++k)
      if (!ready(readers[k], words[k])) return false;
    for (u32 k = 0; k < count; ++k)
      _mm256_storeu_si256(reinterpret_cast<__m256i*>(blocks[k].bytes + i),
                          few_step(few, readers[k].row.low, readers[k].row.high, readers[k].next));
  }
  bool good = true;
  for (u32 k = 0; k < count; ++k) good = close(readers[k], words[k], *blocks[k].decoder) && good;
  return good;
}

/// Below so many words it does not pay to look whether the symbols are few.
constexpr u32 least_few = 2048;

template <u32 count>
bool decode_full_rows(const CodedBytes* blocks, const u32* slots, u32 n) {
  constexpr bool alone = count == 1;
  FewSymbols few;
  bool all_there = true;
  for (u32 k = 0; k < count; ++k) all_there = all_there && blocks[k].present == nullptr;
  if (all_there && n >= least_few && few_symbols(slots, few)) return decode_few_rows<count>(blocks, n, few);
  return decode_rows<count>(blocks, n, Coded<alone>{slots});
}

template <u32 count>
bool decode_coded(const CodedBytes* blocks, const u32* slots, u32 n) {
  bool good = decode_full_rows<count>(blocks, slots, n);
  for (u32 k = 0; k < count; ++k) good = good && decode_coded_row(blocks[k], slots, n / lanes * lanes, n);
  return good;
}
bool decode_bytes(const CodedBytes* blocks, u32 count, const u32* slots, u32 n) {
  for (; count >= 4; blocks += 4, count -= 4)
    if (!decode_coded<4>(blocks, slots, n)) return false;
  if (count == 3) return decode_coded<3>(blocks, slots, n);
  if (count == 2) return decode_coded<2>(blocks, slots, n);
  return count == 0 || decode_coded<1>(blocks, slots, n);
}

template <u32 count>
bool decode_raw(const CodedBytes* blocks, u32 width, u32 n) {
  bool good = decode_rows<count>(blocks, n, Bypass(width));
  for (u32 k = 0; k < count; ++k) good = good && decode_raw_row(blocks[k], width, n / lanes * lanes, n);
  return good;
}
bool decode_raw_bytes(const CodedBytes* blocks, u32 count, u32 width, u32 n) {
  for (; count >= 4; blocks += 4, count -= 4)
    if (!decode_raw<4>(blocks, width, n)) return false;
  if (count == 3) return decode_raw<3>(blocks, width, n);
  if (count == 2) return decode_raw<2>(blocks, width, n);
  return count == 0 || decode_raw<1>(blocks, width, n);
}

// ---- Digits of any widths, onto words ----

inline void decode_digits_half(__m512i& state, const u32* slots, const u8* widths, u32* words, CoderWords& source) {
  const __m512i width = load_bytes(widths);
  const __mmask16 part = _mm512_test_epi32_mask(width, width);
  const __m512i digit = _mm512_maskz_and_epi32(part, Coded<true>{slots}(state, part, source.next), all_lanes(0xFFU));
  store16(words, _mm512_or_si512(_mm512_sllv_epi32(load16(words), width), digit));
}

// After the last full row.
inline bool close(const CoderWords& source, const Row& row, DecoderState& decoder) {
  store16(decoder.states, row.low);
  store16(decoder.states + 16, row.high);
  return close(source, decoder);
}

/// half(16 states, the first of their words, source) over the rows that are whole; `done` words are then behind them.
template <class Half>
bool decode_whole_rows(DecoderState& decoder, u32 n, u32& done, const Half& half) {
  CoderWords source;
  open(source, decoder);
  Row row = {load16(decoder.states), load16(decoder.states + 16)};
  for (; done + lanes <= n; done += lanes) {
    if (!ready(source)) return false;
    half(row.low, done, source);
    half(row.high, done + 16, source);
  }
  return close(source, row, decoder);
}

bool decode_digits(DecoderState& decoder, const u32* slots, const u8* widths, u32 n, u32* words) {
  u32 i = 0;
  const auto half = [&](__m512i& state, u32 at, CoderWords& source) {
    decode_digits_half(state, slots, widths + at, words + at, source);
  };
  if (!decode_whole_rows(decoder, n, i, half)) return false;
  return decode_digits_row(decoder, slots, widths + i, n - i, words + i);
}

inline __m512i low_bits(__m512i width) {
  return _mm512_sub_epi32(_mm512_sllv_epi32(all_lanes(1), width), all_lanes(1));
}

inline void decode_bypass_half(__m512i& state, const u8* widths, u32* words, CoderWords& source) {
  const __m512i width = load_bytes(widths);
  const __mmask16 part = _mm512_test_epi32_mask(width, width);
  const __m512i digit = _mm512_and_si512(state, low_bits(width));
  state = refilled(_mm512_srlv_epi32(state, width), part, source.next);
  store16(words, _mm512_or_si512(_mm512_sllv_epi32(load16(words), width), digit));
}

bool decode_bypass(DecoderState& decoder, const u8* widths, u32 n, u32* words) {
  u32 i = 0;
  const auto half = [&](__m512i& state, u32 at, CoderWords& source) {
    decode_bypass_half(state, widths + at, words + at, source);
  };
  if (!decode_whole_rows(decoder, n, i, half)) return false;
  return decode_bypass_row(decoder, widths + i, n - i, words + i);
}

}  // namespace

void add_avx512_decoder(Kernels& table) {
  table.decode_bytes = decode_bytes;
  table.decode_raw_bytes = decode_raw_bytes;
  table.decode_digits = decode_digits;
  table.decode_bypass = decode_bypass;
}

}  // namespace vramlab::padic

#endif
