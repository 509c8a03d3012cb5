// The plug-in's world on a device without memory: what a program may ask, and what it may get wrong.

#if __has_include("engine/cuda/plugin/worlds.h")

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <set>
#include <thread>

#include "engine/core/error.h"
#include "fake_world.h"

namespace vramlab::test {
namespace {

using plugin::World;
using plugin::WorldSettings;
using plugin::WorldStats;
using ::testing::HasSubstr;

template <class Failure>
std::string message_of(const std::function<void()>& call) {
  try {
    call();
  } catch (const Failure& error) {
    return error.what();
  }
  return "";
}

TEST(World, AccountsForWhatIsAskedForExactly) {
  World world = make_world();
  void* const a = world.allocate(1000, nullptr);
  void* const b = world.allocate(3000, stream(8));
  EXPECT_EQ(world.stats().requested, 4000_B);
  world.free(a, 1000);
  void* const c = world.allocate(500, nullptr);
  const WorldStats stats = world.stats();
  EXPECT_EQ(stats.requested, 3500_B);
  EXPECT_EQ(stats.peak_requested, 4000_B);
  EXPECT_EQ(stats.allocator.all_requested, 4500_B);
  EXPECT_GE(stats.reserved, stats.requested);
  world.free(b, 3000);
  world.free(c, 500);
  EXPECT_EQ(world.stats().requested, 0_B);
  EXPECT_NO_THROW(world.allocator().validate());
}

TEST(World, NothingIsNullAndFreeingNullIsNothing) {
  World world = make_world();
  EXPECT_EQ(world.allocate(0, nullptr), nullptr);
  EXPECT_NO_THROW(world.free(nullptr, 0));
  EXPECT_EQ(world.stats().allocator.allocations, 0u);
}

TEST(World, PeaksBeginAnewAtAResetAndTheTopStays) {
  World world = make_world();
  void* const a = world.allocate(10 << 20, nullptr);
  world.free(a, 10 << 20);
  world.empty_cache();
  world.reset_peaks();
  world.allocate(1 << 20, nullptr);
  const WorldStats stats = world.stats();
  EXPECT_EQ(stats.peak_requested, 1_MiB);
  EXPECT_EQ(stats.top_requested, 10_MiB);
  EXPECT_LT(stats.peak_reserved, 10_MiB);
  EXPECT_GE(stats.top_reserved, 10_MiB);
}

TEST(World, EveryPoolThatNeedsNoTraceServes) {
  for (const PoolInfo& pool : pools()) {
    const WorldVariables variables{{"POOL", std::string(pool.name)}};
    if (pool.needs_instance) {
      EXPECT_THAT(message_of<ConfigError>([&] { make_world(variables); }), HasSubstr("cuda-malloc, pytorch"));
      continue;
    }
    World world = make_world(variables);
    void* const block = world.allocate(3 << 20, nullptr);
    EXPECT_NE(block, nullptr) << pool.name;
    EXPECT_NO_THROW(world.free(block, 3 << 20)) << pool.name;
    world.empty_cache();
    EXPECT_EQ(world.stats().requested, 0_B) << pool.name;
  }
}

TEST(World, OptionsComeFromTheEnvironment) {
  const WorldSettings settings =
      WorldSettings::from(environment_of({{"POOL", "pytorch"},
                                          {"POOL_OPTIONS", "max_split_size=64MiB"},
                                          {"CAP", "2GiB"},
                                          {"ALLOCATOR_OPTIONS", "cached_size=1MiB,size_steps=16"}}));
  EXPECT_EQ(settings.pool->name, "pytorch");
  EXPECT_EQ(settings.pool_options.bytes("max_split_size"), 64_MiB);
  EXPECT_EQ(settings.allocator.cached_size, 1_MiB);
  EXPECT_EQ(settings.allocator.size_steps, 16u);
  EXPECT_EQ(settings.cap, 2_GiB);
}

TEST(World, WhatTheEnvironmentSaysWrongIsNamed) {
  const auto wrong = [](const WorldVariables& variables) {
    return message_of<ConfigError>([&] { WorldSettings::from(environment_of(variables)); });
  };
  EXPECT_THAT(wrong({{"POOL", "vmn"}}), HasSubstr("VRAMLAB_POOL: 'vmn'"));
  EXPECT_THAT(wrong({{"POOL_OPTIONS", "page"}}), HasSubstr("VRAMLAB_POOL_OPTIONS: 'page' is not NAME=VALUE"));
  EXPECT_THAT(wrong({{"POOL", "pytorch"}, {"POOL_OPTIONS", "max_split=1"}}), HasSubstr("max_split_size"));
  EXPECT_THAT(wrong({{"CAP", "much"}}), HasSubstr("VRAMLAB_CAP"));
}

// --- Memory that runs out --------------------------------------------------------------------------------------------

TEST(World, OutOfMemoryTellsWhoHasItAndThePogramGoesOn) {
  World world = make_world({}, 64_MiB);
  void* const a = world.allocate(40 << 20, nullptr);
  const std::string text = message_of<OutOfMemory>([&] { world.allocate(40 << 20, nullptr); });
  EXPECT_THAT(text, HasSubstr("CUDA out of memory. Tried to allocate 40.00 MiB. GPU 0"));
  EXPECT_THAT(text, HasSubstr("largest: 40.00 MiB"));
  world.free(a, 40 << 20);
  EXPECT_NE(world.allocate(40 << 20, nullptr), nullptr);
  EXPECT_EQ(world.stats().ooms, 1u);
}

TEST(World, MoreThanThereIsIsOutOfMemoryToo) {
  World world = make_world({}, 64_MiB);
  EXPECT_THROW(world.allocate(std::size_t{1} << 40, nullptr), OutOfMemory);
}

TEST(World, AMemoryFractionLimitsFromThenOn) {
  World world = make_world({}, 1_GiB);
  void* const a = world.allocate(100 << 20, nullptr);
  world.set_memory_fraction(0.25);
  EXPECT_THROW(world.allocate(200 << 20, nullptr), OutOfMemory);
  world.free(a, 100 << 20);
  EXPECT_NE(world.allocate(200 << 20, nullptr), nullptr);
  world.set_memory_fraction(1);
  EXPECT_NE(world.allocate(700 << 20, nullptr), nullptr);
  EXPECT_THROW(world.set_memory_fraction(1.5), ConfigError);
}

TEST(World, ACapLimitsFromTheBeginning) {
  World world = make_world({{"CAP", "100MiB"}});
  EXPECT_THROW(world.allocate(101 << 20, nullptr), OutOfMemory);
  EXPECT_NE(world.allocate(90 << 20, nullptr), nullptr);
}

TEST(World, ResettingGivesBackWhatIsCached) {
  for (const char* pool : {"vmm", "segment-block", "pytorch", "smartpool", "tiered"}) {
    World world = make_world({{"POOL", pool}});
    std::vector<void*> blocks;
    for (int i = 0; i < 50; ++i) blocks.push_back(world.allocate(5 << 20, nullptr));
    for (void* block : blocks) world.free(block, 5 << 20);
    EXPECT_GT(world.stats().reserved, 0_B) << pool;
    world.empty_cache();
    EXPECT_EQ(world.stats().reserved, 0_B) << pool;
  }
}

// --- Misuse ----------------------------------------------------------------------------------------------------------

TEST(World, ADoubleFreeAndAForeignPointerAreRefusedAndCounted) {
  World world = make_world();
  void* const a = world.allocate(5000, nullptr);
  world.free(a, 5000);
  EXPECT_THROW(world.free(a, 5000), PoolError);
  EXPECT_THROW(world.free(stream(0x1234567000), 8), PoolError);
  EXPECT_THROW(world.record_stream(a, stream(8)), PoolError);
  EXPECT_EQ(world.stats().bad_frees, 2u);
  EXPECT_EQ(world.stats().requested, 0_B);
}

TEST(World, TheBaseOfABlockIsItsSegment) {
  World world = make_world({{"POOL", "cuda-malloc"}});
  void* const a = world.allocate(5 << 20, nullptr);
  std::size_t bytes = 0;
  EXPECT_EQ(world.base_of(static_cast<char*>(a) + 4096, &bytes), a);
  EXPECT_EQ(bytes, std::size_t{5} << 20);
  EXPECT_EQ(world.base_of(stream(4096), &bytes), stream(4096));
  EXPECT_EQ(bytes, 0u);
}

// --- Streams ---------------------------------------------------------------------------------------------------------

TEST(World, MemoryThatAnotherStreamUsesRestsUntilThatIsDone) {
  World world = make_world({{"POOL", "segment-block"}});
  void* const a = world.allocate(1 << 20, nullptr);
  world.record_stream(a, stream(16));
  world.free(a, 1 << 20);
  EXPECT_GT(world.stats().allocator.parked, 0_B);
  for (int i = 0; i < 200; ++i) world.free(world.allocate(4096, nullptr), 4096);  // some of them poll
  EXPECT_EQ(world.stats().allocator.parked, 0_B);
}

TEST(World, EveryStreamIsIntroducedToTheDeviceOnce) {
  std::map<std::uint16_t, void*> known;
  plugin::StreamMap map([&known](StreamId id, void* handle) { EXPECT_TRUE(known.emplace(id.value, handle).second); });
  for (int round = 0; round < 2; ++round)
    for (std::uintptr_t i = 0; i < 500; ++i) EXPECT_EQ(map.of(stream(i * 4096)).value, i);
  EXPECT_EQ(known.size(), 500u);
  EXPECT_EQ(map.handle_of(StreamId(3)), stream(3 * 4096));
  for (std::uintptr_t i = 500; i <= plugin::StreamMap::most; ++i) map.of(stream(i * 4096));
  EXPECT_THROW(map.of(stream(8)), PoolError);
}

TEST(World, ThreadsOnStreamsOfTheirOwnShareIt) {
  World world = make_world({{"COMPARE", "1"}});
  std::vector<std::jthread> threads;
  for (std::uintptr_t t = 0; t < 4; ++t)
    threads.emplace_back([&world, t] {
      std::vector<std::pair<void*, std::size_t>> live;
      for (std::size_t i = 0; i < 20000; ++i) {
        const std::size_t bytes = 1 + (i * 7919 + t * 104729) % 300000;
        live.emplace_back(world.allocate(bytes, stream(t * 64)), bytes);
        if (i % 50 == 0) world.record_stream(live.back().first, stream((t + 1) * 64));
        if (live.size() < 20) continue;
        world.free(live.front().first, live.front().second);
        live.erase(live.begin());
      }
      for (const auto& [block, bytes] : live) world.free(block, bytes);
    });
  threads.clear();
  world.finish();
  const WorldStats stats = world.stats();
  EXPECT_EQ(stats.requested, 0_B);
  EXPECT_EQ(stats.allocator.allocations, 80000u);
  EXPECT_EQ(stats.allocator.frees, 80000u);
  EXPECT_GT(*stats.pytorch_reserved, 0_B);
  world.empty_cache();
  EXPECT_NO_THROW(world.allocator().validate());
}

}  // namespace
}  // namespace vramlab::test

#endif
