#pragma once
// Z_p to n digits, that is Z / p^n: what lifts a solution mod p to one mod p^n. Q_p (padic.h) is built on it.
// Source: Hensel (1908) and Newton's iteration with the digits doubled in each step, as in FLINT's padic module.
// Residues are in [0, p^n). n is in [1, most_digits] unless said otherwise.

#include "engine/padic/integer.h"
#include "engine/padic/prime.h"

namespace vramlab::padic {

/// p^n. Throws PadicError unless 0 <= n <= most_digits.
Integer power(Prime p, int n);

/// x mod m, in [0, m). REQUIRES: m > 0.
Integer residue(const Integer& x, const Integer& m);

/// Divides x by p until it cannot, and returns how often. REQUIRES: x != 0.
int remove_factors(Integer& x, Prime p);

/// unit^-1 mod p^n, by x <- x (2 - unit x). Throws DivisionByZero where p divides `unit`.
Integer invert(const Integer& unit, Prime p, int n);

/// Whether `unit` is a square in Z_p: Euler's criterion mod p; for p = 2, unit = 1 mod 8. REQUIRES: p does not divide
/// it.
bool is_square_unit(const Integer& unit, Prime p);

/// The square root of the exact integer `unit`, to n digits, by z <- z (3 - unit z^2) / 2 towards 1 / sqrt(unit). Of
/// the two it is the one whose lowest digit is below p / 2; for p = 2, the one that is 1 mod 4.
/// Throws NoSquareRoot, or DivisionByZero where p divides `unit`.
Integer square_root(const Integer& unit, Prime p, int n);

/// The t with t = x mod p and t^p = t mod p^n, by t <- t - (t^p - t) / (p - 1): a (p-1)-th root of unity, or 0.
Integer teichmuller_lift(const Integer& x, Prime p, int n);

}  // namespace vramlab::padic
