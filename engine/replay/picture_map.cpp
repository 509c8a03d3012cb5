#include "engine/replay/picture_map.h"

#include <fmt/format.h>
#include <algorithm>
#include <array>
#include <ranges>

#include "engine/core/error.h"
#include "engine/core/option.h"
#include "engine/replay/picture_axis.h"
#include "engine/replay/picture_blocks.h"
#include "engine/replay/picture_style.h"

namespace vramlab {
namespace {

constexpr int left_margin = 84, right_margin = 244, top_margin = 124, bottom_margin = 60, between = 56;
constexpr int mark_row = 74, mark_row_height = 18;
constexpr int step = 8;  // plots are whole numbers of the coarsest cells

/// "peak requested 1.71 GiB, peak reserved 3.03 GiB, reserved/requested 1.772, ..."
std::string figures(const MapModel& model, const MapWords& words) {
  if (!words.figures.empty()) return words.figures;
  const Bytes requested = model.requested.peak().bytes, reserved = model.reserved.peak().bytes;
  std::string text = fmt::format("peak requested {}", format_bytes(requested));
  if (reserved > Bytes(0)) text += fmt::format(", peak reserved {}", format_bytes(reserved));
  if (reserved > Bytes(0) && requested > Bytes(0))
    text += fmt::format(", reserved/requested {:.3f}",
                        static_cast<double>(reserved.value) / static_cast<double>(requested.value));
  return text + fmt::format(", {} {}", grouped(model.events), words.positions);
}

struct Mark {
  std::string text;
  MapPeak peak;
  Color color;
};

/// A dashed line through both plots where the peak is, named above.
void draw_mark(Canvas& canvas, const PictureFrame& frame, const MapModel& model, const Mark& mark, int row) {
  if (mark.peak.bytes == Bytes(0)) return;
  const int x = frame.map.x + static_cast<int>(static_cast<double>(mark.peak.position) * frame.map.width /
                                               static_cast<double>(model.events));
  for (const Box& plot : {frame.map, frame.curve}) {
    const int top = plot.y - 4, bottom = plot.y + plot.height;
    canvas.fill({x, top, 1, bottom - top}, white);  // between the dashes, whatever lies below
    const std::array<Point, 2> line{{{x, top}, {x, bottom}}};
    canvas.line(line, mark.color, 1, LineStyle::dashed);
  }
  const int half = static_cast<int>(mark.text.size()) * text_advance / 2;
  const bool near_left = x - half<frame.map.x, near_right = x + half> frame.map.x + frame.map.width;
  canvas.text({x, row}, mark.text, mark.color, near_left ? Anchor::start : near_right ? Anchor::end : Anchor::middle);
}

void draw_marks(Canvas& canvas, const PictureFrame& frame, const MapModel& model, const MapWords& words) {
  const auto mark = [&words](std::string_view name, const MapPeak& peak, Color color) {
    return Mark{
        fmt::format("peak {} {} at {} {}", name, format_bytes(peak.bytes), words.position, grouped(peak.position)),
        peak, color};
  };
  draw_mark(canvas, frame, model, mark("reserved", model.reserved.peak(), style::reserved), mark_row);
  draw_mark(canvas, frame, model, mark(words.load, model.requested.peak(), style::requested),
            mark_row + mark_row_height);
}

Color color_of(MapLevelKind kind) {
  switch (kind) {
    case MapLevelKind::load:
      return style::requested;
    case MapLevelKind::bound:
      return style::reserved;
    case MapLevelKind::edge:
      return style::faint_ink;
  }
  return style::ink;
}

/// Dashes from `from` to `to`, on white so that they show over anything.
void draw_level_line(Canvas& canvas, int from, int to, int y, MapLevelKind kind) {
  canvas.fill({from, y, to - from, 1}, white);
  const std::array<Point, 2> line{{{from, y}, {to, y}}};
  canvas.line(line, color_of(kind), 1, LineStyle::dashed);
}

void draw_levels(Canvas& canvas, const Box& map, const MapModel& model) {
  for (const MapLevel& level : model.levels) {
    const double part = static_cast<double>(level.height.value) / static_cast<double>(model.height.value);
    const int y = map.y + map.height - 1 - static_cast<int>(part * (map.height - 1));
    draw_level_line(canvas, map.x, map.x + map.width, y, level.kind);
  }
}

/// Names the lines; returns the row below.
int draw_level_legend(Canvas& canvas, const Box& map, const std::vector<MapLevel>& levels) {
  const int x = map.x + map.width + 16;
  int y = map.y + text_height;
  for (const MapLevel& level : levels) {
    draw_level_line(canvas, x, x + 16, y - text_height / 2, level.kind);
    canvas.text({x + 24, y}, level.name, style::ink);
    canvas.text({x + 24, y + text_height + 4}, format_bytes(level.bytes), style::faint_ink);
    y += 2 * text_height + 16;
  }
  return levels.empty() ? y : y + 8;
}

void draw_legend(Canvas& canvas, const Box& map, int y, bool with_held) {
  const int x = map.x + map.width + 16;
  const auto heading = [&](std::string_view text) {
    canvas.text({x, y}, text, style::ink);
    y += text_height + 10;
  };
  const auto entry = [&](std::string_view text, Color color, Color border) {
    const std::array<Box, 1> swatch{{{x, y - text_height, 16, 16}}};
    canvas.blocks(swatch, color, border);
    canvas.text({x + 24, y}, text, style::ink);
    y += text_height + 10;
  };
  heading("block size");
  for (const SizeClass& row : std::ranges::reverse_view(size_classes))
    entry(row.label, row.color, border_color(row.color));
  y += 12;
  if (with_held) {
    entry("held, free", style::held, style::held_border);
    entry("not held", white, style::held_border);
  }
  y += 12;
  for (const std::string_view line : {"pale: less than", "half of a pixel", "is allocated"}) {
    canvas.text({x, y}, line, style::faint_ink);
    y += text_height + 4;
  }
}

}  // namespace

PictureFrame frame_of(const PictureSize& size) {
  constexpr std::uint32_t least_width = 640, least_height = 400, most = 16384;
  if (size.width < least_width || size.height < least_height || size.width > most || size.height > most)
    throw ConfigError(fmt::format("a picture of {} x {} pixels", size.width, size.height), {},
                      fmt::format("from {} x {} to {} x {}", least_width, least_height, most, most));
  const int plots = static_cast<int>(size.height) - top_margin - between - bottom_margin;
  const int width = (static_cast<int>(size.width) - left_margin - right_margin) / step * step;
  const int map_height = plots * 3 / 4 / step * step;
  return {{left_margin, top_margin, width, map_height},
          {left_margin, top_margin + map_height + between, width, plots - map_height}};
}

void draw_map(Canvas& canvas, const PictureFrame& frame, const MapModel& model, const MapWords& words) {
  canvas.text({16, 26}, words.title, style::ink);
  canvas.text({16, 50}, figures(model, words), style::ink);
  if (model.events == 0 || model.height == Bytes(0))
    return canvas.text({left_margin, mark_row}, "no memory was held", style::ink);
  draw_grid(canvas, frame.map, model.height);
  draw_blocks(canvas, {frame.map.x, frame.map.y}, model,
              fold_map(model, frame.map.width, frame.map.height, canvas.max_runs()), words);
  draw_levels(canvas, frame.map, model);
  draw_axes(canvas, frame.map, model.height, model.events, false);
  canvas.text({16, top_margin - 12}, fmt::format("{} in {}", words.place, bytes_axis(model.height, 1).unit),
              style::ink);
  draw_curves(canvas, frame.curve, model, words);
  canvas.text({frame.curve.x + frame.curve.width + 40, frame.curve.y + frame.curve.height + 9 + text_height},
              words.positions, style::ink);
  draw_marks(canvas, frame, model, words);
  draw_legend(canvas, frame.map, draw_level_legend(canvas, frame.map, model.levels), !model.held.empty());
}

}  // namespace vramlab
