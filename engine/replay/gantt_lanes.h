#pragma once
// The lanes of a Gantt picture: what kept one thing busy, as spans of a colour over time.

#include <string>
#include <vector>

#include "engine/core/types.h"
#include "engine/replay/gantt.h"
#include "engine/replay/picture_canvas.h"

namespace vramlab {

/// From time to pixels.
struct TimeScale {
  Nanoseconds begin{}, end{};
  int left = 0, width = 1;

  double pixel(Nanoseconds time) const {
    return static_cast<double>((time - begin).value) * width / static_cast<double>((end - begin).value);
  }
  int column(Nanoseconds time) const { return left + static_cast<int>(pixel(time)); }
};

struct LaneSpan {
  Nanoseconds begin{}, end{};
  std::size_t tone = 0;  ///< index into Lane::colors
  std::string text;      ///< for a tooltip
};

struct Lane {
  std::string name;
  std::string total;  ///< shown at the right
  std::vector<Color> colors;
  std::vector<LaneSpan> spans;
  int height = 0;
  bool occupancy = true;  ///< folded spans fill as much of the height as of the time; else all of it
};

/// Operators with the stalls between them, a lane a cause, a lane a link and direction: those that have spans, and
/// operators.
std::vector<Lane> gantt_lanes(const GanttModel& model);

/// At `top`. Spans that are wide enough become boxes; the rest is folded.
void draw_lane(Canvas& canvas, const Lane& lane, const TimeScale& scale, int top);

/// "1.25 ms", "3.4 us".
std::string format_time(Nanoseconds time);

}  // namespace vramlab
