// Values are cut by few instructions where the kernels can be sure of what comes out, and as the CPU does it elsewhere:
// both must be the same everywhere. Needs no GPU.

#include "engine/cuda/padic_dense_words.cuh"

#include <gtest/gtest.h>

#include <cmath>
#include <limits>
#include <random>

#include "engine/cuda/padic_plan.h"

namespace vramlab::padic::gpu {
namespace {

using Random = std::mt19937_64;

CutWord as_the_cpu(const Word& word, const Splitter& splitter) {
  return {word.escape ? escape_index : splitter.code_of(word), word.magnitude};
}

/// Near multiples of the step and halves of them, where rounding decides; else any bits.
u32 hard_value(const Quantiser& quantiser, Random& random) {
  if (random() % 4 == 0) return static_cast<u32>(random());
  const double multiple = static_cast<double>(random() % (u64{1} << random() % 18)) + (random() % 2 != 0 ? 0.5 : 0.0);
  const u32 bits = bits_of_float(static_cast<float>(multiple * quantiser.step));
  return (bits + static_cast<u32>(random() % 5) - 2U) | static_cast<u32>(random() % 2) << 31;
}

void expect_alike(const CutWord& got, const CutWord& expected, u32 raw, double bound) {
  ASSERT_EQ(got.code, expected.code) << raw << " within " << bound;
  if (expected.code != escape_index) {
    ASSERT_EQ(got.magnitude, expected.magnitude) << raw << " within " << bound;
  }
}

TEST(PadicDenseWords, QuantisedInFloatAsInDouble) {
  Random random(1);
  for (u32 round = 0; round < 300; ++round) {
    WordRule rule;
    rule.bound = std::ldexp(1.0 + static_cast<double>(random() % 1000) / 1000, static_cast<int>(random() % 280) - 140);
    if (round % 3 == 0) rule.bound = std::pow(10.0, -static_cast<double>(random() % 8));
    rule.quantiser = Quantiser::with(rule.bound);
    const Splitter splitter{Split::logarithmic, 0, 2 + round % 2};
    const WordCutter<Words<4, Way::quantised>> cutter(rule, splitter);
    for (u32 i = 0; i < 2000; ++i) {
      const u32 raw = hard_value(rule.quantiser, random);
      expect_alike(cutter.cut(raw), as_the_cpu(rule.quantiser.word_of(raw), splitter), raw, rule.bound);
    }
  }
}

template <u32 bytes>
void round_all_kinds(DType dtype) {
  Random random(2);
  const NumberFormat format = format_of(dtype);
  for (const double bound : {0.3, 0.1, 0.01, 1e-3, 1e-4, 1e-6}) {
    WordRule rule{format, Mode::relative, droppable_bits(bound, format), bound, {}, {}};
    const Splitter splitter{Split::fixed, bytes == 1 ? 0U : format.mantissa - rule.drop, 3};
    const WordCutter<Words<bytes, Way::rounded>> cutter(rule, splitter);
    for (u32 i = 0; i < 20'000; ++i) {
      const u32 low = static_cast<u32>(random()) >> random() % 32, all = static_cast<u32>(u64{1} << 8 * bytes) - 1U;
      const u32 raw = (i % 2 != 0 ? low : 0U - low) & all;  // few bits: subnormals; all ones: not a number
      const Word word = rounded_word(exact_word(raw, format), rule.drop, bound, format);
      expect_alike(cutter.cut(raw), as_the_cpu(word, splitter), raw, bound);
    }
  }
}

TEST(PadicDenseWords, RoundedInShortAsAtLength) {
  round_all_kinds<4>(DType::float32);
  round_all_kinds<2>(DType::float16);
  round_all_kinds<2>(DType::bfloat16);
  round_all_kinds<1>(DType::float8_e4m3);
  round_all_kinds<1>(DType::float8_e5m2);
}

/// Every magnitude of the format, and every level.
template <u32 bytes>
void look_up_all(DType dtype, double bound) {
  SCOPED_TRACE(::testing::Message() << static_cast<int>(dtype) << " within " << bound);
  const CodecPlan plan = plan_codec(dtype, Mode::absolute, bound, Preset::dense);
  const LevelRule& rule = plan.rule.levels;
  const LevelTable table = plan.levels->view();
  ASSERT_LE(rule.low, rule.high);
  ASSERT_LT(rule.high - rule.low, (SharedLevels<Words<bytes, Way::levels>>::count));
  const Splitter splitter{Split::logarithmic, 0, 3};
  const WordCutter<Words<bytes, Way::levels>> cutter(plan.rule, splitter, rule.level_of);
  for (u32 raw = 0; raw < 1U << 8 * bytes; ++raw) {
    const Word expected = table.word_of(raw), got = rule.word_of(raw);
    ASSERT_EQ(got.magnitude, expected.magnitude) << raw;
    ASSERT_EQ(got.sign, expected.sign) << raw;
    expect_alike(cutter.cut(raw), as_the_cpu(expected, splitter), raw, bound);
  }
  for (u32 level = 0; level < table.levels; ++level) ASSERT_EQ(rule.raw_of(level, 1), table.raw_of(level, 1)) << level;
}

TEST(PadicDenseWords, LevelsOfFewLooksAreThoseOfTheWholeTable) {
  Random random(4);
  for (u32 round = 0; round < 120; ++round) {
    const double part = 1.0 + static_cast<double>(random() % 1000) / 1000;
    look_up_all<2>(DType::bfloat16, std::ldexp(part, static_cast<int>(random() % 280) - 150));
    look_up_all<2>(DType::float16, std::ldexp(part, static_cast<int>(random() % 48) - 30));
    look_up_all<1>(DType::float8_e4m3, std::ldexp(part, static_cast<int>(random() % 24) - 14));
    look_up_all<1>(DType::float8_e5m2, std::ldexp(part, static_cast<int>(random() % 40) - 22));
  }
}

TEST(PadicDenseWords, DigitsLieWhereTheSplitterPutsThem) {
  Random random(3);
  for (const Splitter splitter : {Splitter{Split::fixed, 23, 3}, Splitter{Split::fixed, 10, 3},
                                  Splitter{Split::logarithmic, 0, 3}, Splitter{Split::logarithmic, 0, 2}})
    for (u32 i = 0; i < 20'000; ++i) {
      const u32 magnitude = static_cast<u32>(random()) >> (1 + random() % 31), cls = splitter.class_of(magnitude);
      const u32 tail = splitter.tail_bits(cls), places = DigitPlaces::of_code(splitter, 2 * cls);
      for (u32 k = 0; k < tail_planes; ++k) {
        const u32 width = splitter.digit_bits(tail, k);
        ASSERT_EQ(DigitPlaces::width(places, k), width);
        ASSERT_EQ(DigitPlaces::digit(magnitude, places, k),
                  width == 0 ? 0U : magnitude >> splitter.bits_below(tail, k) & ((1U << width) - 1U));
      }
    }
}

}  // namespace
}  // namespace vramlab::padic::gpu
