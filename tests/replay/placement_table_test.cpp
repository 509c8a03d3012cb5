#include "engine/replay/placement_table.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "engine/core/error.h"

namespace vramlab {
namespace {

Decision place(std::uint32_t object, std::uint32_t segment, std::uint64_t offset) {
  return {.kind = DecisionKind::place, .object = object, .segment = segment, .offset = offset, .bytes = 512};
}
Decision release(std::uint32_t object) { return {.kind = DecisionKind::release, .object = object}; }

TEST(PlacementTable, KnowsWhereLiveObjectsLie) {
  PlacementTable table;
  const std::uint64_t far = (std::uint64_t{3} << 40) + 512;
  const Decision decisions[] = {
      {.kind = DecisionKind::segment_take, .object = 0, .segment = 7}, place(0, 7, far), place(5, 8, 0), release(5)};
  table.on_decisions(decisions);
  const Extent extent = table.extent_of(ObjectId(0), 100_B);
  EXPECT_EQ(extent.segment, SegmentId(7));
  EXPECT_EQ(extent.offset, Bytes(far));
  EXPECT_EQ(extent.bytes, 100_B);
  for (const std::uint32_t object : {1u, 5u, 9000u}) {
    EXPECT_FALSE(table.live(ObjectId(object)));
    EXPECT_THROW(static_cast<void>(table.extent_of(ObjectId(object), 1_B)), InvariantError) << object;
  }
}

TEST(PlacementTable, TellsWhatMovedUntilItIsToForget) {
  PlacementTable table;
  const Decision first[] = {place(0, 1, 0), place(1, 1, 512)};
  table.on_decisions(first);
  EXPECT_TRUE(table.moved().empty());
  const Decision second[] = {release(1), place(1, 1, 1024), release(0)};
  table.on_decisions(second);
  EXPECT_THAT(table.moved(), ::testing::ElementsAre(ObjectId(1)));
  EXPECT_EQ(table.extent_of(ObjectId(1), 1_B).offset, 1024_B);
  table.forget_moves();
  EXPECT_TRUE(table.moved().empty());
}

}  // namespace
}  // namespace vramlab
