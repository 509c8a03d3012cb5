// The memory of plans, placed in by hand.

#include "engine/pool/smartpool_arena.h"

#include <gtest/gtest.h>

#include "engine/core/registry.h"
#include "smartpool_run.h"

namespace vramlab {
namespace {

using testing::mib;

class Arena : public ::testing::Test {
 protected:
  Arena() { log.add_sink(checker); }

  AllocRequest request(std::uint32_t block, std::uint64_t bytes, std::uint16_t stream = 0) {
    port.bind(BlockId(block), ObjectId(next_object_++));
    return {BlockId(block), ObjectId(next_object_ - 1), Bytes(bytes), StreamId(stream)};
  }
  void place(std::uint32_t block, std::uint32_t position, std::uint64_t offset, std::uint64_t bytes,
             std::uint16_t stream = 0) {
    arena.place(request(block, bytes, stream), position, offset, Bytes(bytes));
  }

 private:
  std::uint32_t next_object_ = 0;

 public:
  testing::ScriptedDevice device;
  DecisionLog log;
  testing::DecisionChecker checker;
  Port port{device, log};
  InnerPool inner{port, find_row(pools(), "pool", "pytorch-expandable"), {.device_memory = 1_GiB}};
  PlanArena arena{port, inner};
};

// The fence took memory for one stream's although it had been asked for on another, which had used it.
TEST_F(Arena, WaitsForTheStreamThatItsMemoryWasAskedForOn) {
  ASSERT_TRUE(arena.take(40_MiB, StreamId(0), unlimited_bytes));
  arena.follow(1);
  place(0, 0, 0, 40 * mib);
  arena.release(BlockId(0));
  arena.give_back();
  inner.allocate(request(0, 40 * mib, 1));
  inner.release(BlockId(0));
  ASSERT_TRUE(arena.take(40_MiB, StreamId(1), unlimited_bytes));
  place(0, 0, 0, 40 * mib, 0);
  log.flush();  // the checker sees a wait that is missing
}

TEST_F(Arena, GoesBackInOrderAfterAllWhoUsedIt) {
  ASSERT_TRUE(arena.take(40_MiB, StreamId(0), unlimited_bytes));
  arena.follow(1);
  place(0, 0, 0, 40 * mib, 1);
  arena.release(BlockId(0));
  arena.give_back();
  inner.allocate(request(0, 40 * mib, 0));
  log.flush();
}

TEST_F(Arena, LooksForAPlaceAmongWhatIsLeftOver) {
  ASSERT_TRUE(arena.take(40_MiB, StreamId(0), unlimited_bytes));
  arena.follow(3);
  place(0, 0, 10 * mib, 10 * mib);
  EXPECT_TRUE(arena.vacant(10 * mib, mib));  // as a valid plan would not ask
  arena.follow(3);
  EXPECT_EQ(arena.left_over(), 1u);
  EXPECT_FALSE(arena.vacant(0, 11 * mib));
  EXPECT_FALSE(arena.vacant(19 * mib, 2 * mib));
  EXPECT_FALSE(arena.vacant(12 * mib, mib));
  EXPECT_TRUE(arena.vacant(0, 10 * mib));
  EXPECT_TRUE(arena.vacant(20 * mib, 20 * mib));
  arena.release(BlockId(0));
  EXPECT_EQ(arena.left_over(), 0u);
  EXPECT_TRUE(arena.vacant(0, 40 * mib));
}

TEST_F(Arena, PlacesInTheHighestHoleThatFits) {
  ASSERT_TRUE(arena.take(40_MiB, StreamId(0), unlimited_bytes));
  arena.follow(3);
  place(0, 0, 10 * mib, 20 * mib);
  EXPECT_FALSE(arena.place_in_hole(request(1, 11 * mib), 11_MiB));
  ASSERT_TRUE(arena.place_in_hole(request(1, 8 * mib), 8_MiB));
  EXPECT_EQ(arena.address_of(BlockId(1)), arena.address_of(BlockId(0)) + 22_MiB);
  ASSERT_TRUE(arena.place_in_hole(request(2, 8 * mib), 8_MiB));
  EXPECT_EQ(arena.address_of(BlockId(2)) + 8_MiB, arena.address_of(BlockId(0)));
  EXPECT_TRUE(arena.vacant(0, 2 * mib));
  EXPECT_FALSE(arena.vacant(0, 3 * mib));
  arena.validate({BlockId(0), BlockId(1), BlockId(2)});
  arena.release(BlockId(0));  // touches holes on both sides
  EXPECT_TRUE(arena.vacant(10 * mib, 22 * mib));
  EXPECT_FALSE(arena.vacant(10 * mib, 23 * mib));
  log.flush();
}

}  // namespace
}  // namespace vramlab
