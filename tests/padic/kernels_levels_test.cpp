// The kernels of levels and of rounding against the definitions: LevelTable and rounded_word.

#include <gtest/gtest.h>

#include <algorithm>
#include <cmath>
#include <numeric>

#include "engine/padic/level_tables.h"
#include "kernels_harness.h"

namespace vramlab::padic {
namespace {

using namespace testing;
using vramlab::testing::holds_for;
using Words = std::vector<std::uint32_t>;
using Bytes = std::vector<unsigned char>;

constexpr DType formats[] = {DType::float16, DType::bfloat16, DType::float8_e4m3, DType::float8_e5m2};

std::uint32_t bits_at(const Bytes& raw, std::size_t i, std::uint32_t bytes) {
  std::uint32_t bits = 0;
  std::memcpy(&bits, raw.data() + 1 + i * bytes, bytes);
  return bits;
}

// At an odd address, with one byte behind that shows whether it is written.
Bytes raw_of(const Words& values, std::uint32_t bytes) {
  Bytes raw(values.size() * bytes + 2, 0x5A);
  for (std::size_t i = 0; i < values.size(); ++i) std::memcpy(raw.data() + 1 + i * bytes, &values[i], bytes);
  return raw;
}

std::uint32_t offset_word(const Word& word) {
  return 0x80000000U + (word.sign != 0 ? 0U - word.magnitude : word.magnitude);
}

/// Whether these bit patterns become their words and, where the format's levels allow it, come back.
bool levels_hold(const Kernels& kernels, const Levels& levels, std::uint32_t bytes, const Words& values) {
  const auto n = static_cast<std::uint32_t>(values.size());
  const LevelTable table = levels.view();
  const Bytes raw = raw_of(values, bytes);
  Words words = scratch<std::uint32_t>(n);
  kernels.to_levels(raw.data() + 1, n, levels.map(), words.data());
  Bytes back(raw.size(), 0x5A);
  std::uint32_t highest = 0;
  for (std::uint32_t i = 0; i < n; ++i) {
    const Word word = table.word_of(bits_at(raw, i, bytes));
    if (words[i] != offset_word(word)) return false;
    highest = std::max(highest, word.magnitude);
  }
  if (kernels.from_levels(words.data(), n, levels.map(), back.data() + 1) != highest) return false;
  for (std::uint32_t i = 0; i < n; ++i) {
    const Word word = table.word_of(bits_at(raw, i, bytes));
    if (bits_at(back, i, bytes) != table.raw_of(word.magnitude, word.sign)) return false;
  }
  return back.front() == 0x5A && back.back() == 0x5A;
}

TEST(LevelKernels, EveryValueOfEveryFormatBecomesItsLevelAndTheLevelsValue) {
  // From one level for all finite values to a level for each magnitude.
  for (const double bound : {1e-300, 3e-5, 1e-4, 1e-3, 0.0078125, 0.25, 1.0, 100.0, 6e4, 1e39})
    for (const DType dtype : formats) {
      const NumberFormat format = format_of(dtype);
      Words values(std::size_t{1} << 8 * format.bytes);
      std::iota(values.begin(), values.end(), 0U);
      const auto levels = levels_for(dtype, bound);
      for (const Kernels* table : all_kernels())
        EXPECT_TRUE(levels_hold(*table, *levels, format.bytes, values))
            << table->name << ", format " << static_cast<int>(dtype) << ", bound " << bound;
    }
}

double draw_bound(Random& random) {
  const double exponent = static_cast<double>(random.below(1U << 20)) / (1U << 20) * 60.0 - 30.0;
  return random.below(4) == 0 ? std::ldexp(1.0, static_cast<int>(random.below(48)) - 30) : std::exp2(exponent);
}

TEST(LevelKernels, AnyBoundAndNumberOfValuesIsAsDefined) {
  EXPECT_TRUE(holds_for(300, [] {
    Random random = draw_random();
    const DType dtype = formats[random.below(4)];
    const auto levels = levels_for(dtype, draw_bound(random));
    const std::uint32_t bytes = format_of(dtype).bytes;
    Words values(draw_count());
    // Of some, all bits; of others the higher half, so that levels of several magnitudes are all there is.
    const std::uint32_t around = random.next(), spread = random.below(9);
    for (std::uint32_t& value : values) value = random.below(9) < spread ? random.next() : around ^ random.below(256);
    for (const Kernels* table : all_kernels()) RC_ASSERT(levels_hold(*table, *levels, bytes, values));
  }));
}

TEST(LevelKernels, LevelsThatNoValueHasAreToldOfAndReadAsTheLastOne) {
  EXPECT_TRUE(holds_for(200, [] {
    Random random = draw_random();
    const DType dtype = formats[random.below(4)];
    const auto levels = levels_for(dtype, draw_bound(random));
    const LevelTable of = levels->view();
    const std::uint32_t bytes = format_of(dtype).bytes, n = draw_count();
    Words words = draw_words(n, random);
    for (std::uint32_t i = n; i < words.size(); ++i) words[i] = 0;  // the highest level there is, but not of these
    for (std::uint32_t i = 0; i < n; ++i)
      if (random.below(2) == 0) words[i] = 0x80000000U + random.below(2 * of.levels) - of.levels;
    for (const Kernels* table : all_kernels()) {
      Bytes raw(std::size_t{n} * bytes + 2, 0x5A);
      std::uint32_t highest = 0;
      RC_ASSERT(table->from_levels(words.data(), n, levels->map(), raw.data() + 1) <= 0x80000000U);
      for (std::uint32_t i = 0; i < n; ++i) {
        const std::uint32_t sign = words[i] >> 31 ^ 1U;
        const std::uint32_t level = sign != 0 ? 0x80000000U - words[i] : words[i] - 0x80000000U;
        highest = std::max(highest, level);
        RC_ASSERT(bits_at(raw, i, bytes) == of.raw_of(std::min(level, of.levels - 1U), sign));
      }
      RC_ASSERT(table->from_levels(words.data(), n, levels->map(), raw.data() + 1) == highest);
      RC_ASSERT(raw.back() == 0x5A);
    }
  }));
}

constexpr DType rounded_formats[] = {DType::float32, DType::float16, DType::bfloat16, DType::float8_e4m3,
                                     DType::float8_e5m2};

// Magnitudes of the format with a sign: subnormal ones, infinities and NaNs among them, and what rounds up to infinity.
Words draw_floats(std::uint32_t n, const NumberFormat& format, Random& random) {
  Words words = scratch<std::uint32_t>(n);
  const std::uint32_t bits = 8U * format.bytes - 1U, subnormal = random.below(4);
  const std::uint32_t special = least_special_magnitude(format);
  for (std::uint32_t i = 0; i < n; ++i) {
    std::uint32_t magnitude = random.next() >> (32U - bits);
    if (random.below(8) < subnormal) magnitude >>= random.below(bits);
    if (random.below(8) == 0) magnitude = special - 1U - (random.next() & 3U);
    if (random.below(16) == 0) magnitude = special + random.below(2) * random.below((1U << bits) - special);
    words[i] = magnitude | (random.next() & 0x80000000U);
  }
  return words;
}

TEST(RoundingKernels, WordsAreRoundedAsDefined) {
  EXPECT_TRUE(holds_for(400, [] {
    Random random = draw_random();
    const std::uint32_t n = draw_count();
    const NumberFormat format = format_of(rounded_formats[random.below(5)]);
    const std::uint32_t drop = random.below(format.mantissa) + 1U;
    const double bound = std::ldexp(1.0 + random.below(3) / 4.0, static_cast<int>(drop) - 1 - format.mantissa);
    const Words words = draw_floats(n, format, random);
    for (const Kernels* table : all_kernels()) {
      Words found = words, escapes((n + 31) / 32, 0xFFFFFFFFU);
      const Rounding rounding{format, least_special_magnitude(format), drop, bound};
      const std::uint32_t count = table->round(found.data(), n, rounding, escapes.data());
      std::uint32_t expected = 0;
      for (std::uint32_t i = 0; i < n; ++i) {
        const Word word = rounded_word({words[i] & 0x7FFFFFFFU, words[i] >> 31, false}, drop, bound, format);
        RC_ASSERT(found[i] == (word.escape ? 0U : word.magnitude | word.sign << 31));
        RC_ASSERT((escapes[i / 32] >> i % 32 & 1U) == (word.escape ? 1U : 0U));
        expected += word.escape ? 1U : 0U;
      }
      if (n % 32 != 0) RC_ASSERT((escapes.back() >> n % 32) == 0U);
      RC_ASSERT(count == expected);
    }
  }));
}

}  // namespace
}  // namespace vramlab::padic
