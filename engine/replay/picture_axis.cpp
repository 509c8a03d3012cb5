#include "engine/replay/picture_axis.h"

#include <fmt/format.h>
#include <algorithm>
#include <array>

#include "engine/replay/picture_style.h"

namespace vramlab {
namespace {

constexpr int tick_length = 5;
constexpr int pixels_a_row = 60;  // between ticks, about
constexpr int pixels_a_column = 130;

/// 1, 2 or 5 times a power of ten: the least that is not below `least`, in thousandths of `unit`.
std::uint64_t round_step(std::uint64_t least_thousandths) {
  for (std::uint64_t power = 1;; power *= 10)
    for (const std::uint64_t digit : {1u, 2u, 5u})
      if (digit * power >= least_thousandths) return digit * power;
}

/// "1.25" for 1250 thousandths.
std::string thousandths(std::uint64_t value) {
  std::string text = fmt::format("{}.{:03}", value / 1000, value % 1000);
  text.erase(text.find_last_not_of('0') + 1);
  if (text.back() == '.') text.pop_back();
  return text;
}

/// Ticks of `extent` in steps that are round in `unit`; `suffix` follows each label but 0.
std::vector<Tick> ticks_of(std::uint64_t extent, std::uint64_t unit, int count, std::string_view suffix) {
  const double in_thousandths = static_cast<double>(extent) * 1000 / static_cast<double>(unit);
  const auto least = static_cast<std::uint64_t>(in_thousandths / std::max(count, 1)) + 1;
  const std::uint64_t step = round_step(unit == 1 ? std::max<std::uint64_t>(least, 1000) : least);
  std::vector<Tick> ticks;
  for (std::uint64_t at = 0; static_cast<double>(at) <= in_thousandths; at += step) {
    const auto value = static_cast<std::uint64_t>(static_cast<double>(at) * static_cast<double>(unit) / 1000);
    ticks.push_back({value, thousandths(at) + std::string(at == 0 ? "" : suffix)});
  }
  return ticks;
}

int row_of(const Box& plot, std::uint64_t value, std::uint64_t extent) {
  return plot.y + plot.height -
         static_cast<int>(static_cast<double>(value) * plot.height / static_cast<double>(extent));
}

Axis rows_axis(const Box& plot, Bytes height) { return bytes_axis(height, plot.height / pixels_a_row); }

}  // namespace

Axis bytes_axis(Bytes extent, int count) {
  constexpr std::array<std::string_view, 5> units{"B", "KiB", "MiB", "GiB", "TiB"};
  std::size_t unit = 0;
  while (unit + 1 < units.size() && extent.value >> (10 * (unit + 1)) != 0) ++unit;
  return {std::string(units[unit]), ticks_of(extent.value, std::uint64_t{1} << (10 * unit), count, "")};
}

Axis events_axis(std::uint64_t extent, int count) {
  if (extent >= 2'000'000) return {"events", ticks_of(extent, 1'000'000, count, "M")};
  if (extent >= 2'000) return {"events", ticks_of(extent, 1'000, count, "k")};
  return {"events", ticks_of(extent, 1, count, "")};
}

std::string grouped(std::uint64_t number) {
  std::string text = std::to_string(number);
  for (std::size_t at = text.size(); at > 3; at -= 3) text.insert(at - 3, 1, ',');
  return text;
}

void draw_grid(Canvas& canvas, const Box& plot, Bytes height) {
  for (const Tick& tick : rows_axis(plot, height).ticks)
    canvas.fill({plot.x, row_of(plot, tick.value, height.value) - 1, plot.width, 1}, style::grid);
}

void draw_axes(Canvas& canvas, const Box& plot, Bytes height, std::uint64_t events, bool label_events) {
  const int bottom = plot.y + plot.height;
  canvas.fill({plot.x - 1, plot.y, 1, plot.height + 1}, style::ink);
  canvas.fill({plot.x - 1, bottom, plot.width + 1, 1}, style::ink);
  for (const Tick& tick : rows_axis(plot, height).ticks) {
    const int y = row_of(plot, tick.value, height.value);
    canvas.fill({plot.x - tick_length, y, tick_length, 1}, style::ink);
    canvas.text({plot.x - tick_length - 4, y + text_height / 2}, tick.label, style::ink, Anchor::end);
  }
  for (const Tick& tick : events_axis(events, plot.width / pixels_a_column).ticks) {
    const int x = plot.x + static_cast<int>(static_cast<double>(tick.value) * plot.width / static_cast<double>(events));
    canvas.fill({x, bottom, 1, tick_length}, style::ink);
    if (label_events) canvas.text({x, bottom + tick_length + 4 + text_height}, tick.label, style::ink, Anchor::middle);
  }
}

}  // namespace vramlab
