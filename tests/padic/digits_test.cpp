// Digits there and back, balanced ones, and the Monna map.

#include "engine/padic/digits.h"

#include <gtest/gtest.h>

#include <set>

#include "draws.h"
#include "engine/padic/errors.h"
#include "engine/padic/zp.h"

namespace vramlab::padic {
namespace {

using testing::draw_digits;
using testing::draw_padic;
using testing::draw_prime;
using testing::pick;

TEST(Digits, ThereAndBack) {
  EXPECT_TRUE(rc::check([] {
    const Padic x = draw_padic(draw_prime());
    RC_LOG() << x;
    const std::vector<std::uint8_t> found = digits(x);
    const int first = std::min(x.valuation(), 0);
    RC_ASSERT(static_cast<int>(found.size()) == x.precision() - first);
    RC_ASSERT(from_digits(x.prime(), found, first) == x);
    Rational sum = 0;
    for (std::size_t i = 0; i < found.size(); ++i)
      sum += Rational(found[i]) * Padic::of_unit(1, first + static_cast<int>(i), x.prime(), 1000).exact();
    RC_ASSERT(sum == x.exact());
  }));
}

TEST(Digits, AnyStretchIsThatOfAll) {
  EXPECT_TRUE(rc::check([] {
    const Padic x = draw_padic(draw_prime());
    const int first = pick(x.valuation() - 10, x.precision() + 1);
    const int count = pick(0, x.precision() - first + 1);
    RC_LOG() << x << " from " << first << ": " << count;
    const std::vector<std::uint8_t> part = digits(x, first, count);
    const std::vector<std::uint8_t> all = digits(x);
    const int begin = std::min(x.valuation(), 0);
    RC_ASSERT(static_cast<int>(part.size()) == count);
    for (int i = 0; i < count; ++i) {
      const int at = first + i - begin;
      RC_ASSERT(part[static_cast<std::size_t>(i)] == (at < 0 ? 0 : all[static_cast<std::size_t>(at)]));
    }
  }));
}

TEST(Digits, BeyondThePrecisionAreRefused) {
  const Padic x(1, Prime(7), 5);
  EXPECT_NO_THROW(digits(x, 0, 5));
  EXPECT_THROW(digits(x, 0, 6), PrecisionExhausted);
  EXPECT_THROW(digits(x, 5, 1), PrecisionExhausted);
  EXPECT_THROW(balanced_digits(x, 0, 6), PrecisionExhausted);
  EXPECT_THROW(digits(x, 0, -1), PadicError);
}

TEST(Digits, OutsideTheBaseAreRefused) {
  EXPECT_THROW(from_digits(Prime(7), std::vector<std::uint8_t>{6, 7}), PadicError);
  EXPECT_THROW(from_digits(Prime(251), std::vector<std::uint8_t>{251}), PadicError);
  EXPECT_THROW(from_balanced_digits(Prime(7), std::vector<std::int8_t>{4}), PadicError);
  EXPECT_THROW(from_balanced_digits(Prime(2), std::vector<std::int8_t>{-1}), PadicError);
  EXPECT_NO_THROW(from_balanced_digits(Prime(7), std::vector<std::int8_t>{-3, 3}));
}

TEST(BalancedDigits, ThereAndBackWithinTheirRange) {
  EXPECT_TRUE(rc::check([] {
    const Padic x = draw_padic(draw_prime());
    const int p = static_cast<int>(x.prime().value());
    RC_LOG() << x;
    const std::vector<std::int8_t> found = balanced_digits(x);
    for (const std::int8_t digit : found) RC_ASSERT(2 * digit > -p && 2 * digit <= p);
    RC_ASSERT(from_balanced_digits(x.prime(), found, std::min(x.valuation(), 0)) == x);
    const int skip = pick(0, static_cast<int>(found.size()) + 1);
    const std::vector<std::int8_t> rest(found.begin() + skip, found.end());
    RC_ASSERT(balanced_digits(x, std::min(x.valuation(), 0) + skip, static_cast<int>(rest.size())) == rest);
  }));
}

// The sum of the balanced digits is the integer itself, sign and all, up to (p^n - 1) / 2.
TEST(BalancedDigits, HoldEveryIntegerUpToTheirBoundExactly) {
  EXPECT_TRUE(rc::check([] {
    const Prime p = draw_prime();
    RC_PRE(p.value() != 2);
    const int n = pick(1, 40);
    const Integer most = (power(p, n) - 1) / 2;
    const Integer q = testing::pick_bool() ? (testing::pick_bool() ? most : Integer(-most))
                                           : Integer(testing::draw_below(2 * most + 1) - most);
    const std::vector<std::int8_t> found = balanced_digits(Padic(Rational(q), p, n), 0, n);
    Integer sum = 0;
    for (std::size_t i = found.size(); i-- > 0;) sum = sum * p.value() + found[i];
    RC_ASSERT(sum == q);
  }));
}

TEST(BalancedDigits, KnownOnes) {
  const Prime p(251);
  EXPECT_EQ(balanced_digits(Padic(-1, p, 4)), (std::vector<std::int8_t>{-1, 0, 0, 0}));
  EXPECT_EQ(balanced_digits(Padic(31500, p, 2)), (std::vector<std::int8_t>{125, 125}));
  EXPECT_EQ(balanced_digits(Padic(-31500, p, 3)), (std::vector<std::int8_t>{-125, -125, 0}));
  EXPECT_EQ(balanced_digits(Padic(31501, p, 3)), (std::vector<std::int8_t>{-125, -125, 1}));
  EXPECT_EQ(balanced_digits(Padic(7906625, p, 3)), (std::vector<std::int8_t>{125, 125, 125}));
  EXPECT_EQ(balanced_digits(Padic(-1, Prime(2), 3)), (std::vector<std::int8_t>{1, 1, 1}));
}

TEST(Monna, TurnsTheDigitsAround) {
  EXPECT_EQ(monna(Padic(1, Prime(5), 4)), Rational(1, 5));
  EXPECT_EQ(monna(Padic(5, Prime(5), 4)), Rational(1, 25));
  EXPECT_EQ(monna(Padic(Rational(1, 5), Prime(5), 4)), 1);
  EXPECT_EQ(monna(Padic(7, Prime(5), 4)), Rational(2, 5) + Rational(1, 25));
  EXPECT_EQ(monna(Padic(Rational(3, 125), Prime(5), -1)), 75);
  EXPECT_EQ(monna(Padic(-1, Prime(2), 10)), 1 - Rational(1, 1024));  // the far end of [0, 1]
}

TEST(Monna, IsABijectionOfTheNumbersOfNDigits) {
  for (const auto& [value, n] : {std::pair{2u, 10}, std::pair{3u, 6}, std::pair{7u, 3}, std::pair{31u, 2}}) {
    const Prime p(value);
    const Integer count = power(p, n);
    std::set<Rational> images;
    for (Integer q = 0; q < count; ++q) {
      const Padic x(Rational(q), p, n);
      const Rational image = monna(x);
      EXPECT_TRUE(image >= 0 && image < 1);
      EXPECT_EQ(denominator(Rational(image * count)), 1);
      EXPECT_EQ(from_monna(image, p, n), x);
      images.insert(image);
    }
    EXPECT_EQ(Integer(images.size()), count);
  }
}

TEST(Monna, ThereAndBackWithinTheBound) {
  EXPECT_TRUE(rc::check([] {
    const Prime p = draw_prime();
    const Padic x = draw_padic(p);
    RC_LOG() << x;
    RC_ASSERT(from_monna(monna(x), p, x.precision()) == x);
    // Any real that is not negative: the image of what comes back is at most p^-N below.
    const Rational y = abs(testing::draw_rational(p)) / testing::draw_below(Integer(1) << 100) + 1;
    const int n = pick(-5, 60);
    const Rational image = monna(from_monna(y, p, n));
    RC_ASSERT(image <= y);
    RC_ASSERT((y - image) * Rational(Padic::of_unit(1, n, p, 1000).exact()) < 1);
  }));
}

// What the digits beyond the N-th can add to the image is at most p^-N.
TEST(Monna, CutsOffAtMostWhatTheNormSays) {
  EXPECT_TRUE(rc::check([] {
    const Prime p = draw_prime();
    const Padic x = draw_padic(p);
    const int n = pick(x.valuation() - 3, x.precision() + 1);
    const Rational bound = norm(Padic::of_unit(1, n, p, 1000));
    const Rational cut = monna(x) - monna(reduce(x, n));
    RC_ASSERT(cut >= 0);
    RC_ASSERT(cut < bound);
  }));
}

TEST(Monna, IsLipschitz) {
  EXPECT_TRUE(rc::check([] {
    const Prime p = draw_prime();
    const int n = pick(30, 60);
    const Padic x = reduce(draw_padic(p), n);
    // Near one another often: they differ in high digits only.
    const Padic y = add(x, Padic::of_unit(testing::draw_integer(), pick(-5, n), p, n), n);
    RC_LOG() << x << "; " << y;
    RC_ASSERT(abs(monna(x) - monna(y)) <= distance(x, y));
  }));
}

TEST(Monna, RefusesWhatIsNoImage) { EXPECT_THROW(from_monna(Rational(-1, 3), Prime(5)), PadicError); }

}  // namespace
}  // namespace vramlab::padic
