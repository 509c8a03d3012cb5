#include "engine/padic/hensel_code.h"

#include <fmt/format.h>

#include "engine/padic/errors.h"
#include "engine/padic/wang.h"
#include "engine/padic/zp.h"

namespace vramlab::padic {
namespace {

[[noreturn]] void refuse(Prime p, int r, const std::string& what) {
  const Integer bound = farey_bound(power(p, r));
  throw OutsideFareyBound(
      fmt::format("{}: beyond the Farey bound {} of {} digits of base {}", what, bound.str(), r, p.value()), {},
      "take more digits (a larger r), or keep the value as it is");
}

int checked_digits(int r) {
  if (r < 1) throw PadicError(fmt::format("a Hensel code of {} digits", r), {}, "one digit is the least");
  return r;
}

void require_same_ring(const HenselCode& x, const HenselCode& y) {
  if (x.prime() != y.prime() || x.digits() != y.digits())
    throw PadicError(fmt::format("Hensel codes mod {}^{} and mod {}^{}", x.prime().value(), x.digits(),
                                 y.prime().value(), y.digits()),
                     {}, "encode both with the same p and r");
}

}  // namespace

Integer farey_bound(const Integer& m) { return sqrt(Integer((m - 1) / 2)); }

Rational fraction_of_code(Prime p, int r, const Integer& code) {
  const Integer m = power(p, checked_digits(r));
  const auto found = wang<Integer>(m, residue(code, m), farey_bound(m), p.value());
  if (!found) refuse(p, r, "no fraction has this code");
  const Rational size(found->numerator, found->denominator);
  return found->negative ? Rational(-size) : size;
}

HenselCode::HenselCode(Prime p, int r, const Rational& fraction)
    : p_(p), r_(checked_digits(r)), above_(abs(numerator(fraction))), below_(denominator(fraction)) {
  if (below_ % p.value() == 0)
    throw NotIntegral(fmt::format("the Hensel code of {}: {} divides its denominator", fraction.str(), p.value()), {},
                      "take the power of p out and keep it apart, as Padic does");
  if (!is_decodable()) refuse(p, r, "the Hensel code of " + fraction.str());
  code_ = residue(numerator(fraction) * invert(below_, p, r), power(p, r));
}

HenselCode::HenselCode(const HenselCode& like, const Integer& code, Integer above, Integer below)
    : p_(like.p_),
      r_(like.r_),
      code_(residue(code, power(like.p_, like.r_))),
      above_(std::move(above)),
      below_(std::move(below)) {}

bool HenselCode::is_decodable() const {
  const Integer bound = farey_bound(power(p_, r_));
  return above_ <= bound && below_ <= bound;
}

Rational HenselCode::fraction() const {
  if (!is_decodable())
    refuse(p_, r_, fmt::format("a result with |a| up to {} and b up to {}", above_.str(), below_.str()));
  return fraction_of_code(p_, r_, code_);
}

HenselCode operator+(const HenselCode& x, const HenselCode& y) {
  require_same_ring(x, y);
  return {x, x.code_ + y.code_, x.above_ * y.below_ + y.above_ * x.below_, x.below_ * y.below_};
}

HenselCode operator-(const HenselCode& x, const HenselCode& y) {
  require_same_ring(x, y);
  return {x, x.code_ - y.code_, x.above_ * y.below_ + y.above_ * x.below_, x.below_ * y.below_};
}

HenselCode operator*(const HenselCode& x, const HenselCode& y) {
  require_same_ring(x, y);
  return {x, x.code_ * y.code_, x.above_ * y.above_, x.below_ * y.below_};
}

HenselCode operator/(const HenselCode& x, const HenselCode& y) {
  require_same_ring(x, y);
  if (y.code_ == 0) throw DivisionByZero("division by a Hensel code of 0", {}, "0 has no inverse");
  if (y.code_ % y.p_.value() == 0)
    throw NotIntegral(fmt::format("division by a Hensel code that {} divides", y.p_.value()), {},
                      "take the power of p out and keep it apart, as Padic does");
  return {x, x.code_ * invert(y.code_, y.p_, y.r_), x.above_ * y.below_, x.below_ * y.above_};
}

}  // namespace vramlab::padic
