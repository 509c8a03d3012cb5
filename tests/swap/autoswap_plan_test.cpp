// The plan of a foretold iteration: what it may not do, and that following it pays.

#include "engine/swap/autoswap_plan.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <map>
#include <set>

#include "properties.h"
#include "swap_workloads.h"

namespace vramlab {
namespace {

using testing::holds_for;
using testing::pick;
using testing::SwapHarness;
using testing::SwapRunResult;
using testing::SwapScript;

/// Iterations of one drawn program: weights that last, objects of the iteration, operators that use some of each.
class DrawnLoop {
 public:
  DrawnLoop() {
    const int weights = pick(1, 6), others = pick(1, 8);
    for (int i = 0; i < weights; ++i) history_.allocated(weights_.emplace_back(next_++), Bytes(drawn()));
    for (int i = 0; i < others; ++i) {
      const auto birth = pick(0U, operators_), death = pick(birth, operators_) + 1;
      lives_.push_back({birth, death, drawn()});
    }
    for (std::uint32_t op = 0; op < operators_; ++op)
      for (std::size_t i = 0; i < weights_.size() + lives_.size(); ++i)
        if (pick(0, 3) == 0) uses_.emplace(op, i);
    for (int i = 0; i < 3; ++i) run();
    history_.iteration();
  }

  const IterationHistory::Iteration& kept() const { return *history_.latest(); }

 private:
  struct Life {
    std::uint32_t birth = 0, death = 0;  ///< alive for operators [birth, death)
    std::uint64_t bytes = 0;
  };
  static std::uint64_t drawn() { return pick<std::uint64_t>(1, 64) << 20; }

  void run() {
    history_.iteration();
    std::map<std::size_t, ObjectId> living;
    for (std::uint32_t op = 0; op < operators_; ++op) {
      for (std::size_t i = 0; i < lives_.size(); ++i) {
        if (lives_[i].death == op) history_.freed(living.at(i));
        if (lives_[i].birth == op) history_.allocated(living[i] = ObjectId(next_++), Bytes(lives_[i].bytes));
      }
      history_.ran(operands(op, living));
    }
    for (std::size_t i = 0; i < lives_.size(); ++i)
      if (lives_[i].death >= operators_) history_.freed(living.at(i));
    history_.measured(Nanoseconds(1'000'000) * operators_, Nanoseconds(0));
  }

  std::vector<Operand> operands(std::uint32_t op, const std::map<std::size_t, ObjectId>& living) const {
    std::vector<Operand> used;
    for (std::size_t i = 0; i < weights_.size(); ++i)
      if (uses_.contains({op, i})) used.push_back({weights_[i], true, i % 2 == 0});
    for (std::size_t i = 0; i < lives_.size(); ++i) {
      const bool lives = lives_[i].birth <= op && op < lives_[i].death;
      if (lives && (uses_.contains({op, weights_.size() + i}) || lives_[i].birth == op))
        used.push_back({living.at(i), true, lives_[i].birth == op});
    }
    return used;
  }

