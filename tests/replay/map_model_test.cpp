#include <gtest/gtest.h>
#include <rapidcheck/gtest.h>

#include <algorithm>
#include <vector>

#include "engine/core/error.h"
#include "engine/replay/map_lanes.h"
#include "engine/replay/map_model.h"
#include "engine/replay/map_recorder.h"

namespace vramlab {
namespace {

Decision place(std::uint32_t object, std::uint32_t segment, Bytes offset, Bytes bytes) {
  return {
      .kind = DecisionKind::place, .object = object, .segment = segment, .offset = offset.value, .bytes = bytes.value};
}
Decision release(std::uint32_t object) { return {.kind = DecisionKind::release, .object = object}; }
Decision on_segment(DecisionKind kind, std::uint32_t segment, Bytes bytes, Tier tier = Tier::device) {
  return {.kind = kind, .tier = tier, .segment = segment, .bytes = bytes.value};
}
Decision on_pages(DecisionKind kind, std::uint32_t first, Bytes page, std::uint64_t count) {
  return {.kind = kind, .object = first, .offset = page.value, .bytes = page.value * count};
}
Decision mapping(DecisionKind kind, std::uint32_t first, std::uint32_t range, Bytes offset, Bytes bytes) {
  return {.kind = kind, .object = first, .segment = range, .offset = offset.value, .bytes = bytes.value};
}

/// Decisions by position; finish() tells the model.
struct Recording {
  explicit Recording(std::uint64_t events) : recorder(events, 100) {}
  Recording& at(std::uint64_t position, const std::vector<Decision>& decisions) {
    recorder.at(position);
    for (const Decision& decision : decisions) recorder.apply(decision);
    return *this;
  }
  MapModel finish() { return recorder.finish(); }
  MapRecorder recorder;
};

bool apart(const MapBlock& a, const MapBlock& b) {
  return a.last <= b.first || b.last <= a.first || a.high <= b.low || b.high <= a.low;
}

TEST(LoadCurve, FoldsEventsIntoColumnsWithTheirLowestAndHighest) {
  LoadCurve curve(1000, 10);
  curve.add(0, 5_MiB);
  curve.add(150, 7_MiB);
  curve.subtract(160, 11_MiB);
  curve.finish();
  ASSERT_EQ(curve.lowest().size(), 10u);
  EXPECT_EQ(curve.highest()[0], 5_MiB);
  EXPECT_EQ(curve.highest()[1], 12_MiB);
  EXPECT_EQ(curve.lowest()[1], 1_MiB);
  EXPECT_EQ(curve.highest()[2], 1_MiB);
  EXPECT_EQ(curve.lowest()[9], 1_MiB);
}

TEST(LoadCurve, TellsTheFirstPositionOfItsPeak) {
  LoadCurve curve(100, 10);
  curve.add(3, 4_MiB);
  curve.subtract(5, 4_MiB);
  curve.add(7, 4_MiB);
  EXPECT_EQ(curve.peak().bytes, 4_MiB);
  EXPECT_EQ(curve.peak().position, 3u);
}

TEST(LoadCurve, CoversAllColumnsWhereEventsAreFewerThanColumns) {
  LoadCurve curve(2, 100);
  curve.add(0, 1_MiB);
  curve.add(1, 1_MiB);
  curve.finish();
  ASSERT_EQ(curve.highest().size(), 100u);
  EXPECT_EQ(curve.highest()[49], 1_MiB);
  EXPECT_EQ(curve.highest()[50], 2_MiB);
  EXPECT_EQ(curve.lowest()[99], 2_MiB);
}

TEST(MapRecorder, StacksSegmentsAndKeepsOffsetsWithin) {
  const MapModel model = Recording(10)
                             .at(0, {on_segment(DecisionKind::segment_take, 0, 20_MiB), place(0, 0, 4_MiB, 1_MiB)})
                             .at(1, {on_segment(DecisionKind::segment_take, 1, 2_MiB), place(1, 1, 512_KiB, 1_MiB)})
                             .at(5, {release(0)})
                             .finish();
  EXPECT_EQ(model.height, 22_MiB);
  ASSERT_EQ(model.blocks.size(), 2u);
  EXPECT_EQ(Bytes(model.blocks[0].low), 4_MiB);
  EXPECT_EQ(Bytes(model.blocks[0].high), 5_MiB);
  EXPECT_EQ(model.blocks[0].first, 0u);
  EXPECT_EQ(model.blocks[0].last, 5u);
  EXPECT_EQ(Bytes(model.blocks[1].low), 20_MiB + 512_KiB);
  EXPECT_EQ(model.blocks[1].last, 10u);
  EXPECT_EQ(model.held.size(), 2u);
  EXPECT_EQ(model.reserved.peak().bytes, 22_MiB);
  EXPECT_EQ(model.allocated.peak().bytes, 2_MiB);
}

TEST(MapRecorder, IsAsHighAsThePeakForASegmentPerObject) {
  Recording run(2000);
  for (std::uint32_t i = 0; i < 1000; ++i)
    run.at(std::uint64_t{2} * i, {on_segment(DecisionKind::segment_take, i, 2_MiB), place(i, i, 0_MiB, 2_MiB)})
        .at(std::uint64_t{2} * i + 1, {release(i), on_segment(DecisionKind::segment_return, i, 2_MiB)});
  EXPECT_EQ(run.finish().height, 2_MiB);
}

TEST(MapRecorder, LeavesOtherTiersOut) {
  const MapModel model =
      Recording(10)
          .at(0, {on_segment(DecisionKind::segment_take, 0, 8_MiB, Tier::host), place(0, 0, 0_MiB, 1_MiB), release(0)})
          .at(1, {on_segment(DecisionKind::segment_return, 0, 8_MiB, Tier::host)})
          .finish();
  EXPECT_EQ(model.height, 0_MiB);
  EXPECT_TRUE(model.blocks.empty());
  EXPECT_TRUE(model.held.empty());
  EXPECT_EQ(model.reserved.peak().bytes, 0_MiB);
}

// Two ranges that grow by turns: their pages interleave in time, yet each range is drawn in one piece.
TEST(MapRecorder, DrawsBlocksOfGrowingRangesWhole) {
  Recording run(10);
  run.at(0, {on_segment(DecisionKind::range_reserve, 0, 1_GiB), on_segment(DecisionKind::range_reserve, 1, 1_GiB)});
  for (std::uint32_t page = 0; page < 6; ++page)
    run.at(1, {on_pages(DecisionKind::pages_create, page, 2_MiB, 1),
               mapping(DecisionKind::map, page, page % 2, 2_MiB * (page / 2), 2_MiB)});
  const MapModel model = run.at(2, {place(0, 0, 1_MiB, 5_MiB), place(1, 1, 0_MiB, 6_MiB)}).finish();
  ASSERT_EQ(model.blocks.size(), 2u);
  EXPECT_EQ(Bytes(model.blocks[0].high - model.blocks[0].low), 5_MiB);
  EXPECT_EQ(Bytes(model.blocks[1].high - model.blocks[1].low), 6_MiB);
  EXPECT_TRUE(apart(model.blocks[0], model.blocks[1]));
  EXPECT_EQ(model.height, 12_MiB);
}

// Page 0 moves from offset 0 to behind page 1: the block over both lies in two pieces, 1 above 0.
TEST(MapRecorder, DrawsABlockOverMovedPagesWhereThePagesAre) {
  const MapModel model =
      Recording(10)
          .at(0, {on_segment(DecisionKind::range_reserve, 0, 1_GiB), on_pages(DecisionKind::pages_create, 0, 2_MiB, 2),
                  mapping(DecisionKind::map, 0, 0, 0_MiB, 4_MiB)})
          .at(1, {place(7, 0, 0_MiB, 4_MiB)})
          .at(2, {release(7), mapping(DecisionKind::unmap, 0, 0, 0_MiB, 2_MiB),
                  mapping(DecisionKind::map, 0, 0, 4_MiB, 2_MiB), place(8, 0, 3_MiB, 2_MiB)})
          .finish();
  EXPECT_EQ(model.height, 4_MiB);
  EXPECT_EQ(model.reserved.peak().bytes, 4_MiB);
  ASSERT_EQ(model.blocks.size(), 3u);
  EXPECT_EQ(Bytes(model.blocks[0].high - model.blocks[0].low), 4_MiB);
  for (const MapBlock& piece : {model.blocks[1], model.blocks[2]}) {
    EXPECT_EQ(piece.object, 8u);
    EXPECT_EQ(Bytes(piece.size), 2_MiB);
    EXPECT_EQ(Bytes(piece.high - piece.low), 1_MiB);
  }
  EXPECT_EQ(Bytes(model.blocks[1].low), 3_MiB);
  EXPECT_EQ(Bytes(model.blocks[2].low), 0_MiB);
}

TEST(MapRecorder, CountsAliasedPagesOnce) {
  const MapModel model =
      Recording(10)
          .at(0, {on_segment(DecisionKind::range_reserve, 0, 1_GiB), on_pages(DecisionKind::pages_create, 0, 2_MiB, 1),
                  mapping(DecisionKind::map, 0, 0, 0_MiB, 2_MiB), mapping(DecisionKind::alias, 0, 0, 8_MiB, 2_MiB)})
          .at(1, {place(0, 0, 8_MiB, 2_MiB)})
          .finish();
  EXPECT_EQ(model.height, 2_MiB);
  EXPECT_EQ(model.reserved.peak().bytes, 2_MiB);
  ASSERT_EQ(model.blocks.size(), 1u);
  EXPECT_EQ(model.blocks[0].low, 0u);
}

TEST(MapRecorder, StopsHoldingDestroyedPages) {
  const MapModel model =
      Recording(10)
          .at(0, {on_segment(DecisionKind::range_reserve, 0, 1_GiB), on_pages(DecisionKind::pages_create, 0, 2_MiB, 3),
                  mapping(DecisionKind::map, 0, 0, 0_MiB, 6_MiB)})
          .at(4, {mapping(DecisionKind::unmap, 0, 0, 2_MiB, 4_MiB), on_pages(DecisionKind::pages_destroy, 1, 2_MiB, 2)})
          .finish();
  EXPECT_EQ(model.reserved.peak().bytes, 6_MiB);
  EXPECT_EQ(model.reserved.value(), 2_MiB);
  ASSERT_EQ(model.held.size(), 2u);
  EXPECT_EQ(model.held[0].last, 10u);
  EXPECT_EQ(model.held[1].last, 4u);
  EXPECT_EQ(Bytes(model.held[1].high - model.held[1].low), 4_MiB);
}

TEST(MapRecorder, RefusesDecisionsThatMakeNoSense) {
  const Decision take = on_segment(DecisionKind::segment_take, 0, 4_MiB);
  EXPECT_THROW(Recording(9).at(0, {place(0, 0, 0_MiB, 1_MiB)}), InvariantError);
  EXPECT_THROW(Recording(9).at(0, {take, place(0, 0, 3_MiB, 2_MiB)}), InvariantError);
  EXPECT_THROW(Recording(9).at(0, {take, place(0, 0, 0_MiB, 1_MiB), place(0, 0, 1_MiB, 1_MiB)}), InvariantError);
  EXPECT_THROW(
      Recording(9).at(0, {take, on_segment(DecisionKind::segment_return, 0, 4_MiB), place(0, 0, 0_MiB, 1_MiB)}),
      InvariantError);
  EXPECT_THROW(
      Recording(9).at(0, {on_segment(DecisionKind::range_reserve, 0, 1_GiB), place(0, 0, 0_MiB, 1_MiB)}).finish(),
      InvariantError);
  EXPECT_THROW(MapRecorder(std::uint64_t{1} << 32, 10), ConfigError);
}

/// Requests with lifetimes from two draws each.
std::vector<LaneRequest> requests_of(const std::vector<std::tuple<std::uint16_t, std::uint16_t, std::uint8_t>>& draws) {
  std::vector<LaneRequest> requests;
  requests.reserve(draws.size());
  for (const auto& [taken, life, bytes] : draws)
    requests.push_back({taken, std::uint64_t{taken} + 1 + life % 4000, Bytes(bytes)});
  return requests;
}

Bytes most_held(const std::vector<LaneRequest>& requests) {
  Bytes most{};
  for (const LaneRequest& at : requests) {
    Bytes held{};
    for (const LaneRequest& other : requests)
      if (other.taken <= at.taken && at.taken < other.returned) held += other.bytes;
    most = std::max(most, held);
  }
  return most;
}

RC_GTEST_PROP(Lanes, NeverOverlapAndAreAtLeastAsHighAsWhatWasHeld,
              (const std::vector<std::tuple<std::uint16_t, std::uint16_t, std::uint8_t>>& draws)) {
  const std::vector<LaneRequest> requests = requests_of(draws);
  const Lanes lanes = assign_lanes(requests);
  RC_ASSERT(lanes.height >= most_held(requests));
  for (std::size_t i = 0; i < requests.size(); ++i) {
    RC_ASSERT(lanes.bases[i] + requests[i].bytes <= lanes.height);
    for (std::size_t j = 0; j < i; ++j) {
      const bool at_once = requests[i].taken < requests[j].returned && requests[j].taken < requests[i].returned;
      const bool over =
          lanes.bases[i] < lanes.bases[j] + requests[j].bytes && lanes.bases[j] < lanes.bases[i] + requests[i].bytes;
      RC_ASSERT(!(at_once && over));
    }
  }
}

// In order of taking, the second pair of small ones splits what the next large one needs; all at once, none is lost.
TEST(Lanes, AreReorderedWhereTheOrderOfTakingLeavesGaps) {
  const std::vector<LaneRequest> requests{
      {0, 4, 10_MiB}, {1, 20, 1_MiB}, {2, 6, 10_MiB}, {3, 20, 1_MiB}, {7, 20, 20_MiB}};
  EXPECT_EQ(assign_lanes(requests).height, 22_MiB);
}

}  // namespace
}  // namespace vramlab
