#pragma once
// Axes: round tick values, their labels, and the ticks themselves.

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "engine/core/types.h"
#include "engine/replay/picture_canvas.h"

namespace vramlab {

struct Tick {
  std::uint64_t value = 0;
  std::string label;
};

struct Axis {
  std::string unit;  ///< "GiB", "events"
  std::vector<Tick> ticks;
};

/// About `count` ticks at 1, 2 or 5 times a power of ten of the largest binary unit that `extent` reaches.
Axis bytes_axis(Bytes extent, int count);
/// As above, for positions: "250k", "1.5M".
Axis events_axis(std::uint64_t extent, int count);

/// 1234567 -> "1,234,567".
std::string grouped(std::uint64_t number);

/// Frame, ticks, light grid lines and labels of a plot. `label_events`: also the labels of the horizontal axis.
void draw_axes(Canvas& canvas, const Box& plot, Bytes height, std::uint64_t events, bool label_events);
/// Grid lines alone: they go below the data.
void draw_grid(Canvas& canvas, const Box& plot, Bytes height);

}  // namespace vramlab
