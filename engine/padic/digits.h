#pragma once
// Digits of p-adic numbers, plain and balanced, and the Monna map, which turns their order around.

#include <cstdint>
#include <span>
#include <vector>

#include "engine/padic/padic.h"

namespace vramlab::padic {

/// Digits in [0, p) of p^first, p^(first + 1), ...: `count` of them, lowest first. Digits below the valuation are 0;
/// those below p^first are left out. Throws PrecisionExhausted where more are asked for than are known.
std::vector<std::uint8_t> digits(const Padic& x, int first, int count);
/// All that are known from p^min(v, 0) on.
std::vector<std::uint8_t> digits(const Padic& x);
/// Sum of digits[i] p^(first + i) + O(p^(first + digits.size())). Throws PadicError for a digit >= p.
Padic from_digits(Prime p, std::span<const std::uint8_t> digits, int first = 0);

/// As digits(), with digits in (-p/2, p/2]: |d| <= (p - 1) / 2 for odd p, and {0, 1} for p = 2. For odd p small
/// negative integers end in zeros too: n digits hold every |q| <= (p^n - 1) / 2 (31500 for two of 251, 7.9 million for
/// three).
std::vector<std::int8_t> balanced_digits(const Padic& x, int first, int count);
std::vector<std::int8_t> balanced_digits(const Padic& x);
/// Throws PadicError for a digit outside (-p/2, p/2].
Padic from_balanced_digits(Prime p, std::span<const std::int8_t> digits, int first = 0);

/// The Monna map: sum d_i p^i -> sum d_i p^(-i-1), a real number; Z_p goes onto [0, 1]. x is known to N digits, so the
/// value is exact for u p^v and at most p^-N below that of any number congruent to it. It is 1-Lipschitz:
/// |M(x) - M(y)| <= |x - y|_p. Source: Monna, "Sur une transformation simple des nombres P-adiques en nombres reels"
/// (1952).
Rational monna(const Padic& x);
/// The number to N digits whose Monna image is the largest not above `y`. Throws PadicError where y < 0.
Padic from_monna(const Rational& y, Prime p, int precision = default_precision);

}  // namespace vramlab::padic
