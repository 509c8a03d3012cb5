#include "engine/padic/level_tables.h"

#include <cmath>
#include <deque>
#include <mutex>

namespace vramlab::padic {
namespace {

constexpr std::size_t kept_tables = 8;

/// The lowest level from which on magnitudes follow one another.
std::uint32_t first_alone(const std::vector<std::uint16_t>& magnitude_of) {
  std::size_t level = magnitude_of.size() - 1;
  while (level > 0 && magnitude_of[level - 1] + 1 == magnitude_of[level]) --level;
  return static_cast<std::uint32_t>(level);
}

Levels build(const NumberFormat& format, double bound) {
  Levels levels;
  levels.sign_shift = 8U * format.bytes - 1U;
  const std::uint32_t magnitudes = 1U << levels.sign_shift, finite = least_special_magnitude(format);
  levels.level_of.resize(magnitudes);
  levels.magnitude_of.push_back(0);
  std::uint32_t next = 0;  // the lowest magnitude that no level covers yet
  const auto cover = [&](double level) {
    for (; next < finite && magnitude_value(next, format) - level <= bound; ++next)
      levels.level_of[next] = static_cast<std::uint16_t>(levels.magnitude_of.size() - 1);
  };
  cover(0.0);
  while (next < finite) {
    const double lowest = magnitude_value(next, format);
    std::uint32_t top = next;
    while (top + 1 < finite && magnitude_value(top + 1, format) - lowest <= bound) ++top;
    levels.magnitude_of.push_back(static_cast<std::uint16_t>(top));
    cover(magnitude_value(top, format));
  }
  levels.finite = static_cast<std::uint32_t>(levels.magnitude_of.size());
  for (std::uint32_t special = finite; special < magnitudes; ++special) {
    levels.level_of[special] = static_cast<std::uint16_t>(levels.magnitude_of.size());
    levels.magnitude_of.push_back(static_cast<std::uint16_t>(special));
  }
  levels.alone = first_alone(levels.magnitude_of);
  return levels;
}

struct Kept {
  DType dtype;
  double bound;
  std::shared_ptr<const Levels> levels;
};

}  // namespace

double magnitude_value(std::uint32_t magnitude, const NumberFormat& format) {
  const std::uint32_t exponent = magnitude >> format.mantissa;
  const std::uint32_t fraction = magnitude & ((1U << format.mantissa) - 1U);
  const int bias = (1 << (format.exponent - 1)) - 1;
  const std::uint32_t unit = exponent == 0 ? 0U : 1U << format.mantissa;
  const int scale = static_cast<int>(exponent == 0 ? 1U : exponent) - bias - format.mantissa;
  return std::ldexp(static_cast<double>(unit + fraction), scale);
}

std::uint32_t least_special_magnitude(const NumberFormat& format) {
  return format.infinities ? ((1U << format.exponent) - 1U) << format.mantissa
                           : (1U << (format.exponent + format.mantissa)) - 1U;
}

std::shared_ptr<const Levels> levels_for(DType dtype, double bound) {
  static std::mutex lock;
  static std::deque<Kept> kept;
  const std::lock_guard guard(lock);
  for (const Kept& one : kept)
    if (one.dtype == dtype && one.bound == bound) return one.levels;
  if (kept.size() == kept_tables) kept.pop_front();
  kept.push_back({dtype, bound, std::make_shared<const Levels>(build(format_of(dtype), bound))});
  return kept.back().levels;
}

}  // namespace vramlab::padic
