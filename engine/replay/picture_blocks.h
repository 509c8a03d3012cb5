#pragma once
// Blocks and held memory as pixels: what is large enough becomes a box of its own, the rest is folded.

#include <vector>

#include "engine/replay/map_model.h"
#include "engine/replay/picture_canvas.h"

namespace vramlab {

/// A block drawn as a box of its own, in pixels from the plot's top left.
struct DrawnBlock {
  Box box;
  int size_class = 0;
  std::size_t index = 0;  ///< into MapModel::blocks
};

struct FoldedMap {
  std::vector<DrawnBlock> blocks;  ///< no two overlap
  ToneGrid grid;                   ///< everything else; nothing where a block is drawn
};

/// Folds `model` into `width` x `height` pixels with at most `max_runs` runs in the grid: where it takes more, the
/// cells of the grid grow up to 8 x 8 pixels. REQUIRES: width and height are multiples of 8.
/// A column of the picture in which a block lives is never blank.
FoldedMap fold_map(const MapModel& model, int width, int height, std::size_t max_runs);

/// Draws it with its top left at `origin`; the largest blocks get tooltips.
void draw_blocks(Canvas& canvas, Point origin, const MapModel& model, const FoldedMap& folded, const MapWords& words);

}  // namespace vramlab
