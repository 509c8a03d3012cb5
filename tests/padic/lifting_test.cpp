// Inverse, square root and Teichmuller lift: where they exist, what defines them, and what is refused.

#include <gtest/gtest.h>

#include "draws.h"
#include "engine/padic/digits.h"
#include "engine/padic/errors.h"
#include "engine/padic/zp.h"

namespace vramlab::padic {
namespace {

using testing::draw_digits;
using testing::draw_padic;
using testing::draw_prime;
using testing::draw_unit;
using testing::pick;
using vramlab::testing::holds_for;

std::vector<int> series(const Padic& x) {
  const std::vector<std::uint8_t> found = digits(x);
  return {found.begin(), found.end()};
}

TEST(Lifting, InverseTimesItselfIsOne) {
  EXPECT_TRUE(holds_for(300, [] {
    const Prime p = draw_prime();
    const int n = draw_digits();
    const Integer a = draw_unit(p, draw_digits());
    const Integer inverse = invert(a, p, n);
    RC_ASSERT(inverse > 0 && inverse < power(p, n));
    RC_ASSERT(residue(a * inverse, power(p, n)) == residue(1, power(p, n)));
    RC_ASSERT(invert(-a, p, n) == residue(-inverse, power(p, n)));
  }));
}

TEST(Lifting, InverseOfWhatPDividesIsRefused) {
  EXPECT_THROW(invert(14, Prime(7), 5), DivisionByZero);
  EXPECT_THROW(invert(0, Prime(2), 5), DivisionByZero);
}

TEST(Lifting, FactorsAreTakenOutToTheLast) {
  EXPECT_TRUE(rc::check([] {
    const Prime p = draw_prime();
    const int count = pick(0, 300);
    const Integer unit = draw_unit(p, pick(1, 20));
    Integer x = unit * power(p, count);
    RC_ASSERT(remove_factors(x, p) == count);
    RC_ASSERT(x == unit);
  }));
}

TEST(Lifting, SquareRootOfASquareIsFoundAndIsTheSmallerOne) {
  EXPECT_TRUE(holds_for(300, [] {
    const Prime p = draw_prime();
    const bool dyadic = p.value() == 2;
    const Padic y = draw_padic(p, true, 3);
    const Padic x = y * y;
    const Padic root = square_root(x);
    RC_LOG() << y << " squared is " << x << ", its root " << root;
    RC_ASSERT(root == reduce(y, root.precision()) || root == reduce(-y, root.precision()));
    RC_ASSERT(root * root == reduce(x, (root * root).precision()));
    RC_ASSERT(is_square(x));
    if (x.is_zero()) return;
    RC_ASSERT(root.relative_precision() == x.relative_precision() - (dyadic ? 1 : 0));
    if (dyadic)
      RC_ASSERT(root.relative_precision() < 2 || root.unit() % 4 == 1);
    else
      RC_ASSERT(root.unit() % p.value() <= (p.value() - 1) / 2);
  }));
}

// FLINT's: the operand is exact, and its root has as many digits as are asked for.
TEST(Lifting, SquareRootOfAnExactNumberHasAnyPrecision) {
  EXPECT_TRUE(holds_for(300, [] {
    const Prime p = draw_prime();
    const Integer y = draw_unit(p, pick(1, 30));
    const int valuation = pick(-5, 6);
    const Padic x = Padic::of_unit(y * y, 2 * valuation, p, 1000);
    const int precision = pick(-10, 150);
    const Padic root = square_root(x, precision);
    const Padic exact = Padic::of_unit(y, valuation, p, precision);
    RC_ASSERT(root.precision() == precision);
    RC_ASSERT(root == exact || root == reduce(-exact, precision));
    // Both precisions pick the same one of the two.
    RC_ASSERT(reduce(square_root(x, precision + 3), precision) == root);
  }));
}

TEST(Lifting, SquareRootExistsForHalfOfTheUnitsOfOddPrimesAndAnEighthAt2) {
  for (const unsigned value : {3u, 5u, 7u, 13u, 251u}) {
    const Prime p(value);
    unsigned squares = 0;
    for (unsigned u = 1; u < value; ++u) {
      const Padic x(u, p, 20);
      if (is_square(x)) {
        EXPECT_EQ(square_root(x) * square_root(x), x);
        ++squares;
      } else {
        EXPECT_THROW(square_root(x), NoSquareRoot);
        EXPECT_THROW(square_root(x, 3), NoSquareRoot);
        EXPECT_THROW(square_root(x, -3), NoSquareRoot);
      }
    }
    EXPECT_EQ(squares, (value - 1) / 2);
  }
  for (unsigned u = 1; u < 64; u += 2) EXPECT_EQ(is_square(Padic(u, Prime(2), 20)), u % 8 == 1) << u;
  for (const unsigned u : {3u, 5u, 7u}) EXPECT_THROW(square_root(Padic(u, Prime(2), 20)), NoSquareRoot);
}

TEST(Lifting, SquareRootOfAnOddValuationIsRefused) {
  EXPECT_THROW(square_root(Padic(7, Prime(7))), NoSquareRoot);
  EXPECT_THROW(square_root(Padic(Rational(1, 8), Prime(2))), NoSquareRoot);
  EXPECT_EQ(square_root(Padic(Rational(1, 4), Prime(2))).exact(), Rational(1, 2));
}

TEST(Lifting, SquareRootOfADyadicUnitNeedsThreeDigits) {
  EXPECT_THROW(square_root(Padic(1, Prime(2), 1)), PrecisionExhausted);
  EXPECT_THROW(square_root(Padic(1, Prime(2), 2)), PrecisionExhausted);
  EXPECT_THROW(square_root(Padic(3, Prime(2), 2)), NoSquareRoot);  // two digits suffice to say no
  EXPECT_EQ(square_root(Padic(1, Prime(2), 3)), Padic(1, Prime(2), 2));
  EXPECT_EQ(square_root(Padic(1, Prime(2), 1), 9), Padic(1, Prime(2), 9));  // exact operands have all digits
}

TEST(Lifting, SquareRootOfZeroKnowsHalfOfTheDigits) {
  EXPECT_EQ(square_root(Padic(Prime(7), 9)), Padic(Prime(7), 5));
  EXPECT_EQ(square_root(Padic(Prime(7), -9)), Padic(Prime(7), -4));
  EXPECT_EQ(square_root(Padic(Prime(7), 9), 20), Padic(Prime(7), 20));
}

TEST(Lifting, TeichmullerLiftIsTheRootOfUnityAboveADigit) {
  EXPECT_TRUE(holds_for(200, [] {
    const Prime p = draw_prime();
    const int n = draw_digits();
    const Padic x(testing::draw_integer(), p, n);
    const Padic t = teichmuller(x);
    Padic power_of_t(1, p, n);
    for (unsigned i = 0; i < p.value(); ++i) power_of_t = multiply(power_of_t, t, n);
    RC_ASSERT(power_of_t == t);
    RC_ASSERT(congruent(t, x, 1));
    RC_ASSERT(t.precision() == n);
    RC_ASSERT(t.is_zero() == (x.valuation() > 0));
    const Padic y(testing::draw_integer(), p, n);
    RC_ASSERT(teichmuller(multiply(x, y, n)) == multiply(t, teichmuller(y), n));
    RC_ASSERT(reduce(teichmuller(x, n + 5), n) == t);
  }));
}

TEST(Lifting, TeichmullerLiftOfADyadicUnitIsOne) {
  for (int u = 1; u < 32; u += 2) EXPECT_EQ(teichmuller(Padic(u, Prime(2), 40)), Padic(1, Prime(2), 40));
}

TEST(Lifting, TeichmullerLiftIsRefusedWhereNoneIs) {
  EXPECT_THROW(teichmuller(Padic(Rational(1, 7), Prime(7))), NotIntegral);
  EXPECT_THROW(teichmuller(Padic(Rational(1, 7), Prime(7)), 3), NotIntegral);
  EXPECT_THROW(teichmuller(Padic(3, Prime(7), 0)), PrecisionExhausted);
  EXPECT_EQ(teichmuller(Padic(14, Prime(7))), Padic(Prime(7)));
}

// FLINT's manual prints the first as an example of padic_sqrt at its 20 digits.
TEST(Lifting, KnownSeries) {
  EXPECT_EQ(series(square_root(Padic(2, Prime(7), 20))),
            (std::vector{3, 1, 2, 6, 1, 2, 1, 2, 4, 6, 6, 2, 1, 1, 0, 2, 1, 1, 4, 6}));
  EXPECT_EQ(series(Padic(Rational(1, 3), Prime(5), 8)), (std::vector{2, 3, 1, 3, 1, 3, 1, 3}));
  EXPECT_EQ(series(Padic(-1, Prime(7), 5)), (std::vector{6, 6, 6, 6, 6}));
  EXPECT_EQ(series(square_root(Padic(-1, Prime(5), 8))), (std::vector{2, 1, 2, 1, 3, 4, 2, 3}));  // i in Z_5
  EXPECT_EQ(series(teichmuller(Padic(2, Prime(5), 8))), (std::vector{2, 1, 2, 1, 3, 4, 2, 3}));   // the same i
  EXPECT_EQ(series(square_root(Padic(17, Prime(2), 9))), (std::vector{1, 0, 0, 1, 0, 1, 1, 1}));
}

}  // namespace
}  // namespace vramlab::padic
