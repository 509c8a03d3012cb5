// The exact solver judged by a brute force; what it says when it has to stop.

#include <gtest/gtest.h>
#include <rapidcheck.h>

#include "small_instances.h"

namespace vramlab {
namespace {

using testing::above_its_load;
using testing::BruteForce;
using testing::holds_for;
using testing::make_instance;
using testing::pick;
using testing::pick_bool;
using testing::random_instance;
using testing::small_instance;
using testing::SmallShape;

constexpr const char* rules[] = {"canonical", "symmetry",     "decomposition", "spanning_first",
                                 "memory",    "raise_floors", "no_holes",      "release_times"};

SolveRequest exact_request(std::uint64_t seed = 1) { return testing::request_to("exact", {}, seed); }

SolveResult solve(const Instance& instance, const SolveRequest& request) {
  return testing::answer_of("exact", instance, request);
}

/// Any of the rules on and off, any order and choice, any seed.
SolveRequest any_request() {
  SolveRequest request = exact_request(pick<std::uint64_t>(0, 4));
  for (const char* rule : rules) request.options.set(rule, pick_bool() ? "true" : "false", "test");
  const auto order = *rc::gen::element<std::string>("all", "total-area", "total-width", "width-area", "width-small",
                                                    "area", "size", "random");
  request.options.set("order", order, "test");
  request.options.set("choice", *rc::gen::element<std::string>("all", "least-slack", "fewest-ways"), "test");
  return request;
}

std::string text_of(const SolveRequest& request) {
  std::string text = fmt::format("seed {} capacity {}", request.seed, request.capacity.value);
  for (const OptionValues::Item& item : request.options.items())
    text += fmt::format(" {}={}", item.spec->name, item.text);
  return text;
}

void expect_least_peaks(const SmallShape& shape) {
  EXPECT_TRUE(holds_for(400, [&] {
    const Instance instance = small_instance(shape);
    const SolveRequest request = any_request();
    RC_LOG() << testing::text_of(instance) << text_of(request);
    const SolveResult result = solve(instance, request);
    RC_ASSERT(check_plan(instance, result.plan) == "");
    RC_ASSERT(result.plan.peak == BruteForce(instance).least_peak());
    RC_ASSERT(result.optimal);
    RC_ASSERT(!result.stopped && !result.infeasible);
  }));
}

TEST(Exact, FindsAndProvesTheLeastPeakOfPlainInstances) { expect_least_peaks({}); }
TEST(Exact, FindsAndProvesTheLeastPeakWithAlignments) { expect_least_peaks({.alignments = true}); }
TEST(Exact, FindsAndProvesTheLeastPeakWithGaps) { expect_least_peaks({.gaps = true}); }
TEST(Exact, FindsAndProvesTheLeastPeakWithPins) { expect_least_peaks({.pins = true}); }
TEST(Exact, FindsAndProvesTheLeastPeakWithAllTogether) {
  expect_least_peaks({.alignments = true, .gaps = true, .pins = true});
}

TEST(Exact, DecidesWhetherACapacitySuffices) {
  EXPECT_TRUE(holds_for(500, [] {
    const Instance instance = small_instance({.alignments = pick_bool(), .gaps = pick_bool(), .pins = pick_bool()});
    const Bytes least = BruteForce(instance).least_peak();
    SolveRequest request = any_request();
    request.capacity = Bytes(pick(lower_bound(instance).bytes.value, least.value + 3));
    RC_LOG() << testing::text_of(instance) << text_of(request) << " least peak " << least.value;
    const SolveResult result = solve(instance, request);
    RC_ASSERT(check_plan(instance, result.plan) == "");
    RC_ASSERT(result.infeasible == (request.capacity < least));
    RC_ASSERT(result.infeasible == (result.plan.peak > request.capacity));
    RC_ASSERT(!result.stopped);
  }));
}

TEST(Exact, ProvesThatAnInstanceCannotReachItsMaximumLoad) {
  const Instance instance = above_its_load();
  ASSERT_EQ(max_load(instance).bytes, Bytes(10));
  ASSERT_EQ(BruteForce(instance).least_peak(), Bytes(11));
  const SolveResult result = solve(instance, exact_request());
  EXPECT_EQ(result.plan.peak, Bytes(11));
  EXPECT_EQ(result.lower_bound, Bytes(11));
  EXPECT_TRUE(result.optimal);
}

TEST(Exact, TellsAnInfeasibleCapacityApartFromAStoppedSearch) {
  const Instance instance = above_its_load();
  SolveRequest request = exact_request();
  request.capacity = Bytes(10);
  const SolveResult proven = solve(instance, request);
  EXPECT_TRUE(proven.infeasible);
  EXPECT_FALSE(proven.stopped);
  EXPECT_EQ(check_plan(instance, proven.plan), "");

  request.options.set("rounds", "1", "test");
  request.options.set("first_nodes", "1", "test");
  const SolveResult stopped = solve(instance, request);
  EXPECT_TRUE(stopped.stopped);
  EXPECT_FALSE(stopped.infeasible);
  EXPECT_FALSE(stopped.optimal);
  EXPECT_EQ(stopped.lower_bound, Bytes(10));
  EXPECT_EQ(check_plan(instance, stopped.plan), "");
}

TEST(Exact, ProvesTheSameWithEachRuleSwitchedOff) {
  for (const char* rule : rules) {
    SolveRequest request = exact_request();
    request.options.set(rule, rule == std::string("release_times") ? "true" : "false", "test");
    request.capacity = Bytes(10);
    EXPECT_TRUE(solve(above_its_load(), request).infeasible) << rule;
  }
}

TEST(Exact, KeepsAligningBetweenTheMultiplesOfTheSizesDivisor) {
  // All sizes are even, yet the second lies best at 3.
  const Instance instance = make_instance({{0, 1, Bytes(2), Bytes(3)}, {0, 1, Bytes(2), Bytes(3)}});
  const SolveResult result = solve(instance, exact_request());
  EXPECT_EQ(result.plan.peak, Bytes(5));
  EXPECT_TRUE(result.optimal);
}

TEST(Exact, StopsWithAValidPlanThatItDoesNotCallOptimal) {
  EXPECT_TRUE(rc::check([] {
    const Instance instance = random_instance();
    SolveRequest request = exact_request();
    request.options.set("rounds", "1", "test");
    request.options.set("first_nodes", "1", "test");
    const SolveResult result = solve(instance, request);
    RC_ASSERT(check_plan(instance, result.plan) == "");
    RC_ASSERT(result.stopped == !result.optimal);
    RC_CLASSIFY(result.stopped);
  }));
}

TEST(Exact, AnswersTheSameForTheSameSeedWhateverTheThreadsWhenSeveralRoundsAreNeeded) {
  EXPECT_TRUE(rc::check([] {
    const Instance instance = random_instance({.most_buffers = 60, .gaps = pick_bool(), .pins = pick_bool()});
    SolveRequest request = exact_request(pick<std::uint64_t>(0, 4));
    request.options.set("first_nodes", "10", "test");
    request.options.set("rounds", "2", "test");
    const SolveResult one = solve(instance, request);
    request.threads = pick_bool() ? 2 : 4;  // one of them in a case: ThreadSanitizer takes its time to begin a thread
    const SolveResult other = solve(instance, request);
    RC_ASSERT(other.plan.offsets == one.plan.offsets);
    RC_ASSERT(other.lower_bound == one.lower_bound);
    RC_ASSERT(other.stopped == one.stopped);
    RC_ASSERT(other.steps == one.steps);
  }));
}

}  // namespace
}  // namespace vramlab
