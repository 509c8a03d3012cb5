#pragma once
// Memory maps: address against event order, and the load curve, as SVG or PNG.

#include <memory>
#include <string>

#include "engine/replay/replay.h"

namespace vramlab {

struct PictureSize {
  std::uint32_t width = 1600;
  std::uint32_t height = 1000;
};

/// Watches a run and writes the picture when it ends. A million objects still give a file under 5 MB: what is
/// smaller than a pixel is folded. `path` ends in .svg or .png, else ConfigError. Writes to a temporary file, then
/// renames.
std::unique_ptr<ReplayWatcher> make_map_writer(const std::string& path, const std::string& title,
                                               PictureSize size = {});

}  // namespace vramlab
