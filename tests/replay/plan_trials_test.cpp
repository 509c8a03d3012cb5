// Plans that are tried before they are run: against a model of runs that are made up, and in replays.

#include "engine/replay/plan_trials.h"

#include <gtest/gtest.h>

#include "engine/core/registry.h"
#include "swap_request.h"

namespace vramlab {
namespace {

using test::simulated_request;
using test::swap_request;
using test::TraceBuilder;

constexpr std::uint64_t mib = 1 << 20;
constexpr OptionSpec options[] = {
    {"mode", OptionKind::choice, "no-overhead", "", "no-overhead|stick-to-limit"},
    {"overhead", OptionKind::real, "0.01", ""},
    {"headroom", OptionKind::real, "0", ""},
    {"transfer_cost", OptionKind::integer, "0", ""},
    {"min_swap", OptionKind::bytes, "1MiB", ""},
    {"trials", OptionKind::integer, "8", ""},
};

constexpr std::int64_t ideal_ns = 1'000'000, allowed_ns = 10'000;

/// As many transfers as what is allowed pays for; its peak is what its headroom leaves of the limit.
SwapPlan as_allowed(const OptionValues& values, const AccessProgram& /*program*/, const SwapMachine& machine) {
  const std::int64_t cost = values.integer("transfer_cost");
  const std::uint64_t swapped = values.bytes("min_swap").value / mib;
  SwapPlan plan;
  const double share = values.real("overhead") > 0 ? values.real("overhead") / 0.01 : 1;
  const auto most = static_cast<std::int64_t>(64.0 / static_cast<double>(swapped) * share);
  plan.absences.resize(static_cast<std::size_t>(cost == 0 ? most : std::min(most, allowed_ns / cost)));
  for (PlannedAbsence& absence : plan.absences) absence.copies = false;  // one transfer each
  plan.stall = Nanoseconds(cost * static_cast<std::int64_t>(plan.absences.size()));
  if (machine.limit != unlimited_bytes)
    plan.peak =
        Bytes(static_cast<std::uint64_t>(static_cast<double>(machine.limit.value) * (1 - values.real("headroom"))));
  return plan;
}

const SwapInfo row{.name = "row", .summary = "", .options = options, .needs_program = true, .plan = as_allowed};

struct MadeUp {
  explicit MadeUp(Bytes limit = unlimited_bytes) {
    request.policy = &row;
    request.options = OptionValues("row", options);
    request.machine.limit = limit;
    stretch.program.begin.resize(1);
    stretch.program.end.resize(1);
  }
  void settle(const std::function<TrialResult(const SwapPlan&)>& run) {
    stretch.setup.plan = row.plan(request.options, stretch.program, request.machine);
    settle_plan(stretch, request, [&] {
      ++runs;
      tried = *stretch.setup.plan;
      return run(tried);
    });
    EXPECT_EQ(tried.absences.size(), stretch.setup.plan->absences.size());  // the last that ran is the one left
  }

