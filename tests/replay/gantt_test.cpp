#include "engine/replay/gantt.h"

#include <gmock/gmock.h>

#include <filesystem>

#include "engine/core/error.h"
#include "engine/replay/gantt_lanes.h"
#include "engine/replay/raster.h"
#include "engine/replay/svg.h"
#include "engine/replay/transfer_objects.h"

namespace vramlab {
namespace {

using ::testing::HasSubstr;
using ::testing::Not;

constexpr PictureSize size{};

TimelineSpan launch(std::int64_t begin, std::int64_t end, std::uint64_t order) {
  TimelineSpan span{.kind = TimelineSpan::Kind::launch, .begin = Nanoseconds(begin), .end = Nanoseconds(end)};
  span.order = order;
  return span;
}

TimelineSpan transfer(std::int64_t begin, std::int64_t end, Tier from, Tier to) {
  TimelineSpan span{.kind = TimelineSpan::Kind::transfer, .begin = Nanoseconds(begin), .end = Nanoseconds(end)};
  span.from = from;
  span.to = to;
  span.bytes = 5_MiB;
  return span;
}

/// Two operators of 1 ms each, 1 ms apart for lack of an operand.
struct Made {
  ReplayTimeline timeline;
  std::vector<Stall> stalls;
  std::vector<GanttMemory> memory{{8_MiB, 6_MiB}, {8_MiB, 7_MiB}};
  std::vector<Bytes> load{6_MiB, 12_MiB};
  std::vector<std::string_view> names{"conv", "relu"};
  std::vector<std::uint32_t> iterations{0};
  GanttModel model;

