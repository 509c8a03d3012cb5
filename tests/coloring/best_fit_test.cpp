#include <gtest/gtest.h>
#include <rapidcheck.h>

#include "engine/coloring/overlap_index.h"
#include "engine/coloring/solver.h"
#include "engine/core/error.h"
#include "engine/core/registry.h"

namespace vramlab {
namespace {

Instance make(std::vector<Buffer> buffers) {
  Instance instance;
  instance.name = "test";
  instance.buffers = std::move(buffers);
  return instance;
}

Plan solve(const Instance& instance, std::string_view fit = "best") {
  const SolverInfo& solver = find_row(solvers(), "solver", "best-fit");
  SolveRequest request = default_request(solver);
  request.options.set("fit", fit, "test");
  return solve_instance(solver, instance, request).plan;
}

Instance random_instance() {
  const auto n = *rc::gen::inRange(1, 80);
  Instance instance = make({});
  for (int i = 0; i < n; ++i) {
    const auto lower = *rc::gen::inRange<std::uint64_t>(0, 60);
    const auto length = *rc::gen::inRange<std::uint64_t>(1, 30);
    const auto alignment = *rc::gen::element<std::uint64_t>(1, 1, 4, 64);
    instance.buffers.push_back(
        {lower, lower + length, Bytes(*rc::gen::inRange<std::uint64_t>(1, 100)), Bytes(alignment)});
  }
  return instance;
}

TEST(EverySolver, MakesValidPlansNotBelowTheMaximumLoad) {
  for (const SolverInfo& solver : solvers())
    EXPECT_TRUE(rc::check(std::string(solver.name), [&] {
      const Instance instance = random_instance();
      const SolveResult result = solve_instance(solver, instance, default_request(solver, 1));
      RC_ASSERT(check_plan(instance, result.plan) == "");
      RC_ASSERT(result.plan.peak >= max_load(instance).bytes);
      RC_ASSERT(!result.optimal || result.plan.peak == max_load(instance).bytes);
    }));
}

// Gap under the first block: easy to overlook when only gaps between blocks are compared.
TEST(BestFit, UsesTheGapBelowTheLowestBlock) {
  const Instance instance = make({{0, 2, Bytes(10)}, {1, 4, Bytes(9)}, {3, 5, Bytes(8)}});
  const Plan plan = solve(instance);
  EXPECT_EQ(plan.offsets[2], Bytes(0));
  EXPECT_EQ(plan.peak, Bytes(19));
}

TEST(BestFit, PrefersTheTightestGapAndFirstFitTheLowest) {
  // Two that go away leave the gaps [0, 100) and [190, 270) between two that last.
  const Instance instance =
      make({{0, 2, Bytes(100)}, {0, 9, Bytes(90)}, {0, 2, Bytes(80)}, {0, 9, Bytes(70)}, {5, 9, Bytes(30)}});
  const Plan best = solve(instance), first = solve(instance, "first");
  EXPECT_EQ(best.offsets[4], Bytes(190));
  EXPECT_EQ(first.offsets[4], Bytes(0));
}

TEST(BestFit, KeepsOffsetsBeyondFourGiB) {
  const Instance instance = make({{0, 2, 3_GiB}, {0, 2, 3_GiB}, {0, 2, 3_GiB}});
  const Plan plan = solve(instance);
  EXPECT_EQ(plan.peak, 9_GiB);
  EXPECT_EQ(check_plan(instance, plan), "");
}

TEST(BestFit, PlansNothingForAnEmptyInstance) { EXPECT_EQ(solve(make({})).peak, Bytes(0)); }

TEST(OverlapIndex, NamesExactlyTheOverlappingBuffersOnce) {
  EXPECT_TRUE(rc::check([] {
    const Instance instance = random_instance();
    OverlapIndex index(instance);
    const auto n = static_cast<std::uint32_t>(instance.buffers.size());
    for (std::uint32_t i = 0; i < n; i += 2) index.add(i);
    for (std::uint32_t i = 1; i < n; i += 2) {
      std::vector<std::uint32_t> found, expected;
      index.for_each(i, [&](std::uint32_t other) { found.push_back(other); });
      std::sort(found.begin(), found.end());
      for (std::uint32_t other = 0; other < n; other += 2)
        if (instance.buffers[other].lower < instance.buffers[i].upper &&
            instance.buffers[i].lower < instance.buffers[other].upper)
          expected.push_back(other);
      RC_ASSERT(found == expected);
    }
  }));
}

TEST(MaxLoad, CountsHalfOpenLifetimes) {
  const Instance instance = make({{0, 5, Bytes(3)}, {5, 9, Bytes(4)}, {4, 6, Bytes(2)}});
  EXPECT_EQ(max_load(instance).bytes, Bytes(6));
  EXPECT_EQ(max_load(instance).time, 5u);
}

TEST(CheckInstance, NamesTheBufferThatIsWrong) {
  Instance instance = make({{0, 5, Bytes(3)}, {5, 5, Bytes(4)}});
  instance.names = {"weights", "gradient"};
  try {
    check_instance(instance);
    FAIL() << "accepted a lifetime that is empty";
  } catch (const TraceError& error) {
    EXPECT_NE(std::string(error.what()).find("gradient"), std::string::npos) << error.what();
  }
  EXPECT_THROW(check_instance(make({{0, 1, Bytes(0)}})), TraceError);
  EXPECT_THROW(check_instance(make({{0, 1, Bytes(1), Bytes(0)}})), TraceError);
  EXPECT_THROW(check_instance(make({{0, 1, Bytes(~0ull)}, {0, 1, Bytes(2)}})), TraceError);
}

TEST(CheckPlan, TellsEachKindOfMistake) {
  const Instance instance = make({{0, 5, Bytes(8), Bytes(4)}, {4, 9, Bytes(8), Bytes(4)}});
  const auto problem = [&](std::vector<Bytes> offsets, std::uint64_t peak) {
    Plan plan;
    plan.offsets = std::move(offsets);
    plan.peak = Bytes(peak);
    return check_plan(instance, plan);
  };
  EXPECT_EQ(problem({Bytes(0), Bytes(8)}, 16), "");
  EXPECT_NE(problem({Bytes(0)}, 8).find("1 offsets for 2"), std::string::npos);
  EXPECT_NE(problem({Bytes(0), Bytes(4)}, 12).find("overlap"), std::string::npos);
  EXPECT_NE(problem({Bytes(4), Bytes(0)}, 12).find("overlap"), std::string::npos);
  EXPECT_NE(problem({Bytes(0), Bytes(9)}, 17).find("aligned"), std::string::npos);
  EXPECT_NE(problem({Bytes(0), Bytes(8)}, 15).find("peak"), std::string::npos);
}

}  // namespace
}  // namespace vramlab
