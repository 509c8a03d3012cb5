// Heads, tails and the coder for any processor.

#include "engine/padic/kernels_rows.h"
#include "engine/padic/kernels_variants.h"

namespace vramlab::padic {
namespace {

using u8 = std::uint8_t;
using u16 = std::uint16_t;
using u32 = std::uint32_t;

constexpr u32 top_bit = 0x80000000U;

Word word_of(u32 word, WordKind kind) {
  if (kind == WordKind::plain) return {word, 0, false};
  if (kind == WordKind::signed_parts) return {word & ~top_bit, word >> 31, false};
  const bool negative = word < top_bit;
  return {negative ? top_bit - word : word - top_bit, negative ? 1U : 0U, false};
}

void codes(const u32* words, u32 n, WordKind kind, const Splitter& splitter, u16* codes) {
  for (u32 i = 0; i < n; ++i) codes[i] = static_cast<u16>(splitter.code_of(word_of(words[i], kind)));
}

void magnitudes(u32* words, u32 n, WordKind kind) {
  for (u32 i = 0; i < n; ++i) words[i] = word_of(words[i], kind).magnitude;
}

void rank(const u16* codes, u32 n, const u8* table, u8* symbols) {
  for (u32 i = 0; i < n; ++i) symbols[i] = table[codes[i]];
}

void translate(const u8* symbols, u32 n, const u8* table, u8* out) {
  for (u32 i = 0; i < n; ++i) out[i] = table[symbols[i]];
}

// Four tables: neighbours are often alike, and a sum must not wait for the one before it to be stored.
void count_codes(const u16* codes, u32 n, u32* counts) {
  constexpr u32 entries = 1024;
  u32 part[4][entries] = {};
  u32 i = 0;
  for (; i + 4 <= n; i += 4) {
    ++part[0][codes[i]];
    ++part[1][codes[i + 1]];
    ++part[2][codes[i + 2]];
    ++part[3][codes[i + 3]];
  }
  for (; i < n; ++i) ++part[0][codes[i]];
  for (u32 k = 0; k < entries; ++k) counts[k] += part[0][k] + part[1][k] + part[2][k] + part[3][k];
}

// What has no digit is counted from 256 on. Whether there is one is no branch: with a sparse tensor nobody can tell.
void count_digits(const u16* digits, const u8* widths, u32 n, u32* counts) {
  constexpr u32 entries = 512;
  u32 part[4][entries] = {};
  const auto index = [=](u32 i) { return digits[i] | (widths[i] == 0 ? 256U : 0U); };
  u32 i = 0;
  for (; i + 4 <= n; i += 4)
    for (u32 k = 0; k < 4; ++k) ++part[k][index(i + k)];
  for (; i < n; ++i) ++part[0][index(i)];
  for (u32 k = 0; k < 256; ++k) counts[k] += part[0][k] + part[1][k] + part[2][k] + part[3][k];
}

u32 peel(u32* words, const u8* widths, u32 n, u16* digits) {
  u32 any = 0;
  for (u32 i = 0; i < n; ++i) {
    const u32 digit = words[i] & ((1U << widths[i]) - 1U);
    digits[i] = static_cast<u16>(digit);
    words[i] >>= widths[i];
    any |= digit;
  }
  return any;
}

void lead(const u8* symbols, u32 n, const u8* leads, u32* words) {
  for (u32 i = 0; i < n; ++i) words[i] = leads[symbols[i]];
}

void append(u32* words, const u8* widths, const u32* digits, u32 n) {
  for (u32 i = 0; i < n; ++i) words[i] = words[i] << widths[i] | digits[i];
}

void shift(u32* words, const u8* widths, u32 n, bool half) {
  for (u32 i = 0; i < n; ++i) words[i] = words[i] << widths[i] | (half ? (1U << widths[i]) >> 1 : 0U);
}

void restore(u32* words, const u8* symbols, u32 n, const u8* signs, WordKind kind) {
  if (kind == WordKind::plain) return;
  for (u32 i = 0; i < n; ++i) {
    const u32 sign = signs[symbols[i]];
    words[i] = kind == WordKind::signed_parts ? words[i] | sign << 31 : top_bit + ((words[i] ^ (0U - sign)) + sign);
  }
}

// Full rows, then the rest.
template <class Row>
bool forward(u32 n, const Row& row) {
  for (u32 i = 0; i < n; i += lanes)
    if (!row(i, n - i < lanes ? n - i : lanes)) return false;
  return true;
}
template <class Row>
void backward(u32 n, const Row& row) {
  for (u32 i = (n + lanes - 1) / lanes * lanes; i > 0; i -= lanes)
    row(i - lanes, n - (i - lanes) < lanes ? n - (i - lanes) : lanes);
}

bool decode_bytes(const CodedBytes* blocks, u32 count, const u32* slots, u32 n) {
  for (u32 k = 0; k < count; ++k)
    if (!decode_coded_row(blocks[k], slots, 0, n)) return false;
  return true;
}
bool decode_raw_bytes(const CodedBytes* blocks, u32 count, u32 width, u32 n) {
  for (u32 k = 0; k < count; ++k)
    if (!decode_raw_row(blocks[k], width, 0, n)) return false;
  return true;
}

// What has few digits is read from one to the next. No branch depends on a state: whether a coder word is taken is a
// number of words. `read` gives a lane's digit.
template <class Read>
bool decode_at(const CodedBytes& block, const u16* positions, u32 count, const Read& read) {
  DecoderState decoder = *block.decoder;
  u32 i = 0;
  for (; i < count && decoder.next != decoder.end; ++i) {
    u32& state = decoder.states[positions[i] % lanes];
    block.bytes[positions[i]] = static_cast<u8>(read(state));
    const u32 low = static_cast<u32>((std::uint64_t{state} - lowest_state) >> 63);
    state = state << 16 * low | (*decoder.next & (0U - low));
    decoder.next += low;
  }
  for (; i < count; ++i) {
    u32& state = decoder.states[positions[i] % lanes];
    block.bytes[positions[i]] = static_cast<u8>(read(state));
    if (state < lowest_state) return false;
  }
  *block.decoder = decoder;
  return true;
}

bool decode_bytes_at(const CodedBytes& block, const u32* slots, u32 width, const u16* positions, u32 count) {
  if (slots != nullptr)
    return decode_at(block, positions, count, [slots](u32& state) { return decoded_symbol(state, slots); });
  return decode_at(block, positions, count, [width](u32& state) {
    const u32 digit = state & ((1U << width) - 1U);
    state >>= width;
    return digit;
  });
}

u32 present(const u8* symbols, u32 n, const u8* widths, u32* rows) {
  u32 count = 0;
  for (u32 i = 0; i < n; ++i) {
    const u32 there = widths[symbols[i]] != 0 ? 1U : 0U;
    rows[i / 32] = (i % 32 == 0 ? 0U : rows[i / 32]) | there << i % 32;
    count += there;
  }
  return count;
}
void positions(const u32* rows, u32 n, u16* found) {
  for (u32 row = 0; row < (n + 31) / 32; ++row)
    for (u32 bits = rows[row]; bits != 0; bits &= bits - 1)
      *found++ = static_cast<u16>(32 * row + static_cast<u32>(__builtin_ctz(bits)));
}

bool decode_digits(DecoderState& decoder, const u32* slots, const u8* widths, u32 n, u32* words) {
  return forward(n, [&](u32 i, u32 count) { return decode_digits_row(decoder, slots, widths + i, count, words + i); });
}
bool decode_bypass(DecoderState& decoder, const u8* widths, u32 n, u32* words) {
  return forward(n, [&](u32 i, u32 count) { return decode_bypass_row(decoder, widths + i, count, words + i); });
}
void encode_symbols(EncoderState& encoder, const u32* entries, const u8* symbols, u32 n) {
  backward(n, [&](u32 i, u32 count) { encode_symbols_row(encoder, entries, symbols + i, count); });
}
void encode_digits(EncoderState& encoder, const u32* entries, const u16* digits, const u8* widths, u32 n) {
  backward(n, [&](u32 i, u32 count) { encode_digits_row(encoder, entries, digits + i, widths + i, count); });
}
void encode_bypass(EncoderState& encoder, const u16* digits, const u8* widths, u32 n) {
  backward(n, [&](u32 i, u32 count) { encode_bypass_row(encoder, digits + i, widths + i, count); });
}

}  // namespace

void add_portable_coder(Kernels& table) {
  table.codes = codes;
  table.magnitudes = magnitudes;
  table.rank = rank;
  table.translate = translate;
  table.count_codes = count_codes;
  table.count_digits = count_digits;
  table.peel = peel;
  table.lead = lead;
  table.append = append;
  table.shift = shift;
  table.restore = restore;
  table.decode_bytes = decode_bytes;
  table.decode_raw_bytes = decode_raw_bytes;
  table.decode_bytes_at = decode_bytes_at;
  table.present = present;
  table.positions = positions;
  table.decode_digits = decode_digits;
  table.decode_bypass = decode_bypass;
  table.encode_symbols = encode_symbols;
  table.encode_digits = encode_digits;
  table.encode_bypass = encode_bypass;
}

}  // namespace vramlab::padic
