#pragma once
// Q_p: x = u p^v + O(p^N) with unit u, valuation v and absolute precision N.
//
// The conventions are FLINT's (its padic module, S. Pancratz): a number stands for the rational u p^v exactly; the
// functions that take a precision calculate with those and reduce the result to it, whatever the operands' own
// precision. The operators know what the operands do not tell: each gives as many digits as are certain.
//
// Numbers that are reduced: u in (0, p^(N-v)), p does not divide u, v < N; zero is u = 0. Unlike FLINT, valuation() of
// zero is N, the least that a number congruent to 0 mod p^N has, so that min() and sums of valuations need no cases.
// THREAD-SAFETY: values. Errors: errors.h. Operands of two primes: PadicError.

#include <span>
#include <string>

#include "engine/padic/integer.h"
#include "engine/padic/prime.h"

namespace vramlab::padic {

class Padic {
 public:
  /// 0 + O(p^N). Throws PadicError unless |N| <= most_digits.
  explicit Padic(Prime p = default_prime, int precision = default_precision);
  /// `x` reduced mod p^N. Every finite float is one exactly: Rational(0.1f), and 2 is a unit but for p = 2.
  Padic(const Rational& x, Prime p, int precision = default_precision);
  /// u p^v reduced mod p^N; p may divide `u`.
  static Padic of_unit(Integer u, int valuation, Prime p, int precision);

  Prime prime() const { return p_; }
  int precision() const { return precision_; }   ///< N, the absolute one
  int valuation() const { return valuation_; }   ///< v; N for zero
  const Integer& unit() const { return unit_; }  ///< u; 0 for zero
  bool is_zero() const { return unit_ == 0; }    ///< to its precision
  /// N - v: how many digits of the unit are known.
  int relative_precision() const { return precision_ - valuation_; }
  /// Whether u p^v is an element of Z_p.
  bool is_integral() const { return is_zero() || valuation_ >= 0; }
  /// u p^v, the rational it stands for.
  Rational exact() const;

  /// The same prime, precision and digits.
  friend bool operator==(const Padic&, const Padic&) = default;

 private:
  Prime p_;
  int precision_ = default_precision;
  int valuation_ = default_precision;
  Integer unit_;
};

/// x mod p^N, N at will. A larger N than x.precision() takes the missing digits for zeros, as FLINT's padic_set.
Padic reduce(const Padic& x, int precision);
/// x = y mod p^N.
bool congruent(const Padic& x, const Padic& y, int precision);

/// FLINT's: exact, then reduced to `precision`.
Padic add(const Padic& x, const Padic& y, int precision);
Padic subtract(const Padic& x, const Padic& y, int precision);
Padic multiply(const Padic& x, const Padic& y, int precision);
/// Throws DivisionByZero where y is zero.
Padic divide(const Padic& x, const Padic& y, int precision);
/// By Newton (Hensel) lifting. Throws DivisionByZero.
Padic inverse(const Padic& x, int precision);
/// Of the two roots the one whose lowest digit is below p / 2, or whose unit is 1 mod 4 for p = 2. Throws NoSquareRoot.
Padic square_root(const Padic& x, int precision);
/// The t = x mod p with t^p = t. 0 where p divides x. Throws NotIntegral where v < 0.
Padic teichmuller(const Padic& x, int precision);

/// Whether the rational that x stands for is a square in Q_p: v even, and the unit a square.
bool is_square(const Padic& x);

/// To the digits that the operands determine: min(Nx, Ny) for sums, min(vx + Ny, vy + Nx) for products.
Padic operator+(const Padic& x, const Padic& y);
Padic operator-(const Padic& x, const Padic& y);
Padic operator*(const Padic& x, const Padic& y);
/// min(Nx - vy, vx + Ny - 2 vy) digits. Throws DivisionByZero.
Padic operator/(const Padic& x, const Padic& y);
Padic operator-(const Padic& x);
/// N - v / 2 digits; one less for p = 2, whose roots need 3 digits of the unit to exist at all. Throws NoSquareRoot, or
/// PrecisionExhausted where the known digits do not decide. Of zero: N / 2 rounded up.
Padic square_root(const Padic& x);
/// As many digits as x has, although the lowest alone determines it. Throws NotIntegral; PrecisionExhausted where N
/// < 1.
Padic teichmuller(const Padic& x);

/// |x|_p = p^-v; 0 for zero.
Rational norm(const Padic& x);
/// |x - y|_p, of the digits that both know.
Rational distance(const Padic& x, const Padic& y);
/// The norm of a vector of Q_p^n: the largest of its components'. 0 for none.
Rational max_norm(std::span<const Padic> vector);

/// The one a/b = x mod p^N with |a|, b within the Farey bound of the known digits (times p^v), by Wang's algorithm.
/// Throws OutsideFareyBound where there is none: x then needs more digits.
Rational reconstruct(const Padic& x);

/// "3 * 7^-1 + O(7^20)".
std::string text_of(const Padic& x);

}  // namespace vramlab::padic
