#pragma once
// The hot loops of the CPU codec, as a table of functions: one for every processor, one for AVX2, one for AVX-512. All
// give the same bytes. format.md says what is computed; split.h, quantiser.h and words.h are the plain definitions.
//
// Scratch: arrays of words, codes, symbols, widths and digits belong to the caller, are aligned as their type and have
// room for padded(n) entries: those behind n may be read (to no effect) and overwritten with anything. Memory of the
// user (`void*`, any alignment) is touched within its n values only, streams within what is said. n may be 0.
// THREAD-SAFETY: all are pure functions of their arguments.

#include <cstdint>
#include <string_view>

#include "engine/padic/level_map.h"
#include "engine/padic/quantiser.h"
#include "engine/padic/split.h"
#include "engine/padic/stream_format.h"

namespace vramlab::padic {

/// How a sign and a magnitude make up one u32 (format.md, "Values to words").
enum class WordKind : std::uint8_t {
  offset,        ///< 2^31 + the signed value; zero is 2^31
  plain,         ///< the magnitude, no sign
  signed_parts,  ///< bit 31 the sign, below it the magnitude
};

constexpr std::uint32_t zero_word(WordKind kind) { return kind == WordKind::offset ? 0x80000000U : 0U; }

/// Entries that a scratch array for n of them must have.
constexpr std::uint32_t padded(std::uint32_t n) { return (n + 63U) & ~63U; }

/// Of the words of a group that are not the zero word. `least` and `most` are of the magnitudes with signed_parts, else
/// of the words; 0xFFFFFFFF and 0 if `kept` is 0.
struct Extent {
  std::uint32_t least = 0xFFFFFFFFU, most = 0;
  std::uint32_t kept = 0;     ///< how many there are
  bool any_sign = false;      ///< signed_parts: bit 31 is set somewhere
  bool sign_missing = false;  ///< signed_parts: bit 31 is clear somewhere, among the words that are not zero
};

/// A slot of a decoding table: symbol | slot - first slot of the symbol << 8 | frequency - 1 << 20.
constexpr std::uint32_t decoder_slot(std::uint32_t symbol, std::uint32_t frequency, std::uint32_t bias) {
  return symbol | bias << 8 | (frequency - 1U) << 20;
}
/// An entry of an encoding table (256 of them, by symbol): frequency - 1 | first slot << 16.
constexpr std::uint32_t encoder_entry(std::uint32_t frequency, std::uint32_t first_slot) {
  return (frequency - 1U) | first_slot << 16;
}

/// Reads a block's coder words. States as they stand in the block; the caller refuses those outside [2^15, 2^31).
struct DecoderState {
  alignas(64) std::uint32_t states[lanes] = {};
  const std::uint16_t* next = nullptr;  ///< aligned to 2 bytes
  const std::uint16_t* end = nullptr;   ///< nothing from here on is read
};

/// A block's heads, or a tail plane's digits of at most 8 bits, and what reads them.
struct CodedBytes {
  DecoderState* decoder = nullptr;
  std::uint8_t* bytes = nullptr;           ///< scratch; 0 where there is no digit
  const std::uint32_t* present = nullptr;  ///< bit i of row r: the word 32 * r + i has one; null: all have
};

/// Writes a block's coder words from the end of a buffer towards its begin. Begins with all states lowest_state.
/// REQUIRES room: every symbol or digit puts out at most one word, so n words before `next` do for a call over n;
/// all of these may be overwritten.
struct EncoderState {
  alignas(64) std::uint32_t states[lanes] = {};
  std::uint16_t* next = nullptr;  ///< the word written last; aligned to 2 bytes
};

/// What the heads of the fixed split put into the two highest bytes of a value, by symbol.
struct HeadBytes {
  alignas(64) std::uint8_t high[256] = {};
  alignas(64) std::uint8_t low[256] = {};
};

/// One byte of the tails of the fixed split, of all words of a block: as bytes (scratch), or as bit planes over the
/// block (rows: (n + 31) / 32; plane p of row r is planes[p * rows + r]), or zero where neither is given.
struct TailByte {
  const std::uint8_t* bytes = nullptr;
  const std::uint32_t* planes = nullptr;
  std::uint32_t count = 0;   ///< of the planes, 1 to 8, the most significant first
  std::uint32_t lowest = 0;  ///< the bit that the last plane holds; lowest + count <= 8
};

/// Bytes of a value of the fixed split that its tail reaches into, of values of 2 and of 4 bytes: of bfloat16 and
/// float32 the lower ones, of float16 both.
constexpr std::uint32_t tail_bytes(std::uint32_t value_bytes) { return value_bytes == 2 ? 2 : 3; }

/// How relative mode rounds words of signed_parts.
struct Rounding {
  NumberFormat format{};
  std::uint32_t least_special = 0;  ///< the lowest magnitude that is no number
  std::uint32_t drop = 0;           ///< low bits that are rounded away: 1 to 23
  double bound = 0;
};

struct Kernels {
  std::string_view name;  ///< portable, avx2, avx512

