#pragma once
// Blocks for the coder's kernels, and what is written of them.

#include <algorithm>

#include "engine/padic/frequencies.h"
#include "kernels_harness.h"

namespace vramlab::padic::testing {

using Words = std::vector<std::uint32_t>;
using Pairs = std::vector<std::uint16_t>;
using Bytes = std::vector<std::uint8_t>;

struct Code {
  Words slots = Words(probability_scale), entries = Words(256);
};

// Symbols 0 to `count` - 1 with frequencies from counts.
inline Code code_of(const std::vector<std::uint64_t>& counts) {
  const auto count = static_cast<std::uint32_t>(counts.size());
  std::vector<std::uint16_t> frequencies(count);
  set_frequencies(counts.data(), count, frequencies.data());
  Code code;
  std::uint32_t first = 0;
  for (std::uint32_t s = 0; s < count; ++s) {
    code.entries[s] = encoder_entry(frequencies[s], first);
    for (std::uint32_t k = 0; k < frequencies[s]; ++k) code.slots[first + k] = decoder_slot(s, frequencies[s], k);
    first += frequencies[s];
  }
  return code;
}

// What a block of the coder holds: heads, a plane of coded digits, a plane of raw ones.
struct Block {
  std::uint32_t n = 0;
  Bytes symbols, coded_widths, raw_widths;
  Pairs coded, raw;
  Code heads, digits;
};

inline Block draw_block(Random& random) {
  Block block;
  block.n = draw_count();
  const std::uint32_t n = block.n, symbols = random.below(3) == 0 ? 1 : random.below(256) + 1, skew = random.below(9);
  block.symbols = block.coded_widths = block.raw_widths = scratch<std::uint8_t>(n);
  block.coded = block.raw = scratch<std::uint16_t>(n);
  std::vector<std::uint64_t> counts(symbols, 1), digit_counts(256, 1);
  const std::uint32_t most = random.below(13), absent = random.below(3) * 8;
  for (std::uint32_t i = 0; i < n; ++i) {
    std::uint32_t symbol = random.below(symbols);
    for (std::uint32_t k = 0; k < skew; ++k) symbol = std::min(symbol, random.below(symbols));
    block.symbols[i] = static_cast<std::uint8_t>(symbol);
    ++counts[symbol];
    block.coded_widths[i] =
        random.below(16) < absent ? 0 : static_cast<std::uint8_t>(random.below(std::min(most, 8U) + 1));
    block.raw_widths[i] = random.below(16) < absent ? 0 : static_cast<std::uint8_t>(most - random.below(most + 1));
    block.coded[i] = static_cast<std::uint16_t>(random.next() & ((1U << block.coded_widths[i]) - 1U));
    block.raw[i] = static_cast<std::uint16_t>(random.next() & ((1U << block.raw_widths[i]) - 1U));
    if (block.coded_widths[i] != 0) ++digit_counts[block.coded[i]];
  }
  block.heads = code_of(counts);
  block.digits = code_of(digit_counts);
  return block;
}

struct Stream {
  Words states;
  Pairs words;  ///< not one more than there are
  bool operator==(const Stream&) const = default;
};

inline Stream encoded(const Kernels& table, const Block& block) {
  Pairs buffer(std::size_t{3} * block.n, 0xA5A5);
  EncoderState encoder;
  for (std::uint32_t& state : encoder.states) state = lowest_state;
  encoder.next = buffer.data() + buffer.size();
  table.encode_bypass(encoder, block.raw.data(), block.raw_widths.data(), block.n);
  table.encode_digits(encoder, block.digits.entries.data(), block.coded.data(), block.coded_widths.data(), block.n);
  table.encode_symbols(encoder, block.heads.entries.data(), block.symbols.data(), block.n);
  return {{encoder.states, encoder.states + lanes}, {encoder.next, buffer.data() + buffer.size()}};
}

inline DecoderState opened(const Stream& stream) {
  DecoderState decoder;
  std::copy(stream.states.begin(), stream.states.end(), decoder.states);
  decoder.next = stream.words.data();
  decoder.end = decoder.next + stream.words.size();
  return decoder;
}

}  // namespace vramlab::padic::testing
