#include "engine/pool/pytorch_rules.h"

#include <gtest/gtest.h>
#include <rapidcheck.h>

#include "engine/core/error.h"
#include "pool_harness.h"

namespace vramlab::pytorch {
namespace {

TEST(PytorchRules, RoundsTo512WithoutDivisions) {
  const Settings settings;
  EXPECT_EQ(round_size(1_B, settings), 512_B);
  EXPECT_EQ(round_size(512_B, settings), 512_B);
  EXPECT_EQ(round_size(513_B, settings), 1024_B);
  EXPECT_EQ(round_size(1_MiB + 1_B, settings), 1_MiB + 512_B);
}

TEST(PytorchRules, RoundsUpToStepsBetweenPowersOfTwo) {
  Settings settings;
  settings.roundup_divisions = parse_divisions("4");
  EXPECT_EQ(round_size(1200_KiB, settings), 1280_KiB);  // steps of 256 KiB above 1 MiB
  EXPECT_EQ(round_size(1280_KiB, settings), 1280_KiB);
  EXPECT_EQ(round_size(1281_KiB, settings), 1536_KiB);
  EXPECT_EQ(round_size(1_MiB, settings), 1_MiB);    // a power of two stays
  EXPECT_EQ(round_size(2048_B, settings), 2048_B);  // not above 512 * divisions: multiple of 512
  EXPECT_EQ(round_size(1999_B, settings), 2048_B);
}

TEST(PytorchRules, ChoosesDivisionsBySize) {
  const auto slots = parse_divisions("1:1,256:2,512:8,32768:16");
  EXPECT_EQ(slots[0], 1u);
  EXPECT_EQ(slots[8], 2u);
  EXPECT_EQ(slots[9], 8u);
  EXPECT_EQ(slots[15], 16u);
  EXPECT_EQ(slots[3], 0u);
}

TEST(PytorchRules, RefusesDivisionsThatAreNotPowersOfTwo) {
  EXPECT_THROW(parse_divisions("3"), ConfigError);
  EXPECT_THROW(parse_divisions("1:2,2:x"), ConfigError);
  EXPECT_THROW(parse_divisions("0:2"), ConfigError);
  EXPECT_THROW(parse_divisions(""), ConfigError);
}

TEST(PytorchRules, TakesSegmentsOfThreeKinds) {
  EXPECT_EQ(segment_size(512_B), 2_MiB);
  EXPECT_EQ(segment_size(1_MiB), 2_MiB);
  EXPECT_EQ(segment_size(1_MiB + 512_B), 20_MiB);
  EXPECT_EQ(segment_size(10_MiB - 512_B), 20_MiB);
  EXPECT_EQ(segment_size(10_MiB), 10_MiB);
  EXPECT_EQ(segment_size(11_MiB + 512_B), 12_MiB);
}

TEST(PytorchRules, RoundingIsMonotoneAndNeverBelowTheRequest) {
  EXPECT_TRUE(rc::check([] {
    Settings settings;
    settings.roundup_divisions = parse_divisions(*rc::gen::element<std::string>("0", "2", "8", "32"));
    const auto a = *rc::gen::inRange<std::uint64_t>(1, std::uint64_t{1} << 32);
    const auto b = *rc::gen::inRange<std::uint64_t>(1, std::uint64_t{1} << 32);
    RC_ASSERT(round_size(Bytes(a), settings).value >= a);
    RC_ASSERT(round_size(Bytes(a), settings).value % 512 == 0);
    RC_ASSERT((a <= b) <= (round_size(Bytes(a), settings) <= round_size(Bytes(b), settings)));
  }));
}

using vramlab::testing::PoolHarness;

TEST(PytorchPool, SplitsLargeBlocksOnlyAboveOneMiB) {
  // A 20 MiB segment serves 9.5 MiB; the rest of 10.5 MiB is split off. A 10 MiB request then leaves 0.5 MiB unsplit.
  const std::uint64_t first = (9728_KiB).value, second = (10_MiB).value - 512 * 1024 + 512;
  PoolHarness h("pytorch", {{.bytes = first}, {.bytes = second}});
  h.run_all();
  EXPECT_EQ(h.port.reserved(), 20_MiB);
  EXPECT_EQ(h.pool->stats().splits, 1u);
  EXPECT_EQ(h.pool->stats().allocated, 20_MiB);
}

TEST(PytorchPool, NeverReusesAnotherStreamsBlock) {
  PoolHarness h("pytorch", {{.bytes = 4096, .stream = 0}, {.alloc = false, .object = 0}, {.bytes = 4096, .stream = 1}});
  h.run_all();
  EXPECT_EQ(h.port.counts().segments_taken, 2u);
}

TEST(PytorchPool, ReleasesUnsplitCachedSegmentsBeforeItFails) {
  PoolHarness h("pytorch", {{.bytes = (30_MiB).value}, {.alloc = false, .object = 0}, {.bytes = (40_MiB).value}},
                50_MiB);
  h.run_all();
  EXPECT_EQ(h.port.reserved(), 40_MiB);
  EXPECT_EQ(h.pool->stats().cache_releases, 1u);
}

TEST(PytorchPool, KeepsOversizedBlocksWhole) {
  PoolHarness h("pytorch", {{.bytes = (300_MiB).value}, {.alloc = false, .object = 0}, {.bytes = (100_MiB).value}},
                unlimited_bytes, {{"max_split_size", "256MiB"}});
  h.run_all();
  EXPECT_EQ(h.port.reserved(), 400_MiB);  // the 300 MiB block is not split for 100 MiB
}

TEST(PytorchPool, RefusesAnOversizedBlockTooMuchLargerThanAsked) {
  PoolHarness h("pytorch", {{.bytes = (300_MiB).value}, {.alloc = false, .object = 0}, {.bytes = (270_MiB).value}},
                unlimited_bytes, {{"max_split_size", "256MiB"}});
  h.run_all();
  EXPECT_EQ(h.port.reserved(), 570_MiB);
}

TEST(PytorchPool, FreesOversizedBlocksFirstWhenOutOfMemory) {
  PoolHarness h("pytorch",
                {{.bytes = (300_MiB).value},
                 {.bytes = (5_MiB).value},
                 {.alloc = false, .object = 0},
                 {.bytes = (290_MiB).value + 1}},
                600_MiB, {{"max_split_size", "256MiB"}, {"max_non_split_rounding", "1MiB"}});
  h.run_all();
  EXPECT_EQ(h.port.reserved(), 312_MiB);  // 20 MiB segment + 292 MiB
}

TEST(PytorchPool, CollectsOldCachedBlocksAboveTheThreshold) {
  std::vector<vramlab::testing::Step> steps{{.bytes = (30_MiB).value}, {.alloc = false, .object = 0}};
  for (std::uint32_t i = 1; i <= 3; ++i) {
    steps.push_back({.bytes = (std::uint64_t{30} + 10 * i) << 20});
    steps.push_back({.alloc = false, .object = i});
  }
  PoolHarness without("pytorch", steps, 1_GiB);
  without.run_all();
  PoolHarness with("pytorch", steps, 1_GiB, {{"garbage_collection_threshold", "0.05"}});
  with.run_all();
  EXPECT_EQ(without.port.reserved(), 180_MiB);
  EXPECT_LT(with.port.reserved(), without.port.reserved());
}

TEST(PytorchExpandablePool, GrowsOneRangeByPages) {
  PoolHarness h("pytorch-expandable", {{.bytes = (30_MiB).value}, {.bytes = (5_MiB).value}, {.bytes = 1000}});
  h.run_all();
  EXPECT_EQ(h.port.reserved(), 42_MiB);  // 40 MiB in pages of 20 MiB, 2 MiB for the small part
  EXPECT_EQ(h.port.counts().map_calls, 2u);
}

TEST(PytorchExpandablePool, ReservesNoAddressesForARequestBeyondEveryRange) {
  const vramlab::testing::Step step{.bytes = (20_GiB).value};  // the machine has 16 GiB, a range 18
  PoolHarness h("pytorch-expandable", {step});
  EXPECT_THROW(h.run(step), OutOfMemory);
  EXPECT_EQ(h.device.commands, 0u);
  h.pool->validate();
}

TEST(PytorchExpandablePool, JoinsAFreeBlockWithNewPagesAfterIt) {
  PoolHarness h("pytorch-expandable",
                {{.bytes = (20_MiB).value}, {.alloc = false, .object = 0}, {.bytes = (40_MiB).value}});
  h.run_all();
  EXPECT_EQ(h.port.reserved(), 40_MiB);
  h.pool->validate();
}

TEST(PytorchExpandablePool, UnmapsOnlyWholeEmptyPages) {
  PoolHarness h("pytorch-expandable",
                {{.bytes = (5_MiB).value}, {.bytes = (50_MiB).value}, {.alloc = false, .object = 1}});
  h.run_all();
  EXPECT_EQ(h.port.reserved(), 60_MiB);
  h.pool->empty_cache();
  h.pool->validate();
  EXPECT_EQ(h.port.reserved(), 20_MiB);
}

}  // namespace
}  // namespace vramlab::pytorch
