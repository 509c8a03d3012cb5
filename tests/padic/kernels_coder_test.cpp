// The kernels of heads, tails and the coder: against split.h, against each other, and there and back.

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

std::vector<const Kernels*> all_kernels() {
  std::vector<const Kernels*> found = other_kernels();
  found.push_back(&portable());
  return found;
}

Word parts_of(std::uint32_t word, WordKind kind) {
  if (kind == WordKind::plain) return {word, 0, false};
  if (kind == WordKind::signed_parts) return {word & 0x7FFFFFFFU, word >> 31, false};
  const auto value = static_cast<std::int64_t>(word) - (std::int64_t{1} << 31);
  return {static_cast<std::uint32_t>(value < 0 ? -value : value), value < 0 ? 1U : 0U, false};
}

Splitter draw_splitter(Random& random) {
  if (random.below(2) == 0) return {Split::logarithmic, 0, 2 + random.below(2)};
  return {Split::fixed, random.below(24), 3};
}

// Words whose codes fit: the fixed split's class has 8 bits.
Words draw_split_words(std::uint32_t n, WordKind kind, const Splitter& splitter, Random& random) {
  Words words = draw_words(n, random);
  if (splitter.split == Split::logarithmic) return words;
  const std::uint32_t most = (1U << (splitter.tail + 8)) - 1U;
  for (std::uint32_t& word : words) {
    const std::uint32_t magnitude = word & most, sign = random.below(2);
    word = kind == WordKind::plain          ? magnitude
           : kind == WordKind::signed_parts ? magnitude | sign << 31
                                            : 0x80000000U + (sign != 0 ? 0U - magnitude : magnitude);
  }
  return words;
}

TEST(KernelHeads, CodesAreThoseOfTheSplitter) {
  EXPECT_TRUE(holds_for(400, [] {
    Random random = draw_random();
    const std::uint32_t n = draw_count();
    const Splitter splitter = draw_splitter(random);
    const WordKind kind = word_kinds[random.below(3)];
    const Words words = draw_split_words(n, kind, splitter, random);
    for (const Kernels* table : all_kernels()) {
      Pairs codes = scratch<std::uint16_t>(n);
      Words magnitudes = words;
      table->codes(words.data(), n, kind, splitter, codes.data());
      table->magnitudes(magnitudes.data(), n, kind);
      for (std::uint32_t i = 0; i < n; ++i) {
        RC_ASSERT(codes[i] == splitter.code_of(parts_of(words[i], kind)));
        RC_ASSERT(magnitudes[i] == parts_of(words[i], kind).magnitude);
      }
    }
  }));
}

TEST(KernelHeads, ShortMagnitudesHaveTheirCodes) {
  constexpr std::uint32_t n = 70000;
  Words words(padded(n));
  for (std::uint32_t i = 0; i < n; ++i) words[i] = i;
  for (const Kernels* table : all_kernels())
    for (const std::uint32_t lead : {2U, 3U}) {
      const Splitter splitter{Split::logarithmic, 0, lead};
      Pairs codes = scratch<std::uint16_t>(n);
      table->codes(words.data(), n, WordKind::plain, splitter, codes.data());
      for (std::uint32_t i = 0; i < n; ++i) ASSERT_EQ(codes[i], 2 * splitter.class_of(i)) << table->name << ' ' << i;
    }
}

TEST(KernelHeads, TablesAreLookedUp) {
  EXPECT_TRUE(rc::check([] {
    Random random = draw_random();
    const std::uint32_t n = draw_count(), rare = random.below(4) * 8;
    Bytes ranks(1024), table256(256);
    for (std::uint8_t& rank : ranks) rank = static_cast<std::uint8_t>(random.next());
    for (std::uint8_t& entry : table256) entry = static_cast<std::uint8_t>(random.next());
    Pairs codes = scratch<std::uint16_t>(n, 0xFFFFFFFFU);
    for (std::uint32_t i = 0; i < n; ++i)
      codes[i] = static_cast<std::uint16_t>(random.below(256) < rare ? random.below(1024) : random.below(512));
    for (const Kernels* table : all_kernels()) {
      Bytes symbols = scratch<std::uint8_t>(n), out = symbols;
      Words leads = scratch<std::uint32_t>(n), counts(1024, 7), expected(1024, 7);
      table->rank(codes.data(), n, ranks.data(), symbols.data());
      table->translate(symbols.data(), n, table256.data(), out.data());
      table->lead(symbols.data(), n, table256.data(), leads.data());
      table->count_codes(codes.data(), n, counts.data());
      for (std::uint32_t i = 0; i < n; ++i) {
        RC_ASSERT(symbols[i] == ranks[codes[i]]);
        RC_ASSERT(out[i] == table256[symbols[i]]);
        RC_ASSERT(leads[i] == out[i]);
        ++expected[codes[i]];
      }
      RC_ASSERT(counts == expected);
    }
  }));
}

