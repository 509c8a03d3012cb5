#pragma once
// What pictures are drawn on: integer pixels, few colours, no smoothing, so that SVG and PNG look alike.

#include <cstdint>
#include <span>
#include <string>
#include <string_view>
#include <vector>

namespace vramlab {

struct Color {
  std::uint8_t red = 0;
  std::uint8_t green = 0;
  std::uint8_t blue = 0;
  friend constexpr bool operator==(Color, Color) = default;
};

/// `amount` of 256 parts of `to`, the rest of `from`.
constexpr Color mix(Color from, Color to, int amount) {
  const auto part = [amount](int a, int b) {
    return static_cast<std::uint8_t>((a * (256 - amount) + b * amount) / 256);
  };
  return {part(from.red, to.red), part(from.green, to.green), part(from.blue, to.blue)};
}

inline constexpr Color white{255, 255, 255};

struct Point {
  int x = 0;
  int y = 0;
};

struct Box {
  int x = 0;
  int y = 0;
  int width = 0;
  int height = 0;
};

enum class Anchor : std::uint8_t { start, middle, end };
enum class LineStyle : std::uint8_t { solid, dashed };

/// A grid of colour numbers, row 0 at the top; 0 = nothing is drawn. A cell is `cell` x `cell` pixels.
struct ToneGrid {
  int columns = 0;
  int rows = 0;
  int cell = 1;
  std::vector<std::uint8_t> tones;  ///< column after column

  std::uint8_t& at(int column, int row) { return tones[index(column, row)]; }
  std::uint8_t at(int column, int row) const { return tones[index(column, row)]; }

 private:
  std::size_t index(int column, int row) const {
    return static_cast<std::size_t>(column) * static_cast<std::size_t>(rows) + static_cast<std::size_t>(row);
  }
};

/// A box of a grid with one tone, in cells.
struct ToneRun {
  Box box;
  std::uint8_t tone = 0;
};

/// Covers all cells that have a tone, each once: vertical runs, joined to boxes where neighbouring columns agree.
std::vector<ToneRun> runs_of(const ToneGrid& grid);

class Canvas {
 public:
  virtual ~Canvas() = default;

  /// Runs that tones() draws without the file growing beyond bounds.
  virtual std::size_t max_runs() const = 0;

  virtual void fill(const Box& box, Color color) = 0;
  /// Through the points, `width` pixels wide.
  virtual void line(std::span<const Point> points, Color color, int width, LineStyle style = LineStyle::solid) = 0;
  /// ASCII is drawn everywhere; PNG shows other characters as '?'. `baseline` is the anchored point.
  virtual void text(Point baseline, std::string_view text, Color color, Anchor anchor = Anchor::start) = 0;
  virtual void tones(Point origin, const ToneGrid& grid, std::span<const Color> colors) = 0;
  /// Boxes with a thin border inside, drawn as one.
  virtual void blocks(std::span<const Box> boxes, Color color, Color border) = 0;
  /// One such box that says `tooltip` where the format can.
  virtual void block(const Box& box, Color color, Color border, std::string_view tooltip) = 0;

  /// The finished file.
  virtual std::string encode() = 0;
};

/// Widest advance of a character and height of a capital, in pixels, on any canvas: for layout.
inline constexpr int text_advance = 12;
inline constexpr int text_height = 14;

}  // namespace vramlab
