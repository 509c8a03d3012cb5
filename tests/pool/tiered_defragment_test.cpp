// How pool tiered tidies up: pages back to the device, objects moved by copy, optimize().

#include <gtest/gtest.h>

#include "engine/core/error.h"
#include "tiered_run.h"

namespace vramlab {
namespace {

using testing::Options;
using testing::TieredRun;

constexpr std::uint64_t mib = std::uint64_t{1} << 20;
constexpr AllocHints movable{.relocatable = true};

// A check at every request, and a peak that is forgotten after eight.
Options checking(Options more = {}) {
  more.insert(more.begin(),
              {{"optimization_interval", "1"}, {"slack", "0"}, {"enable_predictive_allocation", "false"}});
  return more;
}

// 40 of 60 MiB are freed; then come as many requests as make the pool forget its peak.
std::unique_ptr<TieredRun> after_a_fall(const Options& options) {
  auto run = std::make_unique<TieredRun>(options);
  run->alloc(20 * mib);
  run->free(run->alloc(40 * mib));
  for (int i = 0; i < 9; ++i) run->alloc(512);
  run->complete();
  return run;
}

TEST(TieredDefragment, GivesBackWhatNobodyNeededLately) {
  EXPECT_EQ(after_a_fall(checking())->port.reserved().value, 22 * mib);
  EXPECT_EQ(after_a_fall(checking())->pool.report().returned.value, 38 * mib);
}

TEST(TieredDefragment, KeepsWhatTheRecentPeakNeeded) {
  TieredRun run(checking({{"optimization_interval", "1000"}}));
  run.alloc(20 * mib);
  run.free(run.alloc(40 * mib));
  run.pool.tick();
  run.complete();
  EXPECT_GT(run.pool.report().optimizations, 0u);
  EXPECT_EQ(run.port.reserved().value, 60 * mib);
}

TEST(TieredDefragment, LeavesItWhereTooLittleIsFree) {
  EXPECT_EQ(after_a_fall(checking({{"fragmentation_threshold", "0.7"}}))->port.reserved().value, 60 * mib);
}

TEST(TieredDefragment, LeavesItWhenSwitchedOff) {
  EXPECT_EQ(after_a_fall(checking({{"enable_auto_defragmentation", "false"}}))->port.reserved().value, 62 * mib);
}

TEST(TieredDefragment, WaitsForItsInterval) {
  auto run = after_a_fall(checking({{"optimization_interval", "100000"}}));
  EXPECT_EQ(run->port.reserved().value, 60 * mib);
  for (int i = 0; i < 9; ++i) run->pool.tick();  // each is a check
  run->complete();
  EXPECT_EQ(run->port.reserved().value, 22 * mib);
}

TEST(TieredDefragment, PagesGoBackOnlyWhenTheStreamsAreDone) {
  TieredRun run;
  run.free(run.alloc(40 * mib));
  run.pool.pressure(900);
  run.log.flush();
  EXPECT_EQ(run.decisions.count(DecisionKind::unmap), 0u);
  EXPECT_EQ(run.port.reserved().value, 40 * mib);
  run.complete();
  EXPECT_EQ(run.decisions.count(DecisionKind::unmap), 1u);
  EXPECT_EQ(run.port.reserved().value, 0u);
}

TEST(TieredDefragment, PressureBelowItsThresholdMovesNothing) {
  for (const bool high : {true, false}) {
    TieredRun run(Options{{"memory_pressure_threshold", high ? "0.95" : "0.5"}});
    run.free(run.alloc(40 * mib));
    run.pool.pressure(900);
    run.complete();
    EXPECT_EQ(run.port.reserved().value, high ? 40 * mib : 0u);
  }
}

TEST(TieredDefragment, PagesOnTheirWayAreTakenBackBeforeMemoryRunsOut) {
  TieredRun run({}, 64_MiB);
  run.free(run.alloc(60 * mib));
  run.pool.pressure(900);
  run.alloc(60 * mib);
  EXPECT_EQ(run.tier(2).served_after_reclaim, 1u);
  run.complete();
  EXPECT_EQ(run.port.reserved().value, 60 * mib);
}

// --- optimize() ------------------------------------------------------------------------------------------------------

TEST(TieredOptimize, SaysWhatItFreedAndByHowMuchFragmentationFell) {
  TieredRun run;
  run.alloc(20 * mib);
  run.free(run.alloc(60 * mib));
  const OptimizeResult result = run.pool.optimize();
  EXPECT_EQ(result.freed.value, 60 * mib);
  EXPECT_EQ(result.fragmentation_before, 750000u);
  EXPECT_EQ(result.fragmentation_after, 0u);
  EXPECT_TRUE(run.pool.report().target_achieved);
  EXPECT_EQ(run.port.reserved().value, 20 * mib);
}

// 1 of 3 free MiB can go: fragmentation falls from 3/20 by less than a half.
TEST(TieredOptimize, JudgesItsTarget) {
  for (const bool half : {true, false}) {
    TieredRun run(Options{{"target_fragmentation_reduction", half ? "0.95" : "0.1"}});
    run.alloc(19 * mib);
    run.free(run.alloc(19 * mib));
    run.pool.optimize();
    EXPECT_EQ(run.pool.report().target_achieved, !half);
  }
}

TEST(TieredOptimize, AchievesNothingWhereNothingIsFree) {
  TieredRun run;
  run.alloc(20 * mib);
  EXPECT_EQ(run.pool.optimize().freed.value, 0u);
  EXPECT_FALSE(run.pool.report().target_achieved);
}

// --- Moving by copy --------------------------------------------------------------------------------------------------

// Two objects of 1 MiB a page, one of which is freed: no page is free, though half of the memory is.
std::vector<BlockId> comb(TieredRun& run, AllocHints hints) {
  std::vector<BlockId> all, kept;
  for (std::uint16_t i = 0; i < 16; ++i) all.push_back(run.alloc(mib, hints, i / 2 % 2));
  for (std::size_t i = 0; i < 16; i += 2) {
    run.free(all[i + 1]);
    kept.push_back(all[i]);
  }
  return kept;
}

TEST(TieredMoves, RelocatableObjectsMakeRoomForWholePages) {
  TieredRun still, moving;
  comb(still, {});
  comb(moving, movable);
  EXPECT_GT(moving.pool.optimize().freed, still.pool.optimize().freed);
  const TieredReport report = moving.pool.report();
  EXPECT_GT(report.objects_moved, 0u);
  EXPECT_EQ(report.bytes_copied.value, report.objects_moved * mib);
  EXPECT_EQ(still.pool.report().objects_moved, 0u);
}

TEST(TieredMoves, TheHandleResolvesToTheNewAddressAndCanBeFreed) {
  TieredRun run;
  const std::vector<BlockId> kept = comb(run, movable);
  std::vector<std::uint64_t> before;
  for (BlockId block : kept) before.push_back(run.address(block));
  run.pool.optimize();
  std::uint64_t changed = 0;
  for (std::size_t i = 0; i < kept.size(); ++i) changed += run.address(kept[i]) != before[i];
  EXPECT_EQ(changed, run.pool.report().objects_moved);
  for (BlockId block : kept) run.free(block);
  run.pool.empty_cache();
  EXPECT_EQ(run.port.reserved().value, 0u);
}

// transfer_from, transfer_to, wait, release, place; before them a token of every stream, each waited for.
TEST(TieredMoves, CopiesAfterEveryStreamsWorkAndBeforeTheOwnersNext) {
  TieredRun run;
  comb(run, movable);
  run.decisions.all.clear();
  run.pool.optimize();
  run.log.flush();
  const std::vector<Decision>& all = run.decisions.all;
  std::size_t copies = 0;
  for (std::size_t i = 0; i < all.size(); ++i) {
    if (all[i].kind != DecisionKind::transfer_from) continue;
    ++copies;
    ASSERT_GE(i, 4u);
    EXPECT_EQ(all[i - 4].kind, DecisionKind::record);
    EXPECT_EQ(all[i - 3].kind, DecisionKind::record);
    EXPECT_NE(all[i - 4].stream, all[i - 3].stream);
    EXPECT_EQ(all[i - 2].kind, DecisionKind::after);
    EXPECT_EQ(all[i - 1].kind, DecisionKind::after);
    EXPECT_EQ(all[i + 2].kind, DecisionKind::wait);
    EXPECT_EQ(all[i + 2].object, all[i].object);
    EXPECT_EQ(all[i + 3].kind, DecisionKind::release);
    EXPECT_EQ(all[i + 4].kind, DecisionKind::place);
    EXPECT_EQ(all[i + 4].stream, all[i + 2].stream);
    EXPECT_EQ(all[i + 4].offset, all[i + 1].offset);
  }
  EXPECT_GT(copies, 0u);
}

TEST(TieredMoves, ObjectsOfPriorityStay) {
  TieredRun run;
  comb(run, {.priority = 1, .relocatable = true});
  run.pool.optimize();
  EXPECT_EQ(run.pool.report().objects_moved, 0u);
}

TEST(TieredMoves, KeepWithinTheirBudget) {
  TieredRun run(Options{{"move_budget", "1MiB"}});
  comb(run, movable);
  run.pool.optimize();
  EXPECT_EQ(run.pool.report().objects_moved, 1u);
}

TEST(TieredMoves, MakeRoomBeforeMemoryRunsOut) {
  for (const bool relocatable : {true, false}) {
    TieredRun run({}, 16_MiB);
    comb(run, {.relocatable = relocatable});
    if (relocatable) {
      run.alloc(6 * mib);
      EXPECT_GT(run.pool.report().objects_moved, 0u);
    } else {
      EXPECT_THROW(run.alloc(6 * mib), OutOfMemory);
    }
  }
}

}  // namespace
}  // namespace vramlab
