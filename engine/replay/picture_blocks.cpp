#include "engine/replay/picture_blocks.h"

#include <fmt/format.h>
#include <algorithm>
#include <array>

#include "engine/core/option.h"
#include "engine/replay/picture_axis.h"
#include "engine/replay/picture_cells.h"
#include "engine/replay/picture_style.h"

namespace vramlab {
namespace {

constexpr int own_box_pixels = 3;  // each way
constexpr std::size_t max_outlines = 4000;
constexpr std::size_t max_tooltips = 2500;
constexpr int classes = static_cast<int>(size_classes.size());
constexpr int held_layer = classes;

struct Scales {
  Scales(const MapModel& model, int columns, int row_count)
      : x(model.events, columns), y(model.height.value, row_count), rows(row_count) {}

  template <class Rectangle>
  Box box(const Rectangle& r) const {
    const int left = x.nearest(r.first), top = rows - y.nearest(r.high);
    return {left, top, x.nearest(r.last) - left, rows - y.nearest(r.low) - top};
  }

  CellScale x, y;
  int rows;
};

bool gets_own_box(const Box& box) { return box.width >= own_box_pixels && box.height >= own_box_pixels; }

std::int64_t area(const Box& box) { return std::int64_t{box.width} * box.height; }

std::vector<DrawnBlock> own_boxes(const MapModel& model, const Scales& scales) {
  std::vector<DrawnBlock> boxes;
  for (std::size_t i = 0; i < model.blocks.size(); ++i) {
    const Box box = scales.box(model.blocks[i]);
    if (gets_own_box(box)) boxes.push_back({box, size_class_of(Bytes(model.blocks[i].size)), i});
  }
  return boxes;
}

std::vector<Box> outlines(const MapModel& model, const Scales& scales) {
  std::vector<Box> boxes;
  for (const MapHeld& held : model.held) {
    const Box box = scales.box(held);
    if (gets_own_box(box)) boxes.push_back(box);
  }
  if (boxes.size() <= max_outlines) return boxes;
  const auto end = boxes.begin() + max_outlines;
  std::nth_element(boxes.begin(), end, boxes.end(), [](const Box& a, const Box& b) { return area(a) > area(b); });
  boxes.erase(end, boxes.end());
  return boxes;
}

CellCover cover_of(const MapModel& model, int columns, int rows) {
  const Scales scales(model, columns, rows);
  CellCover cover(columns, rows, classes + 1);
  const auto add = [&](int layer, const auto& r) {
    if (r.first < r.last && r.low < r.high)
      cover.add(layer, scales.x.span(r.first, r.last), scales.y.span(r.low, r.high));
  };
  for (const MapBlock& block : model.blocks) add(size_class_of(Bytes(block.size)), block);
  for (const MapHeld& held : model.held) add(held_layer, held);
  cover.settle();
  return cover;
}

std::uint8_t tone_of(const CellCover& cover, int column, int row) {
  std::uint64_t used = 0, most = 0;
  int best = 0;
  for (int layer = 0; layer < classes; ++layer) {
    const std::uint64_t part = cover.at(layer, column, row);
    used += part;
    if (part < most) continue;
    most = part;
    best = layer;
  }
  if (used == 0) return cover.at(held_layer, column, row) > 0 ? tone::held : tone::none;
  return 2 * used >= CellCover::full ? tone::full(best) : tone::pale(best);
}

/// Cells that lie wholly under the box say nothing any more.
void clear_under(ToneGrid& grid, const Box& box) {
  const auto up = [&](int pixels) { return (pixels + grid.cell - 1) / grid.cell; };
  for (int column = up(box.x); column < (box.x + box.width) / grid.cell; ++column)
    for (int row = up(box.y); row < (box.y + box.height) / grid.cell; ++row) grid.at(column, row) = tone::none;
}

ToneGrid tones_of(const MapModel& model, int width, int height, int cell, const std::vector<DrawnBlock>& boxes) {
  ToneGrid grid{width / cell, height / cell, cell, {}};
  grid.tones.resize(static_cast<std::size_t>(grid.columns) * static_cast<std::size_t>(grid.rows));
  const CellCover cover = cover_of(model, grid.columns, grid.rows);
  for (int column = 0; column < grid.columns; ++column)
    for (int row = 0; row < grid.rows; ++row) grid.at(column, grid.rows - 1 - row) = tone_of(cover, column, row);
  for (const DrawnBlock& block : boxes) clear_under(grid, block.box);
  return grid;
}

std::string tooltip_of(const MapBlock& block) {
  return fmt::format("object {}: {} ({} bytes)\nevents {} to {}", block.object, format_bytes(Bytes(block.size)),
                     grouped(block.size), grouped(block.first), grouped(block.last));
}

}  // namespace

FoldedMap fold_map(const MapModel& model, int width, int height, std::size_t max_runs) {
  const Scales scales(model, width, height);
  FoldedMap folded{own_boxes(model, scales), outlines(model, scales), {}};
  for (int cell = 1; cell <= 8; cell *= 2) {
    folded.grid = tones_of(model, width, height, cell, folded.blocks);
    if (runs_of(folded.grid).size() <= max_runs) break;
  }
  return folded;
}

void draw_blocks(Canvas& canvas, Point origin, const MapModel& model, const FoldedMap& folded) {
  canvas.tones(origin, folded.grid, tone_colors());
  const auto shifted = [&](Box box) { return Box{box.x + origin.x, box.y + origin.y, box.width, box.height}; };
  std::vector<Box> held;
  for (const Box& box : folded.held) held.push_back(shifted(box));
  canvas.outlines(held, style::held_border);

  std::vector<DrawnBlock> blocks = folded.blocks;
  const std::size_t told = std::min(max_tooltips, blocks.size());
  const auto larger = [](const DrawnBlock& a, const DrawnBlock& b) {
    return area(a.box) != area(b.box) ? area(a.box) > area(b.box) : a.index < b.index;
  };
  std::nth_element(blocks.begin(), blocks.begin() + static_cast<std::ptrdiff_t>(told), blocks.end(), larger);
  std::array<std::vector<Box>, classes> merged;
  for (std::size_t i = told; i < blocks.size(); ++i)
    merged[static_cast<std::size_t>(blocks[i].size_class)].push_back(shifted(blocks[i].box));
  for (std::size_t i = 0; i < merged.size(); ++i)
    canvas.blocks(merged[i], size_classes[i].color, border_color(size_classes[i].color));
  for (std::size_t i = 0; i < told; ++i) {
    const Color color = size_classes[static_cast<std::size_t>(blocks[i].size_class)].color;
    canvas.block(shifted(blocks[i].box), color, border_color(color), tooltip_of(model.blocks[blocks[i].index]));
  }
}

}  // namespace vramlab
