// What the report of a real device says beside its model.

#include "engine/replay/fidelity.h"

#include <gtest/gtest.h>

#include "live_run.h"

namespace vramlab {
namespace {

using test::live_run;
using test::LiveRun;
using test::simulated_request;
using test::TraceBuilder;

Trace three_iterations() {
  TraceBuilder builder;
  builder.iteration(0).alloc(5 << 20);
  for (std::uint32_t i = 1; i <= 3; ++i)
    builder.iteration(i).alloc(3 << 20).op(400'000, {0}, {i}).op(300'000, {i}, {0}).free(i);
  return builder.build();
}

TEST(Fidelity, ErrorsAreOfThePredictionOverTheMeasurement) {
  EXPECT_NEAR(*relative_error(Nanoseconds(110), Nanoseconds(100)), 0.1, 1e-12);
  EXPECT_DOUBLE_EQ(*relative_error(Nanoseconds(50), Nanoseconds(100)), -0.5);
  EXPECT_EQ(relative_error(Nanoseconds(0), Nanoseconds(0)), 0.0);
  EXPECT_EQ(relative_error(Nanoseconds(5), Nanoseconds(0)), std::nullopt);
  EXPECT_EQ(relative_error(std::nullopt, Nanoseconds(5)), std::nullopt);
  EXPECT_EQ(mean_iteration(Nanoseconds(100), 3), Nanoseconds(33));
  EXPECT_EQ(mean_iteration(Nanoseconds(100), 0), std::nullopt);
}

Fidelity measured_run(std::int64_t window, std::int64_t calls, std::int64_t take, std::uint64_t late) {
  Fidelity run{.predicted = RunTimes{.window = Nanoseconds(90), .stall = {}}, .measured = {}, .pacing = {.late = late}};
  run.measured.window = Nanoseconds(window);
  run.measured.calls = Nanoseconds(calls);
  run.measured.by_kind[0] = {.calls = 2, .pages = 0, .time = Nanoseconds(take)};
  return run;
}

TEST(Fidelity, OfSeveralRunsEachFigureIsItsOwnMedian) {
  const Fidelity runs[] = {measured_run(100, 30, 7, 0), measured_run(900, 10, 9, 5), measured_run(110, 20, 8, 4)};
  const Fidelity median = median_of(runs);
  EXPECT_EQ(median.runs, 3u);
  EXPECT_EQ(median.measured.window, Nanoseconds(110));
  EXPECT_EQ(median.measured.calls, Nanoseconds(20));
  EXPECT_EQ(median.measured.by_kind[0].time, Nanoseconds(8));
  EXPECT_EQ(median.measured.by_kind[0].calls, 2u);
  EXPECT_EQ(median.predicted->window, Nanoseconds(90));
  EXPECT_EQ(median.pacing.late, 4u);
  EXPECT_DOUBLE_EQ(*median.window_spread, 800.0 / 110);
  EXPECT_DOUBLE_EQ(*median.call_spread, 1.0);
  EXPECT_FALSE(median_of(std::span(runs).first(1)).window_spread) << "one run cannot tell";
  EXPECT_EQ(median_of(std::span(runs).first(2)).measured.window, Nanoseconds(100)) << "the lower of two";
}

TEST(Fidelity, ARunIsRepeatedAsOftenAsAsked) {
  const PoolInfo pool = test::first_fit();
  LiveRun live = live_run(pool);
  live.request.warm_up = true;
  live.request.min_seconds = 0;
  live.request.repeat = 3;
  const Report report = replay(three_iterations(), live.request);
  EXPECT_EQ(live.totals->devices, 4u);
  EXPECT_EQ(report.fidelity->runs, 3u);
  EXPECT_EQ(report.fidelity->window_spread, 0.0) << "this device takes the same time each time";
  EXPECT_EQ(report.simulated, report.fidelity->measured.window);
}

TEST(Fidelity, EveryCallIsOfOneKind) {
  const PoolInfo& pool = find_row(pools(), "pool", "vmm");
  LiveRun live = live_run(pool);
  const Report real = replay(three_iterations(), live.request);
  const RunTimes& predicted = *real.fidelity->predicted;
  std::uint64_t calls = 0;
  Nanoseconds time{};
  for (const CallAccount& account : predicted.by_kind) {
    calls += account.calls;
    time += account.time;
  }
  EXPECT_EQ(calls, replay(three_iterations(), simulated_request(pool)).device_calls);
  EXPECT_EQ(time, predicted.calls);
  EXPECT_EQ(predicted.by_kind[static_cast<std::size_t>(CallKind::page_create)].pages, 4u) << "5 MiB and 3 MiB";
}

// The limit holds, but nothing would be decided otherwise without it.
TEST(Fidelity, ALimitThatChangesNoDecisionCostsNothing) {
  const PoolInfo pool = test::first_fit();
  LiveRun live = live_run(pool);
  live.request.capacity = 48_MiB;
  const Report report = replay(three_iterations(), live.request);
  EXPECT_EQ(live.totals->devices, 1u) << "the model alone tells that the ideal decides the same";
  EXPECT_EQ(report.fidelity->predicted->stall, Nanoseconds(0));
  EXPECT_EQ(report.stall, Nanoseconds(0));
  EXPECT_EQ(report.overhead, 0.0);
}

TEST(Fidelity, ThePredictionIsWhatTheSimulatorAloneReports) {
  const PoolInfo pool = test::first_fit();
  const Report simulated = replay(three_iterations(), simulated_request(pool));
  EXPECT_FALSE(simulated.fidelity);
  LiveRun live = live_run(pool);
  live.request.warm_up = true;
  const Report real = replay(three_iterations(), live.request);
  EXPECT_EQ(live.totals->devices, 2u);
  ASSERT_TRUE(real.fidelity && real.fidelity->predicted);
  EXPECT_EQ(real.fidelity->predicted->window, simulated.simulated);
  EXPECT_EQ(real.fidelity->predicted->calls, simulated.device_call_time);
  EXPECT_EQ(real.fidelity->predicted->stall, Nanoseconds(0));
  EXPECT_EQ(real.fidelity->iterations, 3u);
  EXPECT_EQ(real.fidelity->measured.window, real.simulated);
  EXPECT_NE(real.simulated, simulated.simulated);
  EXPECT_EQ(real.fidelity->measured.calls, real.device_call_time);
  EXPECT_EQ(real.parts->device, simulated.parts->device);
}

// Two segments fit, and one that is cached has to go before the third is taken.
TEST(Fidelity, AStallIsWhatALimitAddsOnEachSide) {
  const PoolInfo& pool = find_row(pools(), "pool", "pytorch");
  TraceBuilder builder;
  builder.iteration(0).alloc(24 << 20).op(900'000, {}, {0}).free(0).alloc(40 << 20).op(100'000, {}, {1}).free(1);
  LiveRun live = live_run(pool);
  live.request.capacity = 48_MiB;
  const Report real = replay(builder.build(), live.request);
  ReplayRequest request = simulated_request(pool);
  request.capacity = 48_MiB;
  const Report simulated = replay(builder.build(), request);
  EXPECT_GT(*simulated.stall, Nanoseconds(0));
  EXPECT_EQ(real.fidelity->predicted->stall, simulated.stall);
  EXPECT_EQ(real.fidelity->measured.stall, real.stall);
  EXPECT_GT(*real.overhead, 0);
}

TEST(Fidelity, WhereTheIdealDoesNotFitTheDeviceNoStallIsTold) {
  const PoolInfo& pool = find_row(pools(), "pool", "pytorch");
  const Trace trace = TraceBuilder().iteration(0).alloc(24 << 20).op(9000, {}, {0}).free(0).alloc(40 << 20).build();
  LiveRun live = live_run(pool, {.memory = 48_MiB});
  const Report report = replay(trace, live.request);
  EXPECT_TRUE(report.simulated);
  EXPECT_TRUE(report.stall) << "the ideal run gives memory back too, and fits";

  const Trace large = TraceBuilder().iteration(0).alloc(24 << 20).op(9000, {}, {0}).alloc(40 << 20).build();
  EXPECT_THROW(replay(large, live_run(pool, {.memory = 48_MiB}).request), OutOfMemory);
}

TEST(Fidelity, WhatCompletesLateIsAStallOfARunWithoutALimit) {
  const PoolInfo pool = test::first_fit();  // records a token at each release
  LiveRun live = live_run(pool, {.wait_cost = Nanoseconds(70'000)});
  TraceBuilder builder;
  builder.iteration(0).alloc(512).op(1, {0}, {0}).free(0);
  for (std::uint32_t i = 1; i < 30; ++i) builder.alloc(512).op(1, {i}, {i});
  const Report report = replay(builder.build(), live.request);
  EXPECT_EQ(report.fidelity->pacing.late, 1u);
  EXPECT_GE(*report.stall, Nanoseconds(70'000));
  EXPECT_EQ(report.stall, report.fidelity->pacing.late_time);
}

}  // namespace
}  // namespace vramlab
