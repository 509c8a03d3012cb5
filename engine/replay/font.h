#pragma once
// A small bitmap font of our own: printable ASCII, 5 x 7 dots and two rows below the baseline.

#include <array>
#include <cstdint>

namespace vramlab {

inline constexpr int glyph_width = 5;
inline constexpr int glyph_height = 9;  ///< 7 above the baseline, 2 below
inline constexpr int glyph_ascent = 7;

/// Rows from the top; bit 4 is the leftmost dot.
using Glyph = std::array<std::uint8_t, glyph_height>;

/// '?' for what is not printable ASCII.
const Glyph& glyph_of(char character);

}  // namespace vramlab
