#include "engine/config/units.h"

#include <fmt/format.h>
#include <algorithm>
#include <array>
#include <charconv>
#include <span>
#include <string>

#include "engine/core/error.h"
#include "engine/core/wide.h"

namespace vramlab {
namespace {

struct Unit {
  std::string_view name;
  std::uint64_t scale;
};

struct Dimension {
  std::string_view what;
  std::string_view whole;  // what the result counts
  std::string_view example;
  std::span<const Unit> units;
  std::uint64_t at_most;
};

constexpr std::array<Unit, 4> time_units{{{"ns", 1}, {"us", 1000}, {"ms", 1000'000}, {"s", 1000'000'000}}};
constexpr std::array<Unit, 8> bandwidth_units{{{"B/s", 1},
                                               {"KB/s", 1000},
                                               {"MB/s", 1000'000},
                                               {"GB/s", 1000'000'000},
                                               {"TB/s", 1000'000'000'000},
                                               {"KiB/s", 1ull << 10},
                                               {"MiB/s", 1ull << 20},
                                               {"GiB/s", 1ull << 30}}};
constexpr Dimension time_dimension{"duration", "nanoseconds", "250ns, 3us, 0.783us, 335.1ms, 2s", time_units,
                                   86'400'000'000'000};
constexpr Dimension bandwidth_dimension{"bandwidth", "bytes per second", "55.5 GB/s, 900 MB/s", bandwidth_units,
                                        1000'000'000'000'000};

// A decimal number as digits without the point, and how many of them stood behind it.
struct Decimal {
  std::uint64_t digits = 0;
  std::uint64_t divisor = 1;
};

bool parse_decimal(std::string_view text, Decimal& out) {
  const std::size_t point = std::min(text.find('.'), text.size());
  std::string digits(text.substr(0, point));
  if (point < text.size()) digits += text.substr(point + 1);
  if (point == 0 || point + 1 == text.size() || digits.size() > 18) return false;
  for (std::size_t i = point + 1; i < text.size(); ++i) out.divisor *= 10;
  const char* end = digits.data() + digits.size();
  const auto [stop, status] = std::from_chars(digits.data(), end, out.digits);
  return status == std::errc() && stop == end;
}

std::uint64_t parse_quantity(std::string_view text, const Dimension& dimension) {
  const auto fail = [&](std::string_view why) {
    return ConfigError(fmt::format("'{}' is not a {}: {}", text, dimension.what, why), {},
                       fmt::format("write for instance {}", dimension.example));
  };
  const std::size_t number = std::min(text.find_first_not_of("0123456789."), text.size());
  const std::size_t name = std::min(text.find_first_not_of(' ', number), text.size());
  const auto unit = std::find_if(dimension.units.begin(), dimension.units.end(),
                                 [&](const Unit& u) { return u.name == text.substr(name); });
  if (unit == dimension.units.end()) throw fail(name == text.size() ? "the unit is missing" : "unknown unit");
  Decimal decimal;
  if (!parse_decimal(text.substr(0, number), decimal)) throw fail("no plain decimal number");
  const Wide scaled = Wide{decimal.digits} * unit->scale;
  if (scaled % decimal.divisor != 0) throw fail(fmt::format("not a whole number of {}", dimension.whole));
  if (scaled / decimal.divisor > dimension.at_most) throw fail("too large");
  return static_cast<std::uint64_t>(scaled / decimal.divisor);
}

}  // namespace

Nanoseconds parse_duration(std::string_view text) {
  return Nanoseconds(static_cast<std::int64_t>(parse_quantity(text, time_dimension)));
}

std::uint64_t parse_bandwidth(std::string_view text) { return parse_quantity(text, bandwidth_dimension); }

}  // namespace vramlab
