#include "engine/replay/picture_kind.h"

#include <fmt/format.h>
#include <filesystem>

#include "engine/core/error.h"
#include "engine/replay/raster.h"
#include "engine/replay/svg.h"

namespace vramlab {

MakeCanvas canvas_for(const std::string& path) {
  const std::string suffix = std::filesystem::path(path).extension().string();
  if (suffix == ".svg")
    return [](const PictureSize& size, const std::string& title) -> std::unique_ptr<Canvas> {
      return std::make_unique<SvgCanvas>(static_cast<int>(size.width), static_cast<int>(size.height), title);
    };
  if (suffix == ".png")
    return [](const PictureSize& size, const std::string&) -> std::unique_ptr<Canvas> {
      return std::make_unique<RasterCanvas>(static_cast<int>(size.width), static_cast<int>(size.height));
    };
  throw ConfigError(fmt::format("'{}' is not a kind of picture", suffix), {path, {}, {}, {}},
                    "end the name in .svg or .png");
}

}  // namespace vramlab
