#pragma once
// What p-adic arithmetic refuses. Each message names the operands and says what would mend it; operands are unchanged.

#include "engine/core/error.h"

namespace vramlab::padic {

/// Operands that do not belong together, arguments out of range. Exit code 1, as all below unless they say otherwise.
class PadicError : public Error {
 public:
  using Error::Error;
};

/// A base that is no prime below 256: a digit has to fit a byte, and what is not a prime has zero divisors. Exit
/// code 2.
class NotAPrime : public PadicError {
 public:
  using PadicError::PadicError;
  int exit_code() const override { return 2; }
};

/// The divisor is zero, or cannot be told from zero at its precision.
class DivisionByZero : public PadicError {
 public:
  using PadicError::PadicError;
};

/// A negative valuation, or a denominator that p divides, where an element of Z_p is needed.
class NotIntegral : public PadicError {
 public:
  using PadicError::PadicError;
};

/// The number is not a square in Q_p.
class NoSquareRoot : public PadicError {
 public:
  using PadicError::PadicError;
};

/// More digits were asked for than are known.
class PrecisionExhausted : public PadicError {
 public:
  using PadicError::PadicError;
};

/// A fraction beyond floor(sqrt((p^r - 1) / 2)), which its Hensel code would silently take for another one.
class OutsideFareyBound : public PadicError {
 public:
  using PadicError::PadicError;
};

}  // namespace vramlab::padic
