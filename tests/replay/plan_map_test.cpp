#include "engine/replay/plan_map.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <algorithm>
#include <string>

#include "engine/coloring/solver.h"
#include "engine/core/registry.h"
#include "engine/replay/picture_map.h"
#include "engine/replay/svg.h"
#include "traces/reader.h"

namespace vramlab {
namespace {

using ::testing::HasSubstr;
using ::testing::Not;

Plan plan_of(std::vector<Bytes> offsets, Bytes peak) {
  Plan plan;
  plan.solver = "by hand";
  plan.offsets = std::move(offsets);
  plan.peak = peak;
  return plan;
}

Instance three_buffers() {
  Instance instance;
  instance.name = "three.csv";
  instance.buffers = {{0, 5, 4_MiB, Bytes(1)}, {3, 10, 2_MiB, Bytes(1)}, {5, 9, 4_MiB, Bytes(1)}};
  instance.names = {"a", "b", "c"};
  return instance;
}

const Plan three_placed = plan_of({0_MiB, 4_MiB, 0_MiB}, 6_MiB);

std::string svg_of(const Instance& instance, const Plan& plan, Bytes bound, PlanPositions positions) {
  SvgCanvas canvas(1600, 1000, "a test");
  const PictureFrame frame = frame_of({});
  draw_map(canvas, frame, plan_map(instance, plan, bound, static_cast<std::uint32_t>(frame.curve.width)),
           plan_map_words(instance, plan, bound, positions));
  return canvas.encode();
}

TEST(PlanMap, HasABlockABufferAtItsOffset) {
  const MapModel model = plan_map(three_buffers(), three_placed, 6_MiB, 10);
  EXPECT_EQ(model.events, 10u);
  EXPECT_EQ(model.height, 6_MiB);
  ASSERT_EQ(model.blocks.size(), 3u);
  EXPECT_EQ(model.blocks[1].first, 3u);
  EXPECT_EQ(model.blocks[1].last, 10u);
  EXPECT_EQ(Bytes(model.blocks[1].low), 4_MiB);
  EXPECT_EQ(Bytes(model.blocks[1].high), 6_MiB);
  EXPECT_TRUE(model.held.empty());
}

TEST(PlanMap, ShowsTheLoadWithoutDentsWhereOneBufferFollowsAnother) {
  const MapModel model = plan_map(three_buffers(), three_placed, 6_MiB, 10);
  EXPECT_EQ(model.requested.peak().bytes, 6_MiB);
  EXPECT_EQ(model.requested.peak().position, 3u);
  EXPECT_EQ(model.requested.lowest()[5], 6_MiB);
  EXPECT_EQ(model.requested.lowest()[9], 2_MiB) << "what lives to the end is not seen to end";
}

TEST(PlanMap, HasLinesAtTheMaximumLoadAndAtABoundAboveIt) {
  const MapModel equal = plan_map(three_buffers(), three_placed, 6_MiB, 10);
  ASSERT_EQ(equal.levels.size(), 1u);
  EXPECT_EQ(equal.levels[0].height, 6_MiB);
  const MapModel above = plan_map(three_buffers(), plan_of({0_MiB, 4_MiB, 8_MiB}, 12_MiB), 8_MiB, 10);
  ASSERT_EQ(above.levels.size(), 2u);
  EXPECT_EQ(above.levels[1].kind, MapLevelKind::bound);
  EXPECT_EQ(above.levels[1].height, 8_MiB);
}

TEST(PlanMap, LeavesSpaceFreeInGaps) {
  Instance instance = three_buffers();
  instance.gaps = {{1, 5, 9}};
  const MapModel model = plan_map(instance, plan_of({0_MiB, 4_MiB, 4_MiB}, 8_MiB), 6_MiB, 10);
  ASSERT_EQ(model.blocks.size(), 4u);
  EXPECT_EQ(model.blocks[1].last, 5u);
  EXPECT_EQ(model.blocks[2].first, 9u);
  EXPECT_EQ(model.blocks[2].object, 1u);
  EXPECT_EQ(model.requested.highest()[6], 4_MiB);
}

TEST(PlanMap, StacksHeapsAndNamesThem) {
  Instance instance = three_buffers();
  instance.heaps = {{"fast", 4_MiB}, {"slow", 100_MiB}};
  Plan plan = plan_of({0_MiB, 1_MiB, 0_MiB}, 4_MiB);
  plan.heaps = {0, 1, 0};
  plan.heap_peaks = {4_MiB, 3_MiB};
  ASSERT_EQ(check_plan(instance, plan), "");
  const MapModel model = plan_map(instance, plan, 6_MiB, 10);
  EXPECT_EQ(model.height, 7_MiB);
  EXPECT_EQ(Bytes(model.blocks[1].low), 5_MiB);
  ASSERT_EQ(model.levels.size(), 2u);
  EXPECT_EQ(model.levels[0].name, "fast");
  EXPECT_EQ(model.levels[0].height, 4_MiB);
  EXPECT_EQ(model.levels[1].bytes, 3_MiB);
  EXPECT_EQ(model.levels[1].height, 7_MiB);
}

TEST(PlanMap, CountsDistinctTimesWhereTheyAreBeyond32Bits) {
  Instance instance = three_buffers();
  for (Buffer& b : instance.buffers) {
    b.lower <<= 40;
    b.upper <<= 40;
  }
  const MapModel model = plan_map(instance, three_placed, 6_MiB, 10);
  EXPECT_EQ(model.events, 4u);
  EXPECT_EQ(model.blocks[1].first, 1u);
  EXPECT_EQ(model.blocks[1].last, 4u);
  EXPECT_EQ(model.requested.peak().bytes, 6_MiB);
}

TEST(PlanMap, SaysInWordsWhatIsSeen) {
  const std::string svg = svg_of(three_buffers(), three_placed, 6_MiB, PlanPositions::times);
  EXPECT_THAT(svg, HasSubstr("three.csv, by hand</text>"));
  EXPECT_THAT(svg, HasSubstr("peak 6.00 MiB, lower bound 6.00 MiB, peak/bound 1.0000 (optimal), 3 buffers"));
  EXPECT_THAT(svg, HasSubstr("peak load 6.00 MiB at time 3"));
  EXPECT_THAT(svg, HasSubstr("maximum load"));
  EXPECT_THAT(svg, HasSubstr("offset in MiB"));
  EXPECT_THAT(svg, HasSubstr("<title>buffer b: 2.00 MiB (2,097,152 bytes)\ntime 3 to 10</title>"));
  EXPECT_THAT(svg, Not(HasSubstr("event")));
  EXPECT_THAT(svg, Not(HasSubstr("requested")));
}

TEST(PlanMap, OfABundledRecordingShowsEveryBufferBelowThePeak) {
  const Trace trace = read_traces(VRAMLAB_SOURCE_DIR "/traces/bundled/alexnet-train-b256.pickle.xz").at(0);
  const Instance instance = to_instance(trace);
  const SolverInfo& solver = find_row(solvers(), "solver", "best-fit");
  const SolveResult result = solve_instance(solver, instance, default_request(solver));
  const MapModel model = plan_map(instance, result.plan, result.lower_bound, 100);
  EXPECT_EQ(model.blocks.size(), trace.object_count());
  EXPECT_EQ(model.events, trace.event_count());
  EXPECT_TRUE(std::all_of(model.blocks.begin(), model.blocks.end(), [&](const MapBlock& b) {
    return b.first < b.last && b.last <= model.events && b.low < b.high && Bytes(b.high) <= result.plan.peak;
  }));
  EXPECT_EQ(model.requested.peak().bytes, max_load(instance).bytes);
  EXPECT_EQ(model.requested.peak().position, max_load(instance).time);
  EXPECT_THAT(svg_of(instance, result.plan, result.lower_bound, PlanPositions::events),
              HasSubstr("521 buffers, 1,483 events"));
}

}  // namespace
}  // namespace vramlab
