// The planner on programs whose best plans are known, and what holds for all its plans.

#include "engine/swap/planner.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <rapidcheck/gtest.h>

#include "engine/core/error.h"
#include "engine/swap/plan_records.h"
#include "planned_program.h"

namespace vramlab {
namespace {

using testing::expect_sound;
using testing::make_persistent;
using testing::small_machine;
using testing::small_program;
using testing::small_request;

constexpr Bytes anything{~std::uint64_t{0}};

// 100 bytes written by operator 0 and read by the last; operator 2 uses 300 others.
AccessProgram one_gap() { return small_program({100, 100, 100, 100, 100}, {{100, {0, 4}}, {300, {2}}}); }

TEST(Planner, TakesTheOneAbsenceThatHelps) {
  const AccessProgram program = one_gap();
  const SwapMachine machine = small_machine(1, 1, anything);
  const SwapPlan plan = least_plan(program, machine, small_request());
  ASSERT_EQ(plan.absences.size(), 1u);
  EXPECT_EQ(plan.absences[0].object, 0u);
  EXPECT_EQ(plan.absences[0].out_slot, 1u);
  EXPECT_EQ(plan.absences[0].settle_slot, 2u);
  EXPECT_EQ(plan.absences[0].in_slot, 3u);
  EXPECT_EQ(plan.peak, Bytes(300));
  EXPECT_EQ(plan.stall, 0_ns);
  expect_sound(program, machine, plan);
}

TEST(Planner, PlansNothingWhereTheLimitHoldsAnyway) {
  const SwapPlan plan = plan_swaps(one_gap(), small_machine(1, 1, anything), Bytes(400), small_request());
  EXPECT_TRUE(plan.absences.empty());
  EXPECT_EQ(plan.peak, Bytes(400));
}

// The copy out takes 110 ns, there are 100: with nobody waiting it is too late.
TEST(Planner, WaitsBeforeThePeakForACopyOut) {
  AccessProgram program = one_gap();
  program.objects[0].bytes = Bytes(110);
  complete(program);
  const SwapMachine machine = small_machine(1, 2, anything);
  EXPECT_EQ(least_plan(program, machine, small_request()).peak, Bytes(410));
  const SwapPlan waits = least_plan(program, machine, small_request(0.02));
  EXPECT_EQ(waits.peak, Bytes(300));
  EXPECT_EQ(waits.stall, 10_ns);
  EXPECT_EQ(least_plan(program, machine, small_request(0.019)).peak, Bytes(410));
}

TEST(Planner, WaitsAfterThePeakForACopyIn) {
  AccessProgram program = one_gap();
  program.objects[0].bytes = Bytes(110);
  complete(program);
  const SwapMachine machine = small_machine(2, 1, anything);
  EXPECT_EQ(least_plan(program, machine, small_request()).peak, Bytes(410));
  const SwapPlan waits = least_plan(program, machine, small_request(0.02));
  EXPECT_EQ(waits.peak, Bytes(300));
  EXPECT_EQ(waits.stall, 10_ns);
  expect_sound(program, machine, waits);
}

TEST(Planner, WaitsForBothAtOnePeak) {
  AccessProgram program = one_gap();
  program.objects[0].bytes = Bytes(110);
  complete(program);
  const SwapMachine machine = small_machine(1, 1, anything);
  EXPECT_EQ(least_plan(program, machine, small_request(0.03)).peak, Bytes(410));
  EXPECT_EQ(least_plan(program, machine, small_request(0.04)).peak, Bytes(300));
}

// What nothing writes has been copied once and for all.
TEST(Planner, DoesNotCopyOutWhatIsOnlyRead) {
  AccessProgram program = one_gap();
  make_persistent(program, 0);
  const SwapPlan plan = least_plan(program, small_machine(1, 1, anything), small_request());
  EXPECT_EQ(plan.peak, Bytes(300));
  for (const PlannedAbsence& absence : plan.absences) EXPECT_FALSE(absence.copies);
}

// Away from the last use in one stretch to the first in the next.
TEST(Planner, SwapsAcrossTheEndOfTheStretch) {
  AccessProgram program = small_program({100, 100, 100, 100, 100}, {{100, {2}}, {300, {4}}, {300, {0}}});
  program.objects[0].accesses[0].writes = true;
  make_persistent(program, 0);
  const SwapMachine machine = small_machine(1, 1, anything);
  const SwapPlan plan = least_plan(program, machine, small_request());
  EXPECT_EQ(plan.peak, Bytes(300));
  EXPECT_EQ(plan.absences.size(), 2u);
  expect_sound(program, machine, plan);
}

// Freed after its last use by a later operator: out, and never back.
TEST(Planner, DoesNotBringBackWhatIsNotUsedAgain) {
  AccessProgram program = one_gap();
  program.objects[0].before = true;
  program.objects[0].accesses = {{0, true}};
  complete(program);
  const SwapMachine machine = small_machine(1, 1, anything);
  const SwapPlan plan = least_plan(program, machine, small_request());
  EXPECT_EQ(plan.peak, Bytes(300));
  EXPECT_EQ(forecast(program, machine, plan).in, Bytes(0));
}

TEST(Planner, RefusesALimitBelowAnOperatorsWorkingSet) {
  try {
    plan_swaps(one_gap(), small_machine(1, 1, anything), Bytes(299), small_request());
    FAIL();
  } catch (const ConfigError& error) {
    EXPECT_THAT(error.what(), ::testing::HasSubstr("operator 2"));
    EXPECT_THAT(error.what(), ::testing::HasSubstr("300"));
  }
}

TEST(Planner, RefusesATierWithoutALink) {
  PlannerRequest request = small_request();
  request.tier = Tier::disk;
  EXPECT_THROW(least_plan(one_gap(), small_machine(1, 1, anything), request), ConfigError);
}

TEST(Planner, SticksToALimitHoweverLongItTakes) {
  AccessProgram program = one_gap();
  program.objects[0].bytes = Bytes(5000);
  complete(program);
  const SwapMachine machine = small_machine(1, 1, anything);
  PlannerRequest request = small_request();
  EXPECT_EQ(plan_swaps(program, machine, Bytes(5000), request).peak, Bytes(5300));
  request.mode = PlanMode::stick_to_limit;
  const SwapPlan plan = plan_swaps(program, machine, Bytes(5000), request);
  EXPECT_EQ(plan.peak, Bytes(5000));
  EXPECT_EQ(plan.stall, Nanoseconds(2 * (5000 - 100)));
}

RC_GTEST_PROP(PlannerProperties, PlansAreSoundAndWaitNoLongerThanAllowed, ()) {
  const AccessProgram program = testing::drawn_lives();
  const SwapMachine machine = testing::drawn_packing_machine(program);
  const double overhead = testing::pick(0, 20) / 100.0;
  const SwapPlan plan = least_plan(program, machine, small_request(overhead));
  expect_sound(program, machine, plan);
  RC_ASSERT(plan.peak <= testing::largest(program.load));
  RC_ASSERT(static_cast<double>(plan.stall.value) <= overhead * static_cast<double>(program.duration.value));
}

std::size_t slots_with(const std::vector<std::vector<std::uint32_t>>& lists) {
  return static_cast<std::size_t>(std::ranges::count_if(lists, [](const auto& list) { return !list.empty(); }));
}

RC_GTEST_PROP(PlannerProperties, SharedRecordsAreFewerAndThePlanIsAsGood, ()) {
  const AccessProgram program = testing::drawn_lives();
  const SwapMachine machine = testing::drawn_packing_machine(program);
  SwapPlan plan = least_plan(program, machine, small_request(0.1));
  const PlanLists before = lists_of(program, plan);
  share_records(program, machine.codec, plan);
  const PlanLists after = lists_of(program, plan);
  RC_ASSERT(testing::largest(load_under(program, plan)) == plan.peak);
  RC_ASSERT(slots_with(after.outs) <= slots_with(before.outs));
  RC_ASSERT(slots_with(after.ins) <= slots_with(before.ins));
}

// Two objects come back in time, one of them earlier than it would have to.
TEST(Planner, CopiesBeginTogetherWhereRecordsTakeTime) {
  const AccessProgram program =
      small_program({100, 100, 100, 100, 100, 100, 100}, {{100, {0, 5}}, {100, {0, 6}}, {300, {2}}});
  SwapMachine machine = small_machine(2, 2, anything);
  const auto records = [&] {
    const SwapPlan plan = least_plan(program, machine, small_request(0.1));
    EXPECT_EQ(plan.peak, Bytes(300));
    const PlanLists lists = lists_of(program, plan);
    return slots_with(lists.outs) + slots_with(lists.ins);
  };
  const std::size_t apart = records();
  machine.record_gap = 5_ns;
  EXPECT_LT(records(), apart);
}

RC_GTEST_PROP(PlannerProperties, TheSameRequestGivesTheSamePlan, ()) {
  const AccessProgram program = testing::drawn_lives();
  const SwapMachine machine = testing::drawn_packing_machine(program);
  const SwapPlan one = least_plan(program, machine, small_request(0.05));
  const SwapPlan two = least_plan(program, machine, small_request(0.05));
  RC_ASSERT(one.absences.size() == two.absences.size());
  for (std::size_t i = 0; i < one.absences.size(); ++i) {
    const PlannedAbsence &a = one.absences[i], &b = two.absences[i];
    RC_ASSERT(a.object == b.object && a.out_slot == b.out_slot && a.settle_slot == b.settle_slot);
    RC_ASSERT(a.in_slot == b.in_slot && a.out_time == b.out_time && a.in_time == b.in_time);
  }
}

// Hills one after the other, over each of which 110 bytes have to leave that are copied out in 110 ns, with 100 ns for
// it: 10 ns of waiting each. One wait more must not cost a whole plan.
TEST(Planner, WaitsAtManyPeaksForTheEffortOfAFewPlans) {
  constexpr std::uint32_t hills = 200, slots = 5;
  std::vector<testing::SmallObject> objects;
  for (std::uint32_t first = 0; first < hills * slots; first += slots) {
    objects.push_back({110, {first, first + 4}});
    objects.push_back({300, {first + 2}});
  }
  const AccessProgram program = small_program(std::vector<std::int64_t>(std::size_t{hills} * slots, 100), objects);
  const SwapMachine machine = small_machine(1, 2, anything);
  const SwapPlan plan = least_plan(program, machine, small_request(0.02));
  EXPECT_EQ(plan.peak, Bytes(300));
  EXPECT_EQ(plan.stall, Nanoseconds(10 * hills));
  expect_sound(program, machine, plan);
}

// The link takes copies in the order in which they are asked for, however long they are packed before. One is asked for
// earlier than others that are planned to pass before it only where later would be too late.
RC_GTEST_PROP(PlannerProperties, CopiesOutAreAskedForInTheOrderInWhichTheyAreToPass, ()) {
  const AccessProgram program = testing::drawn_lives();
  SwapMachine machine = testing::drawn_packing_machine(program);
  machine.codec = {2000, testing::pick<std::uint64_t>(1, 5) * 1'000'000'000, 0};
  const SwapPlan plan = least_plan(program, machine, small_request(testing::pick(0, 20) / 100.0));
  std::vector<PlannedAbsence> asked;
  for (const std::vector<std::uint32_t>& slot : lists_of(program, plan).outs)
    for (const std::uint32_t a : slot)
      if (plan.absences[a].copies) asked.push_back(plan.absences[a]);
  for (std::size_t first = 0; first < asked.size(); ++first)
    for (std::size_t later = first + 1; later < asked.size(); ++later)
      RC_ASSERT(asked[first].out_time <= asked[later].out_time || asked[first].settle_slot <= asked[later].out_slot);
}

// The search goes on from where less effort ended.
RC_GTEST_PROP(PlannerProperties, MoreEffortNeverGivesAHigherPeak, ()) {
  const AccessProgram program = testing::drawn_lives();
  const SwapMachine machine = testing::drawn_packing_machine(program);
  PlannerRequest request = small_request(testing::pick(0, 20) / 100.0);
  const Bytes less = least_plan(program, machine, request).peak;
  request.effort *= 4;
  RC_ASSERT(least_plan(program, machine, request).peak <= less);
}

// It ends, and the limit holds. Some limits no planner can hold: a copy out needs an operator to run beside.
RC_GTEST_PROP(PlannerProperties, StickingToALimitHoldsItOrSaysThatItCannot, ()) {
  const AccessProgram program = testing::drawn_lives();
  const SwapMachine machine = testing::drawn_packing_machine(program);
  const Bytes least = working_set(program, largest_operator(program));
  const Bytes most = testing::largest(program.load);
  const Bytes limit(testing::pick<std::uint64_t>(least.value, most.value + 1));
  PlannerRequest request = small_request();
  request.mode = PlanMode::stick_to_limit;
  try {
    const SwapPlan plan = plan_swaps(program, machine, limit, request);
    expect_sound(program, machine, plan);
    RC_ASSERT(plan.peak <= limit);
  } catch (const OutOfMemory&) {
    RC_TAG("not possible");
  }
}

}  // namespace
}  // namespace vramlab
