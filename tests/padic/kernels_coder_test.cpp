// The kernels of the coder: as specified, against each other, and there and back.

#include <gtest/gtest.h>

#include <algorithm>
#include <array>

#include "coder_harness.h"

namespace vramlab::padic {
namespace {

using namespace testing;
using vramlab::testing::holds_for;

struct Decoded {
  bool enough = false, at_end = false;
  Bytes symbols;
  Words words;
};

Decoded decoded(const Kernels& table, const Block& block, const Stream& stream) {
  DecoderState decoder = opened(stream);
  Decoded out{false, false, scratch<std::uint8_t>(block.n), scratch<std::uint32_t>(block.n, 0)};
  const CodedBytes heads{&decoder, out.symbols.data(), nullptr};
  out.enough =
      table.decode_bytes(&heads, 1, block.heads.slots.data(), block.n) &&
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
