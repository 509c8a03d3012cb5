#pragma once
// Hensel codes that fit a machine word, for where every value of a tensor has one: no allocation, no exception, std
// only. hensel_code.h has them for any p^r, and agrees.
// Source: Wang, "A p-adic algorithm for univariate partial fractions" (1981); Kornerup and Gregory (1983); Barrett
// (1986).

#include <array>
#include <cstdint>
#include <optional>

#include "engine/core/wide.h"
#include "engine/padic/prime.h"
#include "engine/padic/wang.h"

namespace vramlab::padic {

/// a / b in lowest terms, b > 0.
struct WordFraction {
  std::int64_t numerator = 0;
  std::int64_t denominator = 1;
  friend bool operator==(const WordFraction&, const WordFraction&) = default;
};

/// H(p, r, a/b) = a * b^-1 mod p^r for one p and r with p^r < 2^62 (r <= 7 at 251). Fractions within the Farey bound
/// have different codes; beyond it a code would mean another fraction, so encode() refuses.
/// THREAD-SAFETY: immutable.
class WordHensel {
 public:
  /// Throws PadicError unless r >= 1 and p^r < 2^62.
  WordHensel(Prime p, int r);

  Prime prime() const { return p_; }
  int digits() const { return r_; }
  std::uint64_t modulus() const { return m_; }
  /// floor(sqrt((p^r - 1) / 2)): the largest |a| and b that have a code.
  std::int64_t farey_bound() const { return static_cast<std::int64_t>(bound_); }

  /// The code, in [0, modulus()). nullopt where |a| or b is beyond the Farey bound, b < 1, or p divides b. a / b need
  /// not be in lowest terms.
  std::optional<std::uint64_t> encode(std::int64_t a, std::int64_t b) const {
    const bool negative = a < 0;
    const std::uint64_t size = negative ? 0 - static_cast<std::uint64_t>(a) : static_cast<std::uint64_t>(a);
    if (size > bound_ || b < 1 || static_cast<std::uint64_t>(b) > bound_) return std::nullopt;
    const auto unit = static_cast<std::uint64_t>(b);
    const std::uint64_t first = inverses_[unit % p_.value()];
    if (first == 0) return std::nullopt;
    const std::uint64_t code = multiply(size, invert(unit, first));
    return negative && code > 0 ? m_ - code : code;
  }

  /// The one fraction within the Farey bound that has this code; nullopt where none has.
  std::optional<WordFraction> decode(std::uint64_t code) const {
    if (code >= m_) return std::nullopt;
    const auto found = wang<std::uint64_t>(m_, code, bound_, p_.value());
    if (!found) return std::nullopt;
    const auto size = static_cast<std::int64_t>(found->numerator);
    return WordFraction{found->negative ? -size : size, static_cast<std::int64_t>(found->denominator)};
  }

 private:
  // x mod m for x < m^2: Barrett's quotient is at most 2 too small, and 3 m fits the word.
  std::uint64_t reduce(Wide x) const {
    const auto high = static_cast<std::uint64_t>(x >> (bits_ - 1));
    const auto quotient = static_cast<std::uint64_t>((static_cast<Wide>(high) * reciprocal_) >> (bits_ + 1));
    std::uint64_t rest = static_cast<std::uint64_t>(x) - quotient * m_;
    while (rest >= m_) rest -= m_;
    return rest;
  }
  std::uint64_t multiply(std::uint64_t x, std::uint64_t y) const { return reduce(static_cast<Wide>(x) * y); }
  // x <- x (2 - unit x), from 1 digit on.
  std::uint64_t invert(std::uint64_t unit, std::uint64_t x) const {
    for (int right = 1; right < r_; right *= 2) {
      const std::uint64_t product = multiply(unit, x);  // = 1 mod p, so neither 0 nor m
      x = multiply(x, product <= 2 ? 2 - product : m_ + 2 - product);
    }
    return x;
  }

  Prime p_;
  int r_;
  std::uint64_t m_ = 1;
  std::uint64_t bound_ = 0;
  int bits_ = 0;                              ///< 2^(bits - 1) <= m < 2^bits
  std::uint64_t reciprocal_ = 0;              ///< floor(2^(2 bits) / m)
  std::array<std::uint8_t, 256> inverses_{};  ///< of each digit; 0 has none
};

}  // namespace vramlab::padic
