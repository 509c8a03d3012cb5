#include "engine/replay/gantt.h"

#include <fmt/format.h>
#include <algorithm>
#include <array>
#include <filesystem>

#include "engine/core/error.h"
#include "engine/core/option.h"
#include "engine/replay/gantt_lanes.h"
#include "engine/replay/picture_axis.h"
#include "engine/replay/picture_kind.h"
#include "engine/replay/picture_map.h"
#include "engine/replay/picture_style.h"

namespace vramlab {
namespace {

constexpr int left_margin = 310, right_margin = 330, top_margin = 92, bottom_margin = 52;
constexpr int between_lanes = 8, before_memory = 44, least_memory = 120;
constexpr int pixels_a_tick = 110;
constexpr Color limit_color{0xa0, 0x1a, 0x7d};

struct Figure {
  TimeScale scale;
  Box memory;
};

int lanes_height(const std::vector<Lane>& lanes) {
  int height = 0;
  for (const Lane& lane : lanes) height += lane.height + between_lanes;
  return height;
}

Figure figure_of(const PictureSize& size, const GanttModel& model, const std::vector<Lane>& lanes) {
  const int width = static_cast<int>(size.width) - left_margin - right_margin;
  const Nanoseconds begin = model.timeline->swapped_begin;
  const Nanoseconds end = std::max(model.timeline->swapped_end, begin + Nanoseconds(1));
  const int top = top_margin + lanes_height(lanes) + before_memory;
  const int height = std::max(least_memory, static_cast<int>(size.height) - top - bottom_margin);
  return {{begin, end, left_margin, width}, {left_margin, top, width, height}};
}

std::string figures(const GanttModel& model) {
  const ReplayTimeline& timeline = *model.timeline;
  Nanoseconds waited{};
  for (const Stall& stall : model.stalls) waited += stall.duration();
  std::string text = fmt::format("{} in all, ideal {}", format_time(timeline.swapped_end - timeline.swapped_begin),
                                 format_time(timeline.ideal_end - timeline.ideal_begin));
  if (model.overhead) text += fmt::format(", overhead {:.2f}%", *model.overhead * 100);
  text += fmt::format(", waited for memory {} in {} pauses", format_time(waited), model.stalls.size());
  if (model.limit) text += fmt::format(", limit {}", format_bytes(*model.limit));
  return text;
}

// --- Time -----------------------------------------------------------------------------------------------------------

/// 1, 2 or 5 times a power of ten: the least that is not below `least`.
std::int64_t round_step(std::int64_t least) {
  for (std::int64_t power = 1;; power *= 10)
    for (const std::int64_t digit : {1, 2, 5})
      if (digit * power >= least) return digit * power;
}

void draw_time(Canvas& canvas, const Figure& figure) {
  const TimeScale& scale = figure.scale;
  const int bottom = figure.memory.y + figure.memory.height;
  const std::int64_t extent = (scale.end - scale.begin).value;
  const std::int64_t step = round_step(extent / std::max(1, scale.width / pixels_a_tick) + 1);
  canvas.fill({scale.left - 1, bottom, scale.width + 1, 1}, style::ink);
  for (std::int64_t at = 0; at <= extent; at += step) {
    const int x = scale.column(scale.begin + Nanoseconds(at));
    canvas.fill({x, bottom, 1, 5}, style::ink);
    canvas.text({x, bottom + 9 + text_height}, format_time(Nanoseconds(at)), style::ink, Anchor::middle);
  }
}

void draw_iterations(Canvas& canvas, const Figure& figure, const GanttModel& model) {
  std::vector<Nanoseconds> begins;
  for (const TimelineSpan& span : model.timeline->swapped)
    if (span.kind == TimelineSpan::Kind::launch &&
        std::binary_search(model.iterations.begin(), model.iterations.end(), span.order))
      begins.push_back(span.begin);
  for (std::size_t i = 0; i < begins.size(); ++i) {
    const int x = figure.scale.column(begins[i]);
    const std::array<Point, 2> line{{{x, top_margin - 6}, {x, figure.memory.y + figure.memory.height}}};
    canvas.line(line, style::faint_ink, 1, LineStyle::dashed);
    const int next =
        i + 1 < begins.size() ? figure.scale.column(begins[i + 1]) : figure.scale.left + figure.scale.width;
    const std::string text = fmt::format("iteration {}", i + 1);
    if (next - x > static_cast<int>(text.size()) * text_advance)
      canvas.text({x + 4, top_margin - 8}, text, style::faint_ink);
  }
}

void draw_lanes(Canvas& canvas, const Figure& figure, const std::vector<Lane>& lanes) {
  int top = top_margin;
  for (const Lane& lane : lanes) {
    canvas.fill({figure.scale.left, top + lane.height, figure.scale.width, 1}, style::grid);
    draw_lane(canvas, lane, figure.scale, top);
    const int row = top + lane.height / 2 + text_height / 2;
    canvas.text({figure.scale.left - 10, row}, lane.name, style::ink, Anchor::end);
    canvas.text({figure.scale.left + figure.scale.width + 12, row}, lane.total, style::faint_ink);
    top += lane.height + between_lanes;
  }
}

// --- Memory ---------------------------------------------------------------------------------------------------------

/// The most of each pixel column, of values that hold from the begin of one operator to the begin of the next.
std::vector<Bytes> columns_of(const GanttModel& model, const TimeScale& scale, const std::vector<Bytes>& values) {
  std::vector<const TimelineSpan*> launches;
  for (const TimelineSpan& span : model.timeline->swapped)
    if (span.kind == TimelineSpan::Kind::launch && span.order < values.size()) launches.push_back(&span);
  std::sort(launches.begin(), launches.end(), [](const auto* a, const auto* b) { return a->begin < b->begin; });
  std::vector<Bytes> columns(static_cast<std::size_t>(scale.width));
  for (std::size_t i = 0; i < launches.size(); ++i) {
    const Nanoseconds from = i == 0 ? scale.begin : launches[i]->begin;
    const Nanoseconds to = i + 1 < launches.size() ? launches[i + 1]->begin : scale.end;
    const int last = std::min(scale.width - 1, static_cast<int>(scale.pixel(to)));
    for (int column = static_cast<int>(scale.pixel(from)); column <= last; ++column) {
      Bytes& most = columns[static_cast<std::size_t>(column)];
      most = std::max(most, values[launches[i]->order]);
    }
  }
  return columns;
}

struct Curve {
  std::string_view name;
  std::vector<Bytes> columns;
  Color color;
  LineStyle line = LineStyle::solid;
  Bytes peak() const { return columns.empty() ? Bytes() : *std::max_element(columns.begin(), columns.end()); }
};

std::vector<Curve> curves_of(const GanttModel& model, const TimeScale& scale) {
  std::vector<Bytes> reserved, placed;
  for (const GanttMemory& memory : model.memory) {
    reserved.push_back(memory.reserved);
    placed.push_back(memory.placed);
  }
  std::vector<Curve> curves;
  const auto add = [&](std::string_view name, const std::vector<Bytes>& values, Color color, LineStyle line) {
    if (!values.empty()) curves.push_back({name, columns_of(model, scale, values), color, line});
  };
  add("without swapping", {model.load.begin(), model.load.end()}, style::allocated, LineStyle::dashed);
  add("reserved", reserved, style::reserved, LineStyle::solid);
  add("placed", placed, {0x00, 0x5a, 0x8f}, LineStyle::solid);
  return curves;
}

struct MemoryPlot {
  Box box;
  Bytes top{};
  int row(Bytes bytes) const {
    const double part = static_cast<double>(bytes.value) / static_cast<double>(top.value);
    return box.y + box.height - 1 - static_cast<int>(part * (box.height - 1));
  }
};

void draw_curve(Canvas& canvas, const MemoryPlot& plot, const Curve& curve) {
  std::vector<Point> points;
  for (int x = 0; x < plot.box.width; ++x) {
    const int y = plot.row(curve.columns[static_cast<std::size_t>(x)]);
    if (!points.empty() && points.back().y != y) points.push_back({plot.box.x + x, points.back().y});
    points.push_back({plot.box.x + x, y});
  }
  canvas.line(points, curve.color, 2, curve.line);
}

struct Level {
  std::string text;
  Bytes bytes{};
  Color color;
};

/// Names at the right, each at its height or below the one above.
void name_levels(Canvas& canvas, const MemoryPlot& plot, std::vector<Level> levels) {
  std::sort(levels.begin(), levels.end(), [](const Level& a, const Level& b) { return a.bytes > b.bytes; });
  int free_row = plot.box.y;
  const int right = plot.box.x + plot.box.width;
  for (const Level& level : levels) {
    const int y = plot.row(level.bytes), row = std::max(y + text_height / 2, free_row);
    const std::array<Point, 3> leader{{{right, y}, {right + 4, y}, {right + 10, row - text_height / 2}}};
    canvas.line(leader, level.color, 1);
    canvas.text({right + 12, row}, level.text, level.color);
    free_row = row + text_height + 4;
  }
}

void draw_memory(Canvas& canvas, const Figure& figure, const GanttModel& model) {
  const std::vector<Curve> curves = curves_of(model, figure.scale);
  MemoryPlot plot{figure.memory, model.limit.value_or(Bytes())};
  for (const Curve& curve : curves) plot.top = std::max(plot.top, curve.peak());
  if (curves.empty() || plot.top == Bytes(0)) return;
  plot.top += plot.top / 20;
  draw_grid(canvas, plot.box, plot.top);
  std::vector<Level> levels;
  for (const Curve& curve : curves) {
    draw_curve(canvas, plot, curve);
    levels.push_back({fmt::format("{} {}", curve.name, format_bytes(curve.peak())), curve.peak(), curve.color});
  }
  if (model.limit) {
    const int y = plot.row(*model.limit);
    const std::array<Point, 2> line{{{plot.box.x, y}, {plot.box.x + plot.box.width, y}}};
    canvas.line(line, limit_color, 2, LineStyle::dashed);
    levels.push_back({fmt::format("limit {}", format_bytes(*model.limit)), *model.limit, limit_color});
  }
  name_levels(canvas, plot, std::move(levels));
  const Axis axis = bytes_axis(plot.top, plot.box.height / 60);
  canvas.fill({plot.box.x - 1, plot.box.y, 1, plot.box.height + 1}, style::ink);
  for (const Tick& tick : axis.ticks)
    canvas.text({plot.box.x - 9, plot.row(Bytes(tick.value)) + text_height / 2}, tick.label, style::ink, Anchor::end);
  canvas.text({plot.box.x, plot.box.y - 10}, fmt::format("memory of the device in {}, peaks on the right", axis.unit),
              style::ink);
}

}  // namespace

void draw_gantt(Canvas& canvas, const PictureSize& size, const GanttModel& model) {
  const std::vector<Lane> lanes = gantt_lanes(model);
  const Figure figure = figure_of(size, model, lanes);
  canvas.text({16, 26}, model.title, style::ink);
  canvas.text({16, 50}, figures(model), style::ink);
  draw_lanes(canvas, figure, lanes);
  draw_memory(canvas, figure, model);
  draw_time(canvas, figure);
  draw_iterations(canvas, figure, model);
}

GanttPicture::GanttPicture(const std::string& path, PictureSize size)
    : make_canvas_(canvas_for(path)), size_(size), file_(path) {
  static_cast<void>(frame_of(size));  // throws where the size is none for a picture
}

void GanttPicture::write(const GanttModel& model) {
  const std::unique_ptr<Canvas> canvas = make_canvas_(size_, model.title);
  draw_gantt(*canvas, size_, model);
  file_.write(canvas->encode());
  file_.commit();
}

}  // namespace vramlab