  Made() {
    timeline.swapped = {launch(0, 1'000'000, 0), transfer(500'000, 2'000'000, Tier::host, Tier::device),
                        launch(2'000'000, 3'000'000, 1)};
    timeline.ideal = {launch(0, 1'000'000, 0), launch(1'000'000, 2'000'000, 1)};
    timeline.swapped_end = Nanoseconds(3'000'000);
    timeline.ideal_end = Nanoseconds(2'000'000);
    stalls = find_stalls(timeline, {});
    model = {.title = "net, vmm, swap <lru>",
             .timeline = &timeline,
             .stalls = stalls,
             .memory = memory,
             .load = load,
             .names = names,
             .iterations = iterations,
             .limit = 9_MiB,
             .overhead = 0.5};
  }
  std::string svg() const {
    SvgCanvas canvas(static_cast<int>(size.width), static_cast<int>(size.height), model.title);
    draw_gantt(canvas, size, model);
    return canvas.encode();
  }
};

TEST(Gantt, SaysInWordsWhatHappened) {
  const std::string svg = Made().svg();
  for (const char* text :
       {"net, vmm, swap &lt;lru&gt;", "3 ms in all, ideal 2 ms", "overhead 50.00%", "1 ms in 1 pauses",
        "limit 9.00 MiB", "operand not back in time", "1 x, 1 ms", "from host", "5.00 MiB, busy 50.0%", "conv, 1 ms",
        "relu, 1 ms", "without swapping 12.00 MiB", "reserved 8.00 MiB"})
    EXPECT_THAT(svg, HasSubstr(text));
}

TEST(Gantt, HasNoLanesForWhatDidNotHappen) {
  const std::string svg = Made().svg();
  for (const char* text : {"to host", "peer", "disk", "no prefetch", "host launch"})
    EXPECT_THAT(svg, Not(HasSubstr(text)));
}

TEST(Gantt, StallsLieBetweenOperators) {
  const Made made;
  const std::vector<Lane> lanes = gantt_lanes(made.model);
  ASSERT_EQ(lanes.size(), 3u);
  RasterCanvas canvas(300, 100);
  const TimeScale scale{Nanoseconds(0), Nanoseconds(3'000'000), 0, 300};
  draw_lane(canvas, lanes[0], scale, 0);
  const Color working = canvas.pixel(50, 30), waiting = canvas.pixel(150, 30);
  EXPECT_EQ(canvas.pixel(250, 30), working);
  EXPECT_NE(working, waiting);
  EXPECT_NE(waiting, white);
}

TEST(Gantt, WarningsAreDarkerThanWork) {
  const auto luminance = [](Color c) { return 0.299 * c.red + 0.587 * c.green + 0.114 * c.blue; };
  const Lane lane = gantt_lanes(Made().model)[0];
  EXPECT_GT(luminance(lane.colors[0]) - luminance(lane.colors[1]), 80.0);
}

TEST(Gantt, WhatIsNarrowerThanAPixelStillShows) {
  Lane lane{.name = "", .total = {}, .colors = {{1, 2, 3}}, .spans = {}, .height = 20};
  lane.spans.push_back({Nanoseconds(500'000), Nanoseconds(500'001), 0, ""});
  RasterCanvas canvas(100, 40);
  draw_lane(canvas, lane, {Nanoseconds(0), Nanoseconds(1'000'000), 0, 100}, 0);
  EXPECT_EQ(canvas.pixel(50, 19), (Color{1, 2, 3}));
  EXPECT_EQ(canvas.pixel(50, 0), white);
}

TEST(Gantt, FoldedSpansFillAsMuchAsTheyTake) {
  Lane lane{.name = "", .total = {}, .colors = {{1, 2, 3}}, .spans = {}, .height = 20};
  for (std::int64_t i = 0; i < 1000; ++i)
    lane.spans.push_back({Nanoseconds(i * 100), Nanoseconds(i * 100 + 50), 0, ""});
  RasterCanvas canvas(10, 40);
  draw_lane(canvas, lane, {Nanoseconds(0), Nanoseconds(100'000), 0, 10}, 0);
  EXPECT_EQ(canvas.pixel(5, 12), (Color{1, 2, 3}));
  EXPECT_EQ(canvas.pixel(5, 7), white);
}

TEST(Gantt, ManySpansStayASmallFile) {
  Made made;
  made.timeline.swapped.clear();
  for (std::uint64_t k = 0; k < 200'000; ++k)
    made.timeline.swapped.push_back(
        launch(static_cast<std::int64_t>(k * 15), static_cast<std::int64_t>(k * 15 + 9), k));
  made.model.stalls = {};
  EXPECT_LT(made.svg().size(), std::size_t{5} << 20);
}

TEST(Gantt, AnEmptyStretchIsDrawn) {
  const ReplayTimeline nothing;
  GanttModel model{.title = "empty", .timeline = &nothing};
  RasterCanvas canvas(1600, 1000);
  EXPECT_NO_THROW(draw_gantt(canvas, size, model));
}

TEST(Gantt, TheFileIsWhatItsNameSays) {
  const std::string path = ::testing::TempDir() + "gantt.png";
  GanttPicture(path).write(Made().model);
  EXPECT_TRUE(std::filesystem::exists(path));
  std::filesystem::remove(path);
  EXPECT_THROW(GanttPicture(::testing::TempDir() + "gantt.jpg"), ConfigError);
}

TEST(GanttMemory, KeepsTheMostOfEachOperator) {
  Trace trace;
  trace.kinds = {EventKind::alloc, EventKind::op, EventKind::free_completed, EventKind::op};
  GanttMemoryWatcher watcher;
  const auto decide = [&](DecisionKind kind, std::uint32_t object, Bytes bytes) {
    const Decision decision{.kind = kind, .object = object, .segment = 0, .bytes = bytes.value};
    watcher.on_decisions({&decision, 1});
  };
  watcher.on_event(trace, 0);
  decide(DecisionKind::segment_take, 0, 100_B);
  decide(DecisionKind::place, 0, 60_B);
  watcher.on_event(trace, 1);
  decide(DecisionKind::place, 1, 20_B);
  watcher.on_event(trace, 2);
  decide(DecisionKind::release, 0, {});
  decide(DecisionKind::release, 1, {});
  decide(DecisionKind::segment_return, 0, {});
  watcher.on_event(trace, 3);
  decide(DecisionKind::pages_create, 0, 30_B);
  watcher.on_end(trace);
  ASSERT_EQ(watcher.memory().size(), 2u);
  EXPECT_EQ(watcher.memory()[0].reserved, 100_B);
  EXPECT_EQ(watcher.memory()[0].placed, 80_B);
  EXPECT_EQ(watcher.memory()[1].reserved, 100_B);  // until it was given back
  EXPECT_EQ(watcher.memory()[1].placed, 80_B);
}

TEST(TransferObjects, NamesWhatLiesWhereACopyBeginsOrEnds) {
  TransferObjects objects;
  const auto decide = [&objects](const Decision& decision) { objects.on_decisions({&decision, 1}); };
  decide({.kind = DecisionKind::place, .object = 7, .segment = 1, .offset = 512});
  decide({.kind = DecisionKind::transfer_from, .tier = Tier::device, .object = 0, .segment = 1, .offset = 512});
  decide({.kind = DecisionKind::transfer_to, .tier = Tier::host, .object = 0, .segment = 2, .offset = 512});
  decide({.kind = DecisionKind::release, .object = 7});
  decide({.kind = DecisionKind::place, .object = 8, .segment = 1, .offset = 512});
  decide({.kind = DecisionKind::transfer_to, .tier = Tier::device, .object = 1, .segment = 1, .offset = 512});
  decide({.kind = DecisionKind::transfer_from, .tier = Tier::host, .object = 2, .segment = 1, .offset = 512});
  EXPECT_EQ(objects.moved_by(TokenId(0)), ObjectId(7));
  EXPECT_EQ(objects.moved_by(TokenId(1)), ObjectId(8));
  EXPECT_FALSE(objects.moved_by(TokenId(2)).valid());
  EXPECT_FALSE(objects.moved_by(TokenId(99)).valid());
}

}  // namespace
}  // namespace vramlab
