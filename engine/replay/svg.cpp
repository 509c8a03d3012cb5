#include "engine/replay/svg.h"

#include <fmt/format.h>
#include <algorithm>
#include <iterator>
#include <utility>

namespace vramlab {
namespace {

std::string name_of(Color c) { return fmt::format("#{:02x}{:02x}{:02x}", c.red, c.green, c.blue); }

/// Path data whose moves are relative to where the pen is.
class Path {
 public:
  /// Ends beside its origin: only to be filled.
  void box(const Box& b) {
    move(b.x, b.y);
    fmt::format_to(std::back_inserter(data_), "h{}v{}h{}", b.width, b.height, -b.width);
    y_ += b.height;
  }
  void closed_box(const Box& b) {
    move(b.x, b.y);
    fmt::format_to(std::back_inserter(data_), "h{}v{}h{}z", b.width, b.height, -b.width);
  }
  void down(int x, int y, int length) {
    move(x, y);
    fmt::format_to(std::back_inserter(data_), "v{}", length);
    y_ += length;
  }
  void along(std::span<const Point> points) {
    if (points.empty()) return;
    move(points.front().x, points.front().y);
    for (const Point& p : points.subspan(1)) {
      fmt::format_to(std::back_inserter(data_), "l{}{}{}", p.x - x_, p.y < y_ ? "" : " ", p.y - y_);
      x_ = p.x;
      y_ = p.y;
    }
  }
  const std::string& data() const { return data_; }

 private:
  void move(int x, int y) {
    // A path begins at 0 0, where a relative move is an absolute one. A minus sign needs no space before it.
    fmt::format_to(std::back_inserter(data_), "m{}{}{}", x - x_, y < y_ ? "" : " ", y - y_);
    x_ = x;
    y_ = y;
  }

  std::string data_;
  int x_ = 0;
  int y_ = 0;
};

/// Bytes of the UTF-8 character at the front, 0 where there is none that XML allows.
std::size_t character_length(std::string_view text) {
  const auto byte = [&](std::size_t i) { return i < text.size() ? static_cast<unsigned char>(text[i]) : 0u; };
  const unsigned first = byte(0);
  if (first < 0x80) return first >= 0x20 || first == '\t' || first == '\n' || first == '\r' ? 1 : 0;
  const std::size_t length = first >= 0xf0 ? 4 : first >= 0xe0 ? 3 : 2;
  if (first < 0xc2 || first > 0xf4) return 0;
  unsigned code = first & (0x7fu >> length);
  for (std::size_t i = 1; i < length; ++i) {
    if ((byte(i) & 0xc0u) != 0x80u) return 0;
    code = code << 6 | (byte(i) & 0x3fu);
  }
  constexpr unsigned least[] = {0, 0, 0x80, 0x800, 0x10000};
  const bool surrogate = code >= 0xd800 && code <= 0xdfff;
  return code < least[length] || code > 0x10ffff || surrogate || (code & 0xfffeu) == 0xfffeu ? 0 : length;
}

}  // namespace

std::string xml_text(std::string_view text) {
  std::string out;
  while (!text.empty()) {
    const std::size_t length = character_length(text);
    switch (text.front()) {
      case '&':
        out += "&amp;";
        break;
      case '<':
        out += "&lt;";
        break;
      case '>':
        out += "&gt;";
        break;
      case '"':
        out += "&quot;";
        break;
      default:
        out += length == 0 ? "?" : text.substr(0, length);
    }
    text.remove_prefix(std::max<std::size_t>(length, 1));
  }
  return out;
}

SvgCanvas::SvgCanvas(int width, int height, std::string_view title) {
  out_ = fmt::format(
      "<?xml version=\"1.0\" encoding=\"UTF-8\"?>\n"
      "<svg xmlns=\"http://www.w3.org/2000/svg\" width=\"{0}\" height=\"{1}\" viewBox=\"0 0 {0} {1}\" "
      "shape-rendering=\"crispEdges\" font-family=\"DejaVu Sans,Verdana,Helvetica,Arial,sans-serif\" "
      "font-size=\"{3}\">\n<title>{2}</title>\n"
      "<rect width=\"{0}\" height=\"{1}\" fill=\"#fff\"/>\n",
      width, height, xml_text(title), text_height);
}

void SvgCanvas::fill(const Box& b, Color color) {
  out_ += fmt::format("<rect x=\"{}\" y=\"{}\" width=\"{}\" height=\"{}\" fill=\"{}\"/>\n", b.x, b.y, b.width, b.height,
                      name_of(color));
}

void SvgCanvas::line(std::span<const Point> points, Color color, int width, LineStyle style) {
  Path path;
  path.along(points);
  out_ += fmt::format(
      "<path transform=\"translate({0} {0})\" fill=\"none\" stroke=\"{1}\" stroke-width=\"{2}\"{3} d=\"{4}\"/>\n",
      width % 2 == 0 ? "0" : ".5", name_of(color), width, style == LineStyle::dashed ? " stroke-dasharray=\"6 4\"" : "",
      path.data());
}

void SvgCanvas::text(Point at, std::string_view text, Color color, Anchor anchor) {
  constexpr const char* anchors[] = {"", " text-anchor=\"middle\"", " text-anchor=\"end\""};
  out_ += fmt::format("<text x=\"{}\" y=\"{}\" fill=\"{}\"{}>{}</text>\n", at.x, at.y, name_of(color),
                      anchors[static_cast<std::size_t>(anchor)], xml_text(text));
}

void SvgCanvas::tones(Point origin, const ToneGrid& grid, std::span<const Color> colors) {
  std::vector<std::pair<Path, Path>> paths(colors.size());  // boxes to fill, and columns to stroke: half the bytes
  for (const ToneRun& run : runs_of(grid)) {
    auto& [boxes, columns] = paths[run.tone];
    if (run.box.width == 1)
      columns.down(run.box.x, run.box.y, run.box.height);
    else
      boxes.box(run.box);
  }
  out_ += fmt::format("<g transform=\"translate({} {}) scale({})\">\n", origin.x, origin.y, grid.cell);
  for (std::size_t tone = 1; tone < paths.size(); ++tone) {
    const auto& [boxes, columns] = paths[tone];
    if (!boxes.data().empty())
      out_ += fmt::format("<path fill=\"{}\" d=\"{}\"/>\n", name_of(colors[tone]), boxes.data());
    if (!columns.data().empty())
      out_ += fmt::format("<path transform=\"translate(.5 0)\" fill=\"none\" stroke=\"{}\" d=\"{}\"/>\n",
                          name_of(colors[tone]), columns.data());
  }
  out_ += "</g>\n";
}

void SvgCanvas::blocks(std::span<const Box> boxes, Color color, Color border) {
  if (boxes.empty()) return;
  Path path;
  for (const Box& b : boxes) path.closed_box({b.x, b.y, b.width - 1, b.height - 1});
  out_ += fmt::format("<path transform=\"translate(.5 .5)\" fill=\"{}\" stroke=\"{}\" d=\"{}\"/>\n", name_of(color),
                      name_of(border), path.data());
}

void SvgCanvas::block(const Box& b, Color color, Color border, std::string_view tooltip) {
  out_ += fmt::format(
      "<rect x=\"{}.5\" y=\"{}.5\" width=\"{}\" height=\"{}\" fill=\"{}\" stroke=\"{}\"><title>{}</title></rect>\n",
      b.x, b.y, b.width - 1, b.height - 1, name_of(color), name_of(border), xml_text(tooltip));
}

std::string SvgCanvas::encode() { return std::move(out_) + "</svg>\n"; }

}  // namespace vramlab
