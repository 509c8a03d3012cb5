#include "engine/coloring/explain.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <rapidcheck/gtest.h>

#include "engine/coloring/live_times.h"
#include "engine/core/registry.h"
#include "lifetimes.h"

namespace vramlab {
namespace {

using lifetimes::make;
using lifetimes::random_instance;
using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::IsEmpty;
using ::testing::Not;

Plan plan_at(const Instance& instance, std::vector<std::uint64_t> offsets) {
  Plan plan;
  for (std::size_t i = 0; i < offsets.size(); ++i) {
    plan.offsets.emplace_back(offsets[i]);
    plan.peak = std::max(plan.peak, plan.offsets[i] + instance.buffers[i].size);
  }
  EXPECT_EQ(check_plan(instance, plan), "");
  return plan;
}

std::vector<std::uint32_t> buffers_of(const std::vector<TowerBlock>& tower) {
  std::vector<std::uint32_t> buffers;
  for (const TowerBlock& block : tower) buffers.push_back(block.buffer);
  return buffers;
}

// Load: 30 in [0, 2), 50 in [2, 4), 40 in [4, 6), 50 in [6, 8).
Instance two_peaks() { return make({{0, 4, Bytes(30)}, {2, 8, Bytes(20)}, {4, 6, Bytes(20)}, {6, 8, Bytes(30)}}); }

TEST(Explain, NamesTheTimeOfMaximumLoadAndWhoIsLiveThere) {
  const Instance instance = two_peaks();
  const Explanation told = explain(instance);
  EXPECT_EQ(told.load, (Load{Bytes(50), 2}));
  EXPECT_EQ(told.load_times, 2u);
  ASSERT_EQ(told.clique.size(), 2u);
  EXPECT_EQ(told.clique[0].buffer, 0u);
  EXPECT_EQ(told.clique[0].share, 0.6);
  EXPECT_EQ(told.clique[0].offset, std::nullopt);
  EXPECT_EQ(told.clique[1].buffer, 1u);
  EXPECT_EQ(told.graph.edges, 3u);
  EXPECT_EQ(told.bound.bytes, Bytes(50));
  EXPECT_THAT(told.heaps, IsEmpty());
}

TEST(Explain, CountsAStretchOnceThoughBuffersChangeWithinIt) {
  const Instance instance = make({{0, 2, Bytes(5)}, {2, 4, Bytes(5)}, {6, 7, Bytes(5)}});
  EXPECT_EQ(explain(instance).load_times, 2u);
}

TEST(Explain, APlanAtItsBoundHasNoHolesAtItsPeakAndNoTower) {
  const Instance instance = two_peaks();
  const Plan plan = plan_at(instance, {20, 0, 20, 20});
  const HeapExplanation heap = explain(instance, &plan).heaps.at(0);
  EXPECT_EQ(heap.peak, Bytes(50));
  EXPECT_EQ(heap.bound, Bytes(50));
  EXPECT_EQ(heap.peak_time, 2u);
  EXPECT_THAT(heap.holes, IsEmpty());
  EXPECT_THAT(heap.tower, IsEmpty());
}

// 2 stands on 1, which stands on 0, though 0 is gone when 2 comes: the tower is higher than the load at any time.
TEST(Explain, FollowsTheTowerThroughTimeDownToTheGround) {
  const Instance instance = make({{0, 3, Bytes(10)}, {2, 6, Bytes(10)}, {5, 8, Bytes(15)}, {5, 8, Bytes(4)}});
  const Plan plan = plan_at(instance, {0, 10, 20, 2});
  const Explanation told = explain(instance, &plan);
  const HeapExplanation& heap = told.heaps.at(0);
  EXPECT_EQ(told.load, (Load{Bytes(29), 5}));
  EXPECT_EQ(heap.peak, Bytes(35));
  EXPECT_EQ(heap.peak_time, 5u);
  EXPECT_EQ(heap.load_at_peak, Bytes(29));
  EXPECT_THAT(heap.holes, ElementsAre(Hole{Bytes(0), Bytes(2)}, Hole{Bytes(6), Bytes(10)}));
  EXPECT_THAT(buffers_of(heap.tower), ElementsAre(2, 1, 0));
  EXPECT_EQ(told.clique.at(0).offset, Bytes(20));
}

TEST(Explain, TellsSpaceBelowAHangingBuffer) {
  const Instance instance = make({{0, 3, Bytes(10)}, {0, 3, Bytes(10)}});
  const Plan plan = plan_at(instance, {25, 5});
  const HeapExplanation heap = explain(instance, &plan).heaps.at(0);
  EXPECT_THAT(buffers_of(heap.tower), ElementsAre(0, 1));
  EXPECT_EQ(heap.tower[0].space_below, Bytes(10));
  EXPECT_EQ(heap.tower[1].space_below, Bytes(5));
  EXPECT_THAT(heap.holes, ElementsAre(Hole{Bytes(0), Bytes(5)}, Hole{Bytes(15), Bytes(25)}));
}

// What lies below during a gap holds nothing up.
TEST(Explain, PassesOverBuffersThatLiveOnlyInAGapOfTheOneAbove) {
  const Instance instance = make({{0, 9, Bytes(10)}, {4, 6, Bytes(15)}, {0, 9, Bytes(10)}}, {{0, 3, 7}});
  const Plan plan = plan_at(instance, {20, 10, 0});
  EXPECT_THAT(buffers_of(explain(instance, &plan).heaps.at(0).tower), ElementsAre(0, 2));
}

TEST(Explain, TakesABoundThatASolverHasProven) {
  const Instance instance = make({{0, 3, Bytes(10)}, {0, 3, Bytes(10)}});
  const Plan plan = plan_at(instance, {12, 0});
  EXPECT_EQ(explain(instance, &plan).heaps.at(0).bound, Bytes(20));
  const Explanation told = explain(instance, &plan, Bytes(22));
  EXPECT_EQ(told.bound.bytes, Bytes(22));
  EXPECT_THAT(told.heaps.at(0).tower, IsEmpty());
}

TEST(Explain, TellsEachHeapOfItsOwnBuffers) {
  Instance instance = make({{0, 2, Bytes(10)}, {0, 2, Bytes(20)}, {0, 2, Bytes(5)}});
  instance.heaps = {{"fast", Bytes(10)}, {"big", Bytes(100)}, {"spare", Bytes(100)}};
  Plan plan;
  plan.offsets = {Bytes(0), Bytes(6), Bytes(0)};
  plan.heaps = {0, 1, 1};
  const Explanation told = explain(instance, &plan);
  ASSERT_EQ(told.heaps.size(), 3u);
  EXPECT_EQ(told.heaps[0].peak, Bytes(10));
  EXPECT_EQ(told.heaps[1].peak, Bytes(26));
  EXPECT_EQ(told.heaps[1].bound, Bytes(25));
  EXPECT_THAT(told.heaps[1].holes, ElementsAre(Hole{Bytes(5), Bytes(6)}));
  EXPECT_THAT(buffers_of(told.heaps[1].tower), ElementsAre(1, 2));
  EXPECT_EQ(told.heaps[2].buffers, 0u);
  EXPECT_EQ(told.clique[0].heap, 1u);
  const std::string text = explanation_text(instance, told, {});
  EXPECT_THAT(text, HasSubstr("heap big peaks at 26 "));
  EXPECT_THAT(text, HasSubstr("big:6"));
}

TEST(Explain, OfNothingIsNothing) {
  const Instance instance = make({});
  const Plan plan;
  const Explanation told = explain(instance, &plan);
  EXPECT_EQ(told.load.bytes, Bytes(0));
  EXPECT_EQ(told.load_times, 0u);
  EXPECT_THAT(told.clique, IsEmpty());
  EXPECT_EQ(told.heaps.at(0).peak, Bytes(0));
  EXPECT_THAT(explanation_text(instance, told, {}), HasSubstr("the plan peaks at 0 "));
}

RC_GTEST_PROP(Explain, AccountsForEveryByteUnderThePeakAndForEveryByteOfTheTower, ()) {
  const Instance instance = random_instance();
  const Plan plan = testing::solve_by("best-fit", instance).plan;
  const HeapExplanation heap = explain(instance, &plan).heaps.at(0);
  Bytes holes{};
  for (const Hole& hole : heap.holes) holes += hole.upper - hole.lower;
  RC_ASSERT(heap.load_at_peak + holes == heap.peak);
  RC_ASSERT(heap.tower.empty() == (heap.peak == heap.bound));
  if (heap.tower.empty()) return;
  const LiveTimes times(instance);
  Bytes height{};
  for (std::size_t i = 0; i < heap.tower.size(); ++i) {
    height += instance.buffers[heap.tower[i].buffer].size + heap.tower[i].space_below;
    if (i > 0) RC_ASSERT(times.meet(heap.tower[i - 1].buffer, heap.tower[i].buffer));
    // Best fit places nothing above free space: without alignment every buffer stands on another or on the ground.
    RC_ASSERT(heap.tower[i].space_below == Bytes(0));
  }
  RC_ASSERT(height == heap.peak);
}

TEST(ExplanationText, ShowsFramesOffsetsAndTheGap) {
  const Instance instance = make({{0, 3, Bytes(10)}, {2, 6, Bytes(10)}, {5, 8, Bytes(15)}, {5, 8, Bytes(4)}});
  const Plan plan = plan_at(instance, {0, 10, 20, 2});
  const std::string text = explanation_text(instance, explain(instance, &plan),
                                            [](std::size_t buffer) { return "frame" + std::to_string(buffer); });
  EXPECT_THAT(text, HasSubstr("maximum load 29 (29 B) at time 5, reached in 1 stretch of time\n"));
  EXPECT_THAT(text, HasSubstr("51.72%"));
  EXPECT_THAT(text, HasSubstr("2  frame2"));
  EXPECT_THAT(text, HasSubstr("the plan peaks at 35 (35 B): 4 buffers, 6 (6 B) above the lower bound\n"));
  EXPECT_THAT(text, HasSubstr("at time 5: 29 (29 B) live, 6 (6 B) free in 2 holes\n"));
  EXPECT_THAT(text, HasSubstr("4 free at [6, 10)\n"));
  EXPECT_EQ(text.back(), '\n');
}

TEST(ExplanationText, ShowsTheLargestHolesAndBlocksInTheirOrder) {
  const Instance instance = make({{0, 3, Bytes(10)}, {0, 3, Bytes(3)}, {0, 3, Bytes(12)}});
  const Plan plan = plan_at(instance, {20, 14, 1});
  const std::string text = explanation_text(instance, explain(instance, &plan), {}, 2);
  EXPECT_THAT(text, ::testing::ContainsRegex("1 free at .0, 1.\n +3 free at .17, 20.\n  and 1 smaller\n"));
  EXPECT_THAT(text, ::testing::ContainsRegex("10 +20 +3 .* 0\n +12 +1 +1 .* 2\n  and 1 smaller between them\n"));
}

TEST(ExplanationText, SumsUpWhatItDoesNotShow) {
  const Instance instance = make({{0, 3, Bytes(10)}, {0, 3, Bytes(7)}, {0, 3, Bytes(5)}});
  const std::string text = explanation_text(instance, explain(instance), {}, 1);
  EXPECT_THAT(text, HasSubstr("12  in 2 more\n"));
  EXPECT_THAT(text, Not(HasSubstr("the plan")));
}

}  // namespace
}  // namespace vramlab
