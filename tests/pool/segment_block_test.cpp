// Segments of the pool segment-block, and each of its options.

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "engine/core/error.h"
#include "segment_block_run.h"

namespace vramlab {
namespace {

using Script = testing::SegmentBlockRun;
using ::testing::ElementsAre;

constexpr std::uint64_t mib = std::uint64_t{1} << 20;

TEST(SegmentBlock, TakesSegmentsNearTheRequestsUnderAuto) {
  Script run;
  run.alloc(1000_B);
  run.alloc(1_MiB);
  run.alloc(3_MiB);
  run.alloc(33_MiB);
  EXPECT_THAT(run.taken(), ElementsAre(2 * mib, 20 * mib, 34 * mib));
  EXPECT_EQ(run.reserved(), 56_MiB);
}

TEST(SegmentBlock, TakesSegmentsOfTheSizeToldAndLargerOnesForLargerRequests) {
  for (const auto& [text, size] : {std::pair{"512MiB", 512 * mib}, {"1GiB", 1024 * mib}}) {
    Script run(std::string("segment_size=") + text);
    run.alloc(1000_B);
    run.alloc(3_MiB);
    run.alloc(1500_MiB);
    EXPECT_THAT(run.taken(), ElementsAre(size, 1500 * mib));
  }
}

TEST(SegmentBlock, RefusesASegmentSizeThatIsNone) {
  EXPECT_THROW(Script("segment_size=large"), ConfigError);
  EXPECT_THROW(Script("segment_size=8192GiB"), ConfigError);
  EXPECT_THROW(Script("small_threshold=65MiB"), ConfigError);
}

TEST(SegmentBlock, ClearsNewSegmentsOnlyWhereTold) {
  for (const bool told : {true, false}) {
    Script run(told ? "zero_segments=true" : "");
    const auto first = run.alloc(3_MiB);
    run.free(first);
    run.alloc(5_MiB);  // in the same segment, which is not new any more
    run.alloc(33_MiB);
    EXPECT_EQ(run.count(DecisionKind::segment_take), 2u);
    EXPECT_EQ(run.count(DecisionKind::clear), told ? 2u : 0u);
    EXPECT_EQ(run.reserved(), 54_MiB);
  }
}

// The checker holds clearing for a use; here it shows in what is decided.
TEST(SegmentBlock, AnotherStreamWaitsForTheZeros) {
  for (const bool told : {true, false}) {
    Script run(std::string("segment_size=64MiB zero_segments=") + (told ? "true" : "false"));
    run.alloc(60_MiB, 0);
    run.alloc(3_MiB, 1);  // all that was before is behind the second stream now
    run.alloc(50_MiB, 0);
    const std::uint64_t before = run.count(DecisionKind::wait);
    EXPECT_EQ(run.count(DecisionKind::segment_take), 2u);
    run.alloc(12_MiB, 1);  // in the newer segment, where no object was
    EXPECT_EQ(run.count(DecisionKind::segment_take), 2u);
    EXPECT_EQ(run.count(DecisionKind::wait) - before, told ? 1u : 0u);
  }
}

TEST(SegmentBlock, SharesAllSegmentsWhereSmallOnesHaveNone) {
  Script run("small_segment=0");
  run.alloc(3_MiB);
  run.alloc(1000_B);
  EXPECT_THAT(run.taken(), ElementsAre(20 * mib));
}

// A small object in an idle segment would keep it from going back.
TEST(SegmentBlock, PutsSmallRequestsIntoLargeSegmentsOnlyWhileThoseAreInUse) {
  for (const bool in_use : {true, false}) {
    Script run;
    const auto held = run.alloc(3_MiB);
    if (!in_use) run.free(held);
    run.alloc(1000_B);
    EXPECT_EQ(run.held(), in_use ? 1u : 2u);
  }
  Script off("small_in_large=false");
  off.alloc(3_MiB);
  off.alloc(1000_B);
  EXPECT_EQ(off.held(), 2u);
}

TEST(SegmentBlock, ReturnsIdleSegmentsThatAreTooSmallBeforeTheReserveGrows) {
  for (const bool reclaim : {true, false}) {
    Script run(reclaim ? "" : "reclaim=false");
    const std::vector<std::uint32_t> both{run.alloc(40_MiB), run.alloc(60_MiB)};
    run.free(both);
    run.alloc(100_MiB);
    EXPECT_EQ(run.reserved(), reclaim ? 100_MiB : 200_MiB);
    EXPECT_EQ(run.stats().cache_releases, reclaim ? 1u : 0u);
  }
}

TEST(SegmentBlock, ReturnsTheSmallestIdleSegmentsAndNoMoreThanNeeded) {
  Script run;
  run.free(std::vector{run.alloc(60_MiB), run.alloc(40_MiB), run.alloc(50_MiB)});
  run.alloc(80_MiB);
  EXPECT_EQ(run.reserved(), 140_MiB);  // 40 and 50 went back, 60 stayed
}

TEST(SegmentBlock, ReturnsNoMoreSegmentsThanTheBankPaysFor) {
  Script run("reclaim_bank=1 reclaim_price=10 growth=0");
  run.free(run.alloc(40_MiB));
  run.free(run.alloc(50_MiB));  // pays for the return of the first
  EXPECT_EQ(run.reserved(), 50_MiB);
  run.free(run.alloc(60_MiB));
  EXPECT_EQ(run.reserved(), 110_MiB);
  run.free(run.alloc_many(10, 4_KiB));  // earn one more
  const Bytes before = run.reserved();
  run.alloc(70_MiB);
  EXPECT_EQ(run.reserved(), before - 2_MiB + 70_MiB);
}

TEST(SegmentBlock, GrowsByAShareOfWhatIsHeldOnceAsMuchWasFreed) {
  for (const bool freed : {false, true}) {
    Script run("growth=0.5 reclaim=false");
    const auto large = run.alloc(400_MiB);
    if (freed) run.free(large);
    if (freed) run.alloc(400_MiB);
    run.alloc(30_MiB);
    // Not more than half of 400 MiB, in whole requests.
    EXPECT_EQ(run.taken().back(), freed ? 180 * mib : 30 * mib);
  }
}

TEST(SegmentBlock, TakesLargerSharedSegmentsWhereVeryMuchIsHeld) {
  Script run;
  run.alloc(1024_GiB);
  run.alloc(1000_B);
  run.alloc(3_MiB);
  EXPECT_THAT(run.taken(), ElementsAre(1024 * 1024 * mib, 256 * mib, 2048 * mib));
}

TEST(SegmentBlock, TakesJustWhatIsNeededWhereTheCapacityAllowsNoMore) {
  Script run("segment_size=512MiB", 64_MiB);
  run.alloc(40_MiB);
  run.alloc(20_MiB);
  EXPECT_THAT(run.taken(), ElementsAre(40 * mib, 20 * mib));
}

TEST(SegmentBlock, UsesFreeBlocksOfTheOtherPartRatherThanFail) {
  Script run("small_in_large=false medium_segment=32MiB", 32_MiB);
  run.alloc(3_MiB);
  run.alloc(1000_B);
  EXPECT_EQ(run.held(), 1u);
}

TEST(SegmentBlock, GivesEverythingIdleBackBeforeItFails) {
  Script run("reclaim=false", 100_MiB);
  run.free(run.alloc_many(20, 4_KiB));
  run.free(run.alloc(60_MiB));
  run.alloc(100_MiB);
  EXPECT_EQ(run.reserved(), 100_MiB);
  EXPECT_THROW(run.alloc(3_MiB), OutOfMemory);
  run.check();
  EXPECT_EQ(run.stats().allocated, 100_MiB);
}

// Else small requests and large ones would exchange segments call by call where nearly all memory is live.
TEST(SegmentBlock, LetsSmallRequestsUseIdleLargeSegmentsOnceMemoryHasRunOut) {
  Script run("", 24_MiB);
  run.alloc(1000_B);
  const auto large = run.alloc(3_MiB);
  EXPECT_THROW(run.alloc(21_MiB), OutOfMemory);
  run.free(large);
  run.alloc_many(12, 900_KiB);
  EXPECT_THAT(run.taken(), ElementsAre(2 * mib, 20 * mib));
}

// The best of a class may be beyond the blocks that a scan compares; that is looked at before the device is asked.
TEST(SegmentBlock, FindsABlockThatTheBoundedScanMissesBeforeItGrows) {
  Script run("best_fit_scan=1 allocation_strategy=best_fit medium_segment=0");
  const auto fits = run.alloc(Bytes(128 * mib + mib));
  const auto close = run.alloc(128_MiB);
  run.free(fits);
  run.free(close);
  run.alloc(Bytes(128 * mib + mib));
  EXPECT_EQ(run.held(), 2u);
}

TEST(SegmentBlock, SplitsOffNoRestBelowTheThreshold) {
  Script run("split_threshold=1MiB");
  run.alloc(Bytes(20 * mib - 512 * 1024));
  EXPECT_EQ(run.stats().allocated, 20_MiB);
  run.alloc(18_MiB);
  EXPECT_EQ(run.stats().allocated, 38_MiB);
  EXPECT_EQ(run.stats().splits, 0u);
}

TEST(SegmentBlock, FirstFitTakesTheLastBlockOfAClassAndBestFitTheSmallest) {
  for (const bool best : {true, false}) {
    Script run(best ? "medium_segment=0" : "medium_segment=0 allocation_strategy=first_fit");
    const auto exact = run.alloc(128_MiB);
    const auto larger = run.alloc(130_MiB);
    const Address want = run.address(best ? exact : larger);
    run.free(exact);
    run.free(larger);
    EXPECT_EQ(run.address(run.alloc(128_MiB)), want);
  }
}

TEST(SegmentBlock, CoalescesOnlyBeforeItWouldGrowWhereCoalescingIsOff) {
  Script run("coalescing=false cache_size=0");
  const auto parts = run.alloc_many(5, 4_MiB);
  run.free(parts);
  EXPECT_EQ(run.stats().merges, 0u);
  run.alloc(20_MiB);
  EXPECT_EQ(run.stats().merges, 4u);
  EXPECT_EQ(run.held(), 1u);
}

}  // namespace
}  // namespace vramlab
