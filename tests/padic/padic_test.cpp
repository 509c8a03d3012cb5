// Q_p judged by exact rationals, the axioms of a field to the precision both sides have, and the norm.

#include "engine/padic/padic.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "draws.h"
#include "engine/padic/errors.h"

namespace vramlab::padic {
namespace {

using testing::agree;
using testing::draw_padic;
using testing::draw_prime;
using testing::draw_rational;
using testing::pick;
using testing::pick_bool;
using testing::valuation_of;

// As FLINT's: p does not divide u, 0 < u < p^(N-v), v < N.
void expect_reduced(const Padic& x) {
  if (x.is_zero()) {
    RC_ASSERT(x.valuation() == x.precision());
    return;
  }
  const unsigned p = x.prime().value();
  RC_ASSERT(x.unit() % p != 0);
  RC_ASSERT(x.unit() > 0);
  RC_ASSERT(x.relative_precision() > 0);
  RC_ASSERT(x.unit() < pow(Integer(p), static_cast<unsigned>(x.relative_precision())));
}

TEST(Padic, StandsForARationalToItsPrecision) {
  EXPECT_TRUE(rc::check([] {
    const Prime p = draw_prime();
    const Rational q = draw_rational(p);
    const int precision = pick(-20, 100);
    const Padic x(q, p, precision);
    RC_LOG() << x;
    expect_reduced(x);
    RC_ASSERT(x.precision() == precision);
    RC_ASSERT(agree(x.exact(), q, p, precision));
    RC_ASSERT(x.is_zero() == (q == 0 || valuation_of(q, p) >= precision));
    if (!x.is_zero()) RC_ASSERT(x.valuation() == valuation_of(q, p));
  }));
}

TEST(Padic, CalculatesExactlyThenReducesToTheOutputsPrecision) {
  EXPECT_TRUE(vramlab::testing::holds_for(500, [] {
    const Prime p = draw_prime();
    const Padic x = draw_padic(p);
    const Padic y = draw_padic(p);
    const int precision = pick(-30, 150);
    RC_LOG() << x << "; " << y << " to " << precision;
    const auto expect = [&](const Padic& result, const Rational& exact) {
      RC_ASSERT(result == Padic(exact, p, precision));
      RC_ASSERT(agree(result.exact(), exact, p, precision));
      expect_reduced(result);
    };
    expect(reduce(x, precision), x.exact());
    expect(add(x, y, precision), x.exact() + y.exact());
    expect(subtract(x, y, precision), x.exact() - y.exact());
    expect(multiply(x, y, precision), x.exact() * y.exact());
    if (y.is_zero()) return;
    expect(divide(x, y, precision), x.exact() / y.exact());
    expect(inverse(y, precision), 1 / y.exact());
  }));
}

// Any two numbers congruent to the operands give results congruent to that of the operators.
TEST(Padic, OperatorsGiveTheDigitsThatAreCertain) {
  EXPECT_TRUE(vramlab::testing::holds_for(500, [] {
    const Prime p = draw_prime();
    const Rational a = draw_rational(p);
    const Rational b = draw_rational(p);
    const Padic x(a, p, pick(1, 80));
    const Padic y(b, p, pick(1, 80));
    RC_LOG() << x << "; " << y;
    const auto expect = [&](const Padic& result, const Rational& exact) {
      RC_ASSERT(result == Padic(exact, p, result.precision()));
      expect_reduced(result);
    };
    expect(x + y, a + b);
    expect(x - y, a - b);
    expect(x * y, a * b);
    expect(-x, -a);
    RC_ASSERT((x + y).precision() == std::min(x.precision(), y.precision()));
    if (y.is_zero()) return;
    expect(x / y, a / b);
    const int relative = std::min(x.relative_precision(), y.relative_precision());
    RC_ASSERT((x * y).relative_precision() == relative);
    RC_ASSERT((x / y).relative_precision() == relative);
  }));
}

TEST(Padic, IsAField) {
  EXPECT_TRUE(vramlab::testing::holds_for(500, [] {
    const Prime p = draw_prime();
    const Padic x = draw_padic(p);
    const Padic y = draw_padic(p);
    const Padic z = draw_padic(p);
    RC_LOG() << x << "; " << y << "; " << z;
    RC_ASSERT(x + y == y + x);
    RC_ASSERT(x * y == y * x);
    RC_ASSERT((x + y) + z == x + (y + z));
    RC_ASSERT((x * y) * z == x * (y * z));
    RC_ASSERT(x + Padic(p, x.precision()) == x);
    RC_ASSERT((x + (-x)) == Padic(p, x.precision()));
    RC_ASSERT(-(-x) == x);
    RC_ASSERT(x - y == x + (-y));
    const Padic together = x * (y + z);
    const Padic apart = x * y + x * z;
    RC_ASSERT(congruent(together, apart, std::min(together.precision(), apart.precision())));
    if (x.is_zero()) return;
    const Padic one(1, p, x.relative_precision());
    RC_ASSERT(x / x == one);
    RC_ASSERT(x * one == x);
    RC_ASSERT(x * (one / x) == one);
    RC_ASSERT((y / x) * x == reduce(y, (y / x * x).precision()));
  }));
}

TEST(Padic, SumsWithinOnePrecisionAreExactlyThoseOfTheRing) {
  EXPECT_TRUE(rc::check([] {
    const Prime p = draw_prime();
    const int n = testing::draw_digits();
    const auto draw = [&] { return Padic(Rational(testing::draw_integer()), p, n); };
    const Padic x = draw();
    const Padic y = draw();
    const Padic z = draw();
    RC_ASSERT(multiply(x, add(y, z, n), n) == add(multiply(x, y, n), multiply(x, z, n), n));
    RC_ASSERT(multiply(multiply(x, y, n), z, n) == multiply(x, multiply(y, z, n), n));
  }));
}

TEST(Padic, NormIsAnUltrametric) {
  EXPECT_TRUE(vramlab::testing::holds_for(300, [] {
    const Prime p = draw_prime();
    const Padic x = draw_padic(p);
    const Padic y = draw_padic(p);
    const Padic z = draw_padic(p);
    RC_LOG() << x << "; " << y << "; " << z;
    RC_ASSERT(norm(x * y) == norm(x) * norm(y));
    RC_ASSERT(norm(x + y) <= std::max(norm(x), norm(y)));
    if (norm(x) != norm(y) && std::min(x.precision(), y.precision()) > std::min(x.valuation(), y.valuation()))
      RC_ASSERT(norm(x + y) == std::max(norm(x), norm(y)));
    const Padic a = reduce(x, 30);  // one precision, so that no digit is known to one distance only
    const Padic b = reduce(y, 30);
    const Padic c = reduce(z, 30);
    RC_ASSERT(distance(a, b) == distance(b, a));
    RC_ASSERT(distance(a, c) <= std::max(distance(a, b), distance(b, c)));
    RC_ASSERT((distance(a, b) == 0) == (a == b));
    RC_ASSERT(max_norm(std::vector{x, y, z}) == std::max({norm(x), norm(y), norm(z)}));
  }));
}

TEST(Padic, NormsOfKnownNumbers) {
  EXPECT_EQ(norm(Padic(63, Prime(3))), Rational(1, 9));
  EXPECT_EQ(norm(Padic(Rational(1, 502), Prime(251))), 251);
  EXPECT_EQ(norm(Padic(Prime(7))), 0);
  EXPECT_EQ(distance(Padic(1, Prime(5)), Padic(626, Prime(5))), Rational(1, 625));
  EXPECT_EQ(max_norm({}), 0);
}

TEST(Padic, ReconstructsEveryRationalWithinTheFareyBound) {
  EXPECT_TRUE(rc::check([] {
    const Prime p = draw_prime();
    const Rational q = draw_rational(p);
    const Padic x(q, p, 450);  // beyond (2^200)^2 even in base 2
    RC_ASSERT(reconstruct(x) == q);
  }));
}

TEST(Padic, RefusesToReconstructFromTooFewDigits) {
  const Rational q(-123456789, 98765432);
  EXPECT_EQ(reconstruct(Padic(q, Prime(251), 8)), q);
  const Padic few(q, Prime(251), 2);
  EXPECT_THROW(reconstruct(few), OutsideFareyBound);
}

TEST(Padic, EveryFiniteFloatIsExactInZ251) {
  EXPECT_TRUE(rc::check([] {
    const int exponent = pick(-149, 104);
    const int mantissa = pick(-(1 << 24), 1 << 24);
    const float value = std::ldexp(static_cast<float>(mantissa), exponent);
    const Padic x(Rational(value), Prime(251));
    RC_ASSERT(x.is_zero() || x.valuation() <= 3);  // 251^3 < 2^24 < 251^4
    RC_ASSERT(x.is_integral());
    RC_ASSERT(reconstruct(x).convert_to<float>() == value);
  }));
}

TEST(Padic, RefusesDivisionByWhatIsZeroToItsPrecision) {
  const Padic x(5, Prime(7), 10);
  const Padic nothing(Rational(pow(Integer(7), 10)), Prime(7), 10);
  EXPECT_THROW(x / nothing, DivisionByZero);
  EXPECT_THROW(divide(x, nothing, 20), DivisionByZero);
  EXPECT_THROW(inverse(nothing, 20), DivisionByZero);
  try {
    static_cast<void>(x / nothing);
  } catch (const DivisionByZero& error) {
    EXPECT_THAT(error.what(), ::testing::HasSubstr("O(7^10)"));
    EXPECT_THAT(error.mend(), ::testing::HasSubstr("more digits"));
  }
}

TEST(Padic, RefusesOperandsOfTwoPrimesAndPrecisionsBeyondAllBounds) {
  const Padic x(5, Prime(7));
  const Padic y(5, Prime(11));
  EXPECT_THROW(x + y, PadicError);
  EXPECT_THROW(x - y, PadicError);
  EXPECT_THROW(x * y, PadicError);
  EXPECT_THROW(x / y, PadicError);
  EXPECT_THROW(Padic(Prime(7), most_digits + 1), PadicError);
  EXPECT_THROW(Padic(Prime(7), -most_digits - 1), PadicError);
  EXPECT_THROW(Padic::of_unit(1, most_digits + 1, Prime(7), 3), PadicError);
  EXPECT_THROW(multiply(Padic::of_unit(1, most_digits, Prime(7), 0), x, most_digits + 1), PadicError);
}

TEST(Padic, TellsItselfAsUnitValuationAndPrecision) {
  EXPECT_EQ(text_of(Padic(Rational(3, 7), Prime(7), 4)), "3 * 7^-1 + O(7^4)");
  EXPECT_EQ(text_of(Padic(Prime(7), 4)), "O(7^4)");
  EXPECT_EQ(Padic(1, Prime(251)), Padic(Rational(1), default_prime, default_precision));
}

TEST(Padic, KeepsThousandsOfDigits) {
  const Prime p(251);
  const Padic third(Rational(1, 3), p, 5000);
  EXPECT_EQ(third * Padic(3, p, 5000), Padic(1, p, 5000));
  EXPECT_EQ(reconstruct(third), Rational(1, 3));
}

}  // namespace
}  // namespace vramlab::padic
