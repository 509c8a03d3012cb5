#pragma once
// The prime p of Z_p and Q_p: below 256, so that a digit is a byte.

#include <cstdint>

namespace vramlab::padic {

/// Throws NotAPrime.
[[noreturn]] void refuse_prime(std::uint64_t value);

class Prime {
 public:
  static constexpr unsigned largest = 251;

  constexpr Prime() = default;
  /// Throws NotAPrime unless `value` is a prime below 256.
  constexpr explicit Prime(std::uint64_t value) : value_(static_cast<std::uint8_t>(value)) {
    if (value > largest || !is_prime(value)) refuse_prime(value);
  }
  constexpr unsigned value() const { return value_; }
  /// d^-1 mod p. REQUIRES: 0 < digit < p.
  constexpr unsigned inverse(unsigned digit) const {
    unsigned power = 1;  // Fermat: d^(p-2)
    for (unsigned i = 2; i < value(); ++i) power = power * digit % value();
    return power;
  }
  friend constexpr bool operator==(Prime, Prime) = default;

 private:
  static constexpr bool is_prime(std::uint64_t value) {
    for (std::uint64_t d = 2; d * d <= value; ++d)
      if (value % d == 0) return false;
    return value >= 2;
  }

  std::uint8_t value_ = largest;
};

/// p where nothing else is said: the largest whose digits are bytes.
inline constexpr Prime default_prime{};
/// N where nothing else is said, in digits: 64 of 251 are 511 bits.
inline constexpr int default_precision = 64;
/// Precisions and valuations stay within +-most_digits, so that a sum of two never overflows.
inline constexpr int most_digits = 1 << 20;

}  // namespace vramlab::padic