  const std::uint32_t operators_ = pick(2U, 20U);
  IterationHistory history_{{.kept = 4, .sizes = true, .least_life = 1_B, .most_life = 1_GiB}};
  std::uint32_t next_ = 0;
  std::vector<ObjectId> weights_;
  std::vector<Life> lives_;
  std::set<std::pair<std::uint32_t, std::size_t>> uses_;
};

Bytes most(const std::vector<Bytes>& load) { return *std::ranges::max_element(load); }

/// Bytes that no plan takes away while an operator runs: its own operands.
Bytes largest_operator(const IterationHistory::Iteration& kept) {
  Bytes largest{};
  for (std::uint32_t op = 0; op < kept.operators(); ++op) {
    Bytes sum{};
    for (const IterationHistory::Role role : kept.operands(op)) sum += kept.bytes(role);
    largest = std::max(largest, sum);
  }
  return largest;
}

std::optional<IterationPlan> plan_of(const IterationHistory::Iteration& kept, Bytes limit) {
  const SwapMachine machine = testing::large_machine("none", limit).machine;
  return plan_iteration(kept, machine,
                        {.limit = limit, .effort = 3000, .may_leave = [](IterationHistory::Role) { return true; }});
}

TEST(IterationPlan, NothingLeavesWhereAllFits) {
  EXPECT_TRUE(holds_for(100, [] {
    const DrawnLoop loop;
    RC_ASSERT(!plan_of(loop.kept(), most(loop.kept().load)).has_value());
  }));
}

// Held against the kept iteration itself, not against what the planner thinks of it.
TEST(IterationPlan, KeepsTheLimitAndTakesNoOperandAway) {
  EXPECT_TRUE(holds_for(300, [] {
    const DrawnLoop loop;
    const IterationHistory::Iteration& kept = loop.kept();
    const Bytes least = largest_operator(kept), all = most(kept.load);
    RC_PRE(least < all);
    const Bytes limit = least + Bytes(pick<std::uint64_t>(0, (all - least).value));
    const std::optional<IterationPlan> plan = plan_of(kept, limit);
    RC_PRE(plan.has_value());
    std::vector<Bytes> load = kept.load;
    for (const IterationPlan::Absence& absence : plan->absences) {
      RC_ASSERT(absence.out <= absence.settle);
      RC_ASSERT(absence.settle <= absence.in);
      RC_ASSERT(absence.in <= kept.operators());
      RC_ASSERT(kept.next(absence.role, absence.settle) >= absence.in);
      const auto life = std::ranges::find(kept.lives, absence.role, &IterationHistory::Life::role);
      RC_ASSERT(life != kept.lives.end());
      RC_ASSERT(life->birth <= absence.out);
      for (std::uint32_t op = absence.settle; op < std::min(absence.in, life->death); ++op) load[op] -= life->bytes;
    }
    RC_ASSERT(most(load) <= limit);
  }));
}

TEST(IterationPlan, WhatMayNotLeaveStays) {
  EXPECT_TRUE(holds_for(100, [] {
    const DrawnLoop loop;
    const SwapMachine machine = testing::large_machine("none", most(loop.kept().load) / 2).machine;
    const std::set<IterationHistory::Role> bound = [&] {
      std::set<IterationHistory::Role> roles;
      for (const IterationHistory::Life& life : loop.kept().lives)
        if (testing::pick_bool()) roles.insert(life.role);
      return roles;
    }();
    const auto plan = plan_iteration(
        loop.kept(), machine,
        {.limit = machine.limit, .effort = 3000, .may_leave = [&](auto role) { return !bound.contains(role); }});
    if (!plan) return;
    for (const IterationPlan::Absence& absence : plan->absences) RC_ASSERT(!bound.contains(absence.role));
  }));
}

SwapRunResult run_policy(const SwapScript& script, const std::string& policy, Bytes limit,
                         const std::vector<Nanoseconds>& ideal) {
  testing::SwapRunOptions options = testing::large_machine("autoswap", limit);
  options.options = {{"policy", policy}};
  const std::unique_ptr<RunnableDevice> device = testing::simulated_h200();
  return SwapHarness(*device, script, options, ideal).run();
}

// Memory given up as late as the transfers were foretold to end came back late: a plan that foretold 11 ms of waiting
// waited 22 ms, and longer than policies without a plan.
TEST(AutoSwapGuide, APlanThatIsFollowedWaitsLessThanAnyFixedPolicy) {
  SwapScript script;
  const std::vector<std::uint32_t> weights = testing::alloc_weights(script, 24, 32_MiB);
  for (int i = 0; i < 12; ++i) testing::training_iteration(script, weights, 32_MiB);
  const AccessProgram program = program_of(script);
  const Bytes all = most(program.load);
  const std::unique_ptr<RunnableDevice> device = testing::simulated_h200();
  const std::vector<Nanoseconds> ideal =
      SwapHarness(*device, script, testing::large_machine("none", all * 2)).run().iterations;
  for (const std::uint64_t percent : {90U, 75U, 60U, 50U}) {
    std::map<std::string, Nanoseconds> time;
    for (const std::string policy : {"aggressive", "balanced", "conservative", "adaptive"}) {
      const SwapRunResult ran = run_policy(script, policy, all * percent / 100, ideal);
      ASSERT_FALSE(ran.lacked_memory);
      time[policy] = ran.iterations[10];
    }
    for (const std::string fixed : {"aggressive", "balanced", "conservative"})
      EXPECT_LT(time["adaptive"], time[fixed]) << percent << "%, " << fixed;
  }
}

}  // namespace
}  // namespace vramlab
