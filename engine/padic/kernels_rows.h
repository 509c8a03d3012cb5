#pragma once
// The coder's rows of 32 lanes, one lane after the other: what the portable kernels do always and the others with the
// last row and where few coder words are left. All is static: files with other instruction sets include it.

#include <cstring>

#include "engine/padic/kernels.h"

namespace vramlab::padic {

/// x = f * (x / 4096) + bias and the symbol; the refill is the caller's.
static inline std::uint32_t decoded_symbol(std::uint32_t& state, const std::uint32_t* slots) {
  const std::uint32_t slot = slots[state & (probability_scale - 1U)];
  state = ((slot >> 20) + 1U) * (state >> probability_bits) + (slot >> 8 & 0xFFFU);
  return slot & 0xFFU;
}

/// False: no coder word is left.
static inline bool refill(DecoderState& decoder, std::uint32_t lane) {
  if (decoder.states[lane] >= lowest_state) return true;
  if (decoder.next == decoder.end) return false;
  decoder.states[lane] = decoder.states[lane] << 16 | *decoder.next++;
  return true;
}

/// Whether word i, which the rows of a block are the words of, has a digit.
static inline bool takes_part(const CodedBytes& block, std::uint32_t i) {
  return block.present == nullptr || (block.present[i / lanes] >> i % lanes & 1U) != 0;
}

/// The words from `begin`, which is where a row begins, to `end`.
static inline bool decode_coded_row(const CodedBytes& block, const std::uint32_t* slots, std::uint32_t begin,
                                    std::uint32_t end) {
  DecoderState& decoder = *block.decoder;
  for (std::uint32_t i = begin; i < end; ++i) {
    block.bytes[i] = 0;
    if (!takes_part(block, i)) continue;
    block.bytes[i] = static_cast<std::uint8_t>(decoded_symbol(decoder.states[i % lanes], slots));
    if (!refill(decoder, i % lanes)) return false;
  }
  return true;
}
static inline bool decode_raw_row(const CodedBytes& block, std::uint32_t width, std::uint32_t begin,
                                  std::uint32_t end) {
  DecoderState& decoder = *block.decoder;
  for (std::uint32_t i = begin; i < end; ++i) {
    block.bytes[i] = 0;
    if (!takes_part(block, i)) continue;
    block.bytes[i] = static_cast<std::uint8_t>(decoder.states[i % lanes] & ((1U << width) - 1U));
    decoder.states[i % lanes] >>= width;
    if (!refill(decoder, i % lanes)) return false;
  }
  return true;
}

static inline bool decode_digits_row(DecoderState& decoder, const std::uint32_t* slots, const std::uint8_t* widths,
                                     std::uint32_t n, std::uint32_t* words) {
  for (std::uint32_t lane = 0; lane < n; ++lane) {
    if (widths[lane] == 0) continue;
    words[lane] = words[lane] << widths[lane] | decoded_symbol(decoder.states[lane], slots);
    if (!refill(decoder, lane)) return false;
  }
  return true;
}

static inline bool decode_bypass_row(DecoderState& decoder, const std::uint8_t* widths, std::uint32_t n,
                                     std::uint32_t* words) {
  for (std::uint32_t lane = 0; lane < n; ++lane) {
    const std::uint32_t width = widths[lane];
    if (width == 0) continue;
    words[lane] = words[lane] << width | (decoder.states[lane] & ((1U << width) - 1U));
    decoder.states[lane] >>= width;
    if (!refill(decoder, lane)) return false;
  }
  return true;
}

/// Where vectors take coder words from. A row takes up to 32 and loads as many, so the last ones are copied to where
/// there is room behind them.
struct CoderWords {
  const std::uint16_t* next;
  const std::uint16_t* end;
  bool copied;
  std::uint16_t spare[3 * lanes];
};

static inline void open(CoderWords& words, const DecoderState& decoder) {
  words.next = decoder.next;
  words.end = decoder.end;
  words.copied = false;
}

static inline bool ready_at_end(CoderWords& words) {
  const std::ptrdiff_t left = words.end - words.next;
  if (left < 0) return false;
  if (words.copied) return true;
  std::memset(words.spare, 0, sizeof words.spare);
  if (left > 0) std::memcpy(words.spare, words.next, static_cast<std::size_t>(left) * sizeof(std::uint16_t));
  words.next = words.spare;
  words.end = words.spare + left;
  words.copied = true;
  return true;
}

/// Before a row. False: the one before took more than there were.
static inline bool ready(CoderWords& words) {
  if (words.end - words.next >= static_cast<std::ptrdiff_t>(lanes)) [[likely]]
    return true;
  return ready_at_end(words);
}

/// After the last full row: `decoder` goes on behind what was taken.
static inline bool close(const CoderWords& words, DecoderState& decoder) {
  if (words.next > words.end) return false;
  decoder.next = decoder.end - (words.end - words.next);
  return true;
}

static inline void put_out(EncoderState& encoder, std::uint32_t lane) {
  *--encoder.next = static_cast<std::uint16_t>(encoder.states[lane]);
  encoder.states[lane] >>= 16;
}

static inline void encode_one(EncoderState& encoder, std::uint32_t lane, std::uint32_t entry) {
  const std::uint32_t frequency = (entry & 0xFFFFU) + 1U;
  if (encoder.states[lane] >= frequency << 19) put_out(encoder, lane);
  const std::uint32_t state = encoder.states[lane];
  encoder.states[lane] = (state / frequency << probability_bits) + state % frequency + (entry >> 16);
}

static inline void encode_symbols_row(EncoderState& encoder, const std::uint32_t* entries, const std::uint8_t* symbols,
                                      std::uint32_t n) {
  for (std::uint32_t lane = n; lane-- > 0;) encode_one(encoder, lane, entries[symbols[lane]]);
}

static inline void encode_digits_row(EncoderState& encoder, const std::uint32_t* entries, const std::uint16_t* digits,
                                     const std::uint8_t* widths, std::uint32_t n) {
  for (std::uint32_t lane = n; lane-- > 0;)
    if (widths[lane] != 0) encode_one(encoder, lane, entries[digits[lane]]);
}

static inline void encode_bypass_row(EncoderState& encoder, const std::uint16_t* digits, const std::uint8_t* widths,
                                     std::uint32_t n) {
  for (std::uint32_t lane = n; lane-- > 0;) {
    const std::uint32_t width = widths[lane];
    if (width == 0) continue;
    if (encoder.states[lane] >= 1U << (31U - width)) put_out(encoder, lane);
    encoder.states[lane] = encoder.states[lane] << width | digits[lane];
  }
}

}  // namespace vramlab::padic
