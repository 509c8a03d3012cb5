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

/// The edges of held memory, where nothing is allocated. They are left out where cells are larger than lines.
void outline_held(ToneGrid& grid, const MapModel& model) {
  if (grid.cell > 1) return;
  const Scales scales(model, grid.columns, grid.rows);
  const auto mark = [&grid](int column, int row) {
    if (grid.at(column, row) == tone::held) grid.at(column, row) = tone::held_border;
  };
  for (const MapHeld& held : model.held) {
    const Box box = scales.box(held);
    if (!gets_own_box(box)) continue;
    for (int column = box.x; column < box.x + box.width; ++column)
      for (const int row : {box.y, box.y + box.height - 1}) mark(column, row);
    for (int row = box.y; row < box.y + box.height; ++row)
      for (const int column : {box.x, box.x + box.width - 1}) mark(column, row);
  }
}

ToneGrid tones_of(const MapModel& model, int width, int height, int cell, const std::vector<DrawnBlock>& boxes) {
  ToneGrid grid{width / cell, height / cell, cell, {}};
  grid.tones.resize(static_cast<std::size_t>(grid.columns) * static_cast<std::size_t>(grid.rows));
  const CellCover cover = cover_of(model, grid.columns, grid.rows);
  for (int column = 0; column < grid.columns; ++column)
    for (int row = 0; row < grid.rows; ++row) grid.at(column, grid.rows - 1 - row) = tone_of(cover, column, row);
  outline_held(grid, model);
  for (const DrawnBlock& block : boxes) clear_under(grid, block.box);
  return grid;
}

Box moved(const Box& box, Point by) { return {box.x + by.x, box.y + by.y, box.width, box.height}; }

bool is_larger(const DrawnBlock& a, const DrawnBlock& b) {
  return area(a.box) != area(b.box) ? area(a.box) > area(b.box) : a.index < b.index;
}

/// Mostly border, so that it must be a light one.
bool is_tiny(const DrawnBlock& block) { return std::min(block.box.width, block.box.height) < 8; }

Color fill_of(const DrawnBlock& block) { return size_classes[static_cast<std::size_t>(block.size_class)].color; }

Color border_of(const DrawnBlock& block) {
  return is_tiny(block) ? light_border_color(fill_of(block)) : border_color(fill_of(block));
}

/// All of one class and border at once.
void draw_merged(Canvas& canvas, Point origin, std::span<const DrawnBlock> blocks) {
  for (int size_class = 0; size_class < classes; ++size_class) {
    for (const bool tiny : {false, true}) {
      std::vector<Box> boxes;
      const DrawnBlock* example = nullptr;
      for (const DrawnBlock& block : blocks) {
        if (block.size_class != size_class || is_tiny(block) != tiny) continue;
        boxes.push_back(moved(block.box, origin));
        example = &block;
      }
      if (example != nullptr) canvas.blocks(boxes, fill_of(*example), border_of(*example));
    }
  }
}

std::string tooltip_of(const MapBlock& block, const MapWords& words) {
  const std::string name = words.names.empty() ? fmt::format("{}", block.object) : words.names[block.object];
  return fmt::format("{} {}: {} ({} bytes)\n{} {} to {}", words.object, name, format_bytes(Bytes(block.size)),
                     grouped(block.size), words.positions, grouped(block.first), grouped(block.last));
}

}  // namespace

FoldedMap fold_map(const MapModel& model, int width, int height, std::size_t max_runs) {
  const Scales scales(model, width, height);
  FoldedMap folded{own_boxes(model, scales), {}};
  for (int cell = 1; cell <= 8; cell *= 2) {
    folded.grid = tones_of(model, width, height, cell, folded.blocks);
    if (runs_of(folded.grid).size() <= max_runs) break;
  }
  return folded;
}

void draw_blocks(Canvas& canvas, Point origin, const MapModel& model, const FoldedMap& folded, const MapWords& words) {
  canvas.tones(origin, folded.grid, tone_colors());
  std::vector<DrawnBlock> blocks = folded.blocks;
  const auto told = blocks.begin() + static_cast<std::ptrdiff_t>(std::min(max_tooltips, blocks.size()));
  std::nth_element(blocks.begin(), told, blocks.end(), is_larger);
  draw_merged(canvas, origin, {told, blocks.end()});
  for (auto block = blocks.begin(); block != told; ++block)
    canvas.block(moved(block->box, origin), fill_of(*block), border_of(*block),
                 tooltip_of(model.blocks[block->index], words));
}

}  // namespace vramlab
