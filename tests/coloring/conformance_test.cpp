// What every solver of the registry promises.

#include <gtest/gtest.h>
#include <rapidcheck.h>

#include <cctype>

#include "engine/core/error.h"
#include "instances.h"

namespace vramlab {
namespace {

using testing::make_instance;
using testing::random_instance;
using testing::RandomShape;

class EverySolver : public ::testing::TestWithParam<SolverInfo> {
 protected:
  /// Default options, but budgets of steps that a thousand random instances can afford.
  static SolveRequest modest_request(std::uint64_t seed = 1) {
    SolveRequest request = default_request(GetParam(), seed);
    for (const auto& [budget, steps] : {std::pair{"rounds", "1"}, {"first_nodes", "1000"}, {"passes", "2"}})
      if (request.options.has(budget)) request.options.set(budget, steps, "test");
    return request;
  }
  static SolveResult solve(const Instance& instance, std::uint64_t seed = 1, unsigned threads = 0) {
    SolveRequest request = modest_request(seed);
    request.threads = threads;
    return solve_instance(GetParam(), instance, request);
  }
  /// A valid plan of `peak` bytes.
  static void expect_peak(const Instance& instance, Bytes peak) {
    const SolveResult result = solve(instance);
    EXPECT_EQ(check_plan(instance, result.plan), "");
    EXPECT_EQ(result.plan.peak, peak);
  }
};

/// "" where `result` is what a solver may answer to `instance`.
std::string complaint(const Instance& instance, const SolveResult& result) {
  if (std::string problem = check_plan(instance, result.plan); !problem.empty()) return problem;
  const Bytes bound = lower_bound(instance).bytes;
  if (result.plan.peak < bound) return "the peak is below a lower bound";
  if (result.lower_bound < bound) return "the bound told is weaker than the known one";
  if (result.plan.peak < result.lower_bound) return "the peak is below the bound told";
  if (result.optimal != (result.plan.peak == result.lower_bound))
    return "optimal does not say whether bound and peak meet";
  if (result.infeasible) return "infeasible without a capacity";
  return "";
}

TEST_P(EverySolver, PlansRandomInstancesValidlyAndNotBelowTheBounds) {
  EXPECT_TRUE(rc::check(std::string(GetParam().name), [] {
    const Instance instance = random_instance();
    RC_ASSERT(complaint(instance, solve(instance)) == "");
  }));
}

TEST_P(EverySolver, PlansPlainInstancesValidlyAndNotBelowTheBounds) {
  EXPECT_TRUE(rc::check(std::string(GetParam().name), [] {
    const RandomShape plain{.alignments = false, .gaps = false, .pins = false};
    const Instance instance = random_instance(plain);
    RC_ASSERT(complaint(instance, solve(instance)) == "");
  }));
}

TEST_P(EverySolver, MakesTheSamePlanForTheSameSeedWhateverTheThreads) {
  EXPECT_TRUE(rc::check(std::string(GetParam().name), [] {
    const Instance instance = random_instance({.most_buffers = 30});
    const auto seed = *rc::gen::inRange<std::uint64_t>(0, 4);
    const SolveResult one = solve(instance, seed, 1), other = solve(instance, seed, 2);
    RC_ASSERT(one.plan.offsets == other.plan.offsets);
    RC_ASSERT(one.plan.peak == other.plan.peak);
  }));
}

TEST_P(EverySolver, PlansNothingForAnEmptyInstance) { expect_peak(make_instance({}), Bytes(0)); }

TEST_P(EverySolver, PutsOneBufferAtTheBottom) {
  expect_peak(make_instance({{7, 9, Bytes(100), Bytes(64)}}), Bytes(100));
}

TEST_P(EverySolver, StacksIdenticalBuffersWithoutLoss) {
  expect_peak(make_instance(std::vector<Buffer>(20, {3, 5, Bytes(512), Bytes(512)})), Bytes(20 * 512));
}

TEST_P(EverySolver, GivesBuffersThatFollowEachOtherOnePlace) {
  std::vector<Buffer> chain;
  for (std::uint64_t i = 0; i < 30; ++i) chain.push_back({i, i + 1, Bytes(40)});
  expect_peak(make_instance(std::move(chain)), Bytes(40));
}

TEST_P(EverySolver, StacksNestedLifetimesWithoutLoss) {
  std::vector<Buffer> nested;
  for (std::uint64_t i = 0; i < 20; ++i) nested.push_back({i, 40 - i, Bytes(10 + i)});
  expect_peak(make_instance(std::move(nested)), Bytes(20 * 10 + 190));
}

TEST_P(EverySolver, KeepsOffsetsBeyondFourGiB) {
  expect_peak(make_instance({{0, 2, 3_GiB}, {0, 2, 3_GiB}, {1, 3, 3_GiB}, {1, 2, 5_GiB}}), 14_GiB);
}

TEST_P(EverySolver, PlacesAnotherInsideAGapOfASwappedOutBuffer) {
  Instance instance = make_instance({{0, 10, Bytes(100)}, {4, 6, Bytes(100)}});
  instance.gaps = {{0, 4, 6}};
  expect_peak(instance, Bytes(100));
}

TEST_P(EverySolver, PutsPinnedBuffersWhereTheyMustBe) {
  Instance instance = make_instance({{0, 4, Bytes(10)}, {0, 4, Bytes(30)}, {2, 6, Bytes(20), Bytes(8)}});
  instance.pins = {{2, Bytes(48)}};
  const SolveResult result = solve(instance);
  EXPECT_EQ(result.plan.offsets[2], Bytes(48));
  EXPECT_EQ(complaint(instance, result), "");
}

TEST_P(EverySolver, RefusesPinnedBuffersThatOverlapAndNamesBoth) {
  Instance instance = make_instance({{0, 4, Bytes(10)}, {1, 9, Bytes(10)}, {3, 5, Bytes(10)}});
  instance.names = {"weights", "bystander", "gradient"};
  instance.pins = {{0, Bytes(100)}, {2, Bytes(109)}};
  try {
    (void)solve(instance);
    FAIL() << "accepted two buffers at one place";
  } catch (const TraceError& error) {
    EXPECT_NE(std::string(error.what()).find("weights"), std::string::npos) << error.what();
    EXPECT_NE(std::string(error.what()).find("gradient"), std::string::npos) << error.what();
    EXPECT_EQ(std::string(error.what()).find("bystander"), std::string::npos) << error.what();
  }
}

TEST_P(EverySolver, TellsNoProgressThatItsResultContradicts) {
  std::vector<Buffer> buffers;
  for (std::uint64_t i = 0; i < 50; ++i) buffers.push_back({i, i + 7, Bytes(10 + i % 7)});
  const Instance instance = make_instance(std::move(buffers));
  SolveRequest request = modest_request();
  std::vector<SolveProgress> told;
  request.progress = [&](const SolveProgress& progress) { told.push_back(progress); };
  const SolveResult result = solve_instance(GetParam(), instance, request);
  EXPECT_EQ(complaint(instance, result), "");
  for (const SolveProgress& progress : told) {
    EXPECT_LE(progress.lower_bound, result.lower_bound);
    EXPECT_GE(progress.peak, progress.lower_bound);
  }
}

std::string test_name(const ::testing::TestParamInfo<SolverInfo>& info) {
  std::string name(info.param.name);
  std::erase_if(name, [](char c) { return std::isalnum(static_cast<unsigned char>(c)) == 0; });
  return name;
}

INSTANTIATE_TEST_SUITE_P(Registry, EverySolver, ::testing::ValuesIn(solvers().begin(), solvers().end()), test_name);

}  // namespace
}  // namespace vramlab
