#include <gtest/gtest.h>
#include <rapidcheck/gtest.h>

#include "engine/coloring/solver.h"
#include "engine/core/error.h"
#include "engine/core/registry.h"
#include "instances.h"

namespace vramlab::testing {
namespace {

TEST(LowerBound, IsTheMaximumLoadWhereNothingElseBinds) {
  const LowerBound bound = lower_bound(make_instance({{0, 4, Bytes(3)}, {2, 6, Bytes(5)}, {4, 8, Bytes(4)}}));
  EXPECT_EQ(bound.bytes, Bytes(9));
  EXPECT_EQ(bound.time, 4u);
  EXPECT_EQ(bound.name, "maximum load");
}

TEST(LowerBound, CountsWholeGrainsForAllButTheTopmostOfAlignedBuffers) {
  // Two of 5 at multiples of 8: the upper one begins at 8 at the lowest.
  const LowerBound bound = lower_bound(make_instance({{0, 2, Bytes(5), Bytes(8)}, {1, 3, Bytes(5), Bytes(8)}}));
  EXPECT_EQ(bound.bytes, Bytes(13));
  EXPECT_EQ(bound.name, "aligned load");
}

TEST(LowerBound, StacksOnAPinnedBufferWhatCannotLieBelowIt) {
  Instance instance = make_instance({{0, 4, Bytes(2)}, {1, 3, Bytes(5)}, {2, 5, Bytes(6)}, {1, 3, Bytes(2)}});
  instance.pins = {{0, Bytes(4)}};
  const LowerBound bound = lower_bound(instance);
  EXPECT_EQ(bound.bytes, Bytes(4 + 2 + 5 + 6));
  EXPECT_EQ(bound.time, 2u);
  EXPECT_EQ(bound.name, "load above a pinned offset");
}

TEST(LowerBound, KnowsThatAPinnedBufferIsAwayInItsGaps) {
  Instance instance = make_instance({{0, 9, Bytes(2)}, {3, 5, Bytes(50)}});
  instance.pins = {{0, Bytes(4)}};
  instance.gaps = {{0, 2, 6}};
  EXPECT_EQ(lower_bound(instance).bytes, Bytes(50));
}

RC_GTEST_PROP(LowerBound, IsNeverAboveAnyPlan, ()) {
  const Instance instance = random_instance();
  RC_ASSERT(lower_bound(instance).bytes <= testing::solve_by("best-fit", instance).plan.peak);
}

TEST(Capacity, BelowABoundIsRefusedByTheBoundsNameAndTime) {
  const Instance instance = make_instance({{0, 4, Bytes(3)}, {2, 6, Bytes(5)}});
  const SolverInfo& solver = find_row(solvers(), "solver", "best-fit");
  SolveRequest request = default_request(solver);
  request.capacity = Bytes(7);
  try {
    solve_instance(solver, instance, request);
    FAIL() << "a capacity below the maximum load was taken";
  } catch (const ConfigError& error) {
    EXPECT_NE(std::string(error.what()).find("maximum load"), std::string::npos) << error.what();
    EXPECT_NE(std::string(error.what()).find("8 at time 2"), std::string::npos) << error.what();
  }
}

}  // namespace
}  // namespace vramlab::testing