  // ---- Values and words ----

  /// n values of `bytes` (1, 2 or 4) to words: signed_parts moves the top bit to bit 31, offset extends the sign.
  void (*widen)(const void* raw, std::uint32_t n, std::uint32_t bytes, WordKind kind, std::uint32_t* words);
  /// The inverse.
  void (*narrow)(const std::uint32_t* words, std::uint32_t n, std::uint32_t bytes, WordKind kind, void* raw);
  /// n values of 8 bytes to n high and n low words, after zigzag if `folded`.
  void (*widen64)(const void* raw, std::uint32_t n, bool folded, std::uint32_t* high, std::uint32_t* low);
  void (*narrow64)(const std::uint32_t* high, const std::uint32_t* low, std::uint32_t n, bool folded, void* raw);
  /// n float32 to offset words by Quantiser::word_of. What escapes becomes the zero word, with its bit set in `escapes`
  /// ((n + 31) / 32 u32, all written). Returns how many escape.
  std::uint32_t (*quantise)(const void* raw, std::uint32_t n, const Quantiser& quantiser, std::uint32_t* words,
                            std::uint32_t* escapes);
  /// n offset words to float32 by Quantiser::value_of.
  void (*dequantise)(const std::uint32_t* words, std::uint32_t n, double step, void* raw);

  /// n values of a LevelMap's format (1 or 2 bytes) to offset words by LevelTable::word_of.
  void (*to_levels)(const void* raw, std::uint32_t n, const LevelMap& map, std::uint32_t* words);
  /// The inverse. Returns the highest level; what is beyond the table is read as its last.
  std::uint32_t (*from_levels)(const std::uint32_t* words, std::uint32_t n, const LevelMap& map, void* raw);
  /// Words by rounded_word, in place; `escapes` and what is returned as of quantise.
  std::uint32_t (*round)(std::uint32_t* words, std::uint32_t n, const Rounding& rounding, std::uint32_t* escapes);

  // ---- Bit planes. Rows: (n + 31) / 32; plane p of row r is planes[p * rows + r], plane 0 the most significant ----

  /// The low `width` (1 to 32) bits of word - base; what the last row lacks is 0. Writes rows * width u32.
  void (*pack)(const std::uint32_t* words, std::uint32_t n, std::uint32_t base, std::uint32_t width,
               std::uint32_t* planes);
  /// base + the number of which the first `taken` (0 to width <= 32) planes are given, the other bits 0.
  void (*unpack)(const std::uint32_t* planes, std::uint32_t n, std::uint32_t width, std::uint32_t taken,
                 std::uint32_t base, std::uint32_t* words);
  /// Bit 31 of each word, a u32 a row; and sets it where the plane has a 1 (it must be clear).
  void (*pack_signs)(const std::uint32_t* words, std::uint32_t n, std::uint32_t* plane);
  void (*add_signs)(const std::uint32_t* plane, std::uint32_t n, std::uint32_t* words);

  // ---- Groups of `fast` ----

  Extent (*extent)(const std::uint32_t* words, std::uint32_t n, WordKind kind);
  /// The words that differ from `zero` in order, and the row-wise bitmap of where they are. Returns their number.
  /// `kept` needs padded(n) entries, may not be `words`.
  std::uint32_t (*compact)(const std::uint32_t* words, std::uint32_t n, std::uint32_t zero, std::uint32_t* kept,
                           std::uint32_t* bitmap);
  /// The inverse. `kept` has padded(n) entries, of which as many count as the bitmap's first n bits have ones.
  void (*expand)(const std::uint32_t* bitmap, const std::uint32_t* kept, std::uint32_t n, std::uint32_t zero,
                 std::uint32_t* words);

  // ---- `dense`: heads and tails ----

