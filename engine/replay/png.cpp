#include "engine/replay/png.h"

#include <fmt/format.h>
#include <png.h>

#include "engine/core/check.h"
#include "engine/core/error.h"

namespace vramlab {
namespace {

[[noreturn]] void refuse(const png_image& image) {
  throw Error(fmt::format("cannot encode a PNG of {} x {} pixels: {}", image.width, image.height, image.message), {},
              "choose a smaller picture");
}

}  // namespace

std::string encode_png(int width, int height, std::span<const std::uint8_t> pixels, std::span<const Color> colors) {
  static_assert(sizeof(Color) == 3, "a colour map entry is three bytes");
  VRAMLAB_CHECK(pixels.size() == static_cast<std::size_t>(width) * static_cast<std::size_t>(height) &&
                    !colors.empty() && colors.size() <= 256,
                "pixels or colours do not fit a PNG");
  png_image image{};
  image.version = PNG_IMAGE_VERSION;
  image.width = static_cast<png_uint_32>(width);
  image.height = static_cast<png_uint_32>(height);
  image.format = PNG_FORMAT_RGB_COLORMAP;
  image.colormap_entries = static_cast<png_uint_32>(colors.size());

  png_alloc_size_t size = PNG_IMAGE_PNG_SIZE_MAX(image);
  std::string out(size, '\0');
  if (png_image_write_to_memory(&image, out.data(), &size, 0, pixels.data(), 0, colors.data()) == 0) refuse(image);
  out.resize(size);
  return out;
}

}  // namespace vramlab