TEST(KernelHeads, DigitsArePeeledAndPutBack) {
  EXPECT_TRUE(rc::check([] {
    Random random = draw_random();
    const std::uint32_t n = draw_count(), most = random.below(13);
    const Words words = draw_words(n, random);
    Bytes widths = scratch<std::uint8_t>(n, 31);
    for (std::uint32_t i = 0; i < n; ++i) widths[i] = static_cast<std::uint8_t>(random.below(most + 1));
    for (const Kernels* table : all_kernels()) {
      Words left = words, wide = scratch<std::uint32_t>(n);
      Pairs digits = scratch<std::uint16_t>(n);
      const std::uint32_t any = table->peel(left.data(), widths.data(), n, digits.data());
      Words halves = left, counts(256, 1), expected_counts(256, 1);
      std::uint32_t expected = 0;
      for (std::uint32_t i = 0; i < n; ++i) {
        RC_ASSERT(digits[i] == (words[i] & ((1U << widths[i]) - 1U)));
        RC_ASSERT(left[i] == words[i] >> widths[i]);
        expected |= wide[i] = digits[i];
        if (most <= 8 && widths[i] != 0) ++expected_counts[digits[i]];
      }
      RC_ASSERT(any == expected);
      if (most <= 8) table->count_digits(digits.data(), widths.data(), n, counts.data());
      RC_ASSERT(counts == expected_counts);
      table->append(left.data(), widths.data(), wide.data(), n);
      RC_ASSERT(same(left, words, n));
      Words zeros = halves;
      table->shift(zeros.data(), widths.data(), n, false);
      table->shift(halves.data(), widths.data(), n, true);
      for (std::uint32_t i = 0; i < n; ++i) {
        RC_ASSERT(zeros[i] == (words[i] ^ digits[i]));
        RC_ASSERT(halves[i] == (zeros[i] | (1U << widths[i]) >> 1));
      }
    }
  }));
}

TEST(KernelHeads, SignsComeBack) {
  EXPECT_TRUE(rc::check([] {
    Random random = draw_random();
    const std::uint32_t n = draw_count();
    Bytes symbols = scratch<std::uint8_t>(n), signs(256);
    for (std::uint8_t& symbol : symbols) symbol = static_cast<std::uint8_t>(random.next());
    for (std::uint8_t& sign : signs) sign = static_cast<std::uint8_t>(random.below(2));
    for (const WordKind kind : word_kinds) {
      Words magnitudes = draw_words(n, random);
      for (std::uint32_t& word : magnitudes) word = kind == WordKind::plain ? word : word & 0x7FFFFFFFU;
      for (const Kernels* table : all_kernels()) {
        Words words = magnitudes;
        table->restore(words.data(), symbols.data(), n, signs.data(), kind);
        for (std::uint32_t i = 0; i < n; ++i) {
          const std::uint32_t sign = kind == WordKind::plain ? 0U : signs[symbols[i]];
          const Word found = parts_of(words[i], kind);
          RC_ASSERT(found.magnitude == magnitudes[i]);
          RC_ASSERT(found.sign == (kind == WordKind::offset && magnitudes[i] == 0 ? 0U : sign));
        }
      }
    }
  }));
}

TEST(KernelHeads, HeadsGoOnTopOfTails) {
  EXPECT_TRUE(rc::check([] {
    Random random = draw_random();
    const std::uint32_t n = draw_count(), tail = random.below(24);
    Bytes symbols = scratch<std::uint8_t>(n), signs(256), leads(256);
    for (std::uint8_t& symbol : symbols) symbol = static_cast<std::uint8_t>(random.next());
    for (std::uint8_t& sign : signs) sign = static_cast<std::uint8_t>(random.below(2));
    for (std::uint8_t& lead : leads) lead = static_cast<std::uint8_t>(random.next());
    Words tails = draw_words(n, random);
    for (std::uint32_t& word : tails) word &= (1U << tail) - 1U;
    for (const WordKind kind : word_kinds) {
      Words expected = scratch<std::uint32_t>(n);
      for (std::uint32_t i = 0; i < n; ++i)
        expected[i] = static_cast<std::uint32_t>(leads[symbols[i]]) << tail | tails[i];
      portable().restore(expected.data(), symbols.data(), n, signs.data(), kind);
      for (const Kernels* table : all_kernels()) {
        Words words = tails;
        table->add_heads(words.data(), symbols.data(), n, tail, leads.data(), signs.data(), kind);
        RC_ASSERT(same(words, expected, n));
      }
    }
  }));
}

// ---- The coder ----

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

struct Decoded {
  bool enough = false, at_end = false;
  Bytes symbols;
  Words words;
};

Decoded decoded(const Kernels& table, const Block& block, const Stream& stream) {
  DecoderState decoder;
  std::copy(stream.states.begin(), stream.states.end(), decoder.states);
  decoder.next = stream.words.data();
  decoder.end = decoder.next + stream.words.size();
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
