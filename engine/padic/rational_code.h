#pragma once
// Floats as the simple fractions that they stand for: 0.1f is the float nearest to 1/10, so its Hensel code is that of
// 1/10, a few digits, and comes back bit for bit.

#include <cstdint>
#include <optional>

#include "engine/padic/hensel_word.h"

namespace vramlab::padic {

/// The fraction with the least denominator that `x` is the nearest float to, among the convergents and the intermediate
/// fractions of x's continued fraction (the best approximations; Khinchin, "Continued Fractions"), if |a| and b are at
/// most `bound`. nullopt for infinities, NaN and -0.
std::optional<WordFraction> simplest_fraction(float x, std::int64_t bound);

/// The float that a / b stands for: the quotient in double, rounded to float.
float float_of(const WordFraction& fraction);

/// H(p, r, a/b) of the simplest fraction of x. nullopt where it has none: p divides b, or a or b is beyond the Farey
/// bound.
std::optional<std::uint64_t> rational_code(float x, const WordHensel& ring);

/// The inverse. nullopt where no fraction within the bound has this code.
std::optional<float> float_of_code(std::uint64_t code, const WordHensel& ring);

}  // namespace vramlab::padic
