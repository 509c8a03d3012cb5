#include "engine/pool/allocator.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "allocator_harness.h"
#include "engine/core/error.h"

namespace vramlab {
namespace {

using testing::AllocatorHarness;
using ::testing::AllOf;
using ::testing::HasSubstr;

constexpr StreamId first{0}, second{1};

template <class Failure, class Work>
std::string message_of(Work&& work) {
  try {
    work();
  } catch (const Failure& error) {
    return error.what();
  }
  return "nothing was thrown";
}

TEST(Allocator, UsesAFreedBlockAgainOnItsStreamWithoutAskingThePool) {
  AllocatorHarness h(1_GiB);
  const Address block = h.allocator.allocate(1000_B, first);
  h.allocator.free(block);
  const std::uint64_t asked = h.pool->stats().allocations;
  EXPECT_EQ(h.allocator.allocate(900_B, first), block);
  EXPECT_EQ(h.pool->stats().allocations, asked);
  EXPECT_EQ(h.allocator.statistics().cache_hits, 1u);
}

TEST(Allocator, ABlockFreedByAnyoneGoesBackToItsStream) {
  AllocatorHarness h(1_GiB);
  const Address block = h.allocator.allocate(1_MiB, first);
  h.allocator.free(block);
  EXPECT_NE(h.allocator.allocate(1_MiB, second), block);
  EXPECT_EQ(h.allocator.allocate(1_MiB, first), block);
}

TEST(Allocator, LargeBlocksAndThoseWithHintsGoToThePool) {
  AllocatorHarness h(1_GiB, {{"cached_size", "1MiB"}});
  h.allocator.free(h.allocator.allocate(2_MiB, first));
  EXPECT_EQ(h.pool->stats().frees, 1u);
  h.allocator.free(h.allocator.allocate(4_KiB, first, {.priority = 3}));
  EXPECT_EQ(h.pool->stats().frees, 2u);
  h.allocator.validate();
}

TEST(Allocator, KeepsToTheLimitsOfItsCaches) {
  AllocatorHarness h(64_MiB, {{"stream_blocks", "10"}});  // most is in use: limits do not grow
  const Address ballast = h.allocator.allocate(40_MiB, first);
  std::vector<Address> blocks;
  for (int i = 0; i < 50; ++i) blocks.push_back(h.allocator.allocate(4_KiB, first));
  for (const Address block : blocks) h.allocator.free(block);
  EXPECT_LE(h.allocator.statistics().cached, 10 * 4_KiB);
  h.allocator.free(ballast);
  h.allocator.validate();
}

TEST(Allocator, LetsCachesGrowWhileMemoryIsPlentiful) {
  AllocatorHarness h(64_GiB, {{"stream_blocks", "10"}});
  std::vector<Address> blocks;
  for (int i = 0; i < 500; ++i) blocks.push_back(h.allocator.allocate(4_KiB, first));
  for (const Address block : blocks) h.allocator.free(block);
  const Bytes before = h.allocator.statistics().cached;
  EXPECT_GT(before, 100 * 4_KiB);
  h.allocator.pressure(900);
  EXPECT_LE(h.allocator.statistics().cached, before / 2);
  h.allocator.validate();
}

TEST(Allocator, LowPressureRaisesTheLimitsByHalf) {
  AllocatorHarness h(64_MiB, {{"stream_blocks", "10"}});
  const Address ballast = h.allocator.allocate(40_MiB, first);
  h.allocator.pressure(100);
  std::vector<Address> blocks;
  for (int i = 0; i < 15; ++i) blocks.push_back(h.allocator.allocate(64_KiB, first));
  for (const Address block : blocks) h.allocator.free(block);
  EXPECT_EQ(h.allocator.statistics().cached, 15 * 64_KiB);
  h.allocator.free(ballast);
}

// --- Batches ---------------------------------------------------------------------------------------------------------

TEST(Allocator, ABatchComesInOrderFromCacheAndPool) {
  AllocatorHarness h(1_GiB);
  const Address known = h.allocator.allocate(64_KiB, first);
  h.allocator.free(known);
  const std::vector<Bytes> sizes{1_MiB, 64_KiB, 100_MiB, 1_MiB};
  const std::vector<Address> blocks = h.allocator.allocate_batch(sizes, first);
  ASSERT_EQ(blocks.size(), 4u);
  EXPECT_EQ(blocks[1], known);
  h.allocator.validate();
  for (const Address block : blocks) h.allocator.free(block);
  EXPECT_EQ(h.allocator.statistics().live_blocks(), 0u);
  h.allocator.validate();
}

TEST(Allocator, ABatchThatDoesNotFitLeavesNothingBehind) {
  AllocatorHarness h(64_MiB);
  h.allocator.free(h.allocator.allocate(64_KiB, first));
  const std::vector<Bytes> sizes{64_KiB, 30_MiB, 20_MiB, 40_MiB};
  EXPECT_THROW(h.allocator.allocate_batch(sizes, first), OutOfMemory);
  h.allocator.validate();
  EXPECT_EQ(h.allocator.statistics().live_blocks(), 0u);
  EXPECT_NO_THROW(h.allocator.allocate_batch(std::vector{30_MiB, 20_MiB}, first));
  EXPECT_THROW(h.allocator.allocate_batch(std::vector{1_KiB, 0_B}, first), PoolError);
  EXPECT_TRUE(h.allocator.allocate_batch({}, first).empty());
}

// --- Other streams ---------------------------------------------------------------------------------------------------

TEST(Allocator, ARecordedStreamKeepsFreedMemoryUntilItIsDone) {
  AllocatorHarness h(1_GiB);
  const Address block = h.allocator.allocate(1_MiB, first);
  h.allocator.record_stream(block, second);
  h.device.launch(second, 1000000_ns);
  h.allocator.free(block);
  EXPECT_EQ(h.allocator.statistics().parked, 1_MiB);
  EXPECT_EQ(h.allocator.poll(h.device), 0u);
  const Address other = h.allocator.allocate(1_MiB, first);
  EXPECT_NE(other, block);
  h.device.synchronize();
  EXPECT_EQ(h.allocator.poll(h.device), 1u);
  EXPECT_EQ(h.allocator.statistics().parked, 0_B);
  EXPECT_EQ(h.allocator.allocate(1_MiB, first), block);
  h.allocator.validate();
}

TEST(Allocator, WaitsForEveryRecordedStream) {
  AllocatorHarness h(1_GiB, {{"cached_size", "0"}});  // blocks of the pool rest as well
  const Address block = h.allocator.allocate(1_MiB, first);
  h.allocator.record_stream(block, second);
  h.allocator.record_stream(block, StreamId(2));
  h.allocator.record_stream(block, second);
  h.allocator.free(block);
  h.allocator.process_completed(TokenId(0));
  EXPECT_EQ(h.pool->stats().frees, 0u);
  h.allocator.process_completed(TokenId(1));
  EXPECT_EQ(h.pool->stats().frees, 1u);
  EXPECT_EQ(h.port.tokens_issued(), 2u);
  h.allocator.validate();
}

TEST(Allocator, AFreeOnAnotherStreamWaitsForIt) {
  AllocatorHarness h(1_GiB);
  const Address block = h.allocator.allocate(1_MiB, first);
  EXPECT_THROW(h.allocator.free(block, second), PoolError);  // not known yet
  h.allocator.allocate(1_KiB, second);
  h.allocator.free(block, second);
  EXPECT_EQ(h.allocator.statistics().parked, 1_MiB);
  const Address own = h.allocator.allocate(1_MiB, second);
  h.allocator.free(own, second);
  EXPECT_EQ(h.allocator.statistics().parked, 1_MiB);
}

TEST(Allocator, WaitsForRestingMemoryBeforeItRunsOut) {
  AllocatorHarness h(64_MiB);
  h.allocator.attach_run(h.device);
  const Address block = h.allocator.allocate(60_MiB, first);
  h.allocator.record_stream(block, second);
  h.device.launch(second, 1000000_ns);
  h.allocator.free(block);
  EXPECT_NO_THROW(h.allocator.allocate(60_MiB, first));
}

// --- Out of memory ---------------------------------------------------------------------------------------------------

TEST(Allocator, GivesCachesBackBeforeItRunsOutOfMemory) {
  AllocatorHarness h(64_MiB, {{"stream_bytes", "1GiB"}, {"cached_size", "16MiB"}}, "cuda-malloc");
  for (std::uint16_t stream = 0; stream < 3; ++stream) h.allocator.free(h.allocator.allocate(16_MiB, StreamId(stream)));
  EXPECT_EQ(h.allocator.statistics().cached, 48_MiB);
  EXPECT_NO_THROW(h.allocator.allocate(60_MiB, first));
  EXPECT_EQ(h.allocator.statistics().reclaims, 1u);
  h.allocator.validate();
}

TEST(Allocator, RunningOutOfMemoryTellsWhoHoldsWhat) {
  AllocatorHarness h(64_MiB);
  h.allocator.allocate(30_MiB, first);
  h.allocator.allocate(20_MiB, second);
  h.allocator.allocate(1_KiB, second);
  const std::string text = message_of<OutOfMemory>([&] { h.allocator.allocate(32_MiB, first); });
  EXPECT_THAT(text, AllOf(HasSubstr("no memory for 32.00 MiB"), HasSubstr("capacity 64.00 MiB"),
                          HasSubstr("stream 0 30.00 MiB in 1 blocks"), HasSubstr("stream 1 20.00 MiB in 2 blocks"),
                          HasSubstr("to 1 MiB 1.00 KiB in 1 blocks"), HasSubstr("largest: 30.00 MiB at 0x")))
      << text;
  h.allocator.validate();
  EXPECT_NO_THROW(h.allocator.allocate(1_MiB, first));
}

// --- Misuse ----------------------------------------------------------------------------------------------------------

TEST(Allocator, RefusesSizesThatCannotBe) {
  AllocatorHarness h(64_MiB);
  EXPECT_THAT(message_of<PoolError>([&] { h.allocator.allocate(0_B, first); }), HasSubstr("0 bytes"));
  EXPECT_THAT(message_of<PoolError>([&] { h.allocator.allocate(65_MiB, first); }),
              HasSubstr("more than the 64.00 MiB"));
  EXPECT_THROW(h.allocator.allocate(Bytes(~std::uint64_t{0}), first), PoolError);
  EXPECT_THROW(h.allocator.allocate(1_KiB, StreamId::none()), PoolError);
  EXPECT_NO_THROW(h.allocator.allocate(64_MiB, first));
  EXPECT_EQ(h.allocator.statistics().allocations, 1u);
}

TEST(Allocator, NamesTheBlockThatIsFreedTwiceAndItsHistory) {
  AllocatorHarness h(1_GiB, {{"debug_history", "true"}});
  h.allocator.allocate(1_KiB, first);
  const Address block = h.allocator.allocate(5_KiB, second);
  h.allocator.free(block);
  const std::string text = message_of<PoolError>([&] { h.allocator.free(block); });
  EXPECT_THAT(text, AllOf(HasSubstr("5.00 KiB of stream 1"), HasSubstr("freed already"),
                          HasSubstr("allocated as event 1 by thread"), HasSubstr("freed as event 2 by thread")))
      << text;
  h.allocator.validate();
  EXPECT_EQ(h.allocator.allocate(5_KiB, second), block);
}

TEST(Allocator, RefusesToFreeABlockTwiceThatWentBackToThePool) {
  AllocatorHarness h(1_GiB, {{"cached_size", "0"}, {"debug_history", "true"}});
  const Address block = h.allocator.allocate(5_KiB, second);
  h.allocator.free(block);
  EXPECT_THAT(message_of<PoolError>([&] { h.allocator.free(block); }),
              AllOf(HasSubstr("freed already"), HasSubstr("freed as event 1")));
  EXPECT_EQ(h.allocator.statistics().frees, 1u);
}

TEST(Allocator, RefusesInteriorAndForeignPointers) {
  AllocatorHarness h(1_GiB);
  const Address block = h.allocator.allocate(1_MiB, first);
  EXPECT_THAT(message_of<PoolError>([&] { h.allocator.free(block + 4_KiB); }),
              HasSubstr("4.00 KiB inside the block at"));
  EXPECT_THAT(message_of<PoolError>([&] { h.allocator.free(block + 8_B); }), HasSubstr("no block begins"));
  EXPECT_THAT(message_of<PoolError>([&] { h.allocator.free(Address(4096)); }), HasSubstr("no block of this allocator"));
  EXPECT_THROW(h.allocator.free(Address(~std::uint64_t{0})), PoolError);
  EXPECT_THROW(h.allocator.record_stream(block + 4_KiB, second), PoolError);
  h.allocator.validate();
  h.allocator.free(block);
  EXPECT_THROW(h.allocator.record_stream(block, second), PoolError);
}

TEST(Allocator, RefusesEverythingAfterTheShutdown) {
  AllocatorHarness h(1_GiB);
  const Address small = h.allocator.allocate(1_KiB, first), large = h.allocator.allocate(100_MiB, first);
  h.allocator.shutdown();
  for (const Address block : {small, large})
    EXPECT_THAT(message_of<PoolError>([&] { h.allocator.free(block); }), HasSubstr("shut down"));
  EXPECT_THROW(h.allocator.allocate(1_KiB, first), PoolError);
  EXPECT_THROW(h.allocator.allocate(1_KiB, second), PoolError);
  EXPECT_THROW(h.allocator.allocate_async(1_KiB, first), PoolError);
  EXPECT_THROW(h.allocator.allocate_batch(std::vector{1_KiB}, first), PoolError);
  h.allocator.shutdown();
  h.allocator.validate();
}

TEST(Allocator, RefusesOptionsThatContradict) {
  EXPECT_THROW(testing::allocator_settings({{"size_steps", "12"}}), ConfigError);
  EXPECT_THROW(testing::allocator_settings({{"cached_size", "2GiB"}}), ConfigError);
}

// --- Asynchronous ----------------------------------------------------------------------------------------------------

TEST(Allocator, ServesFuturesInOrderAndPassesFailuresOn) {
  AllocatorHarness h(64_MiB);
  std::future<Address> one = h.allocator.allocate_async(1_MiB, first);
  std::future<Address> two = h.allocator.allocate_async(0_B, first);
  std::future<Address> three = h.allocator.allocate_async(1_MiB, second);
  const Address block = one.get();
  EXPECT_THROW(two.get(), PoolError);
  EXPECT_NE(three.get(), block);
  h.allocator.free(block);
  h.allocator.validate();
}

TEST(Allocator, FuturesThatWaitFailAtTheShutdown) {
  std::promise<void> go;
  AsyncAllocations async([wait = go.get_future().share()](Bytes, StreamId) {
    wait.wait();
    return Address(512);
  });
  std::future<Address> served = async.submit(1_B, first), waiting = async.submit(1_B, first);
  std::jthread opener([&] {
    std::this_thread::yield();
    go.set_value();
  });
  async.stop();
  // The worker may or may not have come to them: each either was served or says why not.
  for (std::future<Address>* future : {&served, &waiting}) {
    try {
      EXPECT_EQ(future->get(), Address(512));
    } catch (const PoolError& error) {
      EXPECT_THAT(error.what(), HasSubstr("shut down"));
    }
  }
  EXPECT_THROW(async.submit(1_B, first), PoolError);
}

// --- What it tells ---------------------------------------------------------------------------------------------------

TEST(Allocator, CountsWhatItDid) {
  AllocatorHarness h(1_GiB, {{"leak_warning", "2"}});
  AllocatorStats region;
  std::vector<Address> blocks;
  for (int i = 0; i < 3; ++i) blocks.push_back(h.allocator.allocate(1000_KiB, first));
  {
    const PerformanceContext context = h.allocator.performance_context(region);
    h.allocator.free(blocks[0]);
    blocks[0] = h.allocator.allocate(1000_KiB, first);
  }
  EXPECT_EQ(region.allocations, 1u);
  EXPECT_EQ(region.frees, 1u);
  EXPECT_EQ(region.efficiency_score(), 1);
  const AllocatorStats stats = h.allocator.statistics();
  EXPECT_EQ(stats.live_blocks(), 3u);
  EXPECT_TRUE(stats.leak_warning());
  EXPECT_THAT(stats.text(), HasSubstr("a leak? 3 blocks"));
  EXPECT_EQ(stats.efficiency_score(), 0.25);
  EXPECT_EQ(stats.cache_hit_rate(), 0.25);
  EXPECT_EQ(stats.requested, 3 * 1000_KiB);
  EXPECT_EQ(stats.live, 3 * 1_MiB);
  EXPECT_EQ(stats.peak_live, stats.live);
  h.allocator.free(blocks[0]);
  EXPECT_FALSE(h.allocator.statistics().leak_warning());
  EXPECT_EQ(AllocatorStats{}.efficiency_score(), 1);
  EXPECT_EQ(AllocatorStats{}.cache_hit_rate(), 0);
}

TEST(Allocator, AdvisesSizesToWarmUpAndASegmentSize) {
  AllocatorHarness h(1_GiB, {{"debug_history", "true"}});
  for (int round = 0; round < 20; ++round) {
    const std::vector<Address> blocks = h.allocator.allocate_batch(std::vector{4_KiB, 4000_B, 64_KiB, 8_MiB}, first);
    for (const Address block : blocks) h.allocator.free(block);
  }
  const AllocationAdvice advice = h.allocator.analyze_allocation_patterns();
  EXPECT_EQ(advice.warmup, "4KiB:2,64KiB:1");
  EXPECT_EQ(advice.segment_size, 8_MiB);
  AllocatorHarness silent(1_GiB);
  EXPECT_THROW(silent.allocator.analyze_allocation_patterns(), ConfigError);
}

}  // namespace
}  // namespace vramlab
