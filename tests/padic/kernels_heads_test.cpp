// The kernels of heads and tails: the portable ones against split.h, all others against them.

#include <gtest/gtest.h>

#include "engine/padic/split.h"
#include "kernels_harness.h"

namespace vramlab::padic {
namespace {

using namespace testing;
using vramlab::testing::holds_for;
using Words = std::vector<std::uint32_t>;
using Pairs = std::vector<std::uint16_t>;
using Bytes = std::vector<std::uint8_t>;

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

TEST(KernelHeads, WordsWithATailAreFound) {
  EXPECT_TRUE(rc::check([] {
    Random random = draw_random();
    const std::uint32_t n = draw_count(), none = random.below(5);
    Bytes symbols = scratch<std::uint8_t>(n), widths(256);
    for (std::uint8_t& symbol : symbols) symbol = static_cast<std::uint8_t>(random.next());
    for (std::uint8_t& width : widths) width = random.below(4) < none ? 0 : static_cast<std::uint8_t>(random.next());
    for (const Kernels* table : all_kernels()) {
      Words rows((n + 31) / 32, 0xA5A5A5A5U), expected((n + 31) / 32);
      const std::uint32_t count = table->present(symbols.data(), n, widths.data(), rows.data());
      std::uint32_t counted = 0;
      for (std::uint32_t i = 0; i < n; ++i) {
        expected[i / 32] |= (widths[symbols[i]] != 0 ? 1U : 0U) << i % 32;
        counted += widths[symbols[i]] != 0 ? 1U : 0U;
      }
      RC_ASSERT(count == counted);
      RC_ASSERT(rows == expected);
    }
  }));
}

// A tail's byte of each kind: zero, bytes, planes at any place.
struct Tail {
  TailByte byte;
  Bytes bytes;
  Words planes;  ///< not one more than there are
};

Tail draw_tail(std::uint32_t n, Random& random) {
  Tail tail{{}, scratch<std::uint8_t>(n, 0), {}};
  const std::uint32_t kind = random.below(3);
  if (kind == 0) return tail;
  tail.byte.count = random.below(8) + 1;
  tail.byte.lowest = random.below(9 - tail.byte.count);
  Words words = scratch<std::uint32_t>(n);
  for (std::uint32_t i = 0; i < n; ++i) {
    words[i] = random.next() >> (32 - tail.byte.count);
    tail.bytes[i] = static_cast<std::uint8_t>(words[i] << tail.byte.lowest);
  }
  if (kind == 1) return tail;
  tail.planes.resize(std::size_t{(n + 31) / 32} * tail.byte.count);
  portable().pack(words.data(), n, 0, tail.byte.count, tail.planes.data());
  return tail;
}

TEST(KernelHeads, ValuesAreTheirHeadsAndTails) {
  EXPECT_TRUE(holds_for(300, [] {
    Random random = draw_random();
    const std::uint32_t n = draw_count(), bytes = random.below(2) == 0 ? 2 : 4;
    Bytes symbols = scratch<std::uint8_t>(n);
    HeadBytes heads;
    for (std::uint8_t& symbol : symbols) symbol = static_cast<std::uint8_t>(random.next());
    for (std::uint8_t& high : heads.high) high = static_cast<std::uint8_t>(random.next());
    for (std::uint8_t& low : heads.low) low = static_cast<std::uint8_t>(random.next());
    std::vector<Tail> tails;
    std::vector<TailByte> given;
    for (std::uint32_t k = 0; k < tail_bytes(bytes); ++k) tails.push_back(draw_tail(n, random));
    for (Tail& tail : tails) {
      if (!tail.planes.empty()) tail.byte.planes = tail.planes.data();
      if (tail.byte.count != 0 && tail.planes.empty()) tail.byte.bytes = tail.bytes.data();
      given.push_back(tail.byte);
    }
    for (const Kernels* table : all_kernels()) {
      Bytes raw(std::size_t{n} * bytes + 1);
      table->assemble(symbols.data(), n, heads, given.data(), bytes, raw.data() + 1);
      for (std::uint32_t i = 0; i < n; ++i) {
        std::uint32_t value = 0, expected = static_cast<std::uint32_t>(heads.high[symbols[i]]) << 8 * (bytes - 1) |
                                            static_cast<std::uint32_t>(heads.low[symbols[i]]) << 8 * (bytes - 2);
        for (std::uint32_t k = 0; k < bytes; ++k)
          value |= static_cast<std::uint32_t>(raw[1 + std::size_t{i} * bytes + k]) << 8 * k;
        for (std::uint32_t k = 0; k < tail_bytes(bytes); ++k)
          expected |= static_cast<std::uint32_t>(tails[k].bytes[i]) << 8 * k;
        RC_ASSERT(value == expected);
      }
    }
  }));
}

}  // namespace
}  // namespace vramlab::padic
