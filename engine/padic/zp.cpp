#include "engine/padic/zp.h"

#include <fmt/format.h>

#include <vector>

#include "engine/padic/errors.h"

namespace vramlab::padic {
namespace {

// 1 = n0 < n1 < ... < n, each at most twice the one before: the digits that are right after each step of Newton's.
std::vector<int> lifting_steps(int n) {
  std::vector<int> steps;
  for (int digits = n; digits > 1; digits = (digits + 1) / 2) steps.insert(steps.begin(), digits);
  return steps;
}

unsigned lowest_digit(const Integer& x, Prime p) { return residue(x, p.value()).convert_to<unsigned>(); }

unsigned unit_digit(const Integer& x, Prime p, const char* what) {
  const unsigned digit = lowest_digit(x, p);
  if (digit == 0)
    throw DivisionByZero(fmt::format("{} of a number that {} divides", what, p.value()), {},
                         "only units have one in Z_p; take the factors out, or calculate in Q_p");
  return digit;
}

// Odd p: every step doubles the digits. z0 = 1 / s mod p.
Integer lift_inverse_root(const Integer& unit, Prime p, int n, unsigned z0) {
  Integer z = z0;
  for (const int digits : lifting_steps(n)) {
    const Integer modulus = power(p, digits);
    const Integer half = (modulus + 1) / 2;
    z = residue(z * residue(3 - residue(unit, modulus) * z * z, modulus) * half, modulus);
  }
  return z;
}

// p = 2: with e = unit z^2 - 1 a step goes from v(e) = m to 2m - 2, so 3 digits are needed to begin with, and halving
// takes one of them. n + 1 right digits of unit z^2 make n of the root.
Integer dyadic_inverse_root(const Integer& unit, int n) {
  const Integer modulus = boost::multiprecision::pow(Integer(2), static_cast<unsigned>(n + 3));
  Integer z = 1;
  for (int right = 3; right < n + 1; right = 2 * right - 2)
    z = residue(z * (residue(3 - unit * z * z, modulus) / 2), modulus);
  return z;
}

}  // namespace

Integer power(Prime p, int n) {
  if (n < 0 || n > most_digits)
    throw PadicError(fmt::format("{} digits of base {}", n, p.value()), {},
                     fmt::format("0 to {} are kept", most_digits));
  return boost::multiprecision::pow(Integer(p.value()), static_cast<unsigned>(n));
}

Integer residue(const Integer& x, const Integer& m) {
  Integer rest = x % m;
  if (rest < 0) rest += m;
  return rest;
}

int remove_factors(Integer& x, Prime p) {
  const auto remove = [&x](const auto& self, const Integer& factor) -> int {
    Integer quotient;
    Integer rest;
    divide_qr(x, factor, quotient, rest);
    if (rest != 0) return 0;
    x = quotient;
    const int twice = 2 * self(self, factor * factor);
    divide_qr(x, factor, quotient, rest);
    if (rest != 0) return twice + 1;
    x = quotient;
    return twice + 2;
  };
  return remove(remove, p.value());
}

Integer invert(const Integer& unit, Prime p, int n) {
  Integer x = p.inverse(unit_digit(unit, p, "the inverse"));
  for (const int digits : lifting_steps(n)) {
    const Integer modulus = power(p, digits);
    x = residue(x * (2 - residue(unit, modulus) * x), modulus);
  }
  return x;
}

bool is_square_unit(const Integer& unit, Prime p) {
  if (p.value() == 2) return residue(unit, 8) == 1;
  unsigned euler = 1;
  const unsigned digit = lowest_digit(unit, p);
  for (unsigned i = 0; i < (p.value() - 1) / 2; ++i) euler = euler * digit % p.value();
  return euler == 1;
}

Integer square_root(const Integer& unit, Prime p, int n) {
  const unsigned digit = unit_digit(unit, p, "the square root in Z_p");
  if (!is_square_unit(unit, p))
    throw NoSquareRoot(p.value() == 2 ? "a unit of Z_2 that is not 1 mod 8 has no square root"
                                      : fmt::format("{} is not a square mod {}", digit, p.value()),
                       {}, "ask is_square() first; it would need an extension of Q_p");
  if (p.value() == 2) return residue(unit * dyadic_inverse_root(unit, n), power(p, n));
  unsigned root = 1;
  while (root * root % p.value() != digit) ++root;  // ends below p / 2
  return residue(unit * lift_inverse_root(unit, p, n, p.inverse(root)), power(p, n));
}

Integer teichmuller_lift(const Integer& x, Prime p, int n) {
  Integer t = lowest_digit(x, p);
  if (t == 0) return t;
  const Integer scale = invert(p.value() - 1, p, n);
  for (const int digits : lifting_steps(n)) {
    const Integer modulus = power(p, digits);
    const Integer error = powm(t, p.value(), modulus) - t;
    t = residue(t - error * scale, modulus);
  }
  return t;
}

}  // namespace vramlab::padic
