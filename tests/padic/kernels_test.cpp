// The kernels of words, planes and groups: the portable ones against the definitions, all others against them.

#include "engine/padic/kernels.h"

#include <gtest/gtest.h>

#include <array>
#include <cmath>
#include <limits>

#include "engine/padic/checksum.h"
#include "kernels_harness.h"

namespace vramlab::padic {
namespace {

using namespace testing;
using vramlab::testing::holds_for;
using Words = std::vector<std::uint32_t>;
using Bytes = std::vector<unsigned char>;

std::uint32_t rows_of(std::uint32_t n) { return (n + 31) / 32; }

TEST(Kernels, TheTableIsFullAndNamed) {
  ASSERT_NE(kernels_named("portable"), nullptr);
  EXPECT_EQ(kernels_named("sse9"), nullptr);
  EXPECT_EQ(kernels_named(kernels().name), &kernels());
  for (const Kernels* table : all_kernels()) {
    EXPECT_NE(table->checksum, nullptr) << table->name;
    EXPECT_NE(table->encode_bypass, nullptr) << table->name;
  }
}

// Values of a format as users have them: `raw` has no room behind it and an odd address.
Bytes draw_raw(std::uint32_t n, std::uint32_t bytes, Random& random) {
  const Words words = draw_words(n, random);
  Bytes raw(std::size_t{n} * bytes + 1);
  for (std::uint32_t i = 0; i < n; ++i)
    std::memcpy(raw.data() + 1 + std::size_t{i} * bytes, &words[i], std::min(bytes, 4U));
  for (std::uint32_t i = 0; bytes == 8 && i < n; ++i) {
    const std::uint32_t high = random.below(2) == 0 ? random.next() : 0U - random.below(2);
    std::memcpy(raw.data() + 1 + std::size_t{i} * 8 + 4, &high, 4);
  }
  return raw;
}

struct Narrow {
  std::uint32_t bytes;
  WordKind kind;
  NumberFormat format;
};

TEST(Kernels, ValuesBecomeTheirWordsAndComeBack) {
  const Narrow formats[] = {{1, WordKind::plain, format_of(DType::uint8)},
                            {1, WordKind::offset, format_of(DType::int8)},
                            {1, WordKind::signed_parts, format_of(DType::float8_e4m3)},
                            {2, WordKind::plain, format_of(DType::uint16)},
                            {2, WordKind::offset, format_of(DType::int16)},
                            {2, WordKind::signed_parts, format_of(DType::bfloat16)},
                            {4, WordKind::plain, format_of(DType::uint32)},
                            {4, WordKind::offset, format_of(DType::int32)},
                            {4, WordKind::signed_parts, format_of(DType::float32)}};
  EXPECT_TRUE(rc::check([&] {
    Random random = draw_random();
    const std::uint32_t n = draw_count();
    for (const Narrow& of : formats) {
      const Bytes raw = draw_raw(n, of.bytes, random);
      for (const Kernels* table : all_kernels()) {
        Words words = scratch<std::uint32_t>(n);
        table->widen(raw.data() + 1, n, of.bytes, of.kind, words.data());
        for (std::uint32_t i = 0; i < n; ++i) {
          std::uint32_t bits = 0;
          std::memcpy(&bits, raw.data() + 1 + std::size_t{i} * of.bytes, of.bytes);
          const Word word = exact_word(bits, of.format);
          const std::uint32_t parts = word.magnitude | word.sign << 31;
          const std::uint32_t offset = 0x80000000U + (word.sign != 0 ? 0U - word.magnitude : word.magnitude);
          RC_ASSERT(words[i] == (of.kind == WordKind::offset ? offset : parts));
        }
        Bytes back(raw.size(), raw[0]);
        table->narrow(words.data(), n, of.bytes, of.kind, back.data() + 1);
        RC_ASSERT(back == raw);
      }
    }
  }));
}

TEST(Kernels, ValuesOfEightBytesBecomeTwoWordsAndComeBack) {
  EXPECT_TRUE(rc::check([] {
    Random random = draw_random();
    const std::uint32_t n = draw_count();
    const bool folded = pick_bool();
    const Bytes raw = draw_raw(n, 8, random);
    for (const Kernels* table : all_kernels()) {
      Words high = scratch<std::uint32_t>(n), low = high;
      table->widen64(raw.data() + 1, n, folded, high.data(), low.data());
      for (std::uint32_t i = 0; i < n; ++i) {
        std::uint64_t value;
        std::memcpy(&value, raw.data() + 1 + std::size_t{i} * 8, 8);
        if (folded) value = zigzag(value);
        RC_ASSERT(high[i] == value >> 32);
        RC_ASSERT(low[i] == (value & 0xFFFFFFFFU));
      }
      Bytes back(raw.size(), raw[0]);
      table->narrow64(high.data(), low.data(), n, folded, back.data() + 1);
      RC_ASSERT(back == raw);
    }
  }));
}

// Of all lengths, many near halves of the step and near multiples of it; what escapes among them.
Bytes draw_floats(std::uint32_t n, const Quantiser& quantiser, Random& random) {
  Bytes raw(std::size_t{n} * 4 + 1);
  const std::uint32_t large = random.below(3);
  for (std::uint32_t i = 0; i < n; ++i) {
    const std::uint32_t multiple = random.next() >> (random.below(31) + 1);
    const double halves = static_cast<double>(multiple) / (random.below(2) == 0 ? 1.0 : 2.0);
    float x = static_cast<float>(halves * quantiser.step);
    if (random.below(4) == 0) x = std::nextafter(x, random.below(2) == 0 ? 0.0F : 1e30F);
    if (random.below(4) == 0) x = float_of_bits(random.next() >> random.below(12));
    if (random.below(16) < large) x = static_cast<float>(quantiser.bound * (131072.0 + random.below(1U << 30)));
    if (random.below(64) == 0) x = std::array{NAN, INFINITY, -0.0F, 1e-45F, 3.4e38F}[random.below(5)];
    if (random.below(2) == 0) x = -x;
    std::memcpy(raw.data() + 1 + std::size_t{i} * 4, &x, 4);
  }
  return raw;
}

TEST(Kernels, FloatsAreQuantisedAsDefinedAndComeBack) {
  EXPECT_TRUE(holds_for(300, [] {
    Random random = draw_random();
    const std::uint32_t n = draw_count();
    const Quantiser quantiser = Quantiser::with(std::array{1e-4, 1e-3, 0.25, 1.0, 1e-38, 1e30}[random.below(6)]);
    const Bytes raw = draw_floats(n, quantiser, random);
    for (const Kernels* table : all_kernels()) {
      Words words = scratch<std::uint32_t>(n), escapes(rows_of(n), 0xFFFFFFFFU);
      const std::uint32_t count = table->quantise(raw.data() + 1, n, quantiser, words.data(), escapes.data());
      Bytes back(raw.size(), 0);
      table->dequantise(words.data(), n, quantiser.step, back.data() + 1);
      std::uint32_t expected = 0;
      for (std::uint32_t i = 0; i < n; ++i) {
        std::uint32_t bits, found;
        std::memcpy(&bits, raw.data() + 1 + std::size_t{i} * 4, 4);
        std::memcpy(&found, back.data() + 1 + std::size_t{i} * 4, 4);
        const Word word = quantiser.word_of(bits);
        RC_ASSERT(words[i] == 0x80000000U + (word.sign != 0 ? 0U - word.magnitude : word.magnitude));
        RC_ASSERT((escapes[i / 32] >> i % 32 & 1U) == (word.escape ? 1U : 0U));
        RC_ASSERT(found == quantiser.raw_of(word.magnitude, word.sign));
        expected += word.escape ? 1U : 0U;
      }
      if (n % 32 != 0) RC_ASSERT((escapes.back() >> n % 32) == 0U);
      RC_ASSERT(count == expected);
    }
  }));
}

TEST(Kernels, PlanesHoldTheBitsMostSignificantFirst) {
  EXPECT_TRUE(rc::check([] {
    Random random = draw_random();
    const std::uint32_t n = draw_count(), width = random.below(32) + 1, base = random.next() >> random.below(32);
    const std::uint32_t taken = random.below(2) == 0 ? width : random.below(width + 1);
    const std::uint32_t mask = width == 32 ? 0xFFFFFFFFU : (1U << width) - 1U;
    const Words words = draw_words(n, random);
    for (const Kernels* table : all_kernels()) {
      Words planes(rows_of(n) * width, 0xA5A5A5A5U), back = scratch<std::uint32_t>(n);
      table->pack(words.data(), n, base, width, planes.data());
      for (std::uint32_t i = 0; i < rows_of(n) * 32; ++i)
        for (std::uint32_t p = 0; p < width; ++p) {
          const std::uint32_t bit = i < n ? (words[i] - base) >> (width - 1 - p) & 1U : 0U;
          RC_ASSERT((planes[p * rows_of(n) + i / 32] >> i % 32 & 1U) == bit);
        }
      planes.resize(rows_of(n) * taken);
      table->unpack(planes.data(), n, width, taken, base, back.data());
      const std::uint32_t kept = taken == 0 ? 0U : mask & ~0U << (width - taken);
      for (std::uint32_t i = 0; i < n; ++i) RC_ASSERT(back[i] == base + ((words[i] - base) & kept));
    }
  }));
}

TEST(Kernels, SignsAreAPlane) {
  EXPECT_TRUE(rc::check([] {
    Random random = draw_random();
    const std::uint32_t n = draw_count();
    const Words words = draw_words(n, random);
    for (const Kernels* table : all_kernels()) {
      Words plane(rows_of(n), 0xA5A5A5A5U), back = words;
      table->pack_signs(words.data(), n, plane.data());
      for (std::uint32_t i = 0; i < rows_of(n) * 32; ++i)
        RC_ASSERT((plane[i / 32] >> i % 32 & 1U) == (i < n ? words[i] >> 31 : 0U));
      for (std::uint32_t i = 0; i < n; ++i) back[i] &= 0x7FFFFFFFU;
      table->add_signs(plane.data(), n, back.data());
      RC_ASSERT(same(back, words, n));
    }
  }));
}

void check_extent(const Extent& found, const Words& words, std::uint32_t n, WordKind kind) {
  Extent expected;
  bool positive = false;
  for (std::uint32_t i = 0; i < n; ++i) {
    if (words[i] == zero_word(kind)) continue;
    const bool parts = kind == WordKind::signed_parts;
    const std::uint32_t value = parts ? words[i] & 0x7FFFFFFFU : words[i];
    expected.least = std::min(expected.least, value);
    expected.most = std::max(expected.most, value);
    ++expected.kept;
    (words[i] >> 31 != 0 ? expected.any_sign : positive) |= parts;
  }
  RC_ASSERT(found.least == expected.least);
  RC_ASSERT(found.most == expected.most);
  RC_ASSERT(found.kept == expected.kept);
  RC_ASSERT(found.any_sign == expected.any_sign);
  RC_ASSERT(found.sign_missing == positive);
}

TEST(Kernels, TheExtentIsOfTheWordsThatAreNotZero) {
  EXPECT_TRUE(holds_for(300, [] {
    Random random = draw_random();
    const std::uint32_t n = draw_count();
    const Words words = draw_words(n, random);
    for (const Kernels* table : all_kernels())
      for (const WordKind kind : word_kinds) check_extent(table->extent(words.data(), n, kind), words, n, kind);
  }));
}

TEST(Kernels, WhatIsNotZeroIsKeptAndComesBack) {
  EXPECT_TRUE(holds_for(300, [] {
    Random random = draw_random();
    const std::uint32_t n = draw_count(), zero = random.below(2) == 0 ? 0U : 0x80000000U;
    const Words words = draw_words(n, random);
    for (const Kernels* table : all_kernels()) {
      Words kept = scratch<std::uint32_t>(n), bitmap(rows_of(n), 0xFFFFFFFFU), back = scratch<std::uint32_t>(n);
      const std::uint32_t count = table->compact(words.data(), n, zero, kept.data(), bitmap.data());
      std::uint32_t at = 0;
      for (std::uint32_t i = 0; i < rows_of(n) * 32; ++i) {
        const bool keep = i < n && words[i] != zero;
        RC_ASSERT((bitmap[i / 32] >> i % 32 & 1U) == (keep ? 1U : 0U));
        if (keep) RC_ASSERT(kept[at++] == words[i]);
      }
      RC_ASSERT(count == at);
      if (n % 32 != 0) bitmap.back() |= ~0U << n % 32;  // a reader's bitmap may hold anything there
      table->expand(bitmap.data(), kept.data(), n, zero, back.data());
      RC_ASSERT(same(back, words, n));
    }
  }));
}

TEST(Kernels, TheChecksumIsTheSumOfAllShares) {
  EXPECT_TRUE(rc::check([] {
    Random random = draw_random();
    const std::uint32_t n = draw_count(), first = random.next();
    const Bytes raw = draw_raw(n, 4, random);
    Words words(n);
    if (n != 0) std::memcpy(words.data(), raw.data() + 1, std::size_t{n} * 4);
    for (const Kernels* table : all_kernels())
      RC_ASSERT(table->checksum(raw.data() + 1, n, first) == checksum32(words.data(), n, first));
  }));
}

}  // namespace
}  // namespace vramlab::padic
