// The manager's decisions: what each level lets go, decisions before their execution, the swap-ahead factor, the
// interval.

#include "engine/swap/autoswap_manager.h"

#include <gtest/gtest.h>

#include <thread>

#include "engine/core/error.h"
#include "engine/device/port.h"
#include "swap_workloads.h"

namespace vramlab {
namespace {

using testing::HarnessPlaces;
using testing::SwapScript;

constexpr Bytes capacity = 100_MiB;

/// A device of 100 MiB with objects on it.
struct Managed {
  explicit Managed(const std::vector<Bytes>& sizes) : options(testing::large_machine("autoswap", capacity)) {
    for (const Bytes bytes : sizes) script.alloc(bytes);
    for (std::uint32_t i = 0; i < sizes.size(); ++i) {
      places.place(ObjectId(i));
      swapper.allocated(ObjectId(i), sizes[i], StreamId(0));
    }
  }

  testing::SwapRunOptions options;
  SwapScript script;
  std::unique_ptr<RunnableDevice> device = testing::simulated_h200();
  DecisionLog log;
  Port port{*device, log};
  HarnessPlaces places{port, capacity, script};
  PrioritySwapper swapper{port, places, options.machine, options.swapper};
};

/// One object of each priority, 10 MiB each, and one of `filler`.
struct World {
  explicit World(AutoSwapSettings settings = {}, Bytes filler = 0_B)
      : managed({10_MiB, 10_MiB, 10_MiB, 10_MiB, 10_MiB, filler}), manager(settings) {
    manager.add_device(managed.swapper, managed.options.machine);
    for (std::uint32_t i = 0; i < 5; ++i)
      manager.add(0, ObjectId(i), 10_MiB, StreamId(0), static_cast<SwapPriority>(i));
    manager.add(0, ObjectId(5), filler, StreamId(0), SwapPriority::critical);
  }
  std::vector<std::uint32_t> decided(Bytes bytes) const {
    std::vector<std::uint32_t> objects;
    for (const ObjectId object : manager.make_swap_decision(bytes, 0).objects) objects.push_back(object.value);
    return objects;
  }

