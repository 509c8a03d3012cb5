#pragma once
// PNG files of at most 256 colours.

#include <cstdint>
#include <span>
#include <string>

#include "engine/replay/picture_canvas.h"

namespace vramlab {

/// `pixels` are numbers of `colors`, row after row. Throws Error when libpng refuses.
std::string encode_png(int width, int height, std::span<const std::uint8_t> pixels, std::span<const Color> colors);

}  // namespace vramlab
