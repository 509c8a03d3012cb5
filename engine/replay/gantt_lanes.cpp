#include "engine/replay/gantt_lanes.h"

#include <fmt/format.h>
#include <algorithm>
#include <array>
#include <cmath>

#include "engine/core/option.h"
#include "engine/replay/picture_style.h"

namespace vramlab {
namespace {

// Dark on light where one is beside another, so that the picture can be read without colours too.
constexpr Color computing{0x8f, 0xc6, 0xea};
constexpr Color stalled{0xb0, 0x2a, 0x00};
constexpr Color moving_out{0x00, 0x5a, 0x8f};
constexpr Color moving_in{0x00, 0x9e, 0x73};
constexpr Color clearing{0x8c, 0x8c, 0x8c};

constexpr int operator_height = 64, cause_height = 16, link_height = 34;
constexpr int widest_folded = 3;  // pixels

struct LinkLane {
  Tier from, to;
  std::string_view name;
  Color color;
};

constexpr std::array<LinkLane, 6> link_lanes{{{Tier::device, Tier::host, "to host", moving_out},
                                              {Tier::host, Tier::device, "from host", moving_in},
                                              {Tier::device, Tier::peer, "to peer", moving_out},
                                              {Tier::peer, Tier::device, "from peer", moving_in},
                                              {Tier::host, Tier::disk, "to disk", moving_out},
                                              {Tier::disk, Tier::host, "from disk", moving_in}}};

std::string operator_text(const GanttModel& model, const TimelineSpan& span) {
  const std::string name =
      span.order < model.names.size() ? std::string(model.names[span.order]) : fmt::format("operator {}", span.order);
  return fmt::format("{}, {}", name, format_time(span.end - span.begin));
}

std::string busy_text(const Lane& lane, std::size_t tone, const ReplayTimeline& timeline) {
  Nanoseconds busy{};
  for (const LaneSpan& span : lane.spans)
    if (span.tone == tone) busy += span.end - span.begin;
  const double all = static_cast<double>((timeline.swapped_end - timeline.swapped_begin).value);
  return fmt::format("busy {:.1f}%", all > 0 ? static_cast<double>(busy.value) * 100 / all : 0.0);
}

Lane operator_lane(const GanttModel& model) {
  Lane lane{.name = "operators", .total = {}, .colors = {computing, stalled, clearing}, .spans = {}};
  for (const TimelineSpan& span : model.timeline->swapped) {
    if (span.kind == TimelineSpan::Kind::launch)
      lane.spans.push_back({span.begin, span.end, 0, operator_text(model, span)});
    if (span.kind == TimelineSpan::Kind::clear) lane.spans.push_back({span.begin, span.end, 2, "clearing"});
  }
  for (const Stall& stall : model.stalls)
    lane.spans.push_back({stall.begin, stall.end, 1,
                          fmt::format("{}, {}", stall_cause_names[static_cast<std::size_t>(stall.cause)],
                                      format_time(stall.duration()))});
  lane.height = operator_height;
  lane.total = busy_text(lane, 0, *model.timeline);
  return lane;
}

Lane cause_lane(const GanttModel& model, StallCause cause) {
  Lane lane{.name = std::string(stall_cause_names[static_cast<std::size_t>(cause)]),
            .total = {},
            .colors = {stalled},
            .spans = {},
            .height = cause_height,
            .occupancy = false};
  for (const Stall& stall : model.stalls) {
    if (stall.cause != cause) continue;
    const std::string bytes = stall.bytes == Bytes(0) ? "" : fmt::format(" for {}", format_bytes(stall.bytes));
    lane.spans.push_back({stall.begin, stall.end, 0,
                          fmt::format("operator {} waits {}{}", stall.order, format_time(stall.duration()), bytes)});
  }
  const StallSum sum = sum_stalls(model.stalls)[static_cast<std::size_t>(cause)];
  lane.total = fmt::format("{} x, {}", sum.count, format_time(sum.time));
  return lane;
}

Lane link_lane(const GanttModel& model, const LinkLane& link) {
  Lane lane{.name = std::string(link.name), .total = {}, .colors = {link.color}, .spans = {}, .height = link_height};
  Bytes moved{};
  for (const TimelineSpan& span : model.timeline->swapped) {
    if (span.kind != TimelineSpan::Kind::transfer || span.from != link.from || span.to != link.to) continue;
    moved += span.bytes;
    lane.spans.push_back({span.begin, span.end, 0,
                          fmt::format("{} in {}", format_bytes(span.bytes), format_time(span.end - span.begin))});
  }
  lane.total = fmt::format("{}, {}", format_bytes(moved), busy_text(lane, 0, *model.timeline));
  return lane;
}

/// Of each pixel column, the share of its time that each tone takes.
class ColumnShares {
 public:
  ColumnShares(int width, std::size_t tones)
      : width_(width), tones_(tones), shares_(static_cast<std::size_t>(width) * tones) {}

