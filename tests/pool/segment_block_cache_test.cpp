// The caches in front of the pool segment-block: hits, streams, limits, warm-up, pressure, settings.

#include <gtest/gtest.h>

#include "engine/config/settings.h"
#include "engine/config/yaml.h"
#include "engine/core/error.h"
#include "segment_block_run.h"

namespace vramlab {
namespace {

using Script = testing::SegmentBlockRun;

// Lets any share of a segment be cached.
const std::string all_cached = "coalescing_threshold=1 cache_bytes=unlimited ";

TEST(SegmentBlockCache, ServesTheNextRequestOfJustTheSize) {
  Script run;
  const auto first = run.alloc(64_KiB);
  const Address address = run.address(first);
  run.free(first);
  EXPECT_EQ(run.address(run.alloc(64_KiB)), address);
  EXPECT_EQ(run.stats().cache_hits, 1u);
  EXPECT_EQ(run.stats().cache_misses, 1u);
  EXPECT_EQ(run.stats().merges, 0u);
}

TEST(SegmentBlockCache, IsPassedByLargeRequests) {
  Script run(all_cached);
  run.free(run.alloc(Bytes((1_MiB).value + 512)));
  run.alloc(Bytes((1_MiB).value + 512));
  EXPECT_EQ(run.stats().cache_hits, 0u);
  run.free(run.alloc(1_MiB));
  run.alloc(1_MiB);
  EXPECT_EQ(run.stats().cache_hits, 1u);
  Script tiny("small_threshold=2KiB");
  tiny.free(tiny.alloc(4_KiB));
  tiny.alloc(4_KiB);
  EXPECT_EQ(tiny.stats().cache_hits, 0u);
}

TEST(SegmentBlockCache, GivesAStreamItsOwnBlocksWithoutAWait) {
  Script run("stream_cache=2");
  const std::vector<std::uint32_t> both{run.alloc(4_KiB, 0), run.alloc(4_KiB, 1)};
  run.free(both);
  const std::uint64_t waits = run.count(DecisionKind::wait);
  run.alloc(4_KiB, 1);
  run.alloc(4_KiB, 0);
  EXPECT_EQ(run.stats().cache_hits, 2u);
  EXPECT_EQ(run.count(DecisionKind::wait), waits);
}

TEST(SegmentBlockCache, GivesABlockOfAnotherStreamFromTheSharedCacheBehindAWait) {
  Script run("stream_cache=1");
  run.alloc(4_KiB, 1);  // both streams are known
  const std::vector<std::uint32_t> zero = run.alloc_many(2, 4_KiB, 0);
  const Address address = run.address(zero[0]);
  run.free(zero);  // the first moves to the shared cache
  const std::uint64_t waits = run.count(DecisionKind::wait);
  EXPECT_EQ(run.address(run.alloc(4_KiB, 1)), address);
  EXPECT_EQ(run.stats().cache_hits, 1u);
  EXPECT_EQ(run.count(DecisionKind::wait), waits + 1);
}

TEST(SegmentBlockCache, IsOffWithoutBlocks) {
  for (const char* none :
       {"cache_size=0", "cache_bytes=0", "stream_cache=0 global_cache=0", "coalescing_threshold=0"}) {
    Script run(none);
    run.free(run.alloc(4_KiB));
    run.alloc(4_KiB);
    EXPECT_EQ(run.stats().cache_hits, 0u) << none;
  }
}

TEST(SegmentBlockCache, LetsTheOldestGoWhenItIsFull) {
  Script run(all_cached + "stream_cache=2 global_cache=1");
  const auto blocks = run.alloc_many(4, 4_KiB);
  const Address oldest = run.address(blocks[0]);
  run.free(blocks);
  for (int i = 0; i < 3; ++i) EXPECT_NE(run.address(run.alloc(4_KiB)), oldest);
  EXPECT_EQ(run.stats().cache_hits, 3u);
}

TEST(SegmentBlockCache, HoldsAShareOfASegmentAtMost) {
  Script run;  // a tenth of 2 MiB: three of 64 KiB
  run.free(run.alloc_many(8, 64_KiB));
  run.alloc_many(8, 64_KiB);
  EXPECT_EQ(run.stats().cache_hits, 3u);
}

TEST(SegmentBlockCache, HoldsSoManyBytesAtMostAndNoBlockThatWouldPushOutManyOthers) {
  Script run("coalescing_threshold=1 cache_bytes=128KiB");
  run.free(run.alloc_many(40, 4_KiB));
  run.alloc_many(40, 4_KiB);
  EXPECT_EQ(run.stats().cache_hits, 32u);
  run.free(run.alloc(Bytes((4_KiB).value + 512)));
  run.alloc(Bytes((4_KiB).value + 512));
  EXPECT_EQ(run.stats().cache_hits, 32u);
}

TEST(SegmentBlockCache, IsFlushedAndCoalescedBeforeThePoolGrows) {
  Script run(all_cached);
  run.free(run.alloc_many(32, 64_KiB));  // a segment full of cached blocks
  EXPECT_EQ(run.stats().merges, 0u);
  run.alloc(1_MiB);
  EXPECT_EQ(run.held(), 1u);
  EXPECT_GT(run.stats().merges, 0u);
}

TEST(SegmentBlockCache, GoesBackToTheDeviceWithTheRest) {
  Script run(all_cached);
  run.free(run.alloc_many(32, 64_KiB));
  const OptimizeResult result = run.pool().optimize();
  run.check();
  EXPECT_EQ(result.freed, 2_MiB);
  EXPECT_EQ(result.fragmentation_before, 1'000'000u);
  EXPECT_EQ(result.fragmentation_after, 0u);
  EXPECT_EQ(run.reserved(), 0_B);
}

TEST(SegmentBlockWarmup, FillsTheCachesBeforeTheFirstAllocation) {
  Script run("enable_warmup=true");
  run.alloc(512_B);                   // anything
  EXPECT_EQ(run.reserved(), 12_MiB);  // 50 * 4 KiB, 20 * 64 KiB and the request in one segment, 10 * 1 MiB in another
  run.alloc(1_MiB);
  EXPECT_EQ(run.stats().cache_hits, 1u);
}

TEST(SegmentBlockWarmup, ServesWhatItPreparedWithoutTheDevice) {
  Script run("enable_warmup=true warmup=8KiB:30,3MiB:2 segment_size=64MiB");
  run.alloc_many(30, 8_KiB);
  run.alloc_many(2, 3_MiB);
  EXPECT_EQ(run.held(), 1u);
}

TEST(SegmentBlockWarmup, IsOffUnlessAskedFor) {
  Script run;
  run.alloc(512_B);
  EXPECT_EQ(run.reserved(), 2_MiB);
}

TEST(SegmentBlockWarmup, LeavesOutWhatDoesNotFit) {
  Script run("enable_warmup=true", 6_MiB);
  run.alloc(512_B);
  EXPECT_LE(run.reserved(), 6_MiB);
}

TEST(SegmentBlockWarmup, RefusesAListThatIsNone) {
  for (const char* text : {"4KiB", "4KiB:", "4KiB:x", ":3", "0:3", "4KiB:-1", "4KiB:1,,", "1GiB:4000000000"})
    EXPECT_THROW(Script(std::string("warmup=") + text), ConfigError) << text;
}

TEST(SegmentBlockPressure, TrimsTheCachesAndCachesNothingUntilItFalls) {
  Script run(all_cached);
  run.free(run.alloc_many(20, 4_KiB));
  run.pool().pressure(801);
  run.check();
  EXPECT_GT(run.stats().merges, 0u);
  const auto two = run.alloc_many(2, 4_KiB);
  EXPECT_EQ(run.stats().cache_hits, 2u);  // a tenth of 20 stayed
  run.free(two);
  run.alloc(4_KiB);
  EXPECT_EQ(run.stats().cache_hits, 2u);
  run.pool().pressure(800);
  run.free(run.alloc(4_KiB));
  run.alloc(4_KiB);
  EXPECT_EQ(run.stats().cache_hits, 3u);
}

TEST(SegmentBlockPressure, WhenLowLetsTheCachesGrowWithinBoundsAndHighSetsThemBack) {
  Script run(all_cached + "stream_cache=4 global_cache=0");
  const auto hits = [&run] {
    const std::uint64_t before = run.stats().cache_hits;
    run.free(run.alloc_many(100, 4_KiB));
    const auto again = run.alloc_many(100, 4_KiB);
    const std::uint64_t more = run.stats().cache_hits - before;
    run.free(again);
    run.pool().empty_cache();
    return more;
  };
  EXPECT_EQ(hits(), 4u);
  run.pool().pressure(300);
  EXPECT_EQ(hits(), 4u);
  run.pool().pressure(299);
  EXPECT_EQ(hits(), 6u);
  for (int i = 0; i < 50; ++i) run.pool().pressure(0);
  EXPECT_EQ(hits(), 32u);
  run.pool().pressure(1000);
  run.pool().pressure(500);
  EXPECT_EQ(hits(), 4u);
}

TEST(SegmentBlockPressure, HasThresholdsOfItsOwn) {
  Script run(all_cached + "high_pressure=0.5 cleanup_threshold=0.5");
  run.free(run.alloc_many(20, 4_KiB));
  run.pool().pressure(501);
  run.alloc_many(20, 4_KiB);
  EXPECT_EQ(run.stats().cache_hits, 10u);
}

// As the command line does: pools.segment-block.NAME in a file, VRAMLAB_POOLS_SEGMENT_BLOCK_NAME in the environment.
TEST(SegmentBlockSettings, ComeFromFileAndEnvironmentByEveryName) {
  const PoolInfo& info = find_row(pools(), "pool", "segment-block");
  std::map<std::string, std::string> variables;
  std::string yaml;
  for (const OptionSpec& option : info.options) {
    variables[environment_name("pools.segment-block." + std::string(option.name))] = option.default_text;
    yaml += std::string(option.name) + ": " + std::string(option.default_text) + "\n";
  }
  OptionValues from_file("pool segment-block", info.options), from_environment = from_file;
  YamlFile::parse(yaml, "x.yaml").root().read_map([&](YamlMap& map) { take_file_settings(from_file, map); });
  take_environment_settings(from_environment, "pools.segment-block.", [&variables](const char* name) -> const char* {
    const auto found = variables.find(name);
    return found == variables.end() ? nullptr : found->second.c_str();
  });
  for (const OptionValues::Item& item : from_file.items())
    EXPECT_TRUE(item.source.starts_with("file")) << item.spec->name;
  for (const OptionValues::Item& item : from_environment.items())
    EXPECT_TRUE(item.source.starts_with("environment VRAMLAB_POOLS_SEGMENT_BLOCK_")) << item.spec->name;
}

}  // namespace
}  // namespace vramlab
