#include <gtest/gtest.h>
#include <rapidcheck.h>

#include "engine/core/error.h"
#include "instances.h"

namespace vramlab {
namespace {

using testing::make_instance;

Plan solve(const Instance& instance, const std::string& fit = "best") {
  return testing::solve_by("best-fit", instance, {{"fit", fit}}).plan;
}

// Gap under the first block: easy to overlook when only gaps between blocks are compared.
TEST(BestFit, UsesTheGapBelowTheLowestBlock) {
  const Instance instance = make_instance({{0, 2, Bytes(10)}, {1, 4, Bytes(9)}, {3, 5, Bytes(8)}});
  const Plan plan = solve(instance);
  EXPECT_EQ(plan.offsets[2], Bytes(0));
  EXPECT_EQ(plan.peak, Bytes(19));
}

// Others kept offsets in 32 bits.
TEST(BestFit, DoesNotTruncateOffsetsBeyondTwoGiB) {
  const Instance instance = make_instance({{0, 2, 3_GiB}, {0, 2, 3_GiB}, {0, 2, 3_GiB}});
  const Plan plan = solve(instance);
  EXPECT_EQ(plan.offsets, (std::vector{0_GiB, 3_GiB, 6_GiB}));
  EXPECT_EQ(plan.peak, 9_GiB);
}

TEST(BestFit, PrefersTheTightestGapAndFirstFitTheLowest) {
  // Two that go away leave the gaps [0, 100) and [190, 270) between two that last.
  const Instance instance =
      make_instance({{0, 2, Bytes(100)}, {0, 9, Bytes(90)}, {0, 2, Bytes(80)}, {0, 9, Bytes(70)}, {5, 9, Bytes(30)}});
  EXPECT_EQ(solve(instance).offsets[4], Bytes(190));
  EXPECT_EQ(solve(instance, "first").offsets[4], Bytes(0));
}

TEST(BestFit, TakesTheLowestOfEqualGaps) {
  const Instance instance =
      make_instance({{0, 2, Bytes(80)}, {0, 9, Bytes(70)}, {0, 2, Bytes(80)}, {0, 9, Bytes(60)}, {5, 9, Bytes(30)}});
  EXPECT_EQ(solve(instance).offsets[4], Bytes(0));
}

TEST(BestFit, PlacesTheLargestFirstAndTheEarlierOfEqualOnes) {
  const Instance instance = make_instance({{3, 9, Bytes(5)}, {1, 9, Bytes(5)}, {0, 9, Bytes(7)}});
  EXPECT_EQ(solve(instance).offsets, (std::vector{Bytes(12), Bytes(7), Bytes(0)}));
}

// SmartPool's published procedure, written down naively: quadratic, without gaps or pins.
std::vector<Bytes> naive_best_fit(const Instance& instance) {
  const auto& b = instance.buffers;
  std::vector<std::uint32_t> order(b.size());
  for (std::uint32_t i = 0; i < b.size(); ++i) order[i] = i;
  std::sort(order.begin(), order.end(), [&](std::uint32_t i, std::uint32_t j) {
    return std::tuple(b[j].size, b[i].lower, i) < std::tuple(b[i].size, b[j].lower, j);
  });
  std::vector<Bytes> offsets(b.size());
  for (std::size_t k = 0; k < order.size(); ++k) {
    std::vector<std::pair<Bytes, Bytes>> taken;
    for (std::size_t p = 0; p < k; ++p)
      if (testing::overlap_in_time(b[order[k]], b[order[p]]))
        taken.emplace_back(offsets[order[p]], offsets[order[p]] + b[order[p]].size);
    std::sort(taken.begin(), taken.end());
    Bytes top{}, best{~std::uint64_t{0}};
    Bytes chosen = best;
    for (const auto& [begin, end] : taken) {
      if (begin >= top + b[order[k]].size && begin - top < best) {
        best = begin - top;
        chosen = top;
      }
      top = std::max(top, end);
    }
    offsets[order[k]] = best == Bytes(~std::uint64_t{0}) ? top : chosen;
  }
  return offsets;
}

TEST(BestFit, PlansExactlyAsThePublishedProcedure) {
  EXPECT_TRUE(rc::check([] {
    const Instance instance = testing::random_instance(
        {.most_buffers = 100, .last_start = 150, .largest = 20, .alignments = false, .gaps = false, .pins = false});
    RC_ASSERT(solve(instance).offsets == naive_best_fit(instance));
  }));
}

TEST(MaxLoad, CountsHalfOpenLifetimes) {
  const Instance instance = make_instance({{0, 5, Bytes(3)}, {5, 9, Bytes(4)}, {4, 6, Bytes(2)}});
  EXPECT_EQ(max_load(instance).bytes, Bytes(6));
  EXPECT_EQ(max_load(instance).time, 5u);
}

TEST(CheckInstance, NamesTheBufferThatIsWrong) {
  Instance instance = make_instance({{0, 5, Bytes(3)}, {5, 5, Bytes(4)}});
  instance.names = {"weights", "gradient"};
  try {
    check_instance(instance);
    FAIL() << "accepted a lifetime that is empty";
  } catch (const TraceError& error) {
    EXPECT_NE(std::string(error.what()).find("gradient"), std::string::npos) << error.what();
  }
  EXPECT_THROW(check_instance(make_instance({{0, 1, Bytes(0)}})), TraceError);
  EXPECT_THROW(check_instance(make_instance({{0, 1, Bytes(1), Bytes(0)}})), TraceError);
  EXPECT_THROW(check_instance(make_instance({{0, 1, Bytes(~0ull)}, {0, 1, Bytes(2)}})), TraceError);
}

}  // namespace
}  // namespace vramlab
