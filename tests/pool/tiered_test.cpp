// What pool tiered does beyond the conformance suite: tiers, growth, prediction, hints, out of memory.

#include <gtest/gtest.h>

#include "engine/core/error.h"
#include "tiered_run.h"

namespace vramlab {
namespace {

using testing::Options;
using testing::TieredRun;

constexpr std::uint64_t kib = 1024, mib = kib * 1024;
constexpr std::size_t small = 0, medium = 1, large = 2, huge = 3;

// No sharing of tiers and nothing beyond need, so that a test sees one technique at a time.
Options bare(Options more = {}) {
  more.insert(more.begin(), {{"share_tiers", "false"}, {"slack", "0"}, {"enable_predictive_allocation", "false"}});
  return more;
}

TEST(Tiered, ServesEachSizeFromItsTier) {
  TieredRun run(bare());
  for (const std::uint64_t bytes : {mib - 1, mib, 16 * mib - 1, 16 * mib, 256 * mib, 256 * mib + 1}) run.alloc(bytes);
  const std::uint64_t expected[] = {1, 2, 2, 1};
  for (std::size_t t = 0; t < 4; ++t) EXPECT_EQ(run.tier(t).requests, expected[t]) << t;
  EXPECT_EQ(run.decisions.count(DecisionKind::range_reserve), 4u);
}

TEST(Tiered, TakesTheBoundsOfItsTiersFromTheOptions) {
  TieredRun run(bare({{"small_below", "64KiB"}, {"medium_below", "2MiB"}, {"large_up_to", "4MiB"}}));
  for (const std::uint64_t bytes : {64 * kib, 2 * mib, 4 * mib, 4 * mib + 1}) run.alloc(bytes);
  EXPECT_EQ(run.tier(medium).requests, 1u);
  EXPECT_EQ(run.tier(large).requests, 2u);
  EXPECT_EQ(run.tier(huge).requests, 1u);
}

TEST(Tiered, RefusesBoundsThatDoNotAscend) {
  EXPECT_THROW(testing::tiered_settings({{"small_below", "32MiB"}}), ConfigError);
}

TEST(Tiered, IsOneTierWithoutAdvancedPooling) {
  TieredRun run(bare({{"enable_advanced_pooling", "false"}}));
  for (const std::uint64_t bytes : {kib, 2 * mib, 20 * mib, 300 * mib}) run.alloc(bytes);
  EXPECT_EQ(run.tier(small).requests, 4u);
  EXPECT_EQ(run.decisions.count(DecisionKind::range_reserve), 1u);
}

TEST(Tiered, SharesFreeBlocksButNotWithSmallObjects) {
  for (const bool share : {true, false}) {
    TieredRun run(bare({{"share_tiers", share ? "true" : "false"}, {"move_on_growth", "false"}}));
    run.free(run.alloc(40 * mib));
    run.alloc(4 * mib);
    EXPECT_EQ(run.port.reserved().value, share ? 40 * mib : 44 * mib);
    run.alloc(4 * kib);
    EXPECT_EQ(run.port.reserved().value, (share ? 40 : 44) * mib + 2 * mib);
  }
}

TEST(Tiered, CountsWhoWasServedHow) {
  TieredRun run(bare(), 64_MiB);
  const BlockId a = run.alloc(40 * mib);
  run.free(a);
  run.alloc(40 * mib);
  EXPECT_THROW(run.alloc(60 * mib), OutOfMemory);
  const TierReport report = run.tier(large);
  EXPECT_EQ(report.requests, 3u);
  EXPECT_EQ(report.served_by_growth, 1u);
  EXPECT_EQ(report.served_at_once, 1u);
  EXPECT_EQ(report.failed, 1u);
  EXPECT_EQ(report.live.value, 40 * mib);
  EXPECT_EQ(run.pool.stats().cache_hits, 1u);
  EXPECT_EQ(run.pool.stats().cache_misses, 1u);
}

// --- Where pages come from -------------------------------------------------------------------------------------------

TEST(Tiered, GrowsOutOfPagesThatLieFreeElsewhere) {
  TieredRun run(bare());
  run.free(run.alloc(40 * mib));
  run.alloc(8 * mib);
  EXPECT_EQ(run.port.reserved().value, 40 * mib);
  EXPECT_EQ(run.tier(medium).pages_moved, 4u);
  EXPECT_EQ(run.decisions.count(DecisionKind::alias), 1u);
}

TEST(Tiered, CreatesPagesInsteadWhereMovingIsOff) {
  for (const char* flag : {"move_on_growth", "enable_auto_defragmentation"}) {
    TieredRun run(bare({{flag, "false"}}));
    run.free(run.alloc(40 * mib));
    run.alloc(8 * mib);
    EXPECT_EQ(run.port.reserved().value, 48 * mib) << flag;
    EXPECT_EQ(run.tier(medium).pages_moved, 0u) << flag;
  }
}

TEST(Tiered, UnmapsWhereAPageWasOnlyWhenItsStreamsAreDone) {
  TieredRun run(bare());
  run.alloc(kib, {}, 1);
  run.free(run.alloc(40 * mib, {}, 0));
  run.complete();
  const std::uint32_t before = run.port.tokens_issued();
  run.alloc(2 * mib, {}, 0);
  ASSERT_EQ(run.port.tokens_issued(), before + 2) << "one of each stream";
  EXPECT_EQ(run.decisions.count(DecisionKind::unmap), 0u);
  run.pool.completed(TokenId(before + 1));
  run.log.flush();
  EXPECT_EQ(run.decisions.count(DecisionKind::unmap), 0u) << "one stream is still at work";
  run.pool.completed(TokenId(before));
  run.log.flush();
  EXPECT_EQ(run.decisions.count(DecisionKind::unmap), 1u);
}

TEST(Tiered, WaitsForNobodyBeforeItUsesNewPages) {
  TieredRun run(bare());
  run.alloc(2 * mib, {}, 0);
  run.alloc(2 * mib, {}, 1);  // with the second stream the accounts begin
  const std::size_t waits = run.decisions.count(DecisionKind::wait);
  run.alloc(2 * mib, {}, 0);
  run.alloc(2 * mib, {}, 1);
  EXPECT_EQ(run.decisions.count(DecisionKind::wait), waits);
}

TEST(Tiered, FillsTheGapThatMissesTheFewestPages) {
  TieredRun run(bare({{"move_on_growth", "false"}}));
  const BlockId low = run.alloc(20 * mib), wall = run.alloc(20 * mib), high = run.alloc(30 * mib);
  run.free(high);
  run.alloc(34 * mib);  // joins the 30 MiB at the end of what is mapped
  EXPECT_EQ(run.port.reserved().value, 74 * mib);
  EXPECT_LT(run.address(low), run.address(wall));
}

TEST(Tiered, RefillsTheHoleThatMovedPagesLeft) {
  TieredRun run(bare());
  const BlockId a = run.alloc(40 * mib), wall = run.alloc(20 * mib);
  const std::uint64_t place = run.address(a);
  run.free(a);
  const BlockId b = run.alloc(300 * mib);  // takes all of a's pages
  run.complete();
  run.free(b);
  const BlockId c = run.alloc(40 * mib);  // comes back, to the lowest hole
  EXPECT_EQ(run.address(c), place);
  EXPECT_EQ(run.port.reserved().value, 320 * mib);
  EXPECT_GT(run.address(wall), place);
}

TEST(Tiered, CreatesRatherThanMovesWithinTheSlack) {
  for (const bool slack : {true, false}) {
    TieredRun run(
        Options{{"share_tiers", "false"}, {"enable_predictive_allocation", "false"}, {"slack", slack ? "8" : "0"}});
    run.free(run.alloc(256 * mib));
    run.alloc(16 * mib - 512);
    EXPECT_EQ(run.port.reserved().value, slack ? 272 * mib : 256 * mib);
  }
}

// --- Prediction ------------------------------------------------------------------------------------------------------

std::uint64_t map_calls_of_steady_growth(bool predict, std::uint64_t& reserved) {
  TieredRun run(Options{{"enable_predictive_allocation", predict ? "true" : "false"}, {"prediction_window", "64"}});
  for (int i = 0; i < 600; ++i) run.alloc(2 * mib);
  reserved = run.port.reserved().value;
  return run.port.counts().map_calls;
}

TEST(Tiered, FollowsSteadyGrowthInFewerCalls) {
  std::uint64_t with = 0, without = 0;
  EXPECT_LT(2 * map_calls_of_steady_growth(true, with), map_calls_of_steady_growth(false, without));
  EXPECT_EQ(without, 1200 * mib);
  EXPECT_LE(with, without + without / 64) << "a prediction takes no more than the slack";
}

TEST(Tiered, PredictsTheSameFromTheSameRequests) {
  std::uint64_t first = 0, second = 0;
  EXPECT_EQ(map_calls_of_steady_growth(true, first), map_calls_of_steady_growth(true, second));
  EXPECT_EQ(first, second);
}

TEST(Tiered, GrowsAheadByNoMoreThanTheStepOfTheTier) {
  TieredRun run(Options{{"prediction_window", "64"}, {"medium_step", "0"}});
  for (int i = 0; i < 300; ++i) run.alloc(2 * mib);
  EXPECT_EQ(run.tier(medium).pages_predicted, 0u);
  EXPECT_EQ(run.port.reserved().value, 600 * mib);
}

TEST(SizeHistory, KnowsThePeakOfItsWindowAndForgets) {
  SizeHistory history;
  history.on_allocate(100);
  history.on_free(100);
  EXPECT_EQ(history.recent_peak(), 100u);
  for (std::size_t i = 0; i < SizeHistory::parts; ++i) history.advance();
  EXPECT_EQ(history.recent_peak(), 0u);
}

TEST(SizeHistory, ExpectsTheAverageRiseAndNoFall) {
  SizeHistory history;
  for (std::size_t i = 0; i + 1 < SizeHistory::parts; ++i) {
    history.on_allocate(70);
    history.advance();
  }
  EXPECT_EQ(history.rise(), 60u);  // 490 - 70 over seven parts
  history.on_free(490);
  for (std::size_t i = 0; i < 2; ++i) history.advance();
  EXPECT_EQ(history.rise(), 0u);
}

// --- Hints -----------------------------------------------------------------------------------------------------------

// A free block of 8 MiB between a neighbour that dies soon (below) and one that lives long.
std::uint64_t offset_between_neighbours(AllocHints hints, const Options& options) {
  TieredRun run(options);
  run.alloc(4 * mib, {.lifetime = 10});
  const BlockId between = run.alloc(8 * mib, {.lifetime = 10});
  run.alloc(4 * mib, {.lifetime = 100000});
  const std::uint64_t begin = run.address(between);
  run.free(between);
  return run.address(run.alloc(2 * mib, hints)) - begin;
}

TEST(Tiered, PlacesObjectsBesideThoseThatDieWithThem) {
  const Options bare_run = bare();
  EXPECT_EQ(offset_between_neighbours({.lifetime = 20}, bare_run), 0u);
  EXPECT_EQ(offset_between_neighbours({.lifetime = 90000}, bare_run), 6 * mib);
  EXPECT_EQ(offset_between_neighbours({.access = AccessHint::weights}, bare_run), 6 * mib);
  EXPECT_EQ(offset_between_neighbours({.access = AccessHint::temporary}, bare_run), 0u);
  EXPECT_EQ(offset_between_neighbours({}, bare_run), 0u);
  EXPECT_EQ(offset_between_neighbours({.lifetime = 90000}, bare({{"place_by_lifetime", "false"}})), 0u);
}

// --- Refusals --------------------------------------------------------------------------------------------------------

TEST(Tiered, SaysWhoHoldsWhatWhenItRunsOut) {
  TieredRun run({}, 32_MiB);
  run.alloc(20 * mib);
  try {
    run.alloc(20 * mib);
    FAIL() << "nothing was thrown";
  } catch (const OutOfMemory& error) {
    EXPECT_NE(std::string(error.what()).find("tiered"), std::string::npos);
  }
  run.pool.validate();
}

TEST(Tiered, UsesEveryFreePageBeforeItRunsOut) {
  for (const char* defragment : {"true", "false"}) {
    TieredRun run({{"enable_auto_defragmentation", defragment}}, 64_MiB);
    std::vector<BlockId> blocks;
    for (int i = 0; i < 16; ++i) blocks.push_back(run.alloc(4 * mib));
    for (int i = 0; i < 16; i += 2) run.free(blocks[static_cast<std::size_t>(i)]);
    EXPECT_EQ(run.address(run.alloc(32 * mib)) % 512, 0u) << "eight pieces of 4 MiB";
    EXPECT_EQ(run.port.reserved(), 64_MiB);
  }
}

TEST(Tiered, IsAsBeforeWhenACommandAmongManyIsRefused) {
  for (std::uint64_t nth = 0; nth < 5; ++nth) {
    TieredRun run(bare(), 64_MiB);
    std::vector<BlockId> blocks;
    for (int i = 0; i < 8; ++i) blocks.push_back(run.alloc(4 * mib));
    for (int i = 0; i < 8; i += 2) run.free(blocks[static_cast<std::size_t>(i)]);
    const Bytes reserved = run.port.reserved();
    // Four aliases of two pages each, one creation, one mapping; the retry is refused at the same place.
    for (std::uint64_t command = nth; command < nth + 20; ++command)
      run.device.refused.insert(run.device.commands + command);
    EXPECT_THROW(run.alloc(20 * mib), OutOfMemory) << nth;
    run.pool.validate();
    run.log.flush();
    EXPECT_EQ(run.port.reserved(), reserved) << nth;
    EXPECT_EQ(run.decisions.count(DecisionKind::pages_create) - run.decisions.count(DecisionKind::pages_destroy), 8u);
    run.device.refused.clear();
    run.alloc(20 * mib);
  }
}

}  // namespace
}  // namespace vramlab
