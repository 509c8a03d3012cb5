// Replays that swap: the same decisions on every device, every byte kept, and a report that tells what it took.

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "engine/core/registry.h"
#include "experiments/trace_files.h"
#include "swap_request.h"
#include "traces/reader.h"

namespace vramlab {
namespace {

using test::live_run;
using test::LiveRun;
using test::simulated_request;
using test::swap_request;
using test::swap_row;
using test::TraceBuilder;
using ::testing::HasSubstr;
using testing::HostDeviceOptions;

constexpr std::uint64_t mib = 1 << 20;

const PoolInfo& pool_named(const char* name) { return find_row(pools(), "pool", name); }

/// `layers` weights of 4 MiB; each iteration makes an activation of 8 MiB a layer, forwards, and reads them backwards.
/// Activations are of `stream`.
Trace training(std::uint32_t layers, std::uint32_t iterations, std::uint16_t stream = 0) {
  TraceBuilder builder;
  builder.alloc(mib).free(0);  // before the stretch
  for (std::uint32_t i = 0; i < layers; ++i) builder.alloc(4 * mib);
  const std::uint32_t weight = 1;
  std::uint32_t next = 1 + layers;
  for (std::uint32_t n = 0; n < iterations; ++n) {
    builder.iteration(n);
    const std::uint32_t first = next;
    for (std::uint32_t i = 0; i < layers; ++i, ++next) {
      builder.alloc(8 * mib, stream);
      builder.op(400'000, i == 0 ? std::vector{weight} : std::vector{weight + i, next - 1}, {next});
    }
    for (std::uint32_t i = layers; i-- > 0;) builder.op(600'000, {weight + i, first + i}, {weight + i}).free(first + i);
  }
  return builder.build();
}

ReplayRequest swapping(const SwapInfo& policy, Bytes limit, const char* pool = "pytorch") {
  ReplayRequest request = simulated_request(pool_named(pool));
  request.swap = swap_request(policy, limit);
  request.min_seconds = 0;
  return request;
}

// --- What it saves and what it costs ---------------------------------------------------------------------------------

TEST(SwapReplay, KeepsTheLimitAndTellsWhatWasMoved) {
  const SwapInfo policy = swap_row();
  const Trace trace = training(8, 3);
  ReplayRequest request = swapping(policy, 60_MiB);
  request.verify = true;
  const Report report = replay(trace, request);
  EXPECT_EQ(report.swap, "test");
  EXPECT_LE(report.peak_device, 60_MiB);
  EXPECT_EQ(report.max_load, Bytes(96 * mib));
  EXPECT_NEAR(*report.memory_reduction, 1 - static_cast<double>(report.peak_device->value) / (96.0 * mib), 1e-9);
  EXPECT_GT(*report.memory_reduction, 0.3);
  EXPECT_GE(report.swapped_out, Bytes(36 * mib));
  EXPECT_GE(report.swapped_in, Bytes(36 * mib));
  EXPECT_GT(*report.stall, Nanoseconds(0));
  EXPECT_GT(*report.overhead, 0);
  ASSERT_TRUE(report.swapping);
  EXPECT_FALSE(report.swapping->oracle);
  EXPECT_GE(report.swapping->held, Bytes(36 * mib));
  EXPECT_GT(report.swapping->operations, 0u);
  EXPECT_EQ(report.verified, true);
}

TEST(SwapReplay, WithRoomForAllMovesNothingAndCostsNothing) {
  const SwapInfo policy = swap_row();
  const Report report = replay(training(8, 3), swapping(policy, 4_GiB));
  EXPECT_EQ(report.swapped_out, Bytes(0));
  EXPECT_EQ(report.swapping->operations, 0u);
  EXPECT_LT(*report.overhead, 1e-3);
}

TEST(SwapReplay, RunsTheStretchAloneAndTellsTheLoadOfTheWhole) {
  TraceBuilder builder;
  builder.alloc(64 * mib).free(0).alloc(4 * mib).iteration(0).alloc(4 * mib).op(1000, {1}, {2}).free(2);
  const SwapInfo policy = swap_row();
  const Report report = replay(builder.build(), swapping(policy, 20_MiB));
  EXPECT_EQ(report.max_load, Bytes(64 * mib));
  EXPECT_LE(report.peak_device, 20_MiB);  // never more than the stretch needs
  EXPECT_EQ(report.events, 4u);
}

// Host memory is pinned when the program starts: what that takes is no part of the stretch.
TEST(SwapReplay, TheTiersAreTakenBeforeTheStretchBegins) {
  const SwapInfo policy = swap_row();
  const Trace trace = training(6, 1);
  const Report report = replay(trace, swapping(policy, 56_MiB, "vmm"));
  EXPECT_GT(report.swapped_out, Bytes(0));
  const Nanoseconds pinning = load_machine("h200").calls.pin.at(report.swapping->held);
  EXPECT_GT(pinning, 5'000'000_ns);
  EXPECT_LT(*report.stall, pinning);
}

// --- Rounds before what is measured ----------------------------------------------------------------------------------

Report warmed_up(std::uint32_t rounds, const char* pool, Bytes limit) {
  const SwapInfo policy = swap_row();
  ReplayRequest request = swapping(policy, limit, pool);
  request.swap.rounds_before = rounds;
  request.verify = true;
  return replay(training(8, 2), request);
}

TEST(WarmUp, WhatMemoryCostsBeforeItSettledIsNotMeasured) {
  const Report cold = warmed_up(0, "vmm", 4_GiB), warm = warmed_up(1, "vmm", 4_GiB);
  EXPECT_GT(*cold.simulated, *warm.simulated);
  EXPECT_EQ(*warm.simulated, *warmed_up(1, "pytorch", 4_GiB).simulated);
  EXPECT_EQ(warm.steady->call_time, Nanoseconds(0));
  EXPECT_EQ(*warm.memory_reduction, 1 - static_cast<double>(warm.peak_device->value) / (96.0 * mib));
}

TEST(WarmUp, MovesTimesAndOverheadAreOfTheLastRoundAlone) {
  const Report cold = warmed_up(0, "vmm", 60_MiB), once = warmed_up(1, "vmm", 60_MiB);
  const Report often = warmed_up(5, "vmm", 60_MiB);
  EXPECT_EQ(once.swapped_in, often.swapped_in);
  EXPECT_GT(once.swapped_in, Bytes(0));
  EXPECT_EQ(once.steady->iterations, cold.steady->iterations);
  EXPECT_NEAR(*once.overhead, *often.overhead, 1e-3);
  EXPECT_GT(*often.overhead, 0);
}

TEST(WarmUp, IsNotForPoliciesThatPlanTheStretch) {
  ReplayRequest request = swapping(find_row(swaps(), "swap policy", "planned"), 60_MiB);
  request.swap.rounds_before = 1;
  EXPECT_THROW(replay(training(8, 2), request), ConfigError);
}

// --- Alike on every device -------------------------------------------------------------------------------------------

class SwapOnPools : public ::testing::TestWithParam<const char*> {};
INSTANTIATE_TEST_SUITE_P(Pools, SwapOnPools,
                         ::testing::Values("cuda-malloc", "pytorch", "pytorch-expandable", "segment-block", "tiered",
                                           "vmm"));

TEST_P(SwapOnPools, DecidesOnMemoryAsInSimulationAndKeepsEveryByte) {
  const SwapInfo policy = swap_row();
  const Trace trace = training(6, 2);
  const Bytes limit = 56_MiB;
  const PoolInfo& pool = pool_named(GetParam());
  ReplayRequest simulated = swapping(policy, limit, GetParam());
  simulated.verify = true;
  const Report model = replay(trace, simulated);
  EXPECT_GT(model.swapped_in, Bytes(0));
  for (const bool eager : {false, true}) {
    LiveRun live = live_run(pool, {.eager_streams = eager});
    live.request.swap = swap_request(policy, limit);
    live.request.verify = true;
    live.request.min_seconds = 0;
    const Report report = replay(trace, live.request);
    EXPECT_EQ(report.verified, true);
    EXPECT_EQ(report.decisions, model.decisions);
  }
}

/// Every byte kept on memory, decided as in simulation.
void expect_kept(const Trace& trace, const ReplayRequest& simulated) {
  const Report model = replay(trace, simulated);
  EXPECT_GT(model.swapped_in, Bytes(0));
  LiveRun live = live_run(*simulated.pool);
  live.request.swap = simulated.swap;
  live.request.verify = true;
  live.request.min_seconds = 0;
  EXPECT_EQ(replay(trace, live.request).decisions, model.decisions);
}

TEST(SwapReplay, OperandsOfOtherStreamsAreKeptInOrderToo) {
  const SwapInfo policy = swap_row();
  ReplayRequest request = swapping(policy, 44_MiB, "cuda-malloc");
  request.verify = true;
  expect_kept(training(4, 2, 1), request);
}

class ToThePeer : public test::OldestFirst {
 public:
  explicit ToThePeer(const SwapContext& context) : OldestFirst(context, Tier::peer) {}
};

TEST(SwapReplay, APeerHoldsWhatIsAwayAsWell) {
  const SwapInfo policy = swap_row<ToThePeer>();
  ReplayRequest request = simulated_request(pool_named("cuda-malloc"), "h200-x2");
  request.swap = swap_request(policy, 40_MiB, "h200-x2");
  request.min_seconds = 0;
  request.verify = true;
  const Report report = replay(training(4, 2), request);
  EXPECT_GT(report.swapped_in, Bytes(0));
  request.swap.tier_capacity[static_cast<std::size_t>(Tier::peer)] = {};
  EXPECT_THROW(replay(training(4, 2), request), OutOfMemory);
}

/// Sends all away before the first operator.
class AwayFirst : public test::OldestFirst {
 public:
  using OldestFirst::OldestFirst;
  void begin() override {
    while (make_room({}, {})) {
    }
  }
};

TEST(SwapReplay, WhatIsAwayFromTheBeginningCostsItsWayBackAlone) {
  const SwapInfo policy = swap_row<AwayFirst>();
  ReplayRequest request = swapping(policy, 1_GiB, "cuda-malloc");
  request.verify = true;
  const Report report = replay(training(4, 1), request);
  EXPECT_EQ(report.swapped_out, Bytes(0));
  EXPECT_EQ(report.swapped_in, Bytes(16 * mib));
  EXPECT_EQ(report.swapping->operations, 4u);
  expect_kept(training(4, 1), request);
}

/// Sends everything away as soon as it is allocated.
class AwayAtOnce : public test::OldestFirst {
 public:
  using OldestFirst::OldestFirst;
  void allocated(ObjectId object, Bytes bytes, StreamId stream) override {
    OldestFirst::allocated(object, bytes, stream);
    make_room({}, {});
  }
};

TEST(SwapReplay, AnObjectMayLeaveInTheEventThatAllocatesIt) {
  const SwapInfo policy = swap_row<AwayAtOnce>();
  ReplayRequest request = swapping(policy, 1_GiB, "cuda-malloc");
  request.verify = true;
  expect_kept(training(3, 1), request);
}

TEST(SwapReplay, ALogOfInputsGivesTheSameDecisionsOnBothDevices) {
  const SwapInfo policy = swap_row();
  const Trace trace = training(6, 3);
  LiveRun live = live_run(pool_named("pytorch"), {.polls_to_complete = 3});
  live.request.make_device = [totals = live.totals] {
    return std::make_unique<test::CountedHost>(HostDeviceOptions{.polls_to_complete = 3}, totals);
  };
  live.request.swap = swap_request(policy, 56_MiB);
  live.request.min_seconds = 0;
  live.request.inputs = InputsMode::measured;
  InputLog log;
  live.request.log_out = &log;
  const Report measured = replay(trace, live.request);
  ReplayRequest simulated = swapping(policy, 56_MiB);
  simulated.inputs = InputsMode::log;
  simulated.log_in = &log;
  EXPECT_EQ(replay(trace, simulated).decisions, measured.decisions);
}

TEST(SwapReplay, OneWrongByteOfATransferFailsTheRun) {
  const SwapInfo policy = swap_row();
  LiveRun live = live_run(pool_named("pytorch"), {.corrupt_transfer = 2});
  live.request.swap = swap_request(policy, 56_MiB);
  live.request.verify = true;
  try {
    replay(training(6, 2), live.request);
    ADD_FAILURE() << "nobody saw it";
  } catch (const InvariantError& error) {
    EXPECT_THAT(error.what(), HasSubstr("1 bytes are wrong"));
  }
}

// --- What cannot be
// ----------------------------------------------------------------------------------------------------

template <class Work>
std::string config_error(Work&& work) {
  try {
    work();
  } catch (const ConfigError& error) {
    return error.what();
  }
  return "";
}

TEST(SwapReplay, ALimitUnderTheLargestOperatorIsRefusedNamingIt) {
  const SwapInfo policy = swap_row();
  EXPECT_THAT(config_error([&] { replay(training(8, 1), swapping(policy, 10_MiB)); }),
              AllOf(HasSubstr("operator 1 (op) needs at once: 20971520 bytes"), HasSubstr("at least 20971520")));
}

TEST(SwapReplay, WhatIsTooSmallToLeaveCountsInIt) {
  const SwapInfo policy = swap_row();
  ReplayRequest request = swapping(policy, 40_MiB);
  request.swap.min_swap = 5_MiB;  // the weights stay: 32 MiB
  EXPECT_THAT(config_error([&] { replay(training(8, 1), request); }), HasSubstr("cannot leave 29360128"));
  request.swap.machine.limit = 64_MiB;
  EXPECT_LE(replay(training(8, 1), request).peak_device, 64_MiB);
}

TEST(SwapReplay, ATierThatIsFullMidwayEndsInOutOfMemory) {
  const SwapInfo policy = swap_row();
  ReplayRequest request = swapping(policy, 56_MiB);
  request.swap.tier_capacity[static_cast<std::size_t>(Tier::host)] = 10_MiB;
  EXPECT_THROW(replay(training(8, 2), request), OutOfMemory);
}

TEST(SwapReplay, ATraceWithoutOperatorsIsRefused) {
  const SwapInfo policy = swap_row();
  EXPECT_THROW(replay(TraceBuilder().alloc(mib).free(0).build(), swapping(policy, 4_MiB)), TraceError);
}

// --- Timeline
// ----------------------------------------------------------------------------------------------------------

TEST(SwapReplay, TellsItsTimelineBesideTheIdealOne) {
  const SwapInfo policy = swap_row();
  const Trace trace = training(6, 2);
  ReplayRequest request = swapping(policy, 56_MiB);
  ReplayTimeline timeline;
  request.timeline = &timeline;
  const Report report = replay(trace, request);
  EXPECT_EQ(timeline.swapped_end - timeline.swapped_begin, report.simulated);
  const auto count = [](const std::vector<TimelineSpan>& spans, TimelineSpan::Kind kind) {
    return std::count_if(spans.begin(), spans.end(), [&](const TimelineSpan& span) { return span.kind == kind; });
  };
  EXPECT_EQ(count(timeline.swapped, TimelineSpan::Kind::launch), 24);
  EXPECT_EQ(count(timeline.ideal, TimelineSpan::Kind::launch), 24);
  EXPECT_GT(count(timeline.swapped, TimelineSpan::Kind::transfer), 0);
  EXPECT_EQ(count(timeline.ideal, TimelineSpan::Kind::transfer), 0);
  Bytes moved{};
  for (const TimelineSpan& span : timeline.swapped)
    if (span.kind == TimelineSpan::Kind::transfer) moved += span.bytes;
  EXPECT_EQ(moved, *report.swapped_out + *report.swapped_in);
  EXPECT_LT(timeline.ideal_end - timeline.ideal_begin, timeline.swapped_end - timeline.swapped_begin);
}

// --- Learning
// ----------------------------------------------------------------------------------------------------------

/// Lets what it was told of each iteration decide what it sends away: a difference would change the digest.
class Learner : public test::OldestFirst {
 public:
  using OldestFirst::OldestFirst;
  void stalled(Nanoseconds stall, Nanoseconds iteration) override {
    EXPECT_LE(stall, iteration);
    stalls.push_back(stall);
    if ((stall.value / 7 + iteration.value) % 2 == 0) make_room({}, {});
  }
  void measured(TokenId, Nanoseconds duration) override {
    ++measurements;
    if (duration.value % 3 == 0) make_room({}, {});
  }
  static inline std::vector<Nanoseconds> stalls;
  static inline std::uint64_t measurements = 0;
};

TEST(SwapReplay, PoliciesLearnFromInputsAlone) {
  const SwapInfo policy = swap_row<Learner>();
  const Trace trace = training(4, 4);
  ReplayRequest simulated = swapping(policy, 40_MiB, "cuda-malloc");
  InputLog log;
  simulated.log_out = &log;
  simulated.repeat = 2;
  Learner::stalls.clear();
  const Report model = replay(trace, simulated);
  EXPECT_GE(Learner::stalls.size(), 6u);  // three iterations end before the last, in two runs
  EXPECT_GT(Learner::stalls[0], Nanoseconds(0));
  EXPECT_GT(Learner::measurements, 0u);

  LiveRun paced = live_run(pool_named("cuda-malloc"));
  paced.request.swap = simulated.swap;
  paced.request.verify = true;
  EXPECT_EQ(replay(trace, paced.request).decisions, model.decisions);

  simulated.log_out = nullptr;
  simulated.inputs = InputsMode::log;
  simulated.log_in = &log;
  EXPECT_EQ(replay(trace, simulated).decisions, model.decisions);
  paced.request.inputs = InputsMode::log;
  paced.request.log_in = &log;
  EXPECT_EQ(replay(trace, paced.request).decisions, model.decisions);
}

}  // namespace
}  // namespace vramlab
