#include "traces/plan_csv.h"

#include <gmock/gmock.h>
#include <rapidcheck/gtest.h>

#include <algorithm>

#include "engine/coloring/solver.h"
#include "files.h"
#include "traces/reader.h"

namespace vramlab {
namespace {

using test::bytes_of;
using test::trace_error;
using ::testing::HasSubstr;

const Instance two = read_instance_csv(bytes_of("id,lower,upper,size\na,0,5,4\nb,3,9,2\n"), "two.csv");

PlanFile read(std::string_view text, const Instance& instance = two) {
  return read_plan_csv(bytes_of(text), "plan.csv", instance);
}

Plan plan_of(std::vector<Bytes> offsets, Bytes peak) {
  Plan plan;
  plan.offsets = std::move(offsets);
  plan.peak = peak;
  return plan;
}

TEST(PlanCsv, HasTheColumnsOfMinimalloc) {
  EXPECT_EQ(plan_to_csv(two, plan_of({Bytes(0), Bytes(4)}, Bytes(6))),
            "id,lower,upper,size,offset\na,0,5,4,0\nb,3,9,2,4\n");
}

TEST(PlanCsv, HasTheOtherColumnsOnlyWhereTheInstanceHasThem) {
  Instance instance = read_instance_csv(
      bytes_of("id,lower,upper,size,alignment,gaps,priority\na,0,9,4,1,2-3 5-7,1\nb,3,9,2,8,,2\n"), "x");
  Plan plan = plan_of({Bytes(0), Bytes(8)}, Bytes(10));
  EXPECT_EQ(plan_to_csv(instance, plan),
            "id,lower,upper,size,alignment,gaps,offset\na,0,9,4,1,2-3 5-7,0\nb,3,9,2,8,,8\n");
  instance.heaps = {{"fast", Bytes(4)}, {"slow", Bytes(100)}};
  plan.heaps = {0, 1};
  EXPECT_EQ(plan_to_csv(instance, plan),
            "id,lower,upper,size,alignment,gaps,heap,offset\na,0,9,4,1,2-3 5-7,fast,0\nb,3,9,2,8,,slow,8\n");
}

TEST(PlanCsv, OfATraceNumbersItsBuffers) {
  Instance instance = two;
  instance.names.clear();
  EXPECT_THAT(plan_to_csv(instance, plan_of({Bytes(0), Bytes(4)}, Bytes(6))), HasSubstr("\n1,3,9,2,4\n"));
}

TEST(PlanCsv, HoldsOffsetsBeyond32Bits) {
  const Bytes far((std::uint64_t{1} << 40) + 1);
  const std::string text = plan_to_csv(two, plan_of({Bytes(0), far}, far + Bytes(2)));
  EXPECT_EQ(read(text).plan.offsets[1], far);
  EXPECT_EQ(read(text).plan.peak, far + Bytes(2));
}

TEST(PlanCsv, IsReadInAnyOrderOfRowsAndColumns) {
  const PlanFile file = read("offset,size,upper,start,buffer\n4,2,9,3,b\n0,4,5,0,a\n");
  EXPECT_EQ(file.mistake, "");
  EXPECT_EQ(file.plan.offsets, (std::vector<Bytes>{Bytes(0), Bytes(4)}));
  EXPECT_EQ(file.plan.peak, Bytes(6));
  EXPECT_EQ(check_plan(two, file.plan), "");
}

TEST(PlanCsv, ThatIsNoneIsRefusedWithItsLine) {
  EXPECT_THAT(trace_error([] { read("id,lower,upper,size\na,0,5,4\n"); }).what(),
              HasSubstr("plan.csv:1: column 'offset' is missing"));
  EXPECT_THAT(trace_error([] { read("id,lower,upper,size,offset\na,0,5,4,x\n"); }).what(), HasSubstr("plan.csv:2"));
  EXPECT_THAT(trace_error([] { read("id,lower,upper,size,offset\na,0,5,4,1\na,0,5,4,1\n"); }).what(),
              HasSubstr("id 'a' occurs twice"));
}

TEST(PlanCsv, TellsTheFirstDisagreementWithItsInstance) {
  const auto mistake = [](const std::string& rows) { return read("id,lower,upper,size,offset\n" + rows).mistake; };
  EXPECT_EQ(mistake("a,0,5,4,0\n"), "buffer b has no offset");
  EXPECT_EQ(mistake(""), "buffer a has no offset");
  EXPECT_EQ(mistake("a,0,5,4,0\nb,3,9,2,4\nc,0,1,1,9\n"), "the instance has no buffer c");
  EXPECT_EQ(mistake("a,0,5,4,0\nb,3,8,2,4\n"), "buffer b is [3, 8) of size 2, in the instance [3, 9) of size 2");
  EXPECT_EQ(mistake("a,0,5,3,0\nb,4,9,2,4\n"), "buffer a is [0, 5) of size 3, in the instance [0, 5) of size 4");
}

TEST(PlanCsv, NamesTheHeapOfEachBuffer) {
  Instance instance = two;
  instance.heaps = {{"fast", Bytes(4)}, {"slow", Bytes(100)}};
  const PlanFile file = read("id,lower,upper,size,heap,offset\na,0,5,4,slow,1\nb,3,9,2,fast,0\n", instance);
  EXPECT_EQ(file.mistake, "");
  EXPECT_EQ(file.plan.heaps, (std::vector<std::uint8_t>{1, 0}));
  EXPECT_EQ(file.plan.heap_peaks, (std::vector<Bytes>{Bytes(2), Bytes(5)}));
  EXPECT_EQ(file.plan.peak, Bytes(2));
  EXPECT_EQ(read("id,lower,upper,size,heap,offset\na,0,5,4,slow,1\nb,3,9,2,quick,0\n", instance).mistake,
            "buffer b lies in heap quick, which is none");
  EXPECT_THAT(trace_error([&] { read("id,lower,upper,size,offset\na,0,5,4,1\n", instance); }).what(),
              HasSubstr("column 'heap' is missing"));
}

/// Buffers with lifetimes, alignments and at most one gap each, of any sizes up to 2^40.
Instance arbitrary_instance() {
  Instance instance;
  instance.name = "any";
  const auto count = *rc::gen::inRange<std::uint32_t>(1, 30);
  for (std::uint32_t i = 0; i < count; ++i) {
    const auto lower = *rc::gen::inRange<std::uint64_t>(0, 50);
    const auto upper = *rc::gen::inRange<std::uint64_t>(lower + 1, 60);
    const Bytes size(*rc::gen::inRange<std::uint64_t>(1, std::uint64_t{1} << *rc::gen::inRange(1, 41)));
    instance.buffers.push_back({lower, upper, size, Bytes(std::uint64_t{1} << *rc::gen::inRange(0, 10))});
    if (upper - lower >= 3 && *rc::gen::arbitrary<bool>()) instance.gaps.push_back({i, lower + 1, upper - 1});
  }
  return instance;
}

RC_GTEST_PROP(PlanCsv, IsAValidPlanWhenItIsReadAgain, ()) {
  const Instance instance = arbitrary_instance();
  const SolverInfo& solver = solvers().front();
  const Plan plan = solve_instance(solver, instance, default_request(solver)).plan;
  const PlanFile file = read(plan_to_csv(instance, plan), instance);
  RC_ASSERT(file.mistake.empty());
  RC_ASSERT(file.plan.offsets == plan.offsets);
  RC_ASSERT(file.plan.peak == plan.peak);
  RC_ASSERT(check_plan(instance, file.plan).empty());
}

}  // namespace
}  // namespace vramlab
