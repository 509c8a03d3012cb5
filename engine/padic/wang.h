#pragma once
// Wang's rational reconstruction, for machine words and integers of any size alike.
// Source: Wang (1981); Wang, Guy and Davenport (1982). Euclid's algorithm on (m, code), stopped half way.

#include <optional>
#include <utility>

namespace vramlab::padic {

/// (negative ? -numerator : numerator) / denominator, in lowest terms.
template <class Int>
struct SignedFraction {
  bool negative = false;
  Int numerator = 0;
  Int denominator = 1;
};

/// The one a / b with a = b * residue mod m, |a| <= bound, 0 < b <= bound and p not dividing b; nullopt where none is.
/// REQUIRES: m a power of p, 0 <= residue < m, 2 bound^2 < m.
template <class Int>
std::optional<SignedFraction<Int>> wang(const Int& m, const Int& code, const Int& bound, unsigned p) {
  Int above = m;
  Int rest = code;
  Int cofactor_above = 0;  // INVARIANT: rest = +-cofactor * code mod m, and the signs take turns
  Int cofactor = 1;
  bool negative = false;
  while (rest > bound) {
    const Int quotient = above / rest;
    above -= quotient * rest;
    std::swap(above, rest);
    cofactor_above += quotient * cofactor;
    std::swap(cofactor_above, cofactor);
    negative = !negative;
  }
  // gcd(rest, cofactor) divides m, so it is 1 where p does not divide the cofactor.
  if (cofactor > bound || cofactor % p == 0) return std::nullopt;
  return SignedFraction<Int>{negative && rest != 0, std::move(rest), std::move(cofactor)};
}

}  // namespace vramlab::padic
