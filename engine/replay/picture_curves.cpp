#include <fmt/format.h>
#include <algorithm>
#include <array>

#include "engine/core/option.h"
#include "engine/replay/picture_axis.h"
#include "engine/replay/picture_map.h"
#include "engine/replay/picture_style.h"

namespace vramlab {
namespace {

struct Series {
  std::string_view name;
  const LoadCurve* curve;
  Color color;
  int width;
};

std::array<Series, 3> series_of(const MapModel& model, const MapWords& words) {
  return {{{"reserved", &model.reserved, style::reserved, 2},
           {"allocated", &model.allocated, style::allocated, 2},
           {words.load, &model.requested, style::requested, 1}}};
}

/// A plot's pixels: values from 0 to `top`.
struct Plot {
  Box box;
  Bytes top{};

  int row(Bytes value) const {
    const double part = static_cast<double>(value.value) / static_cast<double>(top.value);
    return box.y + box.height - 1 - static_cast<int>(part * (box.height - 1));
  }
  std::size_t column_of(int pixel, const LoadCurve& curve) const {
    return static_cast<std::size_t>(pixel) * curve.lowest().size() / static_cast<std::size_t>(box.width);
  }
};

void fill_below(Canvas& canvas, const Plot& plot, const LoadCurve& curve, Color color) {
  ToneGrid grid{plot.box.width, plot.box.height, 1, {}};
  grid.tones.resize(static_cast<std::size_t>(plot.box.width) * static_cast<std::size_t>(plot.box.height));
  for (int x = 0; x < plot.box.width; ++x) {
    const Bytes value = curve.highest()[plot.column_of(x, curve)];
    for (int y = plot.row(value) - plot.box.y; value > Bytes(0) && y < plot.box.height; ++y) grid.at(x, y) = 1;
  }
  const std::array<Color, 2> colors{white, color};
  canvas.tones({plot.box.x, plot.box.y}, grid, colors);
}

void draw_line(Canvas& canvas, const Plot& plot, const Series& series) {
  std::vector<Point> points;
  int before = plot.row(Bytes(0));
  for (int x = 0; x < plot.box.width; ++x) {
    const std::size_t column = plot.column_of(x, *series.curve);
    int first = plot.row(series.curve->highest()[column]), second = plot.row(series.curve->lowest()[column]);
    if (std::abs(second - before) < std::abs(first - before)) std::swap(first, second);
    points.push_back({plot.box.x + x, first});
    if (second != first) points.push_back({plot.box.x + x, second});
    before = second;
  }
  canvas.line(points, series.color, series.width);
}

/// The peak is marked on the curve and named on the right, labels one below the other where they are close.
void draw_peak(Canvas& canvas, const Plot& plot, const Series& series, std::uint64_t events, int& free_row) {
  const MapPeak peak = series.curve->peak();
  const int x = plot.box.x + static_cast<int>(static_cast<double>(peak.position) * plot.box.width /
                                              static_cast<double>(std::max<std::uint64_t>(events, 1)));
  const int y = plot.row(peak.bytes), right = plot.box.x + plot.box.width;
  canvas.fill({x - 3, y - 3, 7, 7}, white);
  canvas.fill({x - 2, y - 2, 5, 5}, series.color);
  const int row = std::max(y + text_height / 2, free_row);
  free_row = row + text_height + 5;
  const std::array<Point, 3> leader{{{right, y}, {right + 6, y}, {right + 12, row - text_height / 2}}};
  canvas.line(leader, series.color, 1);
  canvas.text({right + 16, row}, fmt::format("{} {}", series.name, format_bytes(peak.bytes)), series.color);
}

}  // namespace

void draw_curves(Canvas& canvas, const Box& box, const MapModel& model, const MapWords& words) {
  Plot plot{box, {}};
  const std::array<Series, 3> all = series_of(model, words);
  for (const Series& series : all) plot.top = std::max(plot.top, series.curve->peak().bytes);
  if (plot.top == Bytes(0)) return;
  draw_grid(canvas, box, plot.top);
  if (model.reserved.peak().bytes > Bytes(0)) fill_below(canvas, plot, model.reserved, style::held);
  int free_row = box.y;
  for (const Series& series : all)
    if (series.curve->peak().bytes > Bytes(0)) draw_line(canvas, plot, series);
  for (const Series& series : all)
    if (series.curve->peak().bytes > Bytes(0)) draw_peak(canvas, plot, series, model.events, free_row);
  draw_axes(canvas, box, plot.top, model.events, true);
  canvas.text({box.x, box.y - 8}, fmt::format("load in {}, peaks on the right", bytes_axis(plot.top, 1).unit),
              style::ink);
}

}  // namespace vramlab
