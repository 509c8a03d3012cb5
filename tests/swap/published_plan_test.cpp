#include "engine/swap/published_plan.h"

#include <gtest/gtest.h>

#include <set>
#include <tuple>

#include "engine/swap/plan_forecast.h"
#include "small_program.h"

namespace vramlab {
namespace {

using testing::small_machine;
using testing::small_program;

PublishedSettings settings_of(PublishedMode mode, AbsenceScoreKind score = AbsenceScoreKind::swdoa) {
  return {.score = score, .mode = mode, .candidates = {.tier = Tier::host, .min_swap = Bytes(1)}};
}

/// An activation of 100 bytes between operators 0 and 9 of 100 ns each; a peak of 400 in slot 5.
AccessProgram ten_operators(std::uint64_t bytes = 100) {
  return small_program(std::vector<std::int64_t>(10, 100), {{bytes, {0, 9}}, {300, {4, 5, 6}}, {100, {5}}});
}

TEST(PublishedPlan, AnObjectLeavesAfterItsLastAccessAndReturnsInTime) {
  // Out from 100 to 200 ns: away from slot 2 on. In from 800 to 900 ns: back in slot 8, put when operator 7 is done.
  const SwapPlan plan =
      published_plan(ten_operators(), small_machine(1, 1, Bytes(400)), settings_of(PublishedMode::no_overhead));
  ASSERT_EQ(plan.absences.size(), 1U);
  EXPECT_EQ(plan.absences[0].object, 0U);
  EXPECT_EQ(plan.absences[0].out_slot, 1U);
  EXPECT_EQ(plan.absences[0].settle_slot, 2U);
  EXPECT_EQ(plan.absences[0].in_slot, 8U);
  EXPECT_TRUE(plan.absences[0].copies);
  EXPECT_EQ(plan.peak, Bytes(400));
  EXPECT_EQ(plan.stall, 0_ns);
}

TEST(PublishedPlan, NothingGoesWhereTheLimitHolds) {
  const SwapPlan plan =
      published_plan(ten_operators(), small_machine(1, 1, Bytes(500)), settings_of(PublishedMode::no_overhead));
  EXPECT_TRUE(plan.absences.empty());
  EXPECT_EQ(plan.peak, Bytes(500));
}

TEST(PublishedPlan, WithoutOverheadTheLimitIsMissedWhereTransfersAreSlow) {
  // 500 ns each way: more than the 800 ns between both accesses.
  const AccessProgram program = ten_operators(500);
  const SwapMachine machine = small_machine(1, 1, Bytes(400));
  const SwapPlan plan = published_plan(program, machine, settings_of(PublishedMode::no_overhead));
  EXPECT_TRUE(plan.absences.empty());
  EXPECT_EQ(plan.peak, Bytes(900));
}

TEST(PublishedPlan, StickingToTheLimitWaits) {
  // Out is done at 600 ns, but slot 4 (begins at 400) holds 800 of at most 600: it waits for 200. Operator 6 ends at
  // 900, then 500 bytes come back until 1400, while operators 7 and 8 run until 1100: 300 more.
  const AccessProgram program = ten_operators(500);
  const SwapPlan plan =
      published_plan(program, small_machine(1, 1, Bytes(600)), settings_of(PublishedMode::stick_to_limit));
  ASSERT_EQ(plan.absences.size(), 1U);
  EXPECT_EQ(plan.absences[0].settle_slot, 4U);
  EXPECT_EQ(plan.absences[0].in_slot, 7U);
  EXPECT_EQ(plan.peak, Bytes(500));
  EXPECT_EQ(plan.stall, 500_ns);
}

TEST(PublishedPlan, OutsGoInOrderOfLastAccessOneAfterTheOther) {
  // Object 1 leaves first although object 0 scores higher; each takes 200 ns.
  const AccessProgram program =
      small_program(std::vector<std::int64_t>(20, 100), {{200, {1, 19}}, {200, {0, 18}}, {300, {8}}});
  const SwapPlan plan =
      published_plan(program, small_machine(1, 1, Bytes(300)), settings_of(PublishedMode::no_overhead));
  ASSERT_EQ(plan.absences.size(), 2U);
  EXPECT_EQ(plan.absences[0].object, 1U);
  EXPECT_EQ(plan.absences[0].settle_slot, 3U);  // 100 to 300
  EXPECT_EQ(plan.absences[1].settle_slot, 5U);  // 300 to 500
  EXPECT_EQ(plan.absences[1].in_slot, 17U);     // 1700 to 1900
  EXPECT_EQ(plan.absences[0].in_slot, 15U);     // 1500 to 1700, not 1600 to 1800
}

TEST(PublishedPlan, WhatReturnsAtOneSlotReturnsInOrderOfNeed) {
  // Both are put when operator 6 is done, at 700 ns: 60 ns each, the one that left last needed at 800, the other at
  // 830.
  const AccessProgram program =
      small_program({100, 100, 100, 100, 100, 100, 100, 100, 30, 100}, {{60, {0, 9}}, {60, {1, 8}}, {300, {4}}});
  const SwapPlan plan =
      published_plan(program, small_machine(1, 1, Bytes(300)), settings_of(PublishedMode::no_overhead));
  ASSERT_EQ(plan.absences.size(), 2U);
  EXPECT_EQ(plan.absences[0].object, 1U);
  EXPECT_EQ(plan.absences[0].in_slot, 7U);
  EXPECT_EQ(plan.absences[1].in_slot, 7U);
  EXPECT_EQ(plan.stall, 0_ns);
}

TEST(PublishedPlan, EveryIterationIsPlanned) {
  std::vector<testing::SmallObject> objects;
  for (std::uint32_t i = 0; i < 3; ++i) {
    objects.push_back({100, {10 * i, 10 * i + 9}});
    objects.push_back({300, {10 * i + 5}});
  }
  const AccessProgram program = small_program(std::vector<std::int64_t>(30, 100), objects, {0, 10, 20});
  const SwapPlan plan =
      published_plan(program, small_machine(1, 1, Bytes(300)), settings_of(PublishedMode::no_overhead));
  ASSERT_EQ(plan.absences.size(), 3U);
  EXPECT_EQ(plan.absences[2].settle_slot, 22U);
  EXPECT_EQ(plan.peak, Bytes(300));
}

TEST(PublishedPlan, WhatHelpsNothingStays) {
  // Object 1 is absent around the peak, but everything over the limit is gone with object 0.
  const AccessProgram program =
      small_program(std::vector<std::int64_t>(10, 100), {{100, {0, 9}}, {50, {1, 8}}, {300, {5}}});
  const SwapPlan plan =
      published_plan(program, small_machine(10, 10, Bytes(350)), settings_of(PublishedMode::stick_to_limit));
  ASSERT_EQ(plan.absences.size(), 1U);
  EXPECT_EQ(plan.absences[0].object, 0U);
}

// --- Mistakes of the published code
// ------------------------------------------------------------------------------------

TEST(PublishedPlan, AnOutWaitsForTheLinkOutAndAnInForTheLinkIn) {
  // Out 100 ns, in 250 ns: were they taken for each other, it would leave later and come back later.
  SwapMachine machine = small_machine(1, 1, Bytes(400));
  machine.links[static_cast<std::size_t>(Tier::host)].in.bytes_per_second = 400'000'000;
  const SwapPlan plan = published_plan(ten_operators(), machine, settings_of(PublishedMode::no_overhead));
  ASSERT_EQ(plan.absences.size(), 1U);
  EXPECT_EQ(plan.absences[0].settle_slot, 2U);
  EXPECT_EQ(plan.absences[0].in_slot, 6U);
}

TEST(PublishedPlan, BothDirectionsMoveSideBySide) {
  // One behind the other on a single stream, the copy in would end 100 ns late.
  const AccessProgram program =
      small_program(std::vector<std::int64_t>(12, 100), {{200, {0, 7}}, {200, {3, 11}}, {300, {4}}, {200, {5}}});
  const SwapMachine machine = small_machine(1, 1, Bytes(300));
  const PlannedAbsence first{.object = 0, .out_slot = 1, .settle_slot = 3, .in_slot = 5};
  const PlannedAbsence second{.object = 1, .out_slot = 4, .settle_slot = 6, .in_slot = 9};
  // Out 100 to 300, in 500 to 700; out 400 to 600, in 900 to 1100: nobody waits.
  EXPECT_EQ(forecast(program, machine, {.absences = {first, second}}).stall, 0_ns);
}

// --- Properties
// --------------------------------------------------------------------------------------------------------

PublishedSettings drawn_settings() {
  return settings_of(testing::pick_bool() ? PublishedMode::no_overhead : PublishedMode::stick_to_limit,
                     static_cast<AbsenceScoreKind>(testing::pick(0, 5)));
}

TEST(PublishedPlan, KeepsTheRulesOfPlans) {
  EXPECT_TRUE(testing::holds_for(1000, [] {
    const AccessProgram program = testing::drawn_program();
    const SwapMachine machine = testing::drawn_machine(program);
    const SwapPlan plan = published_plan(program, machine, drawn_settings());
    const std::vector<Bytes> left = load_under(program, plan);
    RC_ASSERT(plan.peak == *std::ranges::max_element(left));
    RC_CLASSIFY(!plan.absences.empty(), "swaps");
  }));
}

TEST(PublishedPlan, NobodyWaitsWithoutOverhead) {
  EXPECT_TRUE(testing::holds_for(1000, [] {
    const AccessProgram program = testing::drawn_program();
    SwapMachine machine = testing::drawn_machine(program);
    SwapLink& link = machine.links[static_cast<std::size_t>(Tier::host)];
    const std::uint64_t both = link.out.bytes_per_second + link.in.bytes_per_second;
    if (testing::pick_bool()) link.duplex_bytes_per_second = both / testing::pick<std::uint64_t>(1, 4);
    PublishedSettings settings = drawn_settings();
    settings.mode = PublishedMode::no_overhead;
    const SwapPlan plan = published_plan(program, machine, settings);
    RC_ASSERT(plan.stall == 0_ns);
    RC_CLASSIFY(!plan.absences.empty(), "swaps");
  }));
}

TEST(PublishedPlan, TheLimitIsMissedOnlyWhereNoAbsenceIsLeft) {
  EXPECT_TRUE(testing::holds_for(1000, [] {
    const AccessProgram program = testing::drawn_program();
    const SwapMachine machine = testing::drawn_machine(program);
    PublishedSettings settings = drawn_settings();
    settings.mode = PublishedMode::stick_to_limit;
    const std::vector<Bytes> left = load_under(program, published_plan(program, machine, settings));
    std::vector<Bytes> least = program.load;
    for (const auto& window : absence_candidates(program, machine, peak_windows(program), settings.candidates))
      for (const AbsenceCandidate& candidate : window)
        for (std::uint32_t slot = candidate.last + 2; slot < candidate.next; ++slot) least[slot] -= candidate.bytes;
    for (std::uint32_t slot = 0; slot < program.slots(); ++slot)
      RC_ASSERT(left[slot] <= machine.limit || left[slot] == least[slot]);
  }));
}

TEST(PublishedPlan, TheOrderOfObjectsDoesNotMatter) {
  EXPECT_TRUE(testing::holds_for(500, [] {
    const AccessProgram program = testing::drawn_program();
    const SwapMachine machine = testing::drawn_machine(program);
    const PublishedSettings settings = drawn_settings();
    AccessProgram other = program;
    for (std::size_t i = other.objects.size(); i > 1; --i)
      std::swap(other.objects[i - 1], other.objects[testing::pick<std::size_t>(0, i)]);
    complete(other);
    const auto described = [&](const AccessProgram& p) {
      std::set<std::tuple<ObjectId, std::uint32_t, std::uint32_t, std::uint32_t>> set;
      for (const PlannedAbsence& a : published_plan(p, machine, settings).absences)
        set.insert({p.objects[a.object].id, a.out_slot, a.settle_slot, a.in_slot});
      return set;
    };
    RC_ASSERT(described(program) == described(other));
  }));
}

TEST(PublishedPlan, OptionsSayWhatThePaperSays) {
  OptionValues values("swdoa", published_options());
  PublishedSettings settings = published_settings(AbsenceScoreKind::swdoa, values);
  EXPECT_EQ(settings.score, AbsenceScoreKind::swdoa);
  EXPECT_EQ(settings.mode, PublishedMode::no_overhead);
  EXPECT_EQ(settings.candidates.min_swap, 1_MiB);
  EXPECT_EQ(settings.candidates.tier, Tier::host);
  values.set("mode", "stick-to-limit", "test");
  values.set("tier", "peer", "test");
  values.set("combine", "true", "test");
  settings = published_settings(AbsenceScoreKind::swdoa, values);
  EXPECT_EQ(settings.score, AbsenceScoreKind::rank_sum);
  EXPECT_EQ(settings.mode, PublishedMode::stick_to_limit);
  EXPECT_EQ(settings.candidates.tier, Tier::peer);
}

}  // namespace
}  // namespace vramlab
