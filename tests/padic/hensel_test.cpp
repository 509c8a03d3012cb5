// Hensel codes: the wide ones against rationals, those of a word against the wide ones, and the Farey bound.

#include <gtest/gtest.h>

#include <map>
#include <numeric>

#include "draws.h"
#include "engine/padic/errors.h"
#include "engine/padic/hensel_code.h"
#include "engine/padic/hensel_word.h"
#include "engine/padic/zp.h"

namespace vramlab::padic {
namespace {

using testing::draw_below;
using testing::draw_prime;
using testing::pick;
using testing::pick_bool;
using vramlab::testing::holds_for;

// A fraction within `most` whose denominator p does not divide; the corners often.
Rational draw_fraction(Prime p, const Integer& most) {
  const auto draw = [&]() -> Integer { return pick(0, 4) == 0 ? most : draw_below(most + 1); };
  Integer below = draw();
  if (below % p.value() == 0) below = below == 0 ? Integer(1) : Integer(below - 1);
  return {draw() * (pick_bool() ? 1 : -1), below};
}

Integer bound_of(Prime p, int r) { return farey_bound(power(p, r)); }

int draw_length(Prime p) { return p.value() == 2 ? pick(3, 200) : pick(1, 65); }

TEST(Farey, BoundsAt251) {
  EXPECT_EQ(bound_of(Prime(251), 1), 11);
  EXPECT_EQ(bound_of(Prime(251), 2), 177);
  EXPECT_EQ(bound_of(Prime(251), 3), 2811);
  EXPECT_EQ(bound_of(Prime(251), 4), 44548);
}

TEST(Farey, BoundIsTheLargestForWhichCodesDiffer) {
  EXPECT_TRUE(rc::check([] {
    const Prime p = draw_prime();
    const Integer m = power(p, draw_length(p));
    const Integer bound = farey_bound(m);
    RC_ASSERT(2 * bound * bound < m);
    RC_ASSERT(2 * (bound + 1) * (bound + 1) > m - 1);
  }));
}

// H(5, 4, 1/3) = 1 * 417 = 417, as 3 * 417 = 1251 = 2 * 625 + 1; its digits are .2313 (Krishnamurthy's notation).
TEST(HenselCode, KnownOnes) {
  EXPECT_EQ(HenselCode(Prime(5), 4, Rational(1, 3)).code(), 417);
  EXPECT_EQ(HenselCode(Prime(5), 4, Rational(1, 2)).code(), 313);
  EXPECT_EQ(HenselCode(Prime(5), 4, Rational(2, 3)).code(), 209);
  EXPECT_EQ(HenselCode(Prime(5), 4, Rational(-1)).code(), 624);
  const HenselCode sum = HenselCode(Prime(5), 4, Rational(1, 2)) + HenselCode(Prime(5), 4, Rational(2, 3));
  EXPECT_EQ(sum.code(), 522);
  EXPECT_EQ(sum.fraction(), Rational(7, 6));
}

TEST(HenselCode, ThereAndBackWithinTheBound) {
  EXPECT_TRUE(holds_for(300, [] {
    const Prime p = draw_prime();
    const int r = draw_length(p);
    const Rational q = draw_fraction(p, bound_of(p, r));
    const HenselCode code(p, r, q);
    RC_ASSERT(residue(code.code() * denominator(q) - numerator(q), power(p, r)) == 0);
    RC_ASSERT(code.fraction() == q);
    RC_ASSERT(fraction_of_code(p, r, code.code()) == q);
  }));
}

TEST(HenselCode, IsAHomomorphism) {
  EXPECT_TRUE(holds_for(500, [] {
    const Prime p = draw_prime();
    const int r = draw_length(p);
    const int root = pick(1, 5);  // operands small enough, or not, for the result to stay within the bound
    Integer most = bound_of(p, r);
    for (int i = 1; i < root; ++i) most = std::max<Integer>(sqrt(most), 1);
    const Rational a = draw_fraction(p, most);
    const Rational b = draw_fraction(p, most);
    const HenselCode x(p, r, a);
    const HenselCode y(p, r, b);
    RC_LOG() << a << " and " << b << " mod " << p.value() << "^" << r;
    const auto expect = [&](const HenselCode& result, const Rational& exact) {
      RC_ASSERT(result.code() == residue(numerator(exact) * invert(denominator(exact), p, r), power(p, r)));
      RC_ASSERT(abs(numerator(exact)) <= result.most_numerator());
      RC_ASSERT(denominator(exact) <= result.most_denominator());
      if (result.is_decodable()) {
        RC_ASSERT(result.fraction() == exact);
        RC_ASSERT(result.tightened().code() == result.code());
      } else {
        RC_ASSERT_THROWS_AS(result.fraction(), OutsideFareyBound);
      }
      RC_CLASSIFY(result.is_decodable());
    };
    expect(x + y, a + b);
    expect(x - y, a - b);
    expect(x * y, a * b);
    if (b == 0) {
      RC_ASSERT_THROWS_AS(x / y, DivisionByZero);
    } else if (numerator(b) % p.value() == 0) {
      RC_ASSERT_THROWS_AS(x / y, NotIntegral);
    } else {
      expect(x / y, a / b);
    }
  }));
}

// 5 * 3 = 15 leaves the bound of 251 (11), where 15 has the code of another fraction or of none: both must be refused.
TEST(HenselCode, RefusesResultsBeyondTheBoundThatWouldDecodeToAnother) {
  const Prime p(251);
  int silent = 0;
  for (int a = 1; a <= 11; ++a) {
    for (int b = 1; b <= 11; ++b) {
      if (a * b <= 11) continue;
      const HenselCode product = HenselCode(p, 1, a) * HenselCode(p, 1, b);
      EXPECT_THROW(product.fraction(), OutsideFareyBound);
      EXPECT_THROW(product.tightened(), OutsideFareyBound);
      try {
        silent += fraction_of_code(p, 1, product.code()) != a * b ? 1 : 0;
      } catch (const OutsideFareyBound&) {
        continue;  // no fraction has this code
      }
    }
  }
  EXPECT_GT(silent, 0) << "the bounds that codes carry would not be needed";
}

TEST(HenselCode, TighteningMakesRoomAgain) {
  const Prime p(251);
  HenselCode x(p, 2, Rational(10, 7));
  const HenselCode y(p, 2, Rational(7, 10));
  for (int i = 0; i < 50; ++i) x = (x * y).tightened() / y;
  EXPECT_FALSE((x * y / y).is_decodable());
  EXPECT_EQ(x.tightened().fraction(), Rational(10, 7));
}

TEST(HenselCode, RefusesWhatHasNone) {
  const Prime p(251);
  EXPECT_NO_THROW(HenselCode(p, 2, Rational(177, 176)));
  EXPECT_THROW(HenselCode(p, 2, Rational(178, 177)), OutsideFareyBound);
  EXPECT_THROW(HenselCode(p, 2, Rational(-178)), OutsideFareyBound);
  EXPECT_THROW(HenselCode(p, 2, Rational(1, 178)), OutsideFareyBound);
  EXPECT_THROW(HenselCode(p, 4, Rational(1, 502)), NotIntegral);
  EXPECT_THROW(HenselCode(p, 0, Rational(1)), PadicError);
  EXPECT_THROW(HenselCode(p, 2, 1) + HenselCode(p, 3, 1), PadicError);
  EXPECT_THROW(HenselCode(p, 2, 1) * HenselCode(Prime(241), 2, 1), PadicError);
}

// Every residue mod p^r decodes to the fraction it belongs to, or to none: counted out by brute force.
TEST(WordHensel, DecodesEveryResidueOfSmallModuliAsBruteForceSays) {
  for (const auto& [value, r] :
       {std::pair{2u, 9}, std::pair{3u, 6}, std::pair{5u, 4}, std::pair{23u, 2}, std::pair{251u, 1}}) {
    const WordHensel codes(Prime(value), r);
    std::map<std::uint64_t, WordFraction> known;
    for (std::int64_t b = 1; b <= codes.farey_bound(); ++b) {
      for (std::int64_t a = -codes.farey_bound(); a <= codes.farey_bound(); ++a) {
        const auto code = codes.encode(a, b);
        EXPECT_EQ(code.has_value(), b % value != 0);
        if (!code) continue;
        const std::int64_t divisor = std::gcd(a, b);
        const auto [at, is_new] = known.emplace(*code, WordFraction{a / divisor, b / divisor});
        EXPECT_EQ(at->second, (WordFraction{a / divisor, b / divisor})) << "two fractions, one code";
      }
    }
    for (std::uint64_t code = 0; code < codes.modulus() + 3; ++code) {
      const auto found = codes.decode(code);
      ASSERT_EQ(found.has_value(), known.contains(code)) << code << " mod " << value << "^" << r;
      if (found) {
        EXPECT_EQ(*found, known.at(code));
      }
    }
  }
}

int longest_in_word(Prime p) {
  int r = 1;
  while (power(p, r + 1) < Integer(1) << 62) ++r;
  return r;
}

TEST(WordHensel, AgreesWithTheWideCodes) {
  EXPECT_TRUE(holds_for(2000, [] {
    const Prime p = draw_prime();
    const int longest = longest_in_word(p);
    const int r = pick_bool() ? longest : pick(1, longest + 1);
    const WordHensel codes(p, r);
    RC_ASSERT(codes.modulus() == power(p, r));
    RC_ASSERT(codes.farey_bound() == bound_of(p, r));
    RC_PRE(codes.farey_bound() > 0);
    const Rational q = draw_fraction(p, bound_of(p, r));
    const auto a = numerator(q).convert_to<std::int64_t>();
    const auto b = denominator(q).convert_to<std::int64_t>();
    const auto code = codes.encode(a, b);
    RC_LOG() << q << " mod " << p.value() << "^" << r;
    RC_ASSERT(code.has_value());
    RC_ASSERT(*code == HenselCode(p, r, q).code());
    RC_ASSERT(codes.decode(*code) == (WordFraction{a, b}));
    const std::uint64_t any = draw_below(power(p, r)).convert_to<std::uint64_t>();
    const auto found = codes.decode(any);
    RC_CLASSIFY(found.has_value());
    if (found) {
      RC_ASSERT(codes.encode(found->numerator, found->denominator) == any);
      RC_ASSERT(fraction_of_code(p, r, any) == Rational(found->numerator, found->denominator));
    } else {
      RC_ASSERT_THROWS_AS(fraction_of_code(p, r, any), OutsideFareyBound);
    }
  }));
}

TEST(WordHensel, RefusesWhatHasNoCode) {
  const WordHensel codes(Prime(251), 4);
  EXPECT_EQ(codes.farey_bound(), 44548);
  EXPECT_TRUE(codes.encode(-44548, 44547));
  EXPECT_FALSE(codes.encode(44549, 1));
  EXPECT_FALSE(codes.encode(-44549, 1));
  EXPECT_FALSE(codes.encode(1, 44549));
  EXPECT_FALSE(codes.encode(1, 0));
  EXPECT_FALSE(codes.encode(1, -1));
  EXPECT_FALSE(codes.encode(1, 251));
  EXPECT_FALSE(codes.encode(INT64_MIN, 1));
  EXPECT_FALSE(codes.encode(1, INT64_MAX));
  EXPECT_FALSE(codes.decode(codes.modulus()));
  EXPECT_EQ(codes.encode(0, 7), 0u);
  EXPECT_EQ(codes.decode(0), (WordFraction{0, 1}));
}

TEST(WordHensel, RefusesLengthsThatDoNotFitAWord) {
  EXPECT_NO_THROW(WordHensel(Prime(251), 7));
  EXPECT_THROW(WordHensel(Prime(251), 8), PadicError);
  EXPECT_NO_THROW(WordHensel(Prime(2), 61));
  EXPECT_THROW(WordHensel(Prime(2), 62), PadicError);
  EXPECT_THROW(WordHensel(Prime(251), 0), PadicError);
  EXPECT_THROW(WordHensel(Prime(251), INT32_MAX), PadicError);
}

}  // namespace
}  // namespace vramlab::padic
