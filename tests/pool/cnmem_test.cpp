// The rules of the model of CnMem, one by one. All of them at once: cnmem_lists_test.cpp.

#include <gtest/gtest.h>

#include <optional>

#include "engine/core/error.h"
#include "pool_harness.h"

namespace vramlab {
namespace {

using testing::PoolHarness;
using Options = std::vector<std::pair<std::string, std::string>>;

/// Objects are numbered from 0 in order of allocation.
class CnMem : public ::testing::Test {
 protected:
  void make(const Options& options, Bytes capacity = unlimited_bytes) {
    h_.emplace("cnmem", std::vector<testing::Step>{}, capacity, options);
  }
  /// Address of the new object.
  std::uint64_t alloc(std::uint64_t bytes, std::uint16_t stream = 0) {
    h_->run({.bytes = bytes, .stream = stream});
    h_->pool->validate();
    return h_->pool->address_of(BlockId(objects_++)).value;
  }
  void free(std::uint32_t object) {
    h_->run({.alloc = false, .object = object});
    h_->pool->validate();
  }
  std::uint64_t reserved() const { return h_->port.reserved().value; }

  std::optional<PoolHarness> h_;
  std::uint32_t objects_ = 0;
};

TEST_F(CnMem, TakesExactlyTheRoundedRequestFromTheDevice) {
  make({});
  alloc(1);
  EXPECT_EQ(reserved(), 512U);
  alloc(513);
  EXPECT_EQ(reserved(), 512U + 1024U);
}

TEST_F(CnMem, RoundsWhatItTakesUpToTheGrowthAndKeepsTheRest) {
  make({{"growth", "2MiB"}});
  const std::uint64_t first = alloc(512);
  EXPECT_EQ(reserved(), (2_MiB).value);
  EXPECT_EQ(alloc((1_MiB).value), first + 512);
  EXPECT_EQ(reserved(), (2_MiB).value);
}

TEST_F(CnMem, TakesTheInitialBlockBeforeTheFirstRequestAndCutsIt) {
  make({{"initial_size", "1MiB"}});
  EXPECT_EQ(reserved(), 0U);
  const std::uint64_t first = alloc(512);
  EXPECT_EQ(alloc(1024), first + 512);
  EXPECT_EQ(reserved(), (1_MiB).value);
}

TEST_F(CnMem, PrefersTheSmallestBlockThatIsLargeEnough) {
  make({});
  alloc(8192);
  const std::uint64_t middle = alloc(4096);
  alloc(2048);
  for (std::uint32_t object = 0; object < 3; ++object) free(object);
  EXPECT_EQ(alloc(3000), middle);
}

TEST_F(CnMem, PrefersTheLowestOfEqualBlocks) {
  make({{"initial_size", "8KiB"}});
  const std::uint64_t base = alloc(1024);
  for (int i = 0; i < 7; ++i) alloc(1024);
  for (const std::uint32_t object : {5U, 3U, 1U}) free(object);
  EXPECT_EQ(alloc(700), base + 1024);
}

TEST_F(CnMem, CutsOffEvenTheSmallestRest) {
  make({});
  const std::uint64_t block = alloc(1024);
  free(0);
  EXPECT_EQ(alloc(512), block);
  EXPECT_EQ(alloc(512), block + 512);
  EXPECT_EQ(reserved(), 1024U);
}

TEST_F(CnMem, MergesAFreedBlockWithBothFreeNeighbours) {
  make({{"initial_size", "3KiB"}});
  const std::uint64_t base = alloc(1024);
  alloc(1024);
  alloc(1024);
  for (const std::uint32_t object : {0U, 2U, 1U}) free(object);
  EXPECT_EQ(alloc(3072), base);
  EXPECT_EQ(h_->pool->stats().merges, 2U);
}

TEST_F(CnMem, NeverMergesOverTheBoundaryOfTwoDeviceAllocations) {
  make({});
  const std::uint64_t lower = alloc((2_MiB).value), upper = alloc((2_MiB).value);
  ASSERT_EQ(upper, lower + (2_MiB).value) << "the device's allocations are not adjacent: this shows nothing";
  free(0);
  free(1);
  alloc((4_MiB).value);
  EXPECT_EQ(reserved(), (8_MiB).value);
}

TEST_F(CnMem, GivesNothingBackToServeARequest) {
  make({}, 4_MiB);
  alloc((3_MiB).value);
  free(0);
  EXPECT_THROW(alloc((4_MiB).value), OutOfMemory);
  EXPECT_EQ(reserved(), (3_MiB).value);
  EXPECT_EQ(h_->pool->stats().cache_releases, 0U);
}

TEST_F(CnMem, RunsOutWhenItMustNotGrow) {
  make({{"initial_size", "1MiB"}, {"grow", "false"}});
  alloc((1_MiB).value);
  EXPECT_THROW(alloc(512), OutOfMemory);
}

TEST_F(CnMem, RefusesToBeLeftWithoutAnyMemory) {
  EXPECT_THROW(make({{"grow", "false"}}), ConfigError);
  EXPECT_THROW(make({{"initial_size", "unlimited"}}), ConfigError);
}

TEST_F(CnMem, TakesTheInitialBlockAgainAfterAllWasGivenBack) {
  make({{"initial_size", "1MiB"}});
  alloc(512);
  free(0);
  h_->pool->empty_cache();
  EXPECT_EQ(reserved(), 0U);
  alloc(512);
  EXPECT_EQ(reserved(), (1_MiB).value);
}

TEST_F(CnMem, SharesFreedMemoryAmongStreamsWithoutManagersOfTheirOwn) {
  make({});
  const std::uint64_t block = alloc(4096, 1);
  free(0);
  EXPECT_EQ(alloc(4096, 2), block);
}

TEST_F(CnMem, AStreamsManagerKeepsWhatItsStreamFreed) {
  make({{"stream_managers", "true"}});
  const std::uint64_t block = alloc(4096, 1);
  free(0);
  EXPECT_NE(alloc(4096, 0), block);
  EXPECT_NE(alloc(4096, 2), block);
  EXPECT_EQ(alloc(4096, 1), block);
}

TEST_F(CnMem, AStreamsManagerAsksTheRootForExactlyTheRequest) {
  make({{"stream_managers", "true"}, {"initial_size", "1MiB"}});
  const std::uint64_t base = alloc(512, 0);
  EXPECT_EQ(alloc(1024, 1), base + 512);
  EXPECT_EQ(alloc(512, 0), base + 1536);
  EXPECT_EQ(reserved(), (1_MiB).value);
}

TEST_F(CnMem, PiecesOfAStreamsManagerDoNotMerge) {
  make({{"stream_managers", "true"}, {"initial_size", "4KiB"}});
  alloc(1024, 1);
  alloc(1024, 1);
  free(0);
  free(1);
  alloc(2048, 1);  // from the root: the two pieces are adjacent, and apart
  EXPECT_EQ(h_->pool->stats().merges, 0U);
}

TEST_F(CnMem, StealsFromTheStreamThatCameFirstWhenTheDeviceRefuses) {
  make({{"stream_managers", "true"}}, 3_MiB);
  const std::uint64_t first = alloc((1_MiB).value, 1);
  alloc((1_MiB).value, 2);
  alloc((1_MiB).value, 3);
  free(1);
  free(0);
  EXPECT_EQ(alloc((1_MiB).value, 3), first);
  EXPECT_EQ(reserved(), (3_MiB).value);
}

TEST_F(CnMem, StolenBlocksDoNotMerge) {
  make({{"stream_managers", "true"}}, 4_KiB);
  const std::uint64_t block = alloc(4096, 1);
  free(0);
  EXPECT_EQ(alloc(1024, 0), block);
  EXPECT_EQ(alloc(1024, 0), block + 1024);
  free(1);
  free(2);
  EXPECT_EQ(alloc(2048, 0), block + 2048);  // stolen again: the two of 1024 bytes are adjacent, and apart
  EXPECT_EQ(h_->pool->stats().merges, 0U);
}

TEST_F(CnMem, WhatIsLeftOfARobbedBlockStaysApartFromTheRest) {
  make({{"stream_managers", "true"}}, 4_KiB);
  const std::uint64_t block = alloc(4096, 1);
  free(0);
  EXPECT_EQ(alloc(1024, 2), block);
  free(1);
  EXPECT_EQ(alloc(3072, 1), block + 1024);
  EXPECT_EQ(alloc(1024, 1), block) << "stolen back";
  free(2);
  free(3);
  EXPECT_EQ(h_->pool->stats().merges, 0U);
}

TEST_F(CnMem, DoesNotStealWhenToldNotTo) {
  make({{"stream_managers", "true"}, {"steal", "false"}}, 1_MiB);
  alloc((1_MiB).value, 1);
  free(0);
  EXPECT_THROW(alloc(512, 2), OutOfMemory);
  EXPECT_EQ(h_->pool->stats().allocated, Bytes(0));
}

}  // namespace
}  // namespace vramlab
