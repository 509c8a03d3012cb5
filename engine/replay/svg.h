#pragma once
// Our SVG writer: a canvas that becomes one self-contained SVG 1.1 document. Shapes of one colour are merged into one
// path with relative integer coordinates; text stays text; tooltips are <title> elements.

#include <string>

#include "engine/replay/picture_canvas.h"

namespace vramlab {

/// `text` for use in XML: escaped; what XML 1.0 or UTF-8 does not allow becomes '?'.
std::string xml_text(std::string_view text);

class SvgCanvas final : public Canvas {
 public:
  /// `title` names the document.
  SvgCanvas(int width, int height, std::string_view title);

  std::size_t max_runs() const override { return 250'000; }  // 8 to 14 bytes each
  void fill(const Box& box, Color color) override;
  void line(std::span<const Point> points, Color color, int width, LineStyle style) override;
  void text(Point baseline, std::string_view text, Color color, Anchor anchor) override;
  void tones(Point origin, const ToneGrid& grid, std::span<const Color> colors) override;
  void blocks(std::span<const Box> boxes, Color color, Color border) override;
  void block(const Box& box, Color color, Color border, std::string_view tooltip) override;
  std::string encode() override;

 private:
  std::string out_;
};

}  // namespace vramlab
