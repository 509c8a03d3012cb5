#include "engine/coloring/interval_graph.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <rapidcheck/gtest.h>
#include <algorithm>
#include <set>

#include "engine/coloring/solver.h"
#include "lifetimes.h"
#include "small_instances.h"

namespace vramlab {
namespace {

using lifetimes::make;
using lifetimes::random_instance;
using lifetimes::random_instance_with_gaps;
using ::testing::ElementsAre;
using testing::live_together;

constexpr Bytes no_memory{0};

// 0 and 1 overlap in [3, 5), 1 and 2 in [6, 8); 3 is alone.
Instance path_and_loner() {
  return make({{0, 5, Bytes(10)}, {3, 8, Bytes(20)}, {6, 9, Bytes(25)}, {20, 21, Bytes(7)}});
}

// Four that meet in a ring: 0-1 at 0, 1-2 at 2, 2-3 at 4, 3-0 at 6. No two others meet.
Instance ring() { return make({{0, 7, Bytes(1)}, {0, 3, Bytes(1)}, {2, 5, Bytes(1)}, {4, 7, Bytes(1)}}, {{0, 1, 6}}); }

// Three that meet by pairs, 0-1 at 0, 1-2 at 2, 2-0 at 4, and never all at once.
Instance pairwise() { return make({{0, 5, Bytes(4)}, {0, 3, Bytes(4)}, {2, 5, Bytes(4)}}, {{0, 1, 4}}); }

std::uint64_t count_pairs(const Instance& instance) {
  std::uint64_t pairs = 0;
  for (std::uint32_t a = 0; a < instance.buffers.size(); ++a)
    for (std::uint32_t b = 0; b < a; ++b) pairs += live_together(instance, a, b) ? 1 : 0;
  return pairs;
}

bool colors_are_proper(const Instance& instance, const Coloring& coloring) {
  std::set<std::uint32_t> used(coloring.color_of.begin(), coloring.color_of.end());
  if (used.size() != coloring.colors || (!used.empty() && *used.rbegin() + 1 != coloring.colors)) return false;
  for (std::uint32_t a = 0; a < instance.buffers.size(); ++a)
    for (std::uint32_t b = 0; b < a; ++b)
      if (coloring.color_of[a] == coloring.color_of[b] && live_together(instance, a, b)) return false;
  return true;
}

TEST(IntervalGraph, TellsAHandMadeGraph) {
  const Instance instance = path_and_loner();
  const IntervalGraph graph(instance);
  EXPECT_TRUE(graph.is_explicit());
  EXPECT_EQ(graph.edges(), 2u);
  EXPECT_THAT(graph.components(), ElementsAre(0, 0, 0, 1));
  EXPECT_THAT(graph.perfect_elimination_order().value(), ElementsAre(0, 1, 2, 3));
  EXPECT_THAT(graph.heaviest_clique().buffers, ElementsAre(1, 2));
  EXPECT_EQ(graph.heaviest_clique().weight, Bytes(45));
  EXPECT_EQ(graph.heaviest_clique().time, 6u);
  EXPECT_THAT(graph.largest_clique().buffers, ElementsAre(0, 1));
  EXPECT_THAT(graph.color().color_of, ElementsAre(0, 1, 0, 0));
  const GraphStatistics told = graph.statistics();
  EXPECT_EQ(told.vertices, 4u);
  EXPECT_EQ(told.edges, 2u);
  EXPECT_EQ(told.density, 2.0 / 6);
  EXPECT_EQ(told.components, 2u);
  EXPECT_EQ(told.clique_number, 2u);
  EXPECT_EQ(told.clique_weight, Bytes(45));
  EXPECT_EQ(told.colors, 2u);
  EXPECT_EQ(told.degeneracy, 1u);
}

TEST(IntervalGraph, OfNothingIsEmpty) {
  for (const Bytes memory : {no_memory, default_graph_memory}) {
    const Instance nothing = make({});
    const GraphStatistics told = IntervalGraph(nothing, memory).statistics();
    EXPECT_EQ(told.vertices + told.edges + told.components + told.clique_number + told.colors, 0u);
    EXPECT_EQ(told.density, 0.0);
    EXPECT_EQ(told.degeneracy, 0u);
  }
}

TEST(IntervalGraph, StaysImplicitWhereItWouldExceedItsMemory) {
  const Instance instance = path_and_loner();  // 4 vertices of 8 bytes, 2 edges of 16
  EXPECT_TRUE(IntervalGraph(instance, Bytes(64)).is_explicit());
  EXPECT_FALSE(IntervalGraph(instance, Bytes(63)).is_explicit());
}

TEST(IntervalGraph, CountsEachEdgeOnceThoughTheTwoMeetAgainAfterAGap) {
  const Instance instance = make({{0, 9, Bytes(1)}, {0, 9, Bytes(1)}, {3, 4, Bytes(1)}}, {{0, 2, 5}, {1, 6, 7}});
  for (const Bytes memory : {no_memory, default_graph_memory})
    EXPECT_EQ(IntervalGraph(instance, memory).edges(), 2u);  // 0-1 in three stretches, 1-2; 0 is away while 2 lives
}

TEST(IntervalGraph, ARingThroughAGapHasNoPerfectEliminationOrder) {
  const Instance instance = ring();
  for (const Bytes memory : {no_memory, default_graph_memory}) {
    const IntervalGraph graph(instance, memory);
    EXPECT_EQ(graph.edges(), 4u);
    EXPECT_EQ(graph.perfect_elimination_order(), std::nullopt);
  }
}

// Why a clique can bound the peak above the maximum load where there are gaps.
TEST(IntervalGraph, WithGapsBuffersThatMeetByPairsAreNotAllLiveAtOnce) {
  const Instance instance = pairwise();
  const IntervalGraph graph(instance);
  EXPECT_EQ(graph.edges(), 3u);
  EXPECT_EQ(graph.heaviest_clique().weight, Bytes(8));
  EXPECT_EQ(graph.color().colors, 3u);
  EXPECT_EQ(graph.statistics().degeneracy, 2u);
  EXPECT_EQ(IntervalGraph(instance, no_memory).statistics().degeneracy, std::nullopt);
}

TEST(IntervalGraph, GreedyColoringMayExceedWhatIsLiveAtOnceOnlyWithGaps) {
  const Instance odd_ring = pairwise();
  EXPECT_GT(IntervalGraph(odd_ring).color().colors, IntervalGraph(odd_ring).largest_clique().buffers.size());
}

RC_GTEST_PROP(IntervalGraph, HasTheEdgesOfTheDefinition, ()) {
  const Instance instance = *rc::gen::element(0, 1) ? random_instance() : random_instance_with_gaps();
  RC_ASSERT(IntervalGraph(instance).edges() == count_pairs(instance));
}

RC_GTEST_PROP(IntervalGraph, WithoutGapsItsHeaviestCliqueWeighsTheMaximumLoad, ()) {
  const Instance instance = random_instance();
  const Clique clique = IntervalGraph(instance).heaviest_clique();
  RC_ASSERT((Load{clique.weight, clique.time}) == max_load(instance));
  Bytes weight{};
  for (const std::uint32_t i : clique.buffers) weight += instance.buffers[i].size;
  RC_ASSERT(weight == clique.weight);
}

RC_GTEST_PROP(IntervalGraph, WithoutGapsIsChordalSoThatItsNumbersAgree, ()) {
  const Instance instance = random_instance();
  const IntervalGraph graph(instance);
  RC_ASSERT(graph.perfect_elimination_order().has_value());
  const GraphStatistics told = graph.statistics();
  RC_ASSERT(told.colors == told.clique_number);
  RC_ASSERT(told.degeneracy == std::max<std::uint64_t>(told.clique_number, 1) - 1);
}

RC_GTEST_PROP(IntervalGraph, AnswersAlikeInBothForms, ()) {
  const bool gaps = *rc::gen::element(false, true);
  const Instance instance = gaps ? random_instance_with_gaps() : random_instance();
  RC_PRE(!instance.buffers.empty());
  const IntervalGraph kept(instance), swept(instance, no_memory);
  RC_ASSERT(kept.is_explicit());
  RC_ASSERT(!swept.is_explicit());
  RC_ASSERT(kept.components() == swept.components());
  RC_ASSERT(kept.perfect_elimination_order() == swept.perfect_elimination_order());
  RC_ASSERT(kept.heaviest_clique().buffers == swept.heaviest_clique().buffers);
  RC_ASSERT(kept.heaviest_clique().time == swept.heaviest_clique().time);
  RC_ASSERT(kept.largest_clique().buffers == swept.largest_clique().buffers);
  RC_ASSERT(kept.color().color_of == swept.color().color_of);
  if (!gaps) RC_ASSERT(kept.statistics().degeneracy == swept.statistics().degeneracy);
}

RC_GTEST_PROP(IntervalGraph, NeverGivesNeighboursOneColor, ()) {
  const Instance instance = *rc::gen::element(0, 1) ? random_instance() : random_instance_with_gaps();
  for (const Bytes memory : {no_memory, default_graph_memory})
    RC_ASSERT(colors_are_proper(instance, IntervalGraph(instance, memory).color()));
}

RC_GTEST_PROP(PlanEqualSizes, ReachesTheMaximumLoadWithoutGaps, ()) {
  Instance instance = random_instance();
  for (Buffer& buffer : instance.buffers) buffer.size = Bytes(48);
  const std::optional<Plan> plan = plan_equal_sizes(instance);
  RC_ASSERT(plan.has_value());
  RC_ASSERT(check_plan(instance, *plan) == "");
  RC_ASSERT(plan->peak == max_load(instance).bytes);
}

TEST(PlanEqualSizes, KeepsAlignedBuffersApartByARoundedSize) {
  const Instance instance =
      make({{0, 2, Bytes(10), Bytes(8)}, {1, 3, Bytes(10), Bytes(8)}, {2, 4, Bytes(10), Bytes(8)}});
  const Plan plan = plan_equal_sizes(instance).value();
  EXPECT_THAT(plan.offsets, ElementsAre(Bytes(0), Bytes(16), Bytes(0)));
  EXPECT_EQ(plan.peak, Bytes(26));
  EXPECT_EQ(check_plan(instance, plan), "");
}

TEST(PlanEqualSizes, LeavesOtherInstancesToSolvers) {
  EXPECT_EQ(plan_equal_sizes(make({{0, 2, Bytes(10)}, {1, 3, Bytes(11)}})), std::nullopt);
  EXPECT_EQ(plan_equal_sizes(make({{0, 2, Bytes(10)}, {1, 3, Bytes(10), Bytes(2)}})), std::nullopt);
  Instance pinned = make({{0, 2, Bytes(10)}});
  pinned.pins = {{0, Bytes(5)}};
  EXPECT_EQ(plan_equal_sizes(pinned), std::nullopt);
  EXPECT_EQ(plan_equal_sizes(make({}))->peak, Bytes(0));
}

}  // namespace
}  // namespace vramlab
