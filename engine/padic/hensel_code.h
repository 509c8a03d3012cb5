#pragma once
// Hensel codes of any length: exact fractions calculated with as integers mod p^r.
// Source: Krishnamurthy, Rao and Subramanian (1975); Kornerup and Gregory, "Mapping integers and Hensel codes onto
// Farey fractions" (1983); Wang (1981). hensel_word.h is the fast form for p^r < 2^62.

#include "engine/padic/integer.h"
#include "engine/padic/prime.h"

namespace vramlab::padic {

/// floor(sqrt((m - 1) / 2)) for m = p^r: fractions with |a|, b up to it have different codes. At p = 251: 177 for r =
/// 2, 2811 for r = 3, 44548 for r = 4.
Integer farey_bound(const Integer& m);

/// The one fraction within the Farey bound with this code mod p^r. Throws OutsideFareyBound where none has.
/// A code of a fraction beyond the bound may be that of another one within it: only HenselCode can tell.
Rational fraction_of_code(Prime p, int r, const Integer& code);

/// H(p, r, a/b) = a * b^-1 mod p^r together with bounds on |a| and b, which grow with every operation. fraction()
/// refuses once they have left the Farey bound, where decoding would silently give another fraction.
/// Codes of different p or r do not mix: PadicError.
class HenselCode {
 public:
  /// Throws OutsideFareyBound where |a| or b is beyond the bound, NotIntegral where p divides b.
  HenselCode(Prime p, int r, const Rational& fraction);

  Prime prime() const { return p_; }
  int digits() const { return r_; }                         ///< r
  const Integer& code() const { return code_; }             ///< in [0, p^r)
  const Integer& most_numerator() const { return above_; }  ///< |a| is at most this
  const Integer& most_denominator() const { return below_; }
  /// Whether the bounds still tell that fraction() is right.
  bool is_decodable() const;
  /// Throws OutsideFareyBound.
  Rational fraction() const;
  /// The same with the bounds of the fraction itself, which may be smaller. Throws OutsideFareyBound.
  HenselCode tightened() const { return {p_, r_, fraction()}; }

  friend HenselCode operator+(const HenselCode& x, const HenselCode& y);
  friend HenselCode operator-(const HenselCode& x, const HenselCode& y);
  friend HenselCode operator*(const HenselCode& x, const HenselCode& y);
  /// Throws DivisionByZero for a code of 0, NotIntegral where p divides the divisor.
  friend HenselCode operator/(const HenselCode& x, const HenselCode& y);

 private:
  HenselCode(const HenselCode& like, const Integer& code, Integer above, Integer below);

  Prime p_;
  int r_;
  Integer code_;
  Integer above_;
  Integer below_;
};

}  // namespace vramlab::padic
