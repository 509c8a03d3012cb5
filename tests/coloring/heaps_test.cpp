#include <gtest/gtest.h>
#include <rapidcheck/gtest.h>

#include "engine/coloring/solver.h"
#include "engine/core/error.h"
#include "instances.h"

namespace vramlab::testing {
namespace {

SolveResult solve_best(const Instance& instance) { return solve_by("best-fit", instance); }

Instance two_heaps(std::vector<Buffer> buffers, Bytes fast, Bytes slow) {
  Instance instance = make_instance(std::move(buffers));
  instance.heaps = {{"fast", fast}, {"slow", slow}};
  return instance;
}

TEST(Heaps, KeepAllInTheFirstWhereItSuffices) {
  const SolveResult result = solve_best(two_heaps({{0, 2, Bytes(4)}, {1, 3, Bytes(4)}}, Bytes(8), Bytes(8)));
  EXPECT_EQ(result.plan.heaps, (std::vector<std::uint8_t>{0, 0}));
  EXPECT_EQ(result.plan.heap_peaks, (std::vector<Bytes>{Bytes(8), Bytes(0)}));
}

TEST(Heaps, SpillTheLowerPriorityWhenTheFirstDoesNotSuffice) {
  Instance instance = two_heaps({{0, 9, Bytes(6)}, {0, 9, Bytes(6)}, {0, 9, Bytes(2)}}, Bytes(8), Bytes(8));
  instance.priorities = {1, 5, 3};
  const SolveResult result = solve_best(instance);
  EXPECT_EQ(result.plan.heaps, (std::vector<std::uint8_t>{1, 0, 0}));
  EXPECT_EQ(check_plan(instance, result.plan), "");
}

TEST(Heaps, SpillTheLargerAreaAmongEqualPriorities) {
  const SolveResult result = solve_best(two_heaps({{0, 9, Bytes(8)}, {3, 5, Bytes(8)}}, Bytes(8), Bytes(8)));
  EXPECT_EQ(result.plan.heaps, (std::vector<std::uint8_t>{1, 0}));
}

TEST(Heaps, TooSmallTogetherAreRefusedWithTheTimeOfTheLoad) {
  EXPECT_THROW(solve_best(two_heaps({{0, 9, Bytes(8)}, {3, 5, Bytes(9)}}, Bytes(8), Bytes(8))), ConfigError);
}

TEST(Heaps, ABufferThatFitsIntoNoneIsNamed) {
  Instance instance = two_heaps({{0, 9, Bytes(8)}, {3, 5, Bytes(9)}}, Bytes(8), Bytes(8));
  instance.buffers[0].size = Bytes(4);
  instance.names = {"weights", "gradient"};
  try {
    solve_best(instance);
    FAIL() << "a buffer larger than any heap was placed";
  } catch (const Error& error) {
    EXPECT_NE(std::string(error.what()).find("gradient"), std::string::npos) << error.what();
  }
}

RC_GTEST_PROP(Heaps, GiveValidPlansWithinEveryCapacity, ()) {
  Instance instance = random_instance();
  instance.pins.clear();
  const Bytes load = max_load(instance).bytes;
  instance.heaps = {{"fast", std::max(Bytes(1), load / 2)}, {"rest", Bytes(load.value * 100 + 10'000)}};
  for (std::size_t i = 0; i < instance.buffers.size(); ++i)
    instance.priorities.push_back(*rc::gen::inRange<std::int32_t>(-2, 3));
  const SolveResult result = solve_best(instance);
  RC_ASSERT(check_plan(instance, result.plan) == "");
}

}  // namespace
}  // namespace vramlab::testing
