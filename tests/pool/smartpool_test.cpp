// What pool smartpool does beyond the conformance suite, while programs do as they did.

#include "engine/pool/smartpool.h"

#include <gtest/gtest.h>

#include "engine/core/error.h"
#include "smartpool_run.h"
#include "traces/reader.h"

namespace vramlab {
namespace {

using testing::mib;
using testing::Options;
using testing::PoolHarness;
using testing::Runner;
using testing::Shape;
using testing::training;

TEST(SmartPool, ServesAKnownIterationFromItsPlanWithoutACall) {
  Runner r;
  r.alloc({40 * mib, 0});  // weights
  r.run(training(7));      // another shape: the warm-up
  const Shape shape = training(20);
  r.run(shape, 4);
  ASSERT_TRUE(r.statistics().following);
  const std::uint64_t commands = r.h.device.commands;
  const Bytes reserved = r.h.port.reserved();
  for (int i = 0; i < 5; ++i) EXPECT_EQ(r.hits(shape), shape.size());
  EXPECT_EQ(r.h.device.commands, commands);
  EXPECT_EQ(r.h.port.reserved(), reserved);
  EXPECT_EQ(r.statistics().plans_made, 1u);
}

TEST(SmartPool, TakesNoMoreForThePlanThanWasReservedBefore) {
  Runner r;
  const Shape shape = training(20);
  r.run(shape, 2);
  const Bytes before = r.h.port.peak_reserved();
  r.run(shape, 6);
  EXPECT_TRUE(r.statistics().following);
  EXPECT_LE(r.h.port.peak_reserved(), before);
  EXPECT_GE(r.statistics().overall_reduction, 0.0);
}

TEST(SmartPool, AnObjectThatOutlivesItsPlanIsNotOverwritten) {
  Runner r;
  const Shape shape = training(20);
  r.run(shape, 4);
  Shape once = shape;
  once[4].life = 0;  // kept for ever this time
  r.run(once);
  for (int i = 0; i < 3; ++i) {
    const std::uint64_t hits = r.hits(shape);  // the checker sees every overlap
    EXPECT_LT(hits, shape.size());
    EXPECT_GT(hits, shape.size() / 2);
  }
  EXPECT_FALSE(::testing::Test::HasFailure());
}

TEST(SmartPool, FreesInAnotherOrderAreNoMisses) {
  Runner r;
  const Shape shape = training(20);
  r.run(shape, 4);
  // All that is due at a request is freed in the order of requests instead of the reverse.
  std::vector<std::pair<std::uint64_t, std::uint32_t>> live;
  const std::uint64_t before = r.statistics().plan_hits;
  for (std::uint64_t t = 0; t < shape.size(); ++t) {
    std::erase_if(live, [&](const auto& l) {
      if (l.first <= t) r.free(l.second);
      return l.first <= t;
    });
    live.push_back({t + shape[t].life, r.alloc({shape[t].bytes, 0})});
  }
  for (const auto& [until, object] : live) r.free(object);
  r.h.pool->validate();
  EXPECT_GE(r.statistics().plan_hits - before, shape.size() - 1);
}

TEST(SmartPool, HandsOnOnlyTheRequestThatDiffers) {
  Runner r;
  const Shape shape = training(20);
  r.run(shape, 4);
  Shape other = shape;
  other[30].bytes = 77 * 512;
  EXPECT_EQ(r.hits(other), shape.size() - 1);
  other = shape;
  other.insert(other.begin() + 30, {99 * 512, 1});
  EXPECT_GE(r.hits(other), shape.size() - 2);
  other = shape;
  other.erase(other.begin() + 50);
  EXPECT_GE(r.hits(other), shape.size() - 10);  // all that was to be freed later is freed later still
  r.run(shape);
  EXPECT_EQ(r.hits(shape), shape.size());
  EXPECT_TRUE(r.statistics().following);
}

TEST(SmartPool, FollowsShapesThatComeByTurns) {
  Runner r;
  const Shape a = training(10), b = training(14);
  Shape both = a;
  both.insert(both.end(), b.begin(), b.end());
  r.run(both, 14);  // a first plan takes the end of one shape and the beginning of the other for a period
  EXPECT_EQ(r.hits(both), both.size());
  EXPECT_EQ(r.statistics().plans_kept, 1u);
  EXPECT_LE(r.statistics().plans_made, 2u);
}

TEST(SmartPool, LearnsAShapeThatComesNowAndThen) {
  Runner r;
  const Shape a = training(20);
  Shape b = training(15, 2);
  b[0].bytes = 3 * 512;
  r.run(a, 4);
  for (int i = 0; i < 3; ++i) {
    r.run(b);
    r.run(a, 3);
  }
  EXPECT_EQ(r.statistics().plans_kept, 2u);
  for (int i = 0; i < 3; ++i) {
    EXPECT_EQ(r.hits(b), b.size());
    EXPECT_EQ(r.hits(a), a.size());
    EXPECT_EQ(r.hits(a), a.size());
  }
  EXPECT_EQ(r.statistics().plans_made, 2u);
}

TEST(SmartPool, KeepsAsManyPlansAsAskedFor) {
  Runner r(Options{{"plans", "2"}, {"solver", "best-fit"}});
  for (std::uint64_t layers = 18; layers < 24; ++layers) r.run(training(layers, layers), 5);
  EXPECT_EQ(r.statistics().plans_kept, 2u);
  EXPECT_GE(r.statistics().plans_made, 5u);
  EXPECT_EQ(r.statistics().replans, r.statistics().plans_made - 1);
  const Shape last = training(23, 23);
  EXPECT_EQ(r.hits(last), last.size());
}

TEST(SmartPool, PlansAnewWhenItsPlanMissesMuch) {
  Runner r;
  const Shape shape = training(20);
  r.run(shape, 4);
  Shape longer = shape;  // the same requests, but every activation lives a third longer
  for (std::size_t i = 0; i < longer.size(); ++i)
    longer[i].life = std::min<std::uint64_t>(longer[i].life + 20, longer.size() - i);
  r.run(longer, 8);
  EXPECT_EQ(r.statistics().plans_made, 2u);
  EXPECT_EQ(r.hits(longer), longer.size());
}

TEST(SmartPool, WithoutAPeriodTheFallbackServesAll) {
  Runner r;
  for (std::uint64_t i = 0; i < 600; ++i) r.alloc({(i * i % 1009 + 1) * 4096, i % 7 + 1});
  EXPECT_EQ(r.statistics().plan_hits, 0u);
  EXPECT_EQ(r.statistics().plans_made, 0u);
  EXPECT_EQ(r.h.pool->stats().allocations, 600u);
}

TEST(SmartPool, WaitsForStreamsInItsPlanToo) {
  Runner r;
  Shape shape = training(20);
  for (std::size_t i = 0; i < shape.size(); i += 3) shape[i].stream = static_cast<std::uint16_t>(i % 4);
  r.run(shape, 8);  // the checker sees every wait that is missing
  EXPECT_EQ(r.hits(shape), shape.size());
}

// --- Memory ----------------------------------------------------------------------------------------------------------

TEST(SmartPool, GivesIdleMemoryOfPlansBackToServeARequest) {
  Runner r({}, 96_MiB);
  const Shape shape = training(20);
  r.run(shape, 4);
  ASSERT_TRUE(r.statistics().following);
  ASSERT_GT(r.statistics().plan_memory, 30_MiB);
  r.end_all();
  const std::uint32_t large = r.alloc({80 * mib, 0});
  EXPECT_EQ(r.statistics().plan_memory, Bytes(0));
  r.free(large);
  r.run(shape, 3);
  EXPECT_EQ(r.hits(shape), shape.size());
  EXPECT_LE(r.h.port.peak_reserved(), 96_MiB);
}

TEST(SmartPool, EmptyCacheGivesAllBackAndThePlanIsFollowedAgain) {
  Runner r;
  const Shape shape = training(20);
  r.run(shape, 4);
  r.end_all();
  r.h.pool->empty_cache();
  r.h.complete_all();
  r.h.pool->validate();
  EXPECT_EQ(r.h.port.reserved(), Bytes(0));
  r.run(shape);
  EXPECT_EQ(r.hits(shape), shape.size());
  EXPECT_EQ(r.statistics().plans_made, 1u);
}

TEST(SmartPool, StaysWithTheFallbackWhereThePlansMemoryIsRefused) {
  Runner r(Options{{"fallback", "segment-block"}});
  const Shape shape = training(20);
  r.run(shape, 2);
  for (std::uint64_t i = 0; i < 3; ++i) r.h.device.refused.insert(r.h.device.commands + i);
  r.run(shape, 1);
  EXPECT_EQ(r.h.pool->stats().allocations, 3 * shape.size());
  r.run(shape, 8);
  EXPECT_TRUE(r.statistics().following);
  EXPECT_EQ(r.hits(shape), shape.size());
}

TEST(SmartPool, ALostPlansMemoryServesUntilItIsEmpty) {
  Runner r;
  const Shape shape = training(20);
  r.run(shape, 4);
  const Bytes before = r.h.port.peak_reserved();
  for (std::size_t i = 0; i < 40; ++i) r.alloc(shape[i]);  // half an iteration, then something else
  for (std::uint64_t i = 0; i < 60; ++i) r.alloc({(i * i % 7 + 1) * 300'000, i % 5 + 1});
  EXPECT_FALSE(r.statistics().following);
  EXPECT_LE(r.h.port.peak_reserved(), before);
  r.end_all();
  r.h.pool->validate();
  EXPECT_EQ(r.statistics().plan_memory, Bytes(0));
}

// --- Options and statistics ------------------------------------------------------------------------------------------

TEST(SmartPool, AnyPoolThatNeedsNoPlanCanBeTheFallback) {
  for (const PoolInfo& info : pools()) {
    const std::string name(info.name);
    if (info.needs_instance || name == "smartpool") {
      EXPECT_THROW(Runner(Options{{"fallback", name}}), ConfigError) << name;
      continue;
    }
    Runner r(Options{{"fallback", name}, {"plan_headroom", "10"}});
    const Shape shape = training(20);
    r.run(shape, 5);
    EXPECT_EQ(r.hits(shape), shape.size()) << name;
  }
}

TEST(SmartPool, RefusesUnknownSolversAndFallbacks) {
  EXPECT_THROW(Runner(Options{{"solver", "magic"}}), ConfigError);
  EXPECT_THROW(Runner(Options{{"fallback", "magic"}}), ConfigError);
}

TEST(SmartPool, TellsTheStatisticsOfSmartPool) {
  Runner r(Options{{"fallback", "cnmem"}});
  const SmartPoolStatistics fresh = r.statistics();
  EXPECT_EQ(fresh.current_fragmentation, 0.0);
  EXPECT_FALSE(fresh.target_achieved);
  const Shape shape = training(20);
  r.run(shape, 2);
  const Bytes alone = r.h.port.peak_reserved();
  r.run(shape, 6);
  const SmartPoolStatistics s = r.statistics();
  const double held = static_cast<double>(r.h.port.reserved().value);
  EXPECT_DOUBLE_EQ(s.current_fragmentation, static_cast<double>(r.h.pool->stats().cached.value) / held);
  EXPECT_LE(s.overall_reduction, 1 - held / static_cast<double>(alone.value));
  EXPECT_EQ(s.target_achieved, s.overall_reduction >= 0.133);
  EXPECT_EQ(s.plan_hits, r.h.pool->stats().cache_hits);
  EXPECT_EQ(s.plan_hits + r.h.pool->stats().cache_misses, r.h.pool->stats().allocations);
  PoolHarness other("vmm", {});
  EXPECT_THROW(static_cast<void>(smartpool_statistics(*other.pool)), PoolError);
}

// --- Recordings ------------------------------------------------------------------------------------------------------

struct Served {
  std::uint64_t requests = 0, hits = 0, commands = 0;  // of the last two iterations
  std::uint64_t plans = 0;
  double reserved_over_requested = 0;
};

// The checker is left out: it compares every pair of objects.
Served replay_recording(const std::string& name, std::uint64_t period) {
  const Trace trace = read_traces(VRAMLAB_SOURCE_DIR "/traces/bundled/" + name).front();
  testing::ScriptedDevice device;
  DecisionLog log;
  Port port(device, log);
  const PoolInfo& info = find_row(pools(), "pool", "smartpool");
  const auto pool = info.make(port, OptionValues(info.name, info.options), {.device_memory = 141_GiB});
  Served served;
  std::uint64_t requested = 0, peak = 0, commands = 0, hits = 0;
  std::uint32_t next = 0;
  const std::uint64_t from = trace.object_count() - 2 * period;
  for (std::uint64_t e = 0; e < trace.event_count(); ++e) {
    if (trace.kinds[e] == EventKind::alloc) {
      if (next == from) commands = device.commands, hits = pool->stats().cache_hits;
      port.bind(BlockId(next), ObjectId(next));
      pool->allocate({BlockId(next), ObjectId(next), trace.sizes[next], trace.streams[next]});
      peak = std::max(peak, requested += trace.sizes[next++].value);
    } else if (trace.kinds[e] == EventKind::free_completed) {
      pool->release(BlockId(trace.subjects[e]));
      requested -= trace.sizes[trace.subjects[e]].value;
    }
  }
  pool->validate();
  return {2 * period, pool->stats().cache_hits - hits, device.commands - commands,
          smartpool_statistics(*pool).plans_made,
          static_cast<double>(port.peak_reserved().value) / static_cast<double>(peak)};
}

TEST(SmartPool, FollowsTheRecordingsOfFixedShape) {
  const std::pair<const char*, std::uint64_t> recordings[] = {{"alexnet-train-b256.pickle.xz", 81},
                                                              {"vgg16-train-b64.pickle.xz", 159},
                                                              {"resnet50-train-prefetch-stream.pickle.xz", 686}};
  for (const auto& [name, period] : recordings) {
    const Served served = replay_recording(name, period);
    EXPECT_EQ(served.plans, 1u) << name;
    EXPECT_EQ(served.commands, 0u) << name;
    EXPECT_GE(served.hits * 100, served.requests * 97) << name;
    EXPECT_LE(served.reserved_over_requested, 1.01) << name;
  }
}

}  // namespace
}  // namespace vramlab
