#include "engine/padic/hensel_word.h"

#include <fmt/format.h>

#include <bit>

#include "engine/padic/errors.h"
#include "engine/padic/hensel_code.h"

namespace vramlab::padic {
namespace {

constexpr std::uint64_t word_limit = std::uint64_t{1} << 62;

std::uint64_t word_power(Prime p, int r) {
  Wide m = 1;
  for (int i = 0; i < r && m < word_limit; ++i) m *= p.value();
  if (r >= 1 && m < word_limit) return static_cast<std::uint64_t>(m);
  throw PadicError(fmt::format("a Hensel code of {} digits of base {} in a word", r, p.value()), {},
                   "p^r has to stay below 2^62 (r <= 7 at 251, r <= 61 at 2); HenselCode takes any r");
}

}  // namespace

WordHensel::WordHensel(Prime p, int r)
    : p_(p),
      r_(r),
      m_(word_power(p, r)),
      bound_(padic::farey_bound(m_).convert_to<std::uint64_t>()),
      bits_(static_cast<int>(std::bit_width(m_))),
      reciprocal_(static_cast<std::uint64_t>((static_cast<Wide>(1) << (2 * bits_)) / m_)) {
  for (unsigned digit = 1; digit < p.value(); ++digit) inverses_[digit] = static_cast<std::uint8_t>(p.inverse(digit));
}

}  // namespace vramlab::padic
