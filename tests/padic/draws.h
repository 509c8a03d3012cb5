#pragma once
// Random p-adic numbers, rationals and primes for properties.

#include <rapidcheck.h>

#include <array>
#include <ostream>

#include "engine/padic/padic.h"
#include "properties.h"

namespace vramlab::padic {

inline std::ostream& operator<<(std::ostream& out, Prime p) { return out << "p = " << p.value(); }
inline std::ostream& operator<<(std::ostream& out, const Padic& x) { return out << text_of(x); }

namespace testing {

using vramlab::testing::holds_for;
using vramlab::testing::pick;
using vramlab::testing::pick_bool;

/// 2, 3 and 251 often: the prime whose roots differ, the least odd one and the default.
inline Prime draw_prime() {
  if (pick_bool()) return Prime(std::array{2u, 2u, 3u, 251u}[pick(0u, 4u)]);
  while (true) {
    const unsigned value = pick(2u, 256u);
    bool prime = true;
    for (unsigned d = 2; d * d <= value; ++d) prime = prime && value % d != 0;
    if (prime) return Prime(value);
  }
}

/// Mostly up to 64 digits, sometimes beyond, sometimes very few.
inline int draw_digits() {
  const int kind = pick(0, 8);
  return kind == 0 ? pick(1, 4) : kind == 1 ? pick(65, 200) : pick(1, 65);
}

inline Integer draw_below(const Integer& bound) {
  Integer x = 0;
  for (Integer scale = 1; scale < bound; scale <<= 60) x = (x << 60) + pick<std::uint64_t>(0, std::uint64_t{1} << 60);
  return x % bound;
}

inline Integer draw_unit(Prime p, int digits) {
  const Integer modulus = pow(Integer(p.value()), static_cast<unsigned>(digits));
  while (true) {
    const Integer u = draw_below(modulus);
    if (u % p.value() != 0) return u;
  }
}

/// A number of Q_p with `least` digits of its unit or more. One in sixteen is zero where `zero` says so.
inline Padic draw_padic(Prime p, bool zero = true, int least = 1) {
  const int valuation = pick(-20, 21);
  const int known = std::max(draw_digits(), least);
  if (zero && pick(0, 16) == 0) return Padic(p, valuation + known);
  return Padic::of_unit(draw_unit(p, known), valuation, p, valuation + known);
}

inline Integer draw_integer() { return draw_below(Integer(1) << pick(1, 200)) * (pick_bool() ? 1 : -1); }
/// Powers of p turn up on both sides.
inline Rational draw_rational(Prime p) {
  const auto factor = [&] { return pow(Integer(p.value()), static_cast<unsigned>(pick(0, 3) == 0 ? pick(1, 9) : 0)); };
  return Rational(draw_integer() * factor(), (abs(draw_integer()) + 1) * factor());
}

/// v_p of a rational, by trial division. REQUIRES: x != 0.
inline int valuation_of(const Rational& x, Prime p) {
  int v = 0;
  for (Integer a = numerator(x); a % p.value() == 0; a /= p.value()) ++v;
  for (Integer b = denominator(x); b % p.value() == 0; b /= p.value()) --v;
  return v;
}

/// x = y mod p^n, judged by rationals alone.
inline bool agree(const Rational& x, const Rational& y, Prime p, int n) {
  return x == y || valuation_of(x - y, p) >= n;
}

}  // namespace testing
}  // namespace vramlab::padic
