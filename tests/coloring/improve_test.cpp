// Ruin and recreate, and the stretches of time that it places anew.

#include <gtest/gtest.h>
#include <rapidcheck.h>

#include "engine/coloring/window.h"
#include "generated_instances.h"
#include "small_instances.h"

namespace vramlab {
namespace {

using testing::BruteForce;
using testing::generated_instance;
using testing::holds_for;
using testing::pick;
using testing::pick_bool;
using testing::random_instance;
using testing::small_instance;

SolveRequest request_with(const char* passes, std::uint64_t seed = 1, unsigned threads = 1) {
  return testing::request_to("improve", {{"passes", passes}}, seed, threads);
}

SolveResult improve(const Instance& instance, const SolveRequest& request) {
  return testing::answer_of("improve", instance, request);
}

Bytes peak_of(std::string_view solver, const Instance& instance) {
  return testing::solve_by(solver, instance).plan.peak;
}

TEST(Improve, IsValidAndNeverAboveItsStart) {
  EXPECT_TRUE(rc::check([] {
    const Instance instance =
        random_instance({.most_buffers = 40, .alignments = pick_bool(), .gaps = pick_bool(), .pins = pick_bool()});
    const SolveResult result = improve(instance, request_with("2"));
    RC_ASSERT(check_plan(instance, result.plan) == "");
    RC_ASSERT(result.plan.peak <= peak_of("best-fit", instance));
    RC_ASSERT(result.stopped == !result.optimal);
  }));
}

TEST(Improve, LowersThePeakWhereBestFitWastesSpace) {
  const Instance instance = generated_instance(1000);
  const SolveResult result = improve(instance, request_with("12"));
  EXPECT_EQ(check_plan(instance, result.plan), "");
  EXPECT_LT(result.plan.peak, peak_of("best-fit", instance));
}

TEST(Improve, PlansTwentyThousandBuffersWithAFewPasses) {
  const Instance instance = generated_instance(20'000);
  const SolveResult result = improve(instance, request_with("2"));
  EXPECT_EQ(check_plan(instance, result.plan), "");
  EXPECT_LT(result.plan.peak, peak_of("best-fit", instance));
}

TEST(Improve, StopsAtTheCapacityAskedFor) {
  const Instance instance = generated_instance(1000);
  SolveRequest request = request_with("12");
  const SolveResult lowest = improve(instance, request);
  request.capacity = peak_of("best-fit", instance);
  EXPECT_EQ(improve(instance, request).plan.peak, request.capacity);
  request.capacity = request.capacity - Bytes(1);
  const SolveResult within = improve(instance, request);
  EXPECT_LE(within.plan.peak, request.capacity);
  EXPECT_GE(within.plan.peak, lowest.plan.peak);
  EXPECT_FALSE(within.stopped);
  EXPECT_LT(within.steps, lowest.steps);
}

TEST(Improve, MakesTheSamePlanForTheSameSeedWhateverTheThreads) {
  const Instance instance = generated_instance(400);
  for (const std::uint64_t seed : {0u, 1u, 2u}) {
    const SolveResult one = improve(instance, request_with("8", seed, 1));
    for (const unsigned threads : {2u, 4u}) {
      const SolveResult other = improve(instance, request_with("8", seed, threads));
      EXPECT_EQ(other.plan.offsets, one.plan.offsets) << seed;
      EXPECT_EQ(other.steps, one.steps) << seed;
    }
  }
}

/// A stretch of an instance's cliques, what a plan's peak is to become there, and who is free in it.
struct Stretch {
  explicit Stretch(const Instance& instance) : path(instance), plan(testing::solve_by("by-start", instance).plan) {
    cliques.first = pick(0u, path.cliques());
    cliques.last = pick(cliques.first, path.cliques()) + 1;
    target = plan.peak - Bytes(pick<std::uint64_t>(0, plan.peak.value / 2 + 1));
    rules.first_nodes = 1'000'000;
    rules.threads = 1;
  }
  bool is_free(std::uint32_t i) const {
    const CliquePath::Range hull = path.hull(i);
    return path.pin(i) == CliquePath::free_offset && cliques.first <= hull.first && hull.last <= cliques.last;
  }

  CliquePath path;
  Plan plan;
  CliquePath::Range cliques;
  Bytes target;
  PortfolioRules rules;
};

TEST(Window, MovesOnlyWhatLivesWithinItAndBelowTheTarget) {
  EXPECT_TRUE(holds_for(300, [] {
    const Instance instance = random_instance({.most_buffers = 40, .gaps = pick_bool(), .pins = pick_bool()});
    const Stretch stretch(instance);
    const Window window(stretch.path, stretch.cliques, stretch.plan, stretch.target);
    Plan plan = stretch.plan;
    PortfolioRules few = stretch.rules;
    few.first_nodes = 500;
    const bool solved = window.solve(few, plan);
    std::size_t free = 0;
    plan.peak = Bytes(0);
    for (std::uint32_t i = 0; i < plan.offsets.size(); ++i) {
      const Bytes end = plan.offsets[i] + instance.buffers[i].size;
      free += stretch.is_free(i);
      if (!solved || !stretch.is_free(i)) RC_ASSERT(plan.offsets[i] == stretch.plan.offsets[i]);
      if (solved && stretch.is_free(i)) RC_ASSERT(end <= stretch.target);
      plan.peak = std::max(plan.peak, end);
    }
    RC_ASSERT(window.free() == free);
    RC_ASSERT(check_plan(instance, plan) == "");
    RC_TAG(solved);
  }));
}

// Where all that must stay is below the target, the window is the whole problem with all else pinned.
TEST(Window, FindsAPlacementExactlyWhereThereIsOne) {
  EXPECT_TRUE(holds_for(500, [] {
    Instance instance = small_instance({.alignments = pick_bool(), .gaps = pick_bool(), .pins = pick_bool()});
    const Stretch stretch(instance);
    const Window window(stretch.path, stretch.cliques, stretch.plan, stretch.target);
    Plan plan = stretch.plan;
    const bool solved = window.solve(stretch.rules, plan);
    RC_LOG() << testing::text_of(instance) << " target " << stretch.target.value;
    instance.pins.clear();
    for (std::uint32_t i = 0; i < instance.buffers.size(); ++i) {
      if (stretch.is_free(i)) continue;
      if (stretch.plan.offsets[i] + instance.buffers[i].size > stretch.target) return;
      instance.pins.push_back({i, stretch.plan.offsets[i]});
    }
    RC_ASSERT(solved == BruteForce(instance).fits(stretch.target.value));
    RC_TAG(solved);
  }));
}

}  // namespace
}  // namespace vramlab
