#pragma once
// A canvas of pixels that becomes a PNG.

#include <cstdint>
#include <string>
#include <vector>

#include "engine/replay/font.h"
#include "engine/replay/picture_canvas.h"

namespace vramlab {

class RasterCanvas final : public Canvas {
 public:
  RasterCanvas(int width, int height);

  std::size_t max_runs() const override { return ~std::size_t{0}; }  // pixels are all there anyway
  void fill(const Box& box, Color color) override;
  void line(std::span<const Point> points, Color color, int width, LineStyle style) override;
  void text(Point baseline, std::string_view text, Color color, Anchor anchor) override;
  void tones(Point origin, const ToneGrid& grid, std::span<const Color> colors) override;
  void blocks(std::span<const Box> boxes, Color color, Color border) override;
  void block(const Box& box, Color color, Color border, std::string_view tooltip) override;
  std::string encode() override;

  /// The colour at a pixel. REQUIRES: inside.
  Color pixel(int x, int y) const { return colors_[pixels_[index(x, y)]]; }

 private:
  std::size_t index(int x, int y) const {
    return static_cast<std::size_t>(y) * static_cast<std::size_t>(width_) + static_cast<std::size_t>(x);
  }
  std::uint8_t number_of(Color color);
  void fill_number(Box box, std::uint8_t number);
  void outline(const Box& box, std::uint8_t number);
  void draw_glyph(const Glyph& glyph, Point top_left, std::uint8_t number);

  int width_, height_;
  std::vector<std::uint8_t> pixels_;  // numbers of colors_
  std::vector<Color> colors_{white};
};

}  // namespace vramlab
