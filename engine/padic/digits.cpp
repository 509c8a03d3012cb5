#include "engine/padic/digits.h"

#include <fmt/format.h>

#include <algorithm>

#include "engine/padic/errors.h"
#include "engine/padic/zp.h"

namespace vramlab::padic {
namespace {

constexpr std::size_t by_words = 7;  ///< digits of any base that a 64-bit word holds

// The digits of 0 <= x < p^out.size(), by halves: the cost of large numbers is that of a few divisions of that size.
void split(const Integer& x, Prime p, std::span<std::uint8_t> out) {
  if (out.size() <= by_words) {
    auto rest = x.convert_to<std::uint64_t>();
    for (std::uint8_t& digit : out) {
      digit = static_cast<std::uint8_t>(rest % p.value());
      rest /= p.value();
    }
    return;
  }
  const std::size_t half = out.size() / 2;
  Integer above;
  Integer below;
  divide_qr(x, power(p, static_cast<int>(half)), above, below);
  split(below, p, out.first(half));
  split(above, p, out.subspan(half));
}

template <class Digit>
Integer join(Prime p, std::span<const Digit> in) {
  if (in.size() <= by_words) {
    std::int64_t sum = 0;
    for (std::size_t i = in.size(); i-- > 0;) sum = sum * static_cast<std::int64_t>(p.value()) + in[i];
    return sum;
  }
  const std::size_t half = in.size() / 2;
  return join(p, in.first(half)) + join(p, in.subspan(half)) * power(p, static_cast<int>(half));
}

template <class Digit>
Padic joined(Prime p, std::span<const Digit> in, int first, int least, int most) {
  for (const Digit digit : in)
    if (digit < least || digit > most)
      throw PadicError(fmt::format("{} as a digit of base {}", int{digit}, p.value()), {},
                       fmt::format("digits lie between {} and {}", least, most));
  return Padic::of_unit(join(p, in), first, p, first + static_cast<int>(in.size()));
}

int largest_balanced(Prime p) { return static_cast<int>(p.value() / 2); }
int least_balanced(Prime p) { return largest_balanced(p) - static_cast<int>(p.value()) + 1; }

int first_known(const Padic& x) { return std::min(x.valuation(), 0); }

Integer reversed(std::span<const std::uint8_t> in, Prime p) {
  const std::vector<std::uint8_t> turned(in.rbegin(), in.rend());
  return join(p, std::span(turned));
}

}  // namespace

std::vector<std::uint8_t> digits(const Padic& x, int first, int count) {
  if (count < 0) throw PadicError(fmt::format("{} digits", count), {}, "ask for none or more");
  if (first > x.precision() - count)
    throw PrecisionExhausted(fmt::format("{} digits from p^{} on of {}", count, first, text_of(x)), {},
                             "only those below p^N are known: calculate the number to more");
  std::vector<std::uint8_t> out(static_cast<std::size_t>(count));
  const int known = std::min(x.valuation(), first);  // the digits below p^first go along, to be left out
  const int gap = x.valuation() - known;
  if (gap >= first + count - known) return out;
  std::vector<std::uint8_t> all(static_cast<std::size_t>(x.precision() - known));
  split(x.unit(), x.prime(), std::span(all).subspan(static_cast<std::size_t>(gap)));
  std::copy_n(all.begin() + (first - known), count, out.begin());
  return out;
}

std::vector<std::uint8_t> digits(const Padic& x) { return digits(x, first_known(x), x.precision() - first_known(x)); }

Padic from_digits(Prime p, std::span<const std::uint8_t> digits, int first) {
  return joined(p, digits, first, 0, static_cast<int>(p.value()) - 1);
}

std::vector<std::int8_t> balanced_digits(const Padic& x, int first, int count) {
  // Carries come from below `first` as well.
  const int from = std::min(first, x.valuation());
  const std::vector<std::uint8_t> plain = digits(x, from, first + count - from);
  std::vector<std::int8_t> out;
  out.reserve(plain.size());
  int carry = 0;
  for (const std::uint8_t digit : plain) {
    const int sum = digit + carry;
    carry = sum > largest_balanced(x.prime()) ? 1 : 0;
    out.push_back(static_cast<std::int8_t>(sum - carry * static_cast<int>(x.prime().value())));
  }
  out.erase(out.begin(), out.begin() + (first - from));
  return out;
}

std::vector<std::int8_t> balanced_digits(const Padic& x) {
  return balanced_digits(x, first_known(x), x.precision() - first_known(x));
}

Padic from_balanced_digits(Prime p, std::span<const std::int8_t> digits, int first) {
  return joined(p, digits, first, least_balanced(p), largest_balanced(p));
}

Rational monna(const Padic& x) {
  const std::vector<std::uint8_t> known = digits(x);
  const Integer sum = reversed(known, x.prime());  // the highest digit, of p^(N-1), counts p^-N
  const int scale = x.precision();
  return scale >= 0 ? Rational(sum, power(x.prime(), scale)) : Rational(sum * power(x.prime(), -scale));
}

Padic from_monna(const Rational& y, Prime p, int precision) {
  if (y < 0) throw PadicError(fmt::format("{} as a Monna image", y.str()), {}, "images are not negative");
  const Rational scaled =
      precision >= 0 ? Rational(y * Rational(power(p, precision))) : Rational(y / Rational(power(p, -precision)));
  const Integer sum = numerator(scaled) / denominator(scaled);
  int count = std::max(precision, 0);
  while (power(p, count) <= sum) ++count;
  std::vector<std::uint8_t> turned(static_cast<std::size_t>(count));
  split(sum, p, turned);
  std::reverse(turned.begin(), turned.end());
  return from_digits(p, turned, precision - count);
}

}  // namespace vramlab::padic
