#pragma once
// Size classes and colours. The class colours are told apart with any colour vision (Okabe and Ito, "Color Universal
// Design", 2008) and run from cool for small blocks to warm for large ones.

#include <array>
#include <cstdint>
#include <string_view>

#include "engine/core/types.h"
#include "engine/replay/picture_canvas.h"

namespace vramlab {

struct SizeClass {
  std::string_view label;
  Bytes below;  ///< the smallest size of the next class
  Color color;
};

inline constexpr std::array<SizeClass, 6> size_classes{{
    {"< 64 KiB", 64_KiB, {0x56, 0xb4, 0xe9}},
    {"64 KiB - 1 MiB", 1_MiB, {0x00, 0x72, 0xb2}},
    {"1 - 16 MiB", 16_MiB, {0x00, 0x9e, 0x73}},
    {"16 - 64 MiB", 64_MiB, {0xf0, 0xe4, 0x42}},
    {"64 - 256 MiB", 256_MiB, {0xe6, 0x9f, 0x00}},
    {">= 256 MiB", Bytes(~std::uint64_t{0}), {0xd5, 0x5e, 0x00}},
}};

constexpr int size_class_of(Bytes size) {
  int number = 0;
  while (size >= size_classes[static_cast<std::size_t>(number)].below) ++number;
  return number;
}

namespace style {
inline constexpr Color ink{0x22, 0x22, 0x22};
inline constexpr Color faint_ink{0x66, 0x66, 0x66};
inline constexpr Color grid{0xea, 0xea, 0xea};
inline constexpr Color held{0xd6, 0xd6, 0xd6};  ///< taken from the device, not allocated
inline constexpr Color held_border{0xae, 0xae, 0xae};
inline constexpr Color requested{0xa0, 0x1a, 0x7d};  ///< curves and marks
inline constexpr Color allocated{0x8c, 0x8c, 0x8c};
inline constexpr Color reserved{0x11, 0x11, 0x11};
}  // namespace style

/// Numbers of the tones of a ToneGrid.
namespace tone {
inline constexpr std::uint8_t none = 0;
inline constexpr std::uint8_t held = 1;
inline constexpr std::uint8_t held_border = 2;
constexpr std::uint8_t full(int size_class) { return static_cast<std::uint8_t>(3 + 2 * size_class); }
/// Less than half of the pixel is allocated.
constexpr std::uint8_t pale(int size_class) { return static_cast<std::uint8_t>(4 + 2 * size_class); }
inline constexpr std::size_t count = 3 + 2 * size_classes.size();
}  // namespace tone

constexpr Color pale_color(Color color) { return mix(color, white, 140); }
constexpr Color border_color(Color color) { return mix(color, Color{}, 84); }
/// For boxes that are little more than border: many of them together still look like their class.
constexpr Color light_border_color(Color color) { return mix(color, Color{}, 36); }

constexpr std::array<Color, tone::count> tone_colors() {
  std::array<Color, tone::count> colors{white, style::held, style::held_border};
  for (int i = 0; i < static_cast<int>(size_classes.size()); ++i) {
    colors[tone::full(i)] = size_classes[static_cast<std::size_t>(i)].color;
    colors[tone::pale(i)] = pale_color(size_classes[static_cast<std::size_t>(i)].color);
  }
  return colors;
}

}  // namespace vramlab
