// What the bandit learns, and that it pays.

#include <gtest/gtest.h>

#include "engine/swap/policy_bandit.h"
#include "swap_workloads.h"

namespace vramlab {
namespace {

using testing::SwapHarness;
using testing::SwapRunOptions;
using testing::SwapRunResult;
using testing::SwapScript;

constexpr WorkloadClass training{.repeats = true, .operators = 6, .load = 10};
constexpr WorkloadClass inference{.repeats = true, .operators = 5, .load = 9};

/// `iterations` of one class, in which policy i costs `costs[i]` per cent. Returns what ran.
std::vector<std::size_t> run(PolicyBandit& bandit, const WorkloadClass& workload, int iterations,
                             const std::array<int, 3>& costs) {
  std::vector<std::size_t> chosen;
  for (int i = 0; i < iterations; ++i) {
    chosen.push_back(bandit.choose(workload));
    bandit.learn(Nanoseconds(costs[chosen.back()] * 1000), Nanoseconds(100'000));
  }
  return chosen;
}

TEST(PolicyBandit, TriesEachThenKeepsToTheBest) {
  PolicyBandit bandit(3, 1);
  const auto chosen = run(bandit, training, 30, {20, 5, 10});
  for (const std::size_t arm : {0U, 1U, 2U}) EXPECT_TRUE(std::ranges::find(chosen, arm) != chosen.end());
  EXPECT_TRUE(bandit.committed(training));
  EXPECT_TRUE(std::all_of(chosen.end() - 20, chosen.end(), [](std::size_t arm) { return arm == 1; }));
}

TEST(PolicyBandit, LearnsForEachWorkloadApart) {
  PolicyBandit bandit(3, 1);
  run(bandit, training, 30, {20, 5, 10});
  EXPECT_FALSE(bandit.committed(inference));
  run(bandit, inference, 30, {3, 50, 40});
  EXPECT_EQ(bandit.choose(training), 1U);
  EXPECT_EQ(bandit.choose(inference), 0U);
}

TEST(PolicyBandit, LearnsNothingFromTheIterationInWhichTheWorkloadChanges) {
  PolicyBandit bandit(3, 1);
  run(bandit, training, 30, {20, 5, 10});
  for (int i = 0; i < 20; ++i) {
    bandit.choose(training);
    bandit.learn(Nanoseconds(90'000), Nanoseconds(100'000));
    bandit.choose(inference);  // it was of that class
  }
  EXPECT_EQ(bandit.choose(training), 1U);
  EXPECT_EQ(bandit.restarts(), 0U);
}

TEST(PolicyBandit, StartsAnewWhereItsChoiceDoesMuchWorse) {
  PolicyBandit bandit(3, 1);
  run(bandit, training, 30, {20, 5, 10});
  const auto chosen = run(bandit, training, 40, {20, 80, 10});
  EXPECT_EQ(chosen.back(), 2U);
}

TEST(PolicyBandit, TriesInAnOrderDrawnFromTheSeed) {
  std::set<std::size_t> first;
  for (std::uint64_t seed = 0; seed < 20; ++seed) first.insert(PolicyBandit(3, seed * 1000).choose(training));
  EXPECT_EQ(first.size(), 3U);
  PolicyBandit one(3, 7), other(3, 7);
  EXPECT_EQ(run(one, training, 20, {1, 2, 3}), run(other, training, 20, {1, 2, 3}));
}

Bytes peak_load(const SwapScript& script) {
  Bytes most{};
  for (const Bytes load : program_of(script).load) most = std::max(most, load);
  return most;
}

SwapRunResult run_policy(const SwapScript& script, const std::string& policy, Bytes limit,
                         const std::vector<Nanoseconds>& ideal, bool adjust = true) {
  SwapRunOptions options = testing::large_machine("autoswap", limit);
  options.options = {{"policy", policy}, {"auto_adjust_policy", adjust ? "true" : "false"}};
  const std::unique_ptr<RunnableDevice> device = testing::simulated_h200();
  return SwapHarness(*device, script, options, ideal).run();
}

std::vector<Nanoseconds> ideal_of(const SwapScript& script) {
  const std::unique_ptr<RunnableDevice> device = testing::simulated_h200();
  return SwapHarness(*device, script, testing::large_machine("none", peak_load(script) * 2)).run().iterations;
}

/// Time of the second half of the iterations.
Nanoseconds later_half(const SwapRunResult& ran) {
  Nanoseconds sum{};
  for (std::size_t i = ran.iterations.size() / 2; i < ran.iterations.size(); ++i) sum += ran.iterations[i];
  return sum;
}

// Fixed, variable and inference in turn. Which policy is best differs by workload and limit: over several limits the
// one that learns is ahead of each that does not.
TEST(AdaptiveAutoSwap, IsAtLeastAsGoodAsEveryFixedPolicyOnAMixedWorkload) {
  for (const std::uint64_t seed : {100U, 200U}) {
    const SwapScript script = testing::mixed(4, 32, 24, 32_MiB, seed);
    const std::vector<Nanoseconds> ideal = ideal_of(script);
    std::map<std::string, Nanoseconds> time;
    for (const std::uint64_t percent : {90U, 60U, 50U})
      for (const std::string policy : {"aggressive", "balanced", "conservative", "adaptive"}) {
        const SwapRunResult ran = run_policy(script, policy, peak_load(script) * percent / 100, ideal);
        ASSERT_FALSE(ran.lacked_memory);
        time[policy] += later_half(ran);
      }
    EXPECT_LE(time["adaptive"], time["aggressive"]) << seed;
    EXPECT_LE(time["adaptive"], time["balanced"]) << seed;
    EXPECT_LE(time["adaptive"], time["conservative"]) << seed;
  }
}

TEST(AdaptiveAutoSwap, IsTheBalancedPolicyWithoutAutoAdjust) {
  const SwapScript script = testing::mixed(1, 6, 8, 32_MiB);
  const std::vector<Nanoseconds> ideal = ideal_of(script);
  const Bytes limit = peak_load(script) * 70 / 100;
  EXPECT_EQ(run_policy(script, "adaptive", limit, ideal, false).moves,
            run_policy(script, "balanced", limit, ideal).moves);
}

}  // namespace
}  // namespace vramlab
