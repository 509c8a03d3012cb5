#include "engine/padic/rational_code.h"

#include <algorithm>
#include <bit>
#include <cmath>

namespace vramlab::padic {
namespace {

// A convergent and the one before it: every intermediate fraction is (a' + k a) / (b' + k b).
struct Convergents {
  std::int64_t a = 1, b = 0, last_a = 0, last_b = 1;

  WordFraction intermediate(std::int64_t k) const { return {last_a + k * a, last_b + k * b}; }
  void step(std::int64_t k) {
    const WordFraction next = intermediate(k);
    last_a = a, last_b = b;
    a = next.numerator, b = next.denominator;
  }
};

// The least k in [1, most] with which the intermediate fraction is the float; 0: none. Fractions get nearer as k grows.
std::int64_t first_that_fits(const Convergents& around, std::int64_t most, float size) {
  if (float_of(around.intermediate(most)) != size) return 0;
  std::int64_t low = 1;
  while (low < most) {
    const std::int64_t middle = low + (most - low) / 2;
    if (float_of(around.intermediate(middle)) == size)
      most = middle;
    else
      low = middle + 1;
  }
  return low;
}

// How many steps keep both parts within the bound.
std::int64_t steps_within(const Convergents& around, std::int64_t bound) {
  std::int64_t most = bound;
  if (around.a > 0) most = std::min(most, (bound - around.last_a) / around.a);
  if (around.b > 0) most = std::min(most, (bound - around.last_b) / around.b);
  return most;
}

}  // namespace

float float_of(const WordFraction& fraction) {
  return static_cast<float>(static_cast<double>(fraction.numerator) / static_cast<double>(fraction.denominator));
}

std::optional<WordFraction> simplest_fraction(float x, std::int64_t bound) {
  if (std::bit_cast<std::uint32_t>(x) == 0) return WordFraction{0, 1};
  const float size = std::fabs(x);
  if (!std::isfinite(x) || size == 0.0F || static_cast<double>(size) > static_cast<double>(bound)) return std::nullopt;
  Convergents around;
  for (double rest = size;;) {
    const double whole = std::floor(rest);
    const std::int64_t within = steps_within(around, bound);
    const std::int64_t quotient = whole > static_cast<double>(within) ? within : static_cast<std::int64_t>(whole);
    if (quotient >= 1) {
      const std::int64_t k = first_that_fits(around, quotient, size);
      if (k > 0) {
        const WordFraction found = around.intermediate(k);
        return WordFraction{x < 0 ? -found.numerator : found.numerator, found.denominator};
      }
    }
    if (whole > static_cast<double>(within) || rest == whole) return std::nullopt;
    around.step(quotient);
    rest = 1.0 / (rest - whole);
  }
}

std::optional<std::uint64_t> rational_code(float x, const WordHensel& ring) {
  const auto fraction = simplest_fraction(x, ring.farey_bound());
  return fraction ? ring.encode(fraction->numerator, fraction->denominator) : std::nullopt;
}

std::optional<float> float_of_code(std::uint64_t code, const WordHensel& ring) {
  const auto fraction = ring.decode(code);
  if (!fraction) return std::nullopt;
  return float_of(*fraction);
}

}  // namespace vramlab::padic
