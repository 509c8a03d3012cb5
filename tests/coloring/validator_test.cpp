#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <rapidcheck.h>

#include "instances.h"

namespace vramlab {
namespace {

using ::testing::AllOf;
using ::testing::HasSubstr;
using testing::make_instance;

Plan make_plan(const std::vector<std::uint64_t>& offsets, std::uint64_t peak) {
  Plan plan;
  for (const std::uint64_t offset : offsets) plan.offsets.emplace_back(offset);
  plan.peak = Bytes(peak);
  return plan;
}

/// Two buffers of 8 bytes that overlap in time.
Instance pair_of_buffers() {
  Instance instance = make_instance({{0, 5, Bytes(8), Bytes(4)}, {4, 9, Bytes(8), Bytes(4)}});
  instance.names = {"first", "second"};
  return instance;
}

std::string problem(const std::vector<std::uint64_t>& offsets, std::uint64_t peak) {
  return check_plan(pair_of_buffers(), make_plan(offsets, peak));
}

TEST(CheckPlan, AcceptsAValidPlan) {
  EXPECT_EQ(problem({0, 8}, 16), "");
  EXPECT_EQ(problem({12, 0}, 20), "");
  EXPECT_EQ(check_plan(make_instance({}), make_plan({}, 0)), "");
}

TEST(CheckPlan, CountsTheOffsets) { EXPECT_THAT(problem({0}, 8), HasSubstr("1 offsets for 2")); }

TEST(CheckPlan, TellsAnOverlapWithBothRangesAndTheTime) {
  EXPECT_EQ(problem({0, 4}, 12), "buffers first [0, 8) and second [4, 12) overlap at time 4");
  EXPECT_THAT(problem({4, 0}, 12), AllOf(HasSubstr("first [4, 12)"), HasSubstr("second [0, 8)")));
  EXPECT_THAT(problem({4, 4}, 12), HasSubstr("overlap"));
}

TEST(CheckPlan, TellsAMisalignedOffset) { EXPECT_EQ(problem({0, 9}, 17), "buffer second at 9 is not aligned to 4"); }

TEST(CheckPlan, TellsAWrongPeak) { EXPECT_EQ(problem({0, 8}, 15), "the peak is 16, not 15 as stated"); }

TEST(CheckPlan, TellsAnOffsetThatWrapsAround) {
  EXPECT_EQ(problem({0, ~std::uint64_t{3}}, 8), "buffer second at 18446744073709551612 ends beyond 2^64");
}

TEST(CheckPlan, LetsBuffersThatTouchShareAPlace) {
  const Instance instance = make_instance({{0, 5, Bytes(8)}, {5, 9, Bytes(8)}});
  EXPECT_EQ(check_plan(instance, make_plan({0, 0}, 8)), "");
}

TEST(CheckPlan, LetsOthersUseTheSpaceOfAGapButNotOfALivePart) {
  Instance instance = make_instance({{0, 10, Bytes(8)}, {4, 6, Bytes(8)}});
  instance.gaps = {{0, 4, 6}};
  EXPECT_EQ(check_plan(instance, make_plan({0, 0}, 8)), "");
  instance.gaps = {{0, 5, 6}};
  EXPECT_EQ(check_plan(instance, make_plan({0, 0}, 8)), "buffers 0 [0, 8) and 1 [0, 8) overlap at time 4");
  instance.gaps = {{0, 4, 5}};
  EXPECT_EQ(check_plan(instance, make_plan({0, 0}, 8)), "buffers 1 [0, 8) and 0 [0, 8) overlap at time 5");
}

TEST(CheckPlan, TellsAPinnedBufferThatLiesElsewhere) {
  Instance instance = pair_of_buffers();
  instance.pins = {{1, Bytes(12)}};
  EXPECT_EQ(check_plan(instance, make_plan({0, 12}, 20)), "");
  EXPECT_EQ(check_plan(instance, make_plan({0, 8}, 16)), "buffer second is at 8, not at 12 where it is pinned");
}

/// Both at the bottom of a heap of their own.
struct TwoHeaps {
  Instance instance = pair_of_buffers();
  Plan plan = make_plan({0, 0}, 8);
  TwoHeaps() {
    instance.heaps = {{"fast", Bytes(8)}, {"slow", Bytes(16)}};
    plan.heaps = {0, 1};
    plan.heap_peaks = {Bytes(8), Bytes(8)};
  }
  std::string problem() const { return check_plan(instance, plan); }
};

TEST(CheckPlan, LooksForOverlapsWithinOneHeapOnly) {
  TwoHeaps two;
  EXPECT_EQ(two.problem(), "");
  two.plan.heaps = {1, 1};
  two.plan.peak = Bytes(0);
  two.plan.heap_peaks = {Bytes(0), Bytes(8)};
  EXPECT_EQ(two.problem(), "buffers first [0, 8) and second [0, 8) overlap at time 4");
}

TEST(CheckPlan, TellsAHeapThatDoesNotExist) {
  TwoHeaps two;
  two.plan.heaps = {0, 2};
  EXPECT_EQ(two.problem(), "buffer second is in heap 2 of 2");
  two.plan.heaps = {0};
  EXPECT_EQ(two.problem(), "the heaps of 1 buffers for 2 buffers");
  Plan without_heaps = make_plan({0, 8}, 16);
  without_heaps.heaps = {0, 1};
  EXPECT_EQ(check_plan(pair_of_buffers(), without_heaps), "buffer second is in heap 1 of 1");
}

TEST(CheckPlan, TellsABufferBeyondTheCapacityOfItsHeap) {
  TwoHeaps two;
  two.plan.offsets[0] = Bytes(4);
  two.plan.peak = two.plan.heap_peaks[0] = Bytes(12);
  EXPECT_EQ(two.problem(), "buffer first ends at 12, beyond the capacity 8 of heap 0 (fast)");
}

TEST(CheckPlan, TellsAWrongPeakOfAHeap) {
  TwoHeaps two;
  two.plan.heap_peaks[1] = Bytes(12);
  EXPECT_EQ(two.problem(), "the peak of heap 1 (slow) is 8, not 12 as stated");
  two.plan.heap_peaks = {Bytes(8)};
  EXPECT_EQ(two.problem(), "1 heap peaks for 2 heaps");
  two.plan.heap_peaks = {};
  EXPECT_EQ(two.problem(), "0 heap peaks for 2 heaps");
}

TEST(CheckPlan, TakesBuffersWithoutAHeapForThoseOfTheFirst) {
  TwoHeaps two;
  two.instance.heaps[0].capacity = Bytes(16);
  two.plan = make_plan({0, 8}, 16);
  two.plan.heap_peaks = {Bytes(16), Bytes(0)};
  EXPECT_EQ(two.problem(), "");
}

TEST(CheckPlan, FindsAnOverlapExactlyWhereTwoLivePartsMeetAtOnePlace) {
  EXPECT_TRUE(rc::check([] {
    const Instance instance = testing::random_instance({.most_buffers = 12, .alignments = false, .pins = false});
    Plan plan;
    for (const Buffer& b : instance.buffers) {
      plan.offsets.emplace_back(*rc::gen::inRange<std::uint64_t>(0, 400));
      plan.peak = std::max(plan.peak, plan.offsets.back() + b.size);
    }
    bool overlap = false;
    const std::vector<LivePart> parts = live_parts(instance);
    for (const LivePart& a : parts)
      for (const LivePart& b : parts)
        overlap |= a.buffer < b.buffer && a.lower < b.upper && b.lower < a.upper &&
                   plan.offsets[a.buffer] < plan.offsets[b.buffer] + instance.buffers[b.buffer].size &&
                   plan.offsets[b.buffer] < plan.offsets[a.buffer] + instance.buffers[a.buffer].size;
    RC_ASSERT((check_plan(instance, plan) != "") == overlap);
  }));
}

}  // namespace
}  // namespace vramlab
