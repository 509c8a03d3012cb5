#include "engine/coloring/greedy.h"

#include <gtest/gtest.h>
#include <rapidcheck.h>

#include "engine/coloring/live_times.h"
#include "instances.h"

namespace vramlab {
namespace {

using testing::make_instance;
using testing::random_instance;

std::vector<Bytes> offsets_by(std::string_view solver, const Instance& instance, const std::string& fit) {
  return testing::solve_by(solver, instance, {{"fit", fit}}).plan.offsets;
}

TEST(ChooseOffset, FindsTheGapBelowTheFirstRangeAboveTheLastAndBetween) {
  const std::vector<Range> taken = {{10, 20}, {12, 14}, {30, 40}};
  const auto choose = [&](std::uint64_t size, Fit fit) {
    return choose_offset(taken, {0, 1, Bytes(size), Bytes(1)}, fit);
  };
  EXPECT_EQ(choose(10, Fit::first), 0u);
  EXPECT_EQ(choose(10, Fit::best), 0u);
  EXPECT_EQ(choose(11, Fit::best), 40u);
  EXPECT_EQ(choose_offset({}, {0, 1, Bytes(5), Bytes(1)}, Fit::best), 0u);
}

TEST(ChooseOffset, AlignsInsideAGapAndAboveAll) {
  const std::vector<Range> taken = {{0, 5}, {13, 21}};
  EXPECT_EQ(choose_offset(taken, {0, 1, Bytes(5), Bytes(8)}, Fit::first), 8u);
  EXPECT_EQ(choose_offset(taken, {0, 1, Bytes(6), Bytes(8)}, Fit::first), 24u);
}

TEST(ByLifetime, PlacesTheLongestLiveTimeAtTheBottom) {
  Instance instance = make_instance({{0, 10, Bytes(1)}, {0, 9, Bytes(100)}, {0, 20, Bytes(3)}});
  EXPECT_EQ(offsets_by("by-lifetime", instance, "first"), (std::vector{Bytes(3), Bytes(4), Bytes(0)}));
  instance.gaps = {{2, 1, 15}};  // six positions live are left to the longest lifetime
  EXPECT_EQ(offsets_by("by-lifetime", instance, "first"), (std::vector{Bytes(0), Bytes(1), Bytes(101)}));
}

TEST(ByArea, PlacesTheLargestProductAtTheBottomBeyondSixtyFourBits) {
  const std::uint64_t huge = std::uint64_t{1} << 40;
  const Instance instance = make_instance({{0, huge, Bytes(huge)}, {0, huge + 1, Bytes(huge)}, {0, 1, Bytes(huge)}});
  EXPECT_EQ(offsets_by("by-area", instance, "first"), (std::vector{Bytes(huge), Bytes(0), Bytes(2 * huge)}));
}

TEST(ByStart, PlacesInOrderOfBeginning) {
  const Instance instance = make_instance({{2, 4, Bytes(50)}, {0, 4, Bytes(10)}, {1, 4, Bytes(20)}});
  EXPECT_EQ(offsets_by("by-start", instance, "first"), (std::vector{Bytes(30), Bytes(0), Bytes(10)}));
}

TEST(FirstFit, IsTheFirstFitOfBestFit) {
  EXPECT_TRUE(rc::check([] {
    const Instance instance = random_instance();
    RC_ASSERT(testing::solve_by("first-fit", instance).plan.offsets == offsets_by("best-fit", instance, "first"));
  }));
}

TEST(PlaceInOrder, PlacesPinnedBuffersBeforeLargerOnes) {
  Instance instance = make_instance({{0, 4, Bytes(100)}, {0, 4, Bytes(10)}});
  instance.pins = {{1, Bytes(50)}};
  EXPECT_EQ(testing::solve_by("first-fit", instance).plan.offsets, (std::vector{Bytes(60), Bytes(50)}));
}

TEST(PlaceInOrder, AllowsTwoPinsAtOnePlaceWhereOneIsInAGap) {
  Instance instance = make_instance({{0, 10, Bytes(8)}, {4, 6, Bytes(8)}});
  instance.gaps = {{0, 4, 6}};
  instance.pins = {{0, Bytes(16)}, {1, Bytes(20)}};
  EXPECT_EQ(testing::solve_by("best-fit", instance).plan.peak, Bytes(28));
}

TEST(PlaceInOrder, AllowsBuffersThatArePinnedApartOnlyByTheirAlignment) {
  // What the rounding to the common alignment adds must not count as taken by the pin below.
  Instance instance = make_instance({{0, 4, Bytes(9), Bytes(8)}, {0, 4, Bytes(8), Bytes(8)}});
  instance.pins = {{0, Bytes(0)}, {1, Bytes(16)}};
  EXPECT_EQ(testing::solve_by("best-fit", instance).plan.peak, Bytes(24));
}

TEST(PlaceInOrder, TellsProgressAtMostAHundredTimes) {
  std::vector<Buffer> buffers;
  for (std::uint64_t i = 0; i < 1000; ++i) buffers.push_back({i, i + 3, Bytes(1 + i % 13)});
  const Instance instance = make_instance(std::move(buffers));
  SolveRequest request;
  int calls = 0;
  request.progress = [&](const SolveProgress&) { ++calls; };
  place_in_order(instance, request, buffers_by_size(instance), Fit::best);
  EXPECT_GT(calls, 50);
  EXPECT_LE(calls, 100);
}

// Against all placed buffers one by one, over several levels of the tree.
TEST(TakenIndex, GathersExactlyTheSpaceThatOverlappingBuffersTake) {
  EXPECT_TRUE(rc::check([] {
    const Instance instance = random_instance(
        {.most_buffers = 200, .last_start = 400, .longest = *rc::gen::element<std::uint64_t>(5, 50, 400)});
    const TimeSlots slots(instance);
    const LiveTimes times(instance);
    TakenIndex index(slots);
    const auto n = static_cast<std::uint32_t>(instance.buffers.size());
    std::vector<Range> places;
    for (std::uint32_t i = 0; i < n; ++i) {
      const auto begin = *rc::gen::inRange<std::uint64_t>(0, 300);
      std::vector<Range> taken;
      index.gather(i, taken);
      std::vector<bool> found(400), expected(400);
      const auto mark = [](std::vector<bool>& bytes, const Range& range) {
        std::fill(bytes.begin() + static_cast<std::ptrdiff_t>(range.begin),
                  bytes.begin() + static_cast<std::ptrdiff_t>(range.end), true);
      };
      for (const Range& range : taken) mark(found, range);
      for (std::uint32_t other = 0; other < i; ++other)
        if (times.meet(i, other)) mark(expected, places[other]);
      RC_ASSERT(found == expected);
      places.push_back({begin, begin + instance.buffers[i].size.value});
      index.add(i, places.back());
    }
  }));
}

}  // namespace
}  // namespace vramlab