  /// Splitter::code_of each word (none escapes).
  void (*codes)(const std::uint32_t* words, std::uint32_t n, WordKind kind, const Splitter& splitter,
                std::uint16_t* codes);
  /// Words become their magnitudes, in place.
  void (*magnitudes)(std::uint32_t* words, std::uint32_t n, WordKind kind);
  /// symbols[i] = table[codes[i]]; codes below 1024, 1024 entries.
  void (*rank)(const std::uint16_t* codes, std::uint32_t n, const std::uint8_t* table, std::uint8_t* symbols);
  /// out[i] = table[symbols[i]]; 256 entries.
  void (*translate)(const std::uint8_t* symbols, std::uint32_t n, const std::uint8_t* table, std::uint8_t* out);
  /// Adds to counts[1024] of codes; n at most 2^20.
  void (*count_codes)(const std::uint16_t* codes, std::uint32_t n, std::uint32_t* counts);
  /// Adds to counts[256] of the digits (below 256) whose width is not 0.
  void (*count_digits)(const std::uint16_t* digits, const std::uint8_t* widths, std::uint32_t n, std::uint32_t* counts);
  /// Encoding, last plane first: digit = the low width (0 to 12) bits of the word, word >>= width. Returns all digits
  /// ORed. After all planes the word is the head's leading part.
  std::uint32_t (*peel)(std::uint32_t* words, const std::uint8_t* widths, std::uint32_t n, std::uint16_t* digits);
  /// Where widths[symbols[i]] is not 0: bit i % 32 of rows[i / 32], all of them written. Returns how many there are.
  std::uint32_t (*present)(const std::uint8_t* symbols, std::uint32_t n, const std::uint8_t* widths,
                           std::uint32_t* rows);
  /// The numbers of the bits of `rows` that are set, of n (at most 2^16), in order; padded(n) entries.
  void (*positions)(const std::uint32_t* rows, std::uint32_t n, std::uint16_t* found);
  /// words[i] = leads[symbols[i]], from which decoding starts: the magnitude above its tail (256 entries; at most 255).
  void (*lead)(const std::uint8_t* symbols, std::uint32_t n, const std::uint8_t* leads, std::uint32_t* words);
  /// word = word << width | digit: the inverse of peel, of planar planes.
  void (*append)(std::uint32_t* words, const std::uint8_t* widths, const std::uint32_t* digits, std::uint32_t n);
  /// word <<= width (0 to 31); `half`: and half of the first value left out is added (1 << (width - 1) if width > 0).
  void (*shift)(std::uint32_t* words, const std::uint8_t* widths, std::uint32_t n, bool half);
  /// Magnitudes become words, in place: signs[symbols[i]] (0 or 1) is the sign. 256 entries.
  void (*restore)(std::uint32_t* words, const std::uint8_t* symbols, std::uint32_t n, const std::uint8_t* signs,
                  WordKind kind);
  /// n values of `bytes` (2 or 4) of the fixed split: tail_bytes(bytes) bytes of tails from the lowest one on, with
  /// those of the heads in the two highest. Where a word has no tail, its tail is zero.
  void (*assemble)(const std::uint8_t* symbols, std::uint32_t n, const HeadBytes& heads, const TailByte* tail,
                   std::uint32_t bytes, void* raw);

  // ---- `dense`: the coder. A word i belongs to lane i % 32; calls go on where the one before stopped ----

  /// n symbols each of `count` blocks, by one table of 4096 slots (decoder_slot). Four blocks at once come twice as
  /// fast as one, since one block's steps wait for each other. False: the coder words of one of them ran out (the
  /// decoders are then undefined).
  bool (*decode_bytes)(const CodedBytes* blocks, std::uint32_t count, const std::uint32_t* slots, std::uint32_t n);
  /// n raw digits of `width` (1 to 8) bits.
  bool (*decode_raw_bytes)(const CodedBytes* blocks, std::uint32_t count, std::uint32_t width, std::uint32_t n);
  /// Of few words: those at `positions`, which ascend, alone, the others' bytes stay as they are. Without `slots` raw
  /// digits of `width` bits, else coded ones.
  bool (*decode_bytes_at)(const CodedBytes& block, const std::uint32_t* slots, std::uint32_t width,
                          const std::uint16_t* positions, std::uint32_t count);
  /// Coded digits of the words whose width (at most 8) is not 0: word = word << width | symbol.
  bool (*decode_digits)(DecoderState& decoder, const std::uint32_t* slots, const std::uint8_t* widths, std::uint32_t n,
                        std::uint32_t* words);
  /// Raw digits: word = word << width | digit; widths 0 to 12.
  bool (*decode_bypass)(DecoderState& decoder, const std::uint8_t* widths, std::uint32_t n, std::uint32_t* words);
  /// The mirror images, from the last row to the first: call them from the last plane to the heads. 256 entries
  /// (encoder_entry); symbols and digits have non-zero frequencies, the digit is 0 where the width is 0.
  void (*encode_symbols)(EncoderState& encoder, const std::uint32_t* entries, const std::uint8_t* symbols,
                         std::uint32_t n);
  void (*encode_digits)(EncoderState& encoder, const std::uint32_t* entries, const std::uint16_t* digits,
                        const std::uint8_t* widths, std::uint32_t n);
  void (*encode_bypass)(EncoderState& encoder, const std::uint16_t* digits, const std::uint8_t* widths,
                        std::uint32_t n);

  /// checksum32() of whole words; `words` of any alignment.
  std::uint32_t (*checksum)(const void* words, std::uint64_t count, std::uint32_t first_index);
};

/// The fastest that this processor has; chosen at the first call.
const Kernels& kernels();
/// The one of this name, or null if there is none such or this processor does not have it. For tests.
const Kernels* kernels_named(std::string_view name);

}  // namespace vramlab::padic
