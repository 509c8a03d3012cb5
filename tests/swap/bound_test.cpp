#include "engine/swap/bound.h"

#include <gtest/gtest.h>

#include "engine/core/error.h"
#include "engine/swap/exact_plan.h"
#include "engine/swap/planner.h"
#include "small_program.h"

namespace vramlab {
namespace {

using testing::small_machine;
using testing::small_program;
using testing::SmallObject;

SwapLink& host_link(SwapMachine& machine) { return machine.links[static_cast<std::size_t>(Tier::host)]; }

/// There before, and still there at the end.
AccessProgram with_persistent(AccessProgram program, std::vector<std::uint32_t> objects, bool written = false) {
  for (const std::uint32_t i : objects) {
    ProgramObject& object = program.objects[i];
    object.before = object.after = true;
    object.birth = 0;
    object.death = program.slots();
    object.accesses.back().writes = written;
  }
  complete(program);
  return program;
}

std::uint64_t bound_of(const AccessProgram& program, const SwapMachine& machine, double overhead = 0) {
  return swap_bound(program, machine, {.max_overhead = overhead}).load.value;
}

ExactPlan exact_of(const AccessProgram& program, const SwapMachine& machine, double overhead = 0) {
  ExactPlan exact = exact_plan(program, machine, {.max_overhead = overhead});
  EXPECT_TRUE(exact.proved);
  return exact;
}

/// Object 0, of 100 bytes, has a gap while operator 2, with 160 bytes of its own, runs: 50 ns before and 50 after.
AccessProgram one_gap() { return small_program({10, 50, 10, 50, 10}, {{100, {0, 4}}, {160, {2}}}); }

TEST(Bound, OneObjectThatHasTheTimeIsAwayWhole) {
  const AccessProgram program = one_gap();
  const SwapBound bound = swap_bound(program, small_machine(2, 2, {}), {});
  EXPECT_TRUE(bound.optimal);
  EXPECT_EQ(bound.max_load.value, 260U);
  EXPECT_EQ(bound.largest_operator.value, 160U);
  EXPECT_EQ(bound.load.value, 160U);
  EXPECT_EQ(exact_of(program, small_machine(2, 2, {})).plan.peak.value, 160U);
}

TEST(Bound, OneObjectThatHasHalfTheTimeStays) {
  EXPECT_EQ(bound_of(one_gap(), small_machine(1, 2, {})), 260U);
  EXPECT_EQ(bound_of(one_gap(), small_machine(2, 1, {})), 260U);
  EXPECT_EQ(exact_of(one_gap(), small_machine(1, 2, {})).plan.peak.value, 260U);
}

TEST(Bound, OfTwoObjectsThatHaveTimeForOneAndAHalfSoMuchIsAway) {
  const AccessProgram program = small_program({10, 75, 10, 100, 10}, {{50, {0, 4}}, {50, {0, 4}}, {160, {2}}});
  EXPECT_EQ(bound_of(program, small_machine(1, 1, {})), 185U);
}

TEST(Bound, HandingOverTakesTimeBesideTheLinks) {
  SwapMachine machine = small_machine(2, 2, {});  // 50 ns each way are there
  machine.handover = Nanoseconds(1);
  EXPECT_EQ(bound_of(one_gap(), machine), 260U);
  EXPECT_EQ(bound_of(one_gap(), machine, 4.1 / 130), 160U);
  EXPECT_EQ(exact_of(one_gap(), machine, 4.1 / 130).plan.peak.value, 160U);
}

TEST(Bound, WhatComesBackWhileAnOperatorRunsTakesMemoryThen) {
  // 60 of 100 bytes would have to come back while operator 2 runs.
  const AccessProgram program = small_program({10, 100, 100, 40, 10}, {{100, {0, 4}}, {160, {2}}});
  EXPECT_EQ(bound_of(program, small_machine(1, 1, {})), 260U);
  EXPECT_EQ(exact_of(program, small_machine(1, 1, {})).plan.peak.value, 260U);
}

TEST(Bound, TwoObjectsShareTheLink) {
  const AccessProgram program = small_program({10, 100, 10, 100, 10}, {{100, {0, 4}}, {100, {0, 4}}, {200, {2}}});
  EXPECT_EQ(bound_of(program, small_machine(1, 1, {})), 300U);
  EXPECT_EQ(bound_of(program, small_machine(2, 2, {})), 200U);
  EXPECT_EQ(exact_of(program, small_machine(1, 1, {})).plan.peak.value, 300U);
}

TEST(Bound, WaitingIsTimeOnTheLink) {
  // 50 ns before operator 2 are missing, of a duration of 130.
  const AccessProgram program = one_gap();
  EXPECT_EQ(bound_of(program, small_machine(1, 4, {}), 50.0 / 130), 160U);
  EXPECT_EQ(bound_of(program, small_machine(1, 4, {}), 20.0 / 130), 260U);
  EXPECT_EQ(exact_of(program, small_machine(1, 4, {}), 50.5 / 130).plan.peak.value, 160U);
  EXPECT_EQ(exact_of(program, small_machine(1, 4, {}), 49.5 / 130).plan.peak.value, 260U);
}

TEST(Bound, WaitingIsSpentOnce) {
  // Two like stretches one after the other: 50 ns are missing in each.
  const AccessProgram program =
      small_program({10, 50, 10, 50, 10, 50, 10, 50, 10}, {{100, {0, 4}}, {260, {2}}, {100, {4, 8}}, {260, {6}}});
  const double one = 50.0 / static_cast<double>(program.duration.value);
  EXPECT_EQ(bound_of(program, small_machine(1, 4, {}), 2 * one), 260U);
  EXPECT_EQ(bound_of(program, small_machine(1, 4, {}), one), 310U);
}

TEST(Bound, WhatIsLateCatchesUpInPausesOfTheHost) {
  // Operator 2 waits 4095 ns for the copy of what operator 1 wrote, operator 3 one less: it was put 1 ns later.
  AccessProgram program = small_program({0, 0, 0, 0}, {{4096, {0}}, {20480, {1, 3}}, {20480, {2, 3}}});
  for (const std::uint32_t object : {1U, 2U}) {
    program.objects[object].accesses.pop_back();
    program.objects[object].accesses.front().writes = true;
  }
  for (int slot = 0; slot < 4; ++slot)
    program.begin[static_cast<std::size_t>(slot)] = program.end[static_cast<std::size_t>(slot)] = Nanoseconds(slot + 1);
  program.duration = Nanoseconds(4);
  complete(program);
  const auto bound = [&](bool absorb, Nanoseconds gap) {
    const BoundRequest request{.max_overhead = 4094.0 / 4 + 1e-9, .pauses_absorb = absorb, .launch_gap = gap};
    return swap_bound(program, small_machine(5, 5, {}), request).load.value;
  };
  EXPECT_EQ(bound(true, Nanoseconds(0)), 20480U);
  EXPECT_GT(bound(true, Nanoseconds(1)), 20480U);
  EXPECT_GT(bound(false, Nanoseconds(0)), 20480U);
}

TEST(Bound, WhatIsOnlyReadOfThePersistentIsNotCopiedOut) {
  // No time between operators 0 and 2.
  const AccessProgram program = with_persistent(small_program({10, 0, 10, 100, 10}, {{100, {0, 4}}, {160, {2}}}), {0});
  EXPECT_EQ(bound_of(program, small_machine(1, 1, {})), 160U);
  EXPECT_EQ(exact_of(program, small_machine(1, 1, {})).plan.peak.value, 160U);
  // Operator 4 writes it: 10 of 100 bytes could be copied out while operator 0 reads it.
  const AccessProgram written = with_persistent(program, {0}, true);
  EXPECT_EQ(bound_of(written, small_machine(1, 1, {})), 260U);
}

TEST(Bound, PersistentObjectsCloseAtTheEnd) {
  // Used in the middle only: away from the end of a stretch to operator 2 of the next, copied out once behind it.
  const AccessProgram program =
      with_persistent(small_program({10, 100, 10, 100, 10}, {{100, {2}}, {60, {0}}, {60, {4}}}), {0}, true);
  EXPECT_EQ(bound_of(program, small_machine(1, 1, {})), 100U);
  EXPECT_EQ(bound_of(program, small_machine(1, 100, {})), 100U);
  const ExactPlan exact = exact_of(program, small_machine(1, 1, {}));
  EXPECT_EQ(exact.plan.peak.value, 100U);
  EXPECT_EQ(exact.plan.absences.size(), 2U);
  EXPECT_TRUE(exact.plan.absences.front().from_the_beginning);
  EXPECT_TRUE(exact.plan.absences.back().copies);
}

TEST(Bound, APersistentObjectHasToBeAwayAtBothEnds) {
  // Away while operator 0 runs is of no use if it cannot be away at the end: nothing is left of the time there.
  AccessProgram program = small_program({10, 1000, 10}, {{100, {1, 2}}, {60, {0}}});
  program = with_persistent(program, {0}, true);
  EXPECT_EQ(exact_of(program, small_machine(1, 1, {})).plan.peak.value, 160U);
  EXPECT_EQ(exact_of(program, small_machine(1, 1, {}), 0.2).plan.peak.value, 100U);  // waits for the last transfer
  EXPECT_LE(bound_of(program, small_machine(1, 1, {}), 0.2), 100U);
}

TEST(Bound, ACodecHalvesTheBytes) {
  SwapMachine machine = small_machine(1, 1, {});
  machine.codec.ratio_per_mille = 2000;
  EXPECT_EQ(bound_of(one_gap(), machine), bound_of(one_gap(), small_machine(2, 2, {})));
}

TEST(Bound, LatencyTakesTimeOnTheLink) {
  SwapMachine machine = small_machine(2, 2, {});
  host_link(machine).out.latency = Nanoseconds(25);  // 50 of 75 ns are there
  EXPECT_EQ(bound_of(one_gap(), machine), 260U);
}

TEST(Bound, DirectionsThatSlowEachOtherDownTakeTurns) {
  // While operator 1 runs, 100 ns, object 0 comes back, whose copy is there always, and object 1 leaves.
  const AccessProgram program =
      with_persistent(small_program({10, 100, 10, 100, 10}, {{100, {2}}, {100, {0, 4}}, {200, {0}}, {200, {2}}}), {0});
  SwapMachine machine = small_machine(1, 1, {});
  EXPECT_EQ(bound_of(program, machine), 300U);
  EXPECT_EQ(exact_of(program, machine).plan.peak.value, 300U);
  host_link(machine).duplex_bytes_per_second = 1'500'000'000;  // 75 bytes each way
  EXPECT_EQ(bound_of(program, machine), 325U);
  host_link(machine).duplex_bytes_per_second = 1'000'000'000;  // 50 bytes each way
  EXPECT_EQ(bound_of(program, machine), 350U);
  // The search takes directions at full speed, and does not claim more than it knows.
  const ExactPlan exact = exact_plan(program, machine, {});
  EXPECT_EQ(exact.plan.peak.value, 400U);
  EXPECT_EQ(exact.lower.value, 300U);
  EXPECT_FALSE(exact.proved);
}

TEST(Bound, NoOperatorGetsByWithLessThanItUses) {
  const AccessProgram program = small_program({10, 10, 10, 10, 10}, {{100, {0, 1, 2, 3, 4}}, {70, {2}}, {30, {0, 4}}});
  const SwapBound bound = swap_bound(program, small_machine(1000, 1000, {}), {});
  EXPECT_EQ(bound.max_load.value, 200U);
  EXPECT_EQ(bound.largest_operator.value, 170U);
  EXPECT_EQ(bound.load.value, 170U);
}

TEST(Bound, AMachineWithoutTheLinkIsRefused) {
  EXPECT_THROW(swap_bound(one_gap(), small_machine(1, 1, {}), {.tier = Tier::peer}), ConfigError);
  EXPECT_THROW(exact_plan(one_gap(), small_machine(1, 1, {}), {.tier = Tier::peer}), ConfigError);
}

}  // namespace
}  // namespace vramlab
