// Batches of the pool segment-block: side by side, all or nothing.

#include <gtest/gtest.h>
#include <rapidcheck.h>

#include <algorithm>

#include "engine/core/error.h"
#include "properties.h"
#include "segment_block_run.h"

namespace vramlab {
namespace {

using Script = testing::SegmentBlockRun;
using testing::pick;

// Where objects [first, first + count) lie, ascending, and that nothing is between them.
void expect_side_by_side(const Script& run, std::uint32_t first, const std::vector<Bytes>& sizes) {
  std::vector<std::pair<Address, Bytes>> places;
  for (std::uint32_t i = 0; i < sizes.size(); ++i) places.push_back({run.address(first + i), sizes[i]});
  std::sort(places.begin(), places.end());
  for (std::size_t i = 1; i < places.size(); ++i)
    EXPECT_EQ(places[i].first, places[i - 1].first + places[i - 1].second) << i;
}

TEST(SegmentBlockBatch, TakesOneSegmentForAllAndLaysTheLargestFirst) {
  Script run;
  const std::vector<Bytes> sizes{4_MiB, 32_MiB, 8_MiB};
  const auto first = run.batch(sizes);
  EXPECT_EQ(run.taken(), std::vector<std::uint64_t>{(44_MiB).value});
  expect_side_by_side(run, first, sizes);
  EXPECT_LT(run.address(first + 1), run.address(first + 2));
  EXPECT_LT(run.address(first + 2), run.address(first));
}

TEST(SegmentBlockBatch, LiesInOneFreeBlockWhereThatIsLargeEnough) {
  Script run;
  run.free(run.alloc(64_MiB));
  const std::vector<Bytes> sizes{10_MiB, 20_MiB, 30_MiB};
  const auto first = run.batch(sizes);
  EXPECT_EQ(run.held(), 1u);
  expect_side_by_side(run, first, sizes);
}

TEST(SegmentBlockBatch, GroupsSmallAndLargeRequests) {
  Script run;
  const auto first = run.batch({4_KiB, 30_MiB, 8_KiB});
  EXPECT_EQ(run.held(), 2u);
  EXPECT_EQ(run.address(first), run.address(first + 2) + 8_KiB);
}

TEST(SegmentBlockBatch, UsesFreeBlocksHereAndThereAndOneSegmentForTheRest) {
  Script run;
  const auto a = run.alloc(30_MiB), wall = run.alloc(10_MiB), b = run.alloc(40_MiB);
  run.free(a);
  run.free(b);
  run.batch({30_MiB, 40_MiB, 12_MiB, 14_MiB});
  EXPECT_EQ(run.held(), 4u);
  EXPECT_EQ(run.taken().back(), (26_MiB).value);
  run.free(wall);
}

TEST(SegmentBlockBatch, ServesAllOrNothing) {
  Script run("", 64_MiB);
  const auto live = run.alloc(4_MiB);
  const Address address = run.address(live);
  EXPECT_THROW(run.batch({20_MiB, 4_KiB, 50_MiB}), OutOfMemory);
  run.check();
  EXPECT_EQ(run.stats().allocations, 1u);
  EXPECT_EQ(run.stats().allocated, 4_MiB);
  EXPECT_EQ(run.count(DecisionKind::place), 1u);
  EXPECT_EQ(run.address(live), address);
  run.batch({20_MiB, 4_KiB});
  EXPECT_EQ(run.stats().allocations, 3u);
}

TEST(SegmentBlockBatch, RefusesWhatCannotBe) {
  Script run;
  const auto live = run.alloc(4_KiB);
  EXPECT_THROW(run.batch({4_KiB, 0_B}), PoolError);
  const AllocRequest one{BlockId(90), ObjectId(90), 4_KiB, StreamId(0)};
  EXPECT_THROW(run.pool().allocate_batch(std::vector{one, one}), PoolError);
  const AllocRequest taken{BlockId(live), ObjectId(91), 4_KiB, StreamId(0)};
  EXPECT_THROW(run.pool().allocate_batch(std::vector{one, taken}), PoolError);
  run.check();
  EXPECT_EQ(run.stats().allocations, 1u);
  run.pool().allocate_batch({});
  EXPECT_EQ(run.stats().allocations, 1u);
}

// Whatever the options, the capacity and the order: each batch is served whole or not at all, and stays valid.
TEST(SegmentBlockBatch, StaysWholeUnderRandomSequences) {
  EXPECT_TRUE(testing::holds_for(100, [] {
    std::string options;
    for (const char* option : {"segment_size=32MiB", "coalescing=false", "split_threshold=64KiB", "enable_warmup=true",
                               "coalescing_threshold=1", "small_segment=0"})
      if (pick(0, 3) == 0) options += std::string(option) + " ";
    Script run(options, 96_MiB);
    std::vector<std::uint32_t> live;
    for (int step = pick(1, 40); step > 0; --step) {
      if (!live.empty() && testing::pick_bool()) {
        std::swap(live[pick<std::size_t>(0, live.size())], live.back());
        run.free(live.back());
        live.pop_back();
        continue;
      }
      std::vector<Bytes> sizes(pick<std::size_t>(1, 8));
      for (Bytes& bytes : sizes) bytes = Bytes(pick<std::uint64_t>(1, std::uint64_t{2} << pick(0, 25)));
      const std::uint64_t before = run.stats().allocations;
      try {
        const std::uint32_t first = run.batch(sizes);
        for (std::uint32_t i = 0; i < sizes.size(); ++i) live.push_back(first + i);
        RC_ASSERT(run.stats().allocations == before + sizes.size());
      } catch (const OutOfMemory&) {
        run.check();
        RC_ASSERT(run.stats().allocations == before);
      }
    }
    RC_ASSERT(!::testing::Test::HasFailure());
  }));
}

}  // namespace
}  // namespace vramlab
