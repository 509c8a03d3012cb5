#include "engine/padic/padic.h"

#include <fmt/format.h>

#include <algorithm>
#include <cstdlib>

#include "engine/padic/errors.h"
#include "engine/padic/hensel_code.h"
#include "engine/padic/zp.h"

namespace vramlab::padic {
namespace {

int checked(int exponent, const char* what) {
  if (exponent < -most_digits || exponent > most_digits)
    throw PadicError(fmt::format("{} of {} digits", what, exponent), {},
                     fmt::format("{} to {} are kept", -most_digits, most_digits));
  return exponent;
}

Prime common_prime(const Padic& x, const Padic& y) {
  if (x.prime() == y.prime()) return x.prime();
  throw PadicError(fmt::format("operands of Q_{} and Q_{}", x.prime().value(), y.prime().value()), {},
                   "bring both to one prime through their rationals: there is no map between the two fields");
}

void refuse_zero(const Padic& divisor) {
  if (divisor.is_zero())
    throw DivisionByZero(fmt::format("division by {}", text_of(divisor)), {},
                         "the divisor is zero to its precision: calculate it to more digits");
}

Rational power_of(Prime p, int exponent) {
  const Integer size = power(p, std::abs(exponent));
  return exponent < 0 ? Rational(1, size) : Rational(size);
}

Padic root_of(const Padic& x, int precision) {
  if (x.valuation() % 2 != 0)
    throw NoSquareRoot(fmt::format("{} has no square root: its valuation is odd", text_of(x)), {},
                       "it would need the ramified extension by sqrt(p)");
  const int valuation = x.valuation() / 2;
  const int digits = std::max(checked(precision, "a precision") - valuation, 1);  // one, to refuse what is no square
  return Padic::of_unit(square_root(x.unit(), x.prime(), digits), valuation, x.prime(), precision);
}

void refuse_fractions(const Padic& x) {
  if (!x.is_integral())
    throw NotIntegral(fmt::format("the Teichmuller lift of {}", text_of(x)), {},
                      "only elements of Z_p have one: multiply by a power of p first");
}

}  // namespace

Padic::Padic(Prime p, int precision) : p_(p), precision_(checked(precision, "a precision")), valuation_(precision) {}

Padic Padic::of_unit(Integer u, int valuation, Prime p, int precision) {
  Padic x(p, precision);
  checked(valuation, "a valuation");
  if (u == 0) return x;
  valuation += remove_factors(u, p);
  if (valuation >= precision) return x;
  x.valuation_ = checked(valuation, "a valuation");
  x.unit_ = residue(u, power(p, checked(precision - valuation, "a unit")));
  return x;
}

Padic::Padic(const Rational& x, Prime p, int precision) : Padic(p, precision) {
  if (x == 0) return;
  Integer above = numerator(x);
  Integer below = denominator(x);
  const int valuation = remove_factors(above, p) - remove_factors(below, p);
  if (valuation >= precision) return;
  const int digits = checked(precision - valuation, "a unit");
  *this = of_unit(above * invert(below, p, digits), valuation, p, precision);
}

Rational Padic::exact() const { return is_zero() ? Rational(0) : Rational(unit_) * power_of(p_, valuation_); }

Padic reduce(const Padic& x, int precision) {
  return Padic::of_unit(x.unit(), x.is_zero() ? 0 : x.valuation(), x.prime(), precision);
}

bool congruent(const Padic& x, const Padic& y, int precision) { return subtract(x, y, precision).is_zero(); }

Padic add(const Padic& x, const Padic& y, int precision) {
  const Prime p = common_prime(x, y);
  if (x.is_zero() || x.valuation() >= precision) return reduce(y, precision);
  if (y.is_zero() || y.valuation() >= precision) return reduce(x, precision);
  const int low = std::min(x.valuation(), y.valuation());
  const auto aligned = [&](const Padic& z) -> Integer { return z.unit() * power(p, z.valuation() - low); };
  return Padic::of_unit(aligned(x) + aligned(y), low, p, precision);
}

Padic subtract(const Padic& x, const Padic& y, int precision) {
  const Integer opposite = -y.unit();
  return add(x, Padic::of_unit(opposite, y.is_zero() ? 0 : y.valuation(), y.prime(), precision), precision);
}

Padic multiply(const Padic& x, const Padic& y, int precision) {
  const Prime p = common_prime(x, y);
  if (x.is_zero() || y.is_zero()) return Padic(p, precision);
  return Padic::of_unit(x.unit() * y.unit(), checked(x.valuation() + y.valuation(), "a valuation"), p, precision);
}

Padic divide(const Padic& x, const Padic& y, int precision) {
  const Prime p = common_prime(x, y);
  refuse_zero(y);
  if (x.is_zero()) return Padic(p, precision);
  const int valuation = checked(x.valuation() - y.valuation(), "a valuation");
  if (valuation >= precision) return Padic(p, precision);
  const int digits = checked(checked(precision, "a precision") - valuation, "a unit");
  return Padic::of_unit(x.unit() * invert(y.unit(), p, digits), valuation, p, precision);
}

Padic inverse(const Padic& x, int precision) { return divide(Padic::of_unit(1, 0, x.prime(), 1), x, precision); }

Padic square_root(const Padic& x, int precision) {
  return x.is_zero() ? Padic(x.prime(), precision) : root_of(x, precision);
}

bool is_square(const Padic& x) {
  return x.is_zero() || (x.valuation() % 2 == 0 && is_square_unit(x.unit(), x.prime()));
}

Padic teichmuller(const Padic& x, int precision) {
  refuse_fractions(x);
  if (x.valuation() > 0 || precision <= 0) return Padic(x.prime(), precision);
  return Padic::of_unit(teichmuller_lift(x.unit(), x.prime(), precision), 0, x.prime(), precision);
}

Padic operator+(const Padic& x, const Padic& y) { return add(x, y, std::min(x.precision(), y.precision())); }
Padic operator-(const Padic& x, const Padic& y) { return subtract(x, y, std::min(x.precision(), y.precision())); }
Padic operator-(const Padic& x) { return subtract(Padic(x.prime(), x.precision()), x, x.precision()); }

Padic operator*(const Padic& x, const Padic& y) {
  return multiply(x, y, std::min(x.valuation() + y.precision(), y.valuation() + x.precision()));
}

Padic operator/(const Padic& x, const Padic& y) {
  refuse_zero(y);
  return divide(x, y, std::min(x.precision() - y.valuation(), x.valuation() + y.precision() - 2 * y.valuation()));
}

Padic square_root(const Padic& x) {
  if (x.is_zero()) return Padic(x.prime(), (x.precision() + (x.precision() > 0 ? 1 : 0)) / 2);
  const bool dyadic = x.prime().value() == 2;
  if (dyadic && x.valuation() % 2 == 0 && x.relative_precision() < 3 && residue(x.unit(), 4) == 1)
    throw PrecisionExhausted(fmt::format("whether {} is a square", text_of(x)), {},
                             "three digits of the unit decide: calculate the number to more");
  return root_of(x, x.precision() - x.valuation() / 2 - (dyadic ? 1 : 0));
}

Padic teichmuller(const Padic& x) {
  refuse_fractions(x);
  if (x.precision() < 1)
    throw PrecisionExhausted(fmt::format("the Teichmuller lift of {}", text_of(x)), {},
                             "its lowest digit has to be known: calculate it to O(p) at least");
  return teichmuller(x, x.precision());
}

Rational norm(const Padic& x) { return x.is_zero() ? Rational(0) : power_of(x.prime(), -x.valuation()); }

Rational distance(const Padic& x, const Padic& y) { return norm(x - y); }

Rational max_norm(std::span<const Padic> vector) {
  Rational largest = 0;
  for (const Padic& x : vector) largest = std::max(largest, norm(x));
  return largest;
}

Rational reconstruct(const Padic& x) {
  if (x.is_zero()) return 0;
  return fraction_of_code(x.prime(), x.relative_precision(), x.unit()) * power_of(x.prime(), x.valuation());
}

std::string text_of(const Padic& x) {
  const unsigned p = x.prime().value();
  if (x.is_zero()) return fmt::format("O({}^{})", p, x.precision());
  return fmt::format("{} * {}^{} + O({}^{})", x.unit().str(), p, x.valuation(), p, x.precision());
}

}  // namespace vramlab::padic
