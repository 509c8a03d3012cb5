#include "engine/replay/picture.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <rapidcheck/gtest.h>

#include <algorithm>
#include <filesystem>
#include <fstream>
#include <random>
#include <sstream>
#include <string>

#include "engine/core/error.h"
#include "engine/replay/picture_axis.h"
#include "engine/replay/picture_blocks.h"
#include "engine/replay/picture_cells.h"
#include "engine/replay/picture_map.h"
#include "engine/replay/picture_style.h"
#include "engine/replay/raster.h"
#include "engine/replay/svg.h"

namespace vramlab {
namespace {

using testing::HasSubstr;
using testing::StartsWith;

constexpr std::size_t size_limit = 5'000'000;

/// A million blocks side by side in lanes of various heights, as an allocator under load would leave them.
MapModel million_blocks() {
  constexpr std::uint32_t lanes = 1000, blocks = 1000;
  std::mt19937_64 random(1);
  MapModel model;
  model.events = 4'000'000;
  for (std::uint32_t lane = 0; lane < lanes; ++lane) {
    const std::uint64_t low = model.height.value, room = std::uint64_t{32768} << random() % 7;
    std::uint32_t at = static_cast<std::uint32_t>(random() % 3000);
    for (std::uint32_t i = 0; i < blocks; ++i) {
      const auto last = at + 1 + static_cast<std::uint32_t>(random() % 6000);
      model.blocks.push_back({at, last, low, low + room, room, lane * blocks + i, 0});
      at = last + static_cast<std::uint32_t>(random() % 1000);
    }
    model.height += Bytes(room);
  }
  model.held.push_back({0, static_cast<std::uint32_t>(model.events), 0, model.height.value});
  return model;
}

/// The worst for a picture: blocks of a pixel each, no two neighbours of one class.
MapModel worst_noise(int columns, int rows) {
  std::mt19937_64 random(2);
  MapModel model;
  model.events = static_cast<std::uint64_t>(columns);
  model.height = Bytes(static_cast<std::uint64_t>(rows));
  for (std::uint32_t x = 0; x < model.events; ++x)
    for (std::uint64_t y = 0; y < model.height.value; ++y)
      model.blocks.push_back({x, x + 1, y, y + 1, std::uint64_t{1} << (15 + random() % 14), 0, 0});
  return model;
}

/// Columns of the plot in which a block lives.
std::vector<bool> live_columns(const MapModel& model, int width) {
  std::vector<bool> live(static_cast<std::size_t>(width));
  const auto columns = static_cast<std::uint64_t>(width);
  for (const MapBlock& block : model.blocks) {
    const std::uint64_t last = (block.last * columns + model.events - 1) / model.events;
    for (std::uint64_t column = block.first * columns / model.events; column < std::min(last, columns); ++column)
      live[column] = true;
  }
  return live;
}

/// Whether a pixel of the column has a block's colour.
bool shows_block(const RasterCanvas& canvas, int column, int height) {
  for (int y = 0; y < height; ++y) {
    const Color color = canvas.pixel(column, y);
    if (color != white && color != style::held && color != style::held_border) return true;
  }
  return false;
}

void expect_no_live_column_blank(const MapModel& model, int width, int height) {
  RasterCanvas canvas(width, height);
  draw_blocks(canvas, {0, 0}, model, fold_map(model, width, height, canvas.max_runs()), {""});
  const std::vector<bool> live = live_columns(model, width);
  for (int column = 0; column < width; ++column)
    EXPECT_TRUE(!live[static_cast<std::size_t>(column)] || shows_block(canvas, column, height)) << column;
}

template <class MakeCanvas>
std::string picture_of(const MapModel& model, MakeCanvas&& make_canvas) {
  auto canvas = make_canvas();
  draw_map(canvas, frame_of({}), model, {"a test"});
  return canvas.encode();
}

std::string svg_of(const MapModel& model) {
  return picture_of(model, [] { return SvgCanvas(1600, 1000, "a test"); });
}

TEST(SizeClasses, ChangeAtTheirBounds) {
  EXPECT_EQ(size_class_of(64_KiB - 1_B), 0);
  EXPECT_EQ(size_class_of(64_KiB), 1);
  EXPECT_EQ(size_class_of(1_MiB), 2);
  EXPECT_EQ(size_class_of(16_MiB), 3);
  EXPECT_EQ(size_class_of(64_MiB), 4);
  EXPECT_EQ(size_class_of(256_MiB), 5);
  EXPECT_EQ(size_class_of(max_object_bytes), 5);
}

RC_GTEST_PROP(CellCover, IsTheAreaOfEachCell, ()) {
  constexpr int columns = 6, rows = 5;
  CellCover cover(columns, rows, 1);
  const auto number = [](int column, int row) {
    return static_cast<std::size_t>(column) * rows + static_cast<std::size_t>(row);
  };
  std::vector<std::uint64_t> expected(number(columns, 0));
  const auto stretch = [](int cells) {
    const auto end = static_cast<std::uint64_t>(cells) << CellSpan::shift;
    const std::uint64_t a = *rc::gen::inRange<std::uint64_t>(0, end),
                        b = *rc::gen::inRange<std::uint64_t>(a + 1, end + 1);
    return CellSpan{a, b};
  };
  const auto inside = [](const CellSpan& span, int cell) {
    const std::uint64_t low = static_cast<std::uint64_t>(cell) << CellSpan::shift, high = low + CellSpan::one;
    return std::min(span.to, high) - std::min(std::max(span.from, low), std::min(span.to, high));
  };
  for (int n = *rc::gen::inRange(1, 8); n > 0; --n) {
    const CellSpan x = stretch(columns), y = stretch(rows);
    cover.add(0, x, y);
    for (int column = 0; column < columns; ++column)
      for (int row = 0; row < rows; ++row) expected[number(column, row)] += inside(x, column) * inside(y, row);
  }
  cover.settle();
  for (int column = 0; column < columns; ++column)
    for (int row = 0; row < rows; ++row) RC_ASSERT(cover.at(0, column, row) == expected[number(column, row)]);
}

TEST(FoldedMap, ColoursACellByTheClassThatCoversMost) {
  MapModel model;
  model.events = 8;
  model.height = Bytes(800);
  model.blocks.push_back({0, 1, 0, 60, (1_MiB).value, 0, 0});
  model.blocks.push_back({0, 1, 60, 90, (1_KiB).value, 1, 0});
  model.blocks.push_back({4, 5, 0, 20, (1_KiB).value, 2, 0});
  model.held.push_back({0, 8, 0, 300});
  const ToneGrid grid = fold_map(model, 8, 8, 1000).grid;
  EXPECT_EQ(grid.at(0, 7), tone::full(2));
  EXPECT_EQ(grid.at(4, 7), tone::pale(0)) << "less than half allocated";
  EXPECT_EQ(grid.at(1, 6), tone::held);
  EXPECT_EQ(grid.at(1, 7), tone::held_border);
  EXPECT_EQ(grid.at(0, 4), tone::none);
}

TEST(FoldedMap, GivesLargeBlocksTheirOwnBorderedBox) {
  MapModel model;
  model.events = 80;
  model.height = Bytes(80);
  model.blocks.push_back({8, 24, 8, 16, (1_GiB).value, 0, 0});
  const FoldedMap folded = fold_map(model, 80, 80, 1000);
  ASSERT_EQ(folded.blocks.size(), 1u);
  EXPECT_EQ(folded.blocks[0].box.x, 8);
  EXPECT_EQ(folded.blocks[0].box.y, 64);
  RasterCanvas canvas(80, 80);
  draw_blocks(canvas, {0, 0}, model, folded, {""});
  EXPECT_EQ(canvas.pixel(8, 64), border_color(size_classes[5].color));
  EXPECT_EQ(canvas.pixel(12, 68), size_classes[5].color);
  EXPECT_EQ(canvas.pixel(7, 64), white);
}

TEST(FoldedMap, ShowsTheLeastBlockOfTheLongestRun) {
  MapModel model;
  model.events = 4'000'000'000;
  model.height = 141_GiB;
  model.blocks.push_back({3'999'999'999, 4'000'000'000, (140_GiB).value, (140_GiB + 512_B).value, 512, 0, 0});
  expect_no_live_column_blank(model, 1272, 568);
}

TEST(MillionBlocks, AreASmallSvgWithoutBlankColumns) {
  const MapModel model = million_blocks();
  ASSERT_EQ(model.blocks.size(), 1'000'000u);
  EXPECT_LT(svg_of(model).size(), size_limit);
  const Box map = frame_of({}).map;
  expect_no_live_column_blank(model, map.width, map.height);
}

TEST(MillionBlocks, AreASmallPng) {
  const std::string png = picture_of(million_blocks(), [] { return RasterCanvas(1600, 1000); });
  EXPECT_THAT(png, StartsWith("\x89PNG\r\n\x1a\n"));
  EXPECT_LT(png.size(), size_limit);
}

TEST(WorstNoise, StaysBelowTheLimitWithCoarserCells) {
  const Box map = frame_of({}).map;
  const MapModel model = worst_noise(map.width, map.height);
  EXPECT_GT(fold_map(model, map.width, map.height, SvgCanvas(8, 8, "").max_runs()).grid.cell, 1);
  EXPECT_LT(svg_of(model).size(), size_limit);
}

/// The labels of an axis, joined.
std::string labels(const Axis& axis) {
  std::string text = axis.unit;
  for (const Tick& tick : axis.ticks) text += " " + tick.label;
  return text;
}

TEST(Axis, HasRoundTicksInTheLargestUnit) {
  EXPECT_EQ(labels(bytes_axis(3_GiB, 6)), "GiB 0 1 2 3");
  EXPECT_EQ(labels(bytes_axis(2_GiB + 512_MiB, 6)), "GiB 0 0.5 1 1.5 2 2.5");
  EXPECT_EQ(labels(bytes_axis(600_MiB, 4)), "MiB 0 200 400 600");
  EXPECT_EQ(labels(bytes_axis(3_B, 10)), "B 0 1 2 3");
  EXPECT_EQ(labels(events_axis(703'222, 4)), "events 0 200k 400k 600k");
  EXPECT_EQ(labels(events_axis(3'000'000, 4)), "events 0 1M 2M 3M");
  EXPECT_EQ(labels(events_axis(1, 10)), "events 0 1");
  EXPECT_EQ(grouped(1234567), "1,234,567");
  EXPECT_EQ(grouped(123), "123");
}

/// A folder of its own that goes when the test ends.
class MapWriter : public testing::Test {
 public:
  ~MapWriter() override { std::filesystem::remove_all(folder_); }

 protected:
  MapWriter() {
    const auto* test = testing::UnitTest::GetInstance()->current_test_info();
    folder_ = std::filesystem::temp_directory_path() / (std::string("vramlab_picture_") + test->name());
    std::filesystem::remove_all(folder_);
    std::filesystem::create_directory(folder_);
  }

  std::string path(const std::string& name) const { return (folder_ / name).string(); }
  std::size_t files() const {
    return static_cast<std::size_t>(std::distance(std::filesystem::directory_iterator(folder_), {}));
  }

  /// Two objects of 3 and 5 MiB in a segment of 20; the first is freed on request, the second on completion.
  void write_small_map(const std::string& to) const {
    Trace trace;
    trace.kinds = {EventKind::alloc, EventKind::alloc, EventKind::free_requested, EventKind::free_requested,
                   EventKind::free_completed};
    trace.subjects = {0, 1, 0, 1, 1};
    trace.sizes = {3_MiB, 5_MiB};
    const auto place = [](std::uint32_t object, Bytes offset, Bytes bytes) {
      return Decision{.kind = DecisionKind::place, .object = object, .offset = offset.value, .bytes = bytes.value};
    };
    const std::vector<std::vector<Decision>> decisions{
        {{.kind = DecisionKind::segment_take, .bytes = (20_MiB).value}, place(0, 0_MiB, 4_MiB)},
        {place(1, 4_MiB, 6_MiB)},
        {{.kind = DecisionKind::release, .object = 0}},
        {},
        {{.kind = DecisionKind::release, .object = 1}}};
    const std::unique_ptr<ReplayWatcher> writer = make_map_writer(to, "small <trace>, pool test");
    const Decision version{.kind = DecisionKind::version, .bytes = decision_format_version};
    writer->on_decisions({&version, 1});
    for (std::uint64_t i = 0; i < trace.event_count(); ++i) {
      writer->on_event(trace, i);
      writer->on_decisions(decisions[i]);
    }
    writer->on_end(trace);
    const Decision late{.kind = DecisionKind::segment_return, .bytes = (20_MiB).value};
    writer->on_decisions({&late, 1});
  }

  static std::string content(const std::string& path) {
    std::ifstream in(path, std::ios::binary);
    std::ostringstream out;
    out << in.rdbuf();
    return out.str();
  }

 private:
  std::filesystem::path folder_;
};

TEST_F(MapWriter, TellsTitlePeaksAndRatioInTheSvg) {
  write_small_map(path("map.svg"));
  const std::string svg = content(path("map.svg"));
  EXPECT_THAT(svg, HasSubstr("small &lt;trace&gt;, pool test</text>"));
  EXPECT_THAT(svg, HasSubstr("peak requested 8.00 MiB, peak reserved 20.00 MiB, reserved/requested 2.500, 5 events"));
  EXPECT_THAT(svg, HasSubstr("peak reserved 20.00 MiB at event 0"));
  EXPECT_THAT(svg, HasSubstr("peak requested 8.00 MiB at event 1"));
  EXPECT_THAT(svg, HasSubstr("allocated 10.00 MiB"));
  EXPECT_THAT(svg, HasSubstr("<title>object 1: 6.00 MiB (6,291,456 bytes)\nevents 1 to 4</title>"));
  EXPECT_THAT(svg, HasSubstr("16 - 64 MiB"));
  EXPECT_EQ(files(), 1u) << "no temporary file is left";
}

TEST_F(MapWriter, WritesTheSameBytesTwice) {
  for (const std::string name : {"a.svg", "b.svg", "a.png", "b.png"}) write_small_map(path(name));
  EXPECT_EQ(content(path("a.svg")), content(path("b.svg")));
  EXPECT_EQ(content(path("a.png")), content(path("b.png")));
}

TEST_F(MapWriter, WritesAPictureOfATraceWithoutEvents) {
  make_map_writer(path("empty.svg"), "empty")->on_end(Trace{});
  EXPECT_THAT(content(path("empty.svg")), HasSubstr("no memory was held"));
}

TEST_F(MapWriter, LeavesNothingWhereTheRunFails) {
  make_map_writer(path("never.svg"), "never");
  EXPECT_EQ(files(), 0u);
}

TEST_F(MapWriter, KeepsTheOldPictureUntilTheNewOneIsThere) {
  std::ofstream(path("map.png")) << "old";
  make_map_writer(path("map.png"), "never");
  EXPECT_EQ(content(path("map.png")), "old");
}

TEST_F(MapWriter, RefusesUnknownSuffixesAndPathsBeforeTheRun) {
  EXPECT_THROW(make_map_writer(path("map.jpg"), "x"), ConfigError);
  EXPECT_THROW(make_map_writer(path("map"), "x"), ConfigError);
  EXPECT_THROW(make_map_writer(path("missing/map.svg"), "x"), ConfigError);
  std::filesystem::create_directory(path("folder.svg"));
  EXPECT_THROW(make_map_writer(path("folder.svg"), "x"), ConfigError);
  EXPECT_THROW(make_map_writer(path("map.svg"), "x", {100, 100}), ConfigError);
  EXPECT_THROW(make_map_writer(path("map.svg"), "x", {100'000, 1000}), ConfigError);
  EXPECT_EQ(files(), 1u);
}

}  // namespace
}  // namespace vramlab