  Managed managed;
  AutoSwapManager manager;
};

constexpr std::uint32_t high = 1, medium = 2, low = 3, idle = 4;

TEST(AutoSwapManager, KnowsTheLevelsOfTheDocument) {
  const auto level = [](std::uint64_t mebibytes) {
    return World({}, Bytes((mebibytes - 50) << 20)).manager.pressure(0);
  };
  EXPECT_EQ(World().manager.pressure(0), PressureLevel::moderate);  // 50%
  EXPECT_EQ(level(75), PressureLevel::moderate);
  EXPECT_EQ(level(76), PressureLevel::high);
  EXPECT_EQ(level(90), PressureLevel::high);
  EXPECT_EQ(level(91), PressureLevel::critical);
  EXPECT_EQ(level(95), PressureLevel::extreme);
  EXPECT_EQ(World().manager.pressure(0, 30_MiB), PressureLevel::high);
}

TEST(AutoSwapManager, LetsExtremePressureTakeAllButCriticalPriority) {
  const World world({}, 50_MiB);
  EXPECT_EQ(world.decided(100_MiB), (std::vector<std::uint32_t>{idle, low, medium, high}));
}

// Thresholds are set so that a full device is under the pressure asked for.
TEST(AutoSwapManager, LetsEachLevelTakeWhatTheDocumentLetsItTake) {
  const auto taken_under = [](PressureLevel level) {
    AutoSwapSettings settings;
    for (std::uint32_t i = 0; i < 4; ++i)
      settings.thresholds.per_mille[i] = i < static_cast<std::uint32_t>(level) ? 1 + i : 996 + i;
    settings.policy = ManagerPolicy::aggressive;
    settings.monitoring_interval = 1;
    settings.swap_ahead = 10'000;
    World world(settings, 48_MiB);
    world.manager.operator_ran(0);
    EXPECT_EQ(world.manager.pressure(0, Bytes(world.managed.swapper.leaving_bytes())), level);
    std::vector<std::uint32_t> gone;
    for (std::uint32_t i = 0; i < 5; ++i)
      if (world.managed.swapper.state(ObjectId(i)) != SwapState::resident) gone.push_back(i);
    return gone;
  };
  EXPECT_EQ(taken_under(PressureLevel::low), (std::vector<std::uint32_t>{}));
  EXPECT_EQ(taken_under(PressureLevel::moderate), (std::vector<std::uint32_t>{idle}));
  EXPECT_EQ(taken_under(PressureLevel::high), (std::vector<std::uint32_t>{low, idle}));
  EXPECT_EQ(taken_under(PressureLevel::critical), (std::vector<std::uint32_t>{medium, low, idle}));
  EXPECT_EQ(taken_under(PressureLevel::extreme), (std::vector<std::uint32_t>{high, medium, low, idle}));
}

TEST(AutoSwapManager, DecidesWithoutCarryingOut) {
  World world({}, 50_MiB);
  const SwapDecision decision = world.manager.make_swap_decision(10_MiB, 0);
  EXPECT_EQ(decision.required, 10_MiB);
  EXPECT_EQ(decision.level, PressureLevel::extreme);
  EXPECT_EQ(world.managed.swapper.stats().outs, 0U);
  EXPECT_EQ(world.manager.performance().decisions, 0U);
  const ExecutedSwaps executed = world.manager.execute_swap_decision(decision);
  EXPECT_EQ(executed.begun, decision.objects);
  EXPECT_EQ(world.managed.swapper.stats().outs, decision.objects.size());
  EXPECT_EQ(world.manager.performance().decisions, 1U);
}

TEST(AutoSwapManager, RefusesWhatBecameImpossibleMeanwhile) {
  World world({}, 50_MiB);
  const SwapDecision decision = world.manager.make_swap_decision(30_MiB, 0);
  ASSERT_EQ(decision.objects.size(), 4U);
  world.manager.pin(0, ObjectId(idle));
  world.manager.remove(0, ObjectId(low));
  const ExecutedSwaps executed = world.manager.execute_swap_decision(decision);
  EXPECT_EQ(executed.begun, (std::vector<ObjectId>{ObjectId(medium), ObjectId(high)}));
  EXPECT_EQ(executed.refused, 2U);
  EXPECT_EQ(world.manager.performance().success_per_mille, 500U);
}

TEST(AutoSwapManager, SwapsAFifthMoreThanNeeded) {
  const World world({}, 50_MiB);
  EXPECT_EQ(world.manager.make_swap_decision(10_MiB, 0).wanted, Bytes(12 << 20));
  EXPECT_EQ(world.decided(10_MiB).size(), 2U);  // one would do for what is needed, not for a fifth more
  AutoSwapSettings settings;
  settings.swap_ahead = 1000;
  EXPECT_EQ(World(settings, 50_MiB).decided(10_MiB).size(), 1U);
}

TEST(AutoSwapManager, GivesUpWhatIsMissingAndSendsTheRestAhead) {
  World world({}, 50_MiB);
  EXPECT_GE(world.manager.handle_pressure(10_MiB, 0), 10_MiB);
  const MemoryDistribution bytes = world.manager.distribution(0);
  EXPECT_EQ(bytes.by_tier[static_cast<std::size_t>(Tier::host)], 10_MiB);
  EXPECT_EQ(bytes.leaving, 10_MiB);
  EXPECT_EQ(bytes.by_tier[static_cast<std::size_t>(Tier::device)], 80_MiB);
  EXPECT_TRUE(world.manager.swap_in(ObjectId(idle), 0));
  EXPECT_EQ(world.manager.distribution(0).arriving, 10_MiB);
}

TEST(AutoSwapManager, KeepsWhatIsNeeded) {
  World world({}, 50_MiB);
  const std::vector<ObjectId> needed{ObjectId(idle), ObjectId(low)};
  EXPECT_GE(world.manager.handle_pressure(10_MiB, 0, needed), 10_MiB);
  for (const ObjectId object : needed) EXPECT_EQ(world.managed.swapper.state(object), SwapState::resident);
}

TEST(AutoSwapManager, TellsThatNothingMayGo) {
  AutoSwapSettings settings;
  settings.min_swap = 11_MiB;
  World world(settings, 50_MiB);
  EXPECT_EQ(world.manager.handle_pressure(10_MiB, 0), 0_B);
  EXPECT_EQ(world.manager.performance().not_handled, 1U);
}

TEST(AutoSwapManager, RespectsTheSizesThatAreSwapped) {
  AutoSwapSettings settings;
  settings.max_swap = 9_MiB;
  EXPECT_TRUE(World(settings, 50_MiB).decided(50_MiB).empty());
  settings.max_swap = 10_MiB;
  EXPECT_EQ(World(settings, 50_MiB).decided(50_MiB).size(), 4U);
}

/// Operators until monitoring begins to swap; 0 = not within 100.
std::uint32_t operators_until_it_swaps(ManagerPolicy policy, Bytes filler, std::uint32_t interval = 16) {
  AutoSwapSettings settings;
  settings.policy = policy;
  settings.monitoring_interval = interval;
  World world(settings, filler);
  for (std::uint32_t i = 1; i <= 100; ++i) {
    world.manager.operator_ran(0);
    if (world.managed.swapper.stats().outs > 0) return i;
  }
  return 0;
}

TEST(AutoSwapManager, LooksAtThePressureEveryInterval) {
  EXPECT_EQ(operators_until_it_swaps(ManagerPolicy::balanced, 30_MiB), 16U);
  EXPECT_EQ(operators_until_it_swaps(ManagerPolicy::balanced, 30_MiB, 5), 5U);
}

TEST(AutoSwapManager, ActsEarlyLaterOrOnlyWhenNecessaryByPolicy) {
  EXPECT_EQ(operators_until_it_swaps(ManagerPolicy::aggressive, 10_MiB), 16U);   // 60%: moderate
  EXPECT_EQ(operators_until_it_swaps(ManagerPolicy::balanced, 10_MiB), 0U);      // not yet
  EXPECT_EQ(operators_until_it_swaps(ManagerPolicy::balanced, 30_MiB), 16U);     // 80%: high
  EXPECT_EQ(operators_until_it_swaps(ManagerPolicy::conservative, 50_MiB), 0U);  // 100%
  EXPECT_EQ(operators_until_it_swaps(ManagerPolicy::aggressive, 0_B), 0U);       // 50%: down to where it is
}

TEST(AutoSwapManager, MonitoringTakesOnlyIdleObjectsUnderModeratePressure) {
  AutoSwapSettings settings;
  settings.policy = ManagerPolicy::aggressive;
  settings.monitoring_interval = 1;
  World world(settings, 25_MiB);  // 75%
  for (int i = 0; i < 10; ++i) world.manager.operator_ran(0);
  EXPECT_EQ(world.managed.swapper.stats().outs, 1U);
  EXPECT_NE(world.managed.swapper.state(ObjectId(idle)), SwapState::resident);
}

TEST(AutoSwapManager, KeepsDevicesApart) {
  Managed one({10_MiB, 90_MiB}), two({10_MiB});
  AutoSwapManager manager(AutoSwapSettings{});
  EXPECT_EQ(manager.add_device(one.swapper, one.options.machine), 0U);
  EXPECT_EQ(manager.add_device(two.swapper, two.options.machine), 1U);
  manager.add(0, ObjectId(0), 10_MiB, StreamId(0));
  manager.add(0, ObjectId(1), 90_MiB, StreamId(0));
  manager.add(1, ObjectId(0), 10_MiB, StreamId(0));
  EXPECT_EQ(manager.pressure(0), PressureLevel::extreme);
  EXPECT_EQ(manager.pressure(1), PressureLevel::low);
  EXPECT_GT(manager.handle_pressure(5_MiB, 0), 0_B);
  EXPECT_EQ(two.swapper.stats().outs, 0U);
  EXPECT_THROW(manager.pressure(2), InvariantError);
  EXPECT_THROW(manager.add(1, ObjectId(0), 10_MiB, StreamId(0)), InvariantError);
  EXPECT_THROW(manager.remove(1, ObjectId(7)), InvariantError);
}

// Whoever uses it may use it from any thread; run with ThreadSanitizer by `./dev check`.
TEST(AutoSwapManager, ServesManyThreads) {
  Managed one(std::vector<Bytes>(20, 4_MiB)), two(std::vector<Bytes>(20, 4_MiB));
  AutoSwapManager manager(AutoSwapSettings{});
  for (Managed* managed : {&one, &two}) {
    const std::uint32_t device = manager.add_device(managed->swapper, managed->options.machine);
    for (std::uint32_t i = 0; i < 20; ++i) manager.add(device, ObjectId(i), 4_MiB, StreamId(0));
  }
  const auto work = [&](std::uint32_t thread) {
    for (std::uint32_t i = 0; i < 300; ++i) {
      const std::uint32_t device = (thread + i) % 2;
      const ObjectId object((i * 7 + thread) % 20);
      manager.record_access(device, object);
      manager.set_priority(device, object, static_cast<SwapPriority>(1 + i % 4));
      if (i % 5 == 0) manager.execute_swap_decision(manager.make_swap_decision(30_MiB, device));
      if (i % 7 == 0) manager.handle_pressure(4_MiB, device);
      manager.swap_in(object, device);
      manager.operator_ran(device);
      manager.pressure(device);
      manager.distribution(device);
      manager.performance();
    }
  };
  std::vector<std::thread> threads;
  for (std::uint32_t i = 0; i < 4; ++i) threads.emplace_back(work, i);
  for (std::thread& thread : threads) thread.join();
  one.swapper.validate();
  two.swapper.validate();
  for (const std::uint32_t device : {0U, 1U}) {
    const MemoryDistribution bytes = manager.distribution(device);
    Bytes sum = bytes.leaving + bytes.arriving;
    for (const Bytes tier : bytes.by_tier) sum += tier;
    EXPECT_EQ(sum, 80_MiB);
  }
  EXPECT_GT(manager.performance().begun, 0U);
}

}  // namespace
}  // namespace vramlab
