#include "engine/replay/raster.h"

#include <algorithm>
#include <cstdlib>

#include "engine/core/check.h"
#include "engine/replay/png.h"

namespace vramlab {
namespace {

constexpr int dash = 6, gap = 4;  // as in our SVG

bool dot(const Glyph& glyph, int x, int y) {
  if (x < 0 || x >= glyph_width || y < 0 || y >= glyph_height) return false;
  return (glyph[static_cast<std::size_t>(y)] >> (glyph_width - 1 - x) & 1) != 0;
}

/// Doubled resolution with diagonals smoothed: the quarter towards two equal neighbours takes their colour.
bool smooth_dot(const Glyph& glyph, int x, int y) {
  const int cx = x / 2, cy = y / 2, dx = x % 2 == 0 ? -1 : 1, dy = y % 2 == 0 ? -1 : 1;
  const bool side = dot(glyph, cx + dx, cy), level = dot(glyph, cx, cy + dy);
  const bool corner = side == level && side != dot(glyph, cx - dx, cy) && level != dot(glyph, cx, cy - dy);
  return corner ? side : dot(glyph, cx, cy);
}

}  // namespace

RasterCanvas::RasterCanvas(int width, int height)
    : width_(width), height_(height), pixels_(static_cast<std::size_t>(width) * static_cast<std::size_t>(height)) {}

std::uint8_t RasterCanvas::number_of(Color color) {
  const auto known = std::find(colors_.begin(), colors_.end(), color);
  if (known != colors_.end()) return static_cast<std::uint8_t>(known - colors_.begin());
  VRAMLAB_CHECK(colors_.size() < 256, "a picture of more than 256 colours");
  colors_.push_back(color);
  return static_cast<std::uint8_t>(colors_.size() - 1);
}

void RasterCanvas::fill_number(Box box, std::uint8_t number) {
  const int left = std::max(box.x, 0), right = std::min(box.x + box.width, width_);
  const int bottom = std::min(box.y + box.height, height_);
  if (left >= right) return;
  for (int y = std::max(box.y, 0); y < bottom; ++y)
    std::fill_n(pixels_.begin() + static_cast<std::ptrdiff_t>(index(left, y)), right - left, number);
}

void RasterCanvas::fill(const Box& box, Color color) { fill_number(box, number_of(color)); }

void RasterCanvas::outline(const Box& b, std::uint8_t number) {
  fill_number({b.x, b.y, b.width, 1}, number);
  fill_number({b.x, b.y + b.height - 1, b.width, 1}, number);
  fill_number({b.x, b.y, 1, b.height}, number);
  fill_number({b.x + b.width - 1, b.y, 1, b.height}, number);
}

void RasterCanvas::line(std::span<const Point> points, Color color, int width, LineStyle style) {
  const std::uint8_t number = number_of(color);
  int drawn = 0;
  for (std::size_t i = 1; i < points.size(); ++i) {
    const Point a = points[i - 1], b = points[i];
    const int steps = std::max({std::abs(b.x - a.x), std::abs(b.y - a.y), 1});
    for (int step = 0; step <= steps; ++step, ++drawn) {
      if (style == LineStyle::dashed && drawn % (dash + gap) >= dash) continue;
      const Point p{a.x + (b.x - a.x) * step / steps, a.y + (b.y - a.y) * step / steps};
      fill_number({p.x - (width - 1) / 2, p.y - (width - 1) / 2, width, width}, number);
    }
  }
}

void RasterCanvas::draw_glyph(const Glyph& glyph, Point top_left, std::uint8_t number) {
  for (int y = 0; y < 2 * glyph_height; ++y)
    for (int x = 0; x < 2 * glyph_width; ++x)
      if (smooth_dot(glyph, x, y)) fill_number({top_left.x + x, top_left.y + y, 1, 1}, number);
}

void RasterCanvas::text(Point baseline, std::string_view text, Color color, Anchor anchor) {
  const std::uint8_t number = number_of(color);
  std::string characters(text);
  std::erase_if(characters, [](char c) { return (c & 0xc0) == 0x80; });  // of one UTF-8 character, the first byte
  const int width = static_cast<int>(characters.size()) * text_advance;
  Point at{baseline.x, baseline.y - 2 * glyph_ascent};
  if (anchor == Anchor::middle) at.x -= width / 2;
  if (anchor == Anchor::end) at.x -= width;
  for (const char character : characters) {
    draw_glyph(glyph_of(character), at, number);
    at.x += text_advance;
  }
}

void RasterCanvas::tones(Point origin, const ToneGrid& grid, std::span<const Color> colors) {
  std::vector<std::uint8_t> numbers;
  for (const Color& color : colors) numbers.push_back(number_of(color));
  for (int column = 0; column < grid.columns; ++column) {
    for (int row = 0; row < grid.rows; ++row) {
      const std::uint8_t tone = grid.at(column, row);
      if (tone == 0) continue;
      fill_number({origin.x + column * grid.cell, origin.y + row * grid.cell, grid.cell, grid.cell}, numbers[tone]);
    }
  }
}

void RasterCanvas::blocks(std::span<const Box> boxes, Color color, Color border) {
  for (const Box& box : boxes) block(box, color, border, {});
}

void RasterCanvas::block(const Box& box, Color color, Color border, std::string_view) {
  fill(box, color);
  outline(box, number_of(border));
}

std::string RasterCanvas::encode() { return encode_png(width_, height_, pixels_, colors_); }

}  // namespace vramlab
