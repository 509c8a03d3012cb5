#include "engine/padic/rational_code.h"

#include <gtest/gtest.h>
#include <rapidcheck/gtest.h>

#include <bit>
#include <cmath>
#include <limits>

namespace vramlab::padic {
namespace {

const WordHensel& ring() {
  static const WordHensel ring(default_prime, 3);  // |a|, b <= 2811
  return ring;
}

TEST(RationalCode, AFloatStandsForTheFractionNearIt) {
  EXPECT_EQ(simplest_fraction(0.1F, 2811), (WordFraction{1, 10}));
  EXPECT_EQ(simplest_fraction(-1.0F / 3.0F, 2811), (WordFraction{-1, 3}));
  EXPECT_EQ(simplest_fraction(0.0F, 2811), (WordFraction{0, 1}));
  EXPECT_EQ(simplest_fraction(17.0F, 2811), (WordFraction{17, 1}));
  EXPECT_EQ(simplest_fraction(355.0F / 113.0F, 2811), (WordFraction{355, 113}));
  EXPECT_EQ(simplest_fraction(0.0078125F, 2811), (WordFraction{1, 128}));
}

TEST(RationalCode, WhatStandsForNoSmallFractionHasNone) {
  for (const float x : {3.14159265F, 1e-6F, 5000.0F, -0.0F, std::numeric_limits<float>::infinity(),
                        std::numeric_limits<float>::quiet_NaN(), std::numeric_limits<float>::denorm_min(),
                        std::numeric_limits<float>::max()})
    EXPECT_FALSE(simplest_fraction(x, 177)) << x;
}

RC_GTEST_PROP(RationalCode, AFractionIsFoundAgain, ()) {
  const auto a = *rc::gen::inRange<std::int64_t>(-2811, 2812);
  const auto b = *rc::gen::inRange<std::int64_t>(1, 2812);
  const float x = float_of({a, b});
  const auto found = simplest_fraction(x, 2811);
  RC_ASSERT(found.has_value());
  RC_ASSERT(std::bit_cast<std::uint32_t>(float_of(*found)) == std::bit_cast<std::uint32_t>(x));
  RC_ASSERT(found->denominator <= b);
}

RC_GTEST_PROP(RationalCode, CodesComeBackBitForBit, ()) {
  const auto a = *rc::gen::inRange<std::int64_t>(-2811, 2812);
  const auto b = *rc::gen::inRange<std::int64_t>(1, 2812);
  const float x = float_of({a, b});
  const auto code = rational_code(x, ring());
  if (!code) {  // the simplest fraction's denominator is a multiple of p
    RC_ASSERT(simplest_fraction(x, 2811)->denominator % 251 == 0);
    return;
  }
  RC_ASSERT(std::bit_cast<std::uint32_t>(*float_of_code(*code, ring())) == std::bit_cast<std::uint32_t>(x));
}

RC_GTEST_PROP(RationalCode, AnyFloatIsCodedExactlyOrNotAtAll, (std::uint32_t bits)) {
  const auto code = rational_code(std::bit_cast<float>(bits), ring());
  if (code) RC_ASSERT(std::bit_cast<std::uint32_t>(*float_of_code(*code, ring())) == bits);
}

TEST(RationalCode, ACodeOfNoFractionIsRefused) {
  int without = 0;
  for (std::uint64_t code = 0; code < ring().modulus(); code += 997)
    if (!float_of_code(code, ring())) ++without;
  EXPECT_GT(without, 0);
  EXPECT_FALSE(float_of_code(ring().modulus(), ring()));
}

}  // namespace
}  // namespace vramlab::padic
