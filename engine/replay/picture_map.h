#pragma once
// The memory map of a model: blocks over address and event, and the load curve below.

#include "engine/replay/map_model.h"
#include "engine/replay/picture.h"
#include "engine/replay/picture_canvas.h"

namespace vramlab {

/// Where the plots lie.
struct PictureFrame {
  Box map;
  Box curve;
};

/// Throws ConfigError for pictures under 640 x 400 or over 16384 pixels either way.
PictureFrame frame_of(const PictureSize& size);

void draw_map(Canvas& canvas, const PictureFrame& frame, const MapModel& model, const MapWords& words);

/// The load curves alone, into `plot`.
void draw_curves(Canvas& canvas, const Box& plot, const MapModel& model, const MapWords& words);

}  // namespace vramlab
