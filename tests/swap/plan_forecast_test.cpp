// What a plan costs in time, on programs small enough to count.

#include "engine/swap/plan_forecast.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "small_program.h"

namespace vramlab {
namespace {

using ::testing::ElementsAre;
using testing::small_machine;
using testing::small_program;

// Operators of 100 ns; the object is used by the first and the last.
AccessProgram one_gap(std::uint64_t bytes) {
  return small_program({100, 100, 100, 100, 100}, {{bytes, {0, 4}}, {300, {2}}});
}

PlannedAbsence away(std::uint32_t settle, std::uint32_t in) {
  return {.object = 0, .out_slot = 1, .settle_slot = settle, .in_slot = in};
}

TEST(PlanForecast, NothingPlannedCostsNothing) {
  const PlanForecast found = forecast(one_gap(100), small_machine(1, 1, {}), {});
  EXPECT_EQ(found.duration, 500_ns);
  EXPECT_EQ(found.stall, 0_ns);
  EXPECT_EQ(found.waits, 0u);
}

TEST(PlanForecast, CopiesBesideOperatorsAreFree) {
  const PlanForecast found = forecast(one_gap(100), small_machine(1, 1, {}), {.absences = {away(2, 3)}});
  EXPECT_EQ(found.stall, 0_ns);
  EXPECT_EQ(found.out, Bytes(100));
  EXPECT_EQ(found.in, Bytes(100));
}

// Out from 100 to 230: operator 2 begins at 230, not at 200. In from 330 to 460, as soon as operator 2 has ended, so
// that operator 4 begins at 460 instead of 430.
TEST(PlanForecast, OperatorsWaitForTheirMemoryAndTheirOperands) {
  const PlanForecast found = forecast(one_gap(130), small_machine(1, 1, {}), {.absences = {away(2, 3)}});
  EXPECT_EQ(found.stall, 60_ns);
  EXPECT_EQ(found.waits, 2u);
  EXPECT_THAT(found.waited, ElementsAre(0_ns, 0_ns, 30_ns, 0_ns, 30_ns, 0_ns));
}

TEST(PlanForecast, PackingComesBeforeTheLinkAndUnpackingAfter) {
  SwapMachine machine = small_machine(1, 1, {});
  machine.codec = {2000, 10'000'000'000, 5'000'000'000};  // half the bytes; 10 ns and 20 ns
  const PlanForecast found = forecast(one_gap(100), machine, {.absences = {away(2, 4)}});
  EXPECT_EQ(found.waited[2], 0_ns);
  EXPECT_EQ(found.waited[4], machine.codec.decompress_time(Bytes(100)) + Nanoseconds(50));
}

TEST(PlanForecast, TransfersAfterTheLastOperatorCount) {
  AccessProgram program = small_program({100, 100}, {{150, {0}}});
  program.objects[0].before = program.objects[0].after = true;
  program.objects[0].death = 2;
  program.objects[0].accesses[0].writes = true;
  complete(program);
  const SwapPlan plan{
      .absences = {{.object = 0, .out_slot = 1, .settle_slot = 2, .in_slot = 2},
                   {.object = 0, .settle_slot = 0, .in_slot = 0, .copies = false, .from_the_beginning = true}}};
  const PlanForecast found = forecast(program, small_machine(1, 10, {}), plan);
  EXPECT_EQ(found.waited[0], 15_ns);
  EXPECT_EQ(found.waited[2], 50_ns);
  EXPECT_EQ(found.stall, 65_ns);
}

// Operators 1 and 3 begin 7 ns late, each behind the record that a copy follows; both copies are beside operators.
TEST(PlanForecast, RecordsTakeTheOperatorsTime) {
  SwapMachine machine = small_machine(1, 1, {});
  machine.record_gap = 7_ns;
  const PlanForecast found = forecast(one_gap(90), machine, {.absences = {away(2, 3)}});
  EXPECT_EQ(found.stall, 14_ns);
  EXPECT_EQ(found.recording, 14_ns);
  EXPECT_THAT(found.waited, ElementsAre(0_ns, 7_ns, 0_ns, 7_ns, 0_ns, 0_ns));
}

// The copy in is the later by its record: from 307 + 7 to 464, so that operator 4, due at 414, waits for 50 ns more.
TEST(PlanForecast, CopiesFollowTheirRecords) {
  SwapMachine machine = small_machine(100, 1, {});
  machine.record_gap = 7_ns;
  const PlanForecast found = forecast(one_gap(150), machine, {.absences = {away(2, 3)}});
  EXPECT_THAT(found.waited, ElementsAre(0_ns, 7_ns, 0_ns, 7_ns, 50_ns, 0_ns));
}

// Between operators 1 and 2 two objects leave and one comes back: one record, and two where something is allocated.
TEST(PlanForecast, CopiesBetweenTwoOperatorsShareARecord) {
  SwapMachine machine = small_machine(100, 100, {});
  machine.record_gap = 7_ns;
  AccessProgram program = small_program({100, 100, 100, 100, 100}, {{90, {0, 4}}, {90, {0, 4}}, {90, {0, 3}}});
  const SwapPlan plan{.absences = {{.object = 2, .out_slot = 1, .settle_slot = 1, .in_slot = 2},
                                   {.object = 0, .out_slot = 2, .settle_slot = 3, .in_slot = 3},
                                   {.object = 1, .out_slot = 2, .settle_slot = 3, .in_slot = 3}}};
  EXPECT_THAT(forecast(program, machine, plan).waited, ElementsAre(0_ns, 8_ns, 7_ns, 7_ns, 0_ns, 0_ns));
  program.objects[1].birth = 2;
  EXPECT_EQ(forecast(program, machine, plan).waited[2], 14_ns);
}

// Out from 105 to 195 and in from 305 to 415; 5 more until operators 2 and 4 may begin.
TEST(PlanForecast, OperatorsAndCopiesHandOver) {
  SwapMachine machine = small_machine(1, 1, {});
  machine.handover = 5_ns;
  const PlanForecast found = forecast(one_gap(110), machine, {.absences = {away(2, 3)}});
  EXPECT_THAT(found.waited, ElementsAre(0_ns, 0_ns, 20_ns, 0_ns, 20_ns, 0_ns));
}

// Two copies of 100 ns to one tier take 200 ns, to two tiers 100.
TEST(PlanForecast, EachTierHasItsOwnLink) {
  const AccessProgram program = small_program({100, 100, 100, 500, 100}, {{100, {0, 4}}, {100, {0, 4}}, {300, {2}}});
  SwapMachine machine = small_machine(1, 1, {});
  machine.links[static_cast<std::size_t>(Tier::peer)] = machine.link(Tier::host);
  SwapPlan plan{.absences = {away(2, 3), away(2, 3)}};
  plan.absences[1].object = 1;
  EXPECT_EQ(forecast(program, machine, plan).stall, 100_ns);
  plan.absences[1].tier = Tier::peer;
  EXPECT_EQ(forecast(program, machine, plan).stall, 0_ns);
}

}  // namespace
}  // namespace vramlab