  void add(double from, double to, std::size_t tone) {
    from = std::clamp(from, 0.0, static_cast<double>(width_));
    to = std::clamp(to, from, static_cast<double>(width_));
    for (int column = static_cast<int>(from); column < width_ && column < to; ++column)
      at(column, tone) += std::min(to, column + 1.0) - std::max(from, static_cast<double>(column));
  }
  double& at(int column, std::size_t tone) { return shares_[static_cast<std::size_t>(column) * tones_ + tone]; }

 private:
  int width_;
  std::size_t tones_;
  std::vector<double> shares_;
};

/// Tones one above the other in each column; whatever is there is at least two pixels high.
ToneGrid folded(const Lane& lane, const TimeScale& scale) {
  ColumnShares shares(scale.width, lane.colors.size());
  for (const LaneSpan& span : lane.spans) shares.add(scale.pixel(span.begin), scale.pixel(span.end), span.tone);
  ToneGrid grid{scale.width, lane.height, 1, {}};
  grid.tones.resize(static_cast<std::size_t>(scale.width) * static_cast<std::size_t>(lane.height));
  for (int column = 0; column < scale.width; ++column) {
    int filled = 0;
    for (std::size_t tone = 0; tone < lane.colors.size(); ++tone) {
      const double share = shares.at(column, tone);
      if (share <= 0) continue;
      const int wanted = lane.occupancy ? static_cast<int>(std::lround(share * lane.height)) : lane.height;
      const int end = std::min(lane.height, filled + std::max(2, wanted));
      for (; filled < end; ++filled) grid.at(column, lane.height - 1 - filled) = static_cast<std::uint8_t>(tone + 1);
    }
  }
  return grid;
}

}  // namespace

std::string format_time(Nanoseconds time) {
  const double ns = static_cast<double>(time.value);
  if (ns >= 1e9) return fmt::format("{:.3g} s", ns / 1e9);
  if (ns >= 1e6) return fmt::format("{:.3g} ms", ns / 1e6);
  if (ns >= 1e3) return fmt::format("{:.3g} us", ns / 1e3);
  return fmt::format("{} ns", time.value);
}

std::vector<Lane> gantt_lanes(const GanttModel& model) {
  std::vector<Lane> lanes{operator_lane(model)};
  const auto add = [&lanes](Lane lane) {
    if (!lane.spans.empty()) lanes.push_back(std::move(lane));
  };
  for (std::size_t cause = 0; cause < stall_causes; ++cause) add(cause_lane(model, static_cast<StallCause>(cause)));
  for (const LinkLane& link : link_lanes) add(link_lane(model, link));
  return lanes;
}

void draw_lane(Canvas& canvas, const Lane& lane, const TimeScale& scale, int top) {
  std::vector<Color> colors{white};
  colors.insert(colors.end(), lane.colors.begin(), lane.colors.end());
  canvas.tones({scale.left, top}, folded(lane, scale), colors);
  for (const LaneSpan& span : lane.spans) {
    const int from = scale.column(span.begin), to = scale.column(span.end);
    if (to - from <= widest_folded) continue;
    const Color color = lane.colors[span.tone];
    canvas.block({from, top, to - from, lane.height}, color, border_color(color), span.text);
  }
}

}  // namespace vramlab
