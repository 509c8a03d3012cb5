#pragma once
// Memory maps: address against event order, and the load curve, as SVG or PNG.

#include <cstdint>
#include <memory>
#include <string>

#include "engine/core/output_file.h"
#include "engine/replay/map_model.h"
#include "engine/replay/replay.h"

namespace vramlab {

struct PictureSize {
  std::uint32_t width = 1600;
  std::uint32_t height = 1000;
};

class Canvas;

/// The file of a map. `path` ends in .svg or .png and can be written, else ConfigError, before any work. A million
/// blocks still give a file under 5 MB: what is smaller than a pixel is folded.
class MapPicture {
 public:
  explicit MapPicture(const std::string& path, PictureSize size = {});

  /// Of the load curves.
  std::uint32_t columns() const;
  /// The file is there when this returns. REQUIRES: called once.
  void write(const MapModel& model, const MapWords& words);

 private:
  std::unique_ptr<Canvas> (*make_canvas_)(const PictureSize&, const std::string& title);
  PictureSize size_;
  OutputFile file_;
};

/// Watches a run and writes the picture when it ends.
std::unique_ptr<ReplayWatcher> make_map_writer(const std::string& path, const std::string& title,
                                               PictureSize size = {});

}  // namespace vramlab
