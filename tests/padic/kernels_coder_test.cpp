// The kernels of the coder: as specified, against each other, and there and back.

#include <gtest/gtest.h>

#include <algorithm>
#include <array>

#include "engine/padic/frequencies.h"
#include "kernels_harness.h"

namespace vramlab::padic {
namespace {

using namespace testing;
using vramlab::testing::holds_for;
using Words = std::vector<std::uint32_t>;
using Pairs = std::vector<std::uint16_t>;
using Bytes = std::vector<std::uint8_t>;

struct Code {
  Words slots = Words(probability_scale), entries = Words(256);
};

// Symbols 0 to `count` - 1 with frequencies from counts.
Code code_of(const std::vector<std::uint64_t>& counts) {
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

Block draw_block(Random& random) {
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

Stream encoded(const Kernels& table, const Block& block) {
  Pairs buffer(std::size_t{3} * block.n, 0xA5A5);
  EncoderState encoder;
  for (std::uint32_t& state : encoder.states) state = lowest_state;
  encoder.next = buffer.data() + buffer.size();
  table.encode_bypass(encoder, block.raw.data(), block.raw_widths.data(), block.n);
  table.encode_digits(encoder, block.digits.entries.data(), block.coded.data(), block.coded_widths.data(), block.n);
  table.encode_symbols(encoder, block.heads.entries.data(), block.symbols.data(), block.n);
  return {{encoder.states, encoder.states + lanes}, {encoder.next, buffer.data() + buffer.size()}};
}

DecoderState opened(const Stream& stream) {
  DecoderState decoder;
  std::copy(stream.states.begin(), stream.states.end(), decoder.states);
  decoder.next = stream.words.data();
  decoder.end = decoder.next + stream.words.size();
  return decoder;
}

struct Decoded {
  bool enough = false, at_end = false;
  Bytes symbols;
  Words words;
};

Decoded decoded(const Kernels& table, const Block& block, const Stream& stream) {
  DecoderState decoder = opened(stream);
  Decoded out{false, false, scratch<std::uint8_t>(block.n), scratch<std::uint32_t>(block.n, 0)};
  out.enough =
      table.decode_symbols(decoder, block.heads.slots.data(), block.n, out.symbols.data()) &&
      table.decode_digits(decoder, block.digits.slots.data(), block.coded_widths.data(), block.n, out.words.data()) &&
      table.decode_bypass(decoder, block.raw_widths.data(), block.n, out.words.data());
  out.at_end = out.enough && decoder.next == decoder.end;
  for (const std::uint32_t state : decoder.states) out.at_end = out.at_end && state == lowest_state;
  return out;
}

TEST(KernelCoder, AllWriteTheSameAndReadItBack) {
  EXPECT_TRUE(holds_for(400, [] {
    Random random = draw_random();
    const Block block = draw_block(random);
    const Stream stream = encoded(portable(), block);
    for (const std::uint32_t state : stream.states) RC_ASSERT(state >= lowest_state && state < 1U << 31);
    for (const Kernels* table : all_kernels()) {
      RC_ASSERT(encoded(*table, block) == stream);
      const Decoded found = decoded(*table, block, stream);
      RC_ASSERT(found.at_end);
      RC_ASSERT(same(found.symbols, block.symbols, block.n));
      for (std::uint32_t i = 0; i < block.n; ++i) {
        const std::uint32_t word = static_cast<std::uint32_t>(block.coded[i]) << block.raw_widths[i] | block.raw[i];
        RC_ASSERT(found.words[i] == word);
      }
    }
  }));
}

// The specification's words, one lane at a time, without a thing of the kernels.
TEST(KernelCoder, HeadsAreReadAsSpecified) {
  EXPECT_TRUE(rc::check([] {
    Random random = draw_random();
    Block block = draw_block(random);
    block.raw_widths.assign(block.raw_widths.size(), 0);
    block.coded_widths = block.raw_widths;
    Stream stream = encoded(portable(), block);
    std::size_t next = 0;
    for (std::uint32_t i = 0; i < block.n; ++i) {
      std::uint32_t& x = stream.states[i % 32];
      std::uint32_t s = 0;
      const auto first = [&](std::uint32_t symbol) { return block.heads.entries[symbol] >> 16; };
      const auto frequency = [&](std::uint32_t symbol) { return (block.heads.entries[symbol] & 0xFFFFU) + 1; };
      while (x % 4096 >= first(s) + frequency(s)) ++s;
      RC_ASSERT(s == block.symbols[i]);
      x = frequency(s) * (x / 4096) + x % 4096 - first(s);
      if (x < 1U << 15) x = x * 65536 + stream.words.at(next++);
    }
    RC_ASSERT(next == stream.words.size());
    RC_ASSERT(stream.states == Words(lanes, lowest_state));
  }));
}

// Two blocks of as many symbols of one table; with one cut short, both are refused.
TEST(KernelCoder, TwoBlocksAreReadAtOnce) {
  EXPECT_TRUE(holds_for(300, [] {
    Random random = draw_random();
    Block block = draw_block(random), other = block;
    block.raw_widths.assign(block.raw_widths.size(), 0);
    block.coded_widths = other.raw_widths = other.coded_widths = block.raw_widths;
    std::reverse(other.symbols.begin(), other.symbols.begin() + block.n);
    const Stream stream = encoded(portable(), block);
    Stream reversed = encoded(portable(), other);
    const bool cut = pick_bool() && !reversed.words.empty();
    if (cut) reversed.words.resize(random.below(static_cast<std::uint32_t>(reversed.words.size())));
    reversed.words.shrink_to_fit();
    for (const Kernels* table : all_kernels()) {
      DecoderState first = opened(stream), second = opened(reversed);
      Bytes symbols = scratch<std::uint8_t>(block.n), others = symbols;
      const bool enough =
          table->decode_symbols_pair(first, second, block.heads.slots.data(), block.n, symbols.data(), others.data());
      RC_ASSERT(enough == !cut);
      if (cut) continue;
      RC_ASSERT(same(symbols, block.symbols, block.n));
      RC_ASSERT(same(others, other.symbols, block.n));
      RC_ASSERT(first.next == first.end);
      RC_ASSERT(second.next == second.end);
      RC_ASSERT(std::equal(first.states, first.states + lanes, second.states));
    }
  }));
}

TEST(KernelCoder, WordsThatRunOutAreTold) {
  EXPECT_TRUE(holds_for(300, [] {
    Random random = draw_random();
    const Block block = draw_block(random);
    Stream stream = encoded(portable(), block);
    if (stream.words.empty()) return;
    stream.words.resize(random.below(static_cast<std::uint32_t>(stream.words.size())));
    stream.words.shrink_to_fit();
    for (const Kernels* table : all_kernels()) RC_ASSERT(!decoded(*table, block, stream).enough);
  }));
}

// States and words that no encoder writes: all kernels say the same.
TEST(KernelCoder, NonsenseIsReadAlike) {
  EXPECT_TRUE(holds_for(300, [] {
    Random random = draw_random();
    const Block block = draw_block(random);
    Stream stream = encoded(portable(), block);
    for (std::uint32_t& state : stream.states)
      if (random.below(4) == 0) state = random.next() >> random.below(32);
    for (std::uint16_t& word : stream.words)
      if (random.below(8) == 0) word = static_cast<std::uint16_t>(random.next());
    const Decoded expected = decoded(portable(), block, stream);
    for (const Kernels* table : other_kernels()) {
      const Decoded found = decoded(*table, block, stream);
      RC_ASSERT(found.enough == expected.enough);
      RC_ASSERT(found.at_end == expected.at_end);
      if (!found.enough) continue;
      RC_ASSERT(same(found.symbols, expected.symbols, block.n));
      RC_ASSERT(same(found.words, expected.words, block.n));
    }
  }));
}

TEST(KernelCoder, EveryFrequencyDividesExactly) {
  for (std::uint32_t frequency = 1; frequency <= probability_scale; ++frequency) {
    Words entries(256, encoder_entry(frequency, probability_scale - frequency));
    Random random(frequency);
    const Bytes symbols(64, 0);
    Words starts(lanes);
    for (std::uint32_t lane = 0; lane < lanes; ++lane) {
      const std::uint32_t edge = frequency * (random.below((1U << 19) - 8U) + 8U) - lane % 2;
      starts[lane] = std::max(lane < 16 ? edge : (frequency << 19) - 1U - lane / 2 % 3, lowest_state) & 0x7FFFFFFFU;
    }
    std::array<std::uint16_t, 2 * lanes> expected_words{}, words{};
    EncoderState expected;
    std::copy(starts.begin(), starts.end(), expected.states);
    expected.next = expected_words.data() + expected_words.size();
    portable().encode_symbols(expected, entries.data(), symbols.data(), lanes);
    for (const Kernels* table : other_kernels()) {
      EncoderState found;
      std::copy(starts.begin(), starts.end(), found.states);
      found.next = words.data() + words.size();
      table->encode_symbols(found, entries.data(), symbols.data(), lanes);
      for (std::uint32_t lane = 0; lane < lanes; ++lane)
        ASSERT_EQ(found.states[lane], expected.states[lane]) << table->name << ' ' << frequency << ' ' << starts[lane];
      const auto put_out = expected_words.data() + expected_words.size() - expected.next;
      ASSERT_EQ(words.data() + words.size() - found.next, put_out);
      ASSERT_TRUE(std::equal(words.end() - put_out, words.end(), expected_words.end() - put_out));
    }
  }
}

}  // namespace
}  // namespace vramlab::padic
