#include "experiments/tensor_check.h"

#include <fmt/format.h>

#include <algorithm>
#include <cmath>
#include <cstring>
#include <limits>

#include "engine/core/error.h"

namespace vramlab {
namespace {

constexpr double infinite = std::numeric_limits<double>::infinity();

template <class Number>
Number number_at(const std::byte* at) {
  Number number;
  std::memcpy(&number, at, sizeof number);
  return number;
}

/// IEEE 754 with few bits; float8_e4m3 has no infinities, and one NaN, all ones.
double small_float(std::uint32_t bits, int exponent_bits, int mantissa_bits, bool infinities) {
  const std::uint32_t mantissa = bits & ((1U << mantissa_bits) - 1U);
  const std::uint32_t top = (1U << exponent_bits) - 1U;
  const std::uint32_t exponent = bits >> mantissa_bits & top;
  const double sign = (bits >> (exponent_bits + mantissa_bits) & 1U) != 0 ? -1 : 1;
  const int bias = static_cast<int>(top / 2);
  if (exponent == top && infinities) return mantissa == 0 ? sign * infinite : std::nan("");
  if (exponent == top && mantissa == (1U << mantissa_bits) - 1U) return std::nan("");
  if (exponent == 0) return sign * std::ldexp(mantissa, 1 - bias - mantissa_bits);
  return sign * std::ldexp(mantissa | 1U << mantissa_bits, static_cast<int>(exponent) - bias - mantissa_bits);
}

void add(TensorDifference& found, double given, double back) {
  const double error = std::abs(given - back);
  const bool known = !std::isnan(error);
  found.max_absolute = std::max(found.max_absolute, known ? error : infinite);
  found.max_relative = std::max(found.max_relative, known && given != 0   ? error / std::abs(given)
                                                    : known && error == 0 ? 0
                                                                          : infinite);
}

}  // namespace

double real_value(ElementType type, const std::byte* at) {
  switch (type) {
    case ElementType::float8_e4m3:
      return small_float(number_at<std::uint8_t>(at), 4, 3, false);
    case ElementType::float8_e5m2:
      return small_float(number_at<std::uint8_t>(at), 5, 2, true);
    case ElementType::float16:
      return small_float(number_at<std::uint16_t>(at), 5, 10, true);
    case ElementType::bfloat16:
      return small_float(number_at<std::uint16_t>(at), 8, 7, true);
    case ElementType::float32:
      return static_cast<double>(number_at<float>(at));
    case ElementType::float64:
      return number_at<double>(at);
    default:
      return std::nan("");  // two integers that differ are beyond any bound
  }
}

TensorDifference compare_values(ElementType type, std::span<const std::byte> given, std::span<const std::byte> back) {
  TensorDifference found;
  const std::size_t bytes = element_info(type).bytes;
  for (std::size_t at = 0; at < given.size(); at += bytes) {
    if (std::memcmp(&given[at], &back[at], bytes) == 0) continue;
    ++found.differing;
    add(found, real_value(type, &given[at]), real_value(type, &back[at]));
  }
  return found;
}

void check_promise(const TensorDifference& difference, const padic::CodecOptions& options, const std::string& tensor) {
  const std::string_view mend = "this is a bug: please report it with the file that shows it";
  const double reached = options.mode == padic::Mode::relative ? difference.max_relative : difference.max_absolute;
  const bool exact = options.mode == padic::Mode::lossless || options.mode == padic::Mode::rational;
  if (exact && !difference.bit_exact())
    throw InvariantError(fmt::format("{}: {} values do not come back bit by bit", tensor, difference.differing), {},
                         std::string(mend));
  if (!exact && reached > options.bound)
    throw InvariantError(fmt::format("{}: an error of {} is beyond the bound {}", tensor, reached, options.bound), {},
                         std::string(mend));
}

}  // namespace vramlab