  SwapRequest request;
  ReplayStretch stretch;
  SwapPlan tried;
  int runs = 0;
};

/// Each transfer costs `each` ns that no forecast knows.
std::function<TrialResult(const SwapPlan&)> costing(std::int64_t each) {
  return [each](const SwapPlan& plan) {
    const auto transfers = static_cast<std::int64_t>(plan.absences.size());
    return TrialResult{Nanoseconds(each * transfers), Nanoseconds(ideal_ns)};
  };
}

TEST(PlanTrials, TheFirstPlanThatKeepsToItStays) {
  MadeUp made;
  made.settle(costing(10));
  EXPECT_EQ(made.runs, 1);
  EXPECT_EQ(made.tried.absences.size(), 64u);
}

TEST(PlanTrials, WhatTransfersCostIsCountedUntilTheRunIsWithinWhatWasAsked) {
  for (const std::int64_t each : {157, 200, 1000, 9999}) {
    MadeUp made;
    made.settle(costing(each));
    EXPECT_GT(made.runs, 1);
    EXPECT_LE(static_cast<std::int64_t>(made.tried.absences.size()) * each, allowed_ns);
    EXPECT_GE(static_cast<std::int64_t>(made.tried.absences.size()) * each, allowed_ns / 4) << each;
  }
}

TEST(PlanTrials, WhereTransfersWereChargedTooMuchTheyAreChargedLessAgain) {
  MadeUp made;
  made.settle([](const SwapPlan& plan) {
    const auto transfers = static_cast<std::int64_t>(plan.absences.size());
    return TrialResult{Nanoseconds(transfers > 40 ? 500'000 : transfers * 10), Nanoseconds(ideal_ns)};
  });
  EXPECT_GT(made.tried.absences.size(), 20u);
  EXPECT_LE(made.tried.absences.size(), 40u);
}

// A ten-thousandth is as good as none.
TEST(PlanTrials, WhereNothingMayWaitTransfersGetLargerAndFewer) {
  MadeUp made;
  made.request.options.set("overhead", "0", "test");
  made.settle([](const SwapPlan& plan) {
    return TrialResult{Nanoseconds(plan.absences.size() > 10 ? 101 : 100), Nanoseconds(ideal_ns)};
  });
  EXPECT_EQ(made.tried.absences.size(), 8u);
}

TEST(PlanTrials, WithoutALimitNothingIsSwappedWhereNothingElseHelps) {
  MadeUp made;
  made.settle([](const SwapPlan& plan) {
    return TrialResult{Nanoseconds(plan.absences.empty() ? 0 : ideal_ns), Nanoseconds(ideal_ns)};
  });
  EXPECT_TRUE(made.tried.absences.empty());
}

TEST(PlanTrials, UnderALimitTheRunThatWaitedLeastStays) {
  MadeUp made(100_MiB);
  int n = 0;
  made.settle([&](const SwapPlan& plan) {
    ++n;
    const std::int64_t stall = plan.absences.size() == 64 ? 20'000 : 30'000;
    return TrialResult{Nanoseconds(stall), Nanoseconds(ideal_ns)};
  });
  EXPECT_EQ(made.tried.absences.size(), 64u);
  EXPECT_EQ(n, 10);  // the first, eight more, the best again
}

// A limit that is given and waiting that is not: overhead is what it is.
TEST(PlanTrials, StickingToALimitMayWait) {
  MadeUp made(100_MiB);
  made.request.options.set("mode", "stick-to-limit", "test");
  made.settle(costing(100'000));
  EXPECT_EQ(made.runs, 1);
}

TEST(PlanTrials, APoolThatNeedsMoreThanTheLoadGetsIt) {
  MadeUp made(100_MiB);
  made.settle([](const SwapPlan& plan) {
    if (plan.peak + 1_MiB > 100_MiB) throw OutOfMemory("too much", {}, "");
    return TrialResult{{}, Nanoseconds(ideal_ns)};
  });
  EXPECT_LE(made.tried.peak, 99_MiB);
  EXPECT_GE(made.tried.peak, 97_MiB);
  MadeUp never(100_MiB);
  EXPECT_THROW(never.settle([](const SwapPlan&) -> TrialResult { throw OutOfMemory("too much", {}, ""); }),
               OutOfMemory);
}

// --- In replays ------------------------------------------------------------------------------------------------------

/// Activations of 3 MiB, read backwards; operators of `op_ns`.
Trace training(std::int64_t op_ns) {
  constexpr std::uint32_t layers = 48;
  TraceBuilder builder;
  std::uint32_t next = 0;
  for (std::uint32_t n = 0; n < 2; ++n) {
    builder.iteration(n);
    const std::uint32_t first = next;
    for (std::uint32_t i = 0; i < layers; ++i, ++next) {
      builder.alloc(3 * mib);
      builder.op(op_ns, i == 0 ? std::vector<std::uint32_t>{} : std::vector{next - 1}, {next});
    }
    for (std::uint32_t i = layers; i-- > 0;) builder.op(op_ns, {first + i}, {}).free(first + i);
  }
  return builder.build();
}

ReplayRequest planning(Bytes limit) {
  ReplayRequest request = simulated_request(find_row(pools(), "pool", "offline"));
  request.pool_options.set("layout", "stitched", "test");  // in pages of 2 MiB
  request.swap = swap_request(find_row(swaps(), "swap policy", "planned"), limit);
  request.min_seconds = 0;
  return request;
}

TEST(PlanTrials, AReplayWaitsNoLongerThanAskedWhereTheHostIsWhatOperatorsWaitFor) {
  for (const std::int64_t op_ns : {3'000, 30'000, 300'000}) {
    const Report report = replay(training(op_ns), planning(unlimited_bytes));
    EXPECT_LE(*report.overhead, 0.01) << op_ns;
  }
}

// The pool counts pages of 2 MiB.
TEST(PlanTrials, ALimitThatIsNoWholeNumberOfPagesIsKept) {
  const Trace trace = training(300'000);
  const SwapInfo& planner = find_row(swaps(), "swap policy", "planned");
  int exceeded = 0;
  for (std::uint64_t limit = 81; limit < 144; limit += 3) {
    ReplayRequest request = planning(Bytes(limit * mib));
    request.swap.options.set("trials", "0", "test");
    try {
      const Report report = replay(trace, request);
      EXPECT_LE(report.peak_reserved, Bytes(limit * mib));
    } catch (const OutOfMemory&) {
      ++exceeded;
    }
    request.swap.options = OptionValues("planned", planner.options);
    const Report report = replay(trace, request);
    EXPECT_LE(report.peak_reserved, Bytes(limit * mib)) << limit;
    EXPECT_LE(*report.overhead, 0.01) << limit;
  }
  RecordProperty("exceeded", exceeded);
  EXPECT_GT(exceeded, 0);
}

}  // namespace
}  // namespace vramlab
