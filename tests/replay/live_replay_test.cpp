// Live replay: the same decisions as in simulation, on memory that holds what the program put there.

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "engine/core/registry.h"
#include "engine/replay/replay_run.h"
#include "experiments/trace_files.h"
#include "live_run.h"
#include "traces/reader.h"

namespace vramlab {
namespace {

using test::live_run;
using test::LiveRun;
using test::simulated_request;
using test::TraceBuilder;
using ::testing::HasSubstr;
using testing::HostDevice;
using testing::HostDeviceOptions;

// --- Recordings ------------------------------------------------------------------------------------------------------

Trace small_recording(const std::string& file, double scale) {
  Trace trace = read_traces(std::string(VRAMLAB_SOURCE_DIR) + "/traces/bundled/" + file).front();
  scale_sizes(trace, scale);
  return trace;
}

struct Recording {
  const char* file;
  double scale;
};
void PrintTo(const Recording& r, std::ostream* out) { *out << r.file; }

constexpr Recording recordings[] = {
    {"resnet50-train-prefetch-stream.pickle.xz", 0.0003},
    {"gnn-train-var-expandable.pickle.xz", 0.0003},
    {"alexnet-train-b256.ops.csv.xz", 0.001},
};

class LiveRecording : public ::testing::TestWithParam<Recording> {};
INSTANTIATE_TEST_SUITE_P(Bundled, LiveRecording, ::testing::ValuesIn(recordings));

TEST_P(LiveRecording, DecidesAsTheSimulatorDoesAndKeepsEveryByte) {
  const Trace trace = small_recording(GetParam().file, GetParam().scale);
  for (const PoolInfo& pool : pools()) {
    SCOPED_TRACE(pool.name);
    LiveRun live = live_run(pool);
    const std::string timed = replay(trace, live.request).decisions;
    live.totals->checks = 0;
    live.request.verify = true;
    const Report report = replay(trace, live.request);
    EXPECT_EQ(report.verified, true);
    EXPECT_GE(live.totals->checks, trace.object_count());
    EXPECT_EQ(report.decisions, timed);
    EXPECT_EQ(report.decisions, replay(trace, simulated_request(pool)).decisions);
  }
}

TEST(LiveReplay, OfALargeRecordingFitsASmallCardWhenScaled) {
  Trace trace = small_recording("vgg16-train-b64.pickle.xz", 1);
  LiveRun live = live_run(find_row(pools(), "pool", "vmm"), {.memory = 64_MiB});
  EXPECT_THROW(replay(trace, live.request), OutOfMemory);
  scale_sizes(trace, 0.001);
  live.request.verify = true;
  EXPECT_EQ(replay(trace, live.request).verified, true);
}

// --- What is wrong is seen -------------------------------------------------------------------------------------------

TraceBuilder two_streams() {
  TraceBuilder builder;
  builder.iteration(0).alloc(5000).alloc(3000, 1).op(1000, {0}, {1}).op(1000, {1}, {0}).free(0).alloc(5000, 1);
  return builder.iteration(1).op(1000, {2}, {1}).free(2).free(1);
}

TEST(LiveReplay, OneWrongByteFailsTheRunAndSaysWhere) {
  const PoolInfo pool = test::first_fit();
  for (const std::uint64_t fill : {1, 2, 3, 4, 5, 6}) {
    LiveRun live = live_run(pool, {.corrupt_fill = fill});
    EXPECT_NO_THROW(replay(two_streams().build(), live.request)) << "timed runs write no patterns";
    live.request.verify = true;
    if (fill == 2) {
      EXPECT_NO_THROW(replay(two_streams().build(), live.request)) << "nobody reads it before it is written again";
    } else {
      EXPECT_THROW(replay(two_streams().build(), live.request), InvariantError) << fill;
    }
  }
  LiveRun live = live_run(pool, {.corrupt_fill = 1});
  live.request.verify = true;
  try {
    replay(two_streams().build(), live.request);
    ADD_FAILURE() << "the wrong byte was not seen";
  } catch (const InvariantError& error) {
    EXPECT_THAT(error.what(),
                HasSubstr("event 3: object 0 (4.88 KiB, stream 0), read by operator 0 (op): byte 4999 is"));
    EXPECT_THAT(error.what(), HasSubstr("1 bytes are wrong"));
  }
}

/// One run that compares contents and asks no validator.
void run_with_contents(const Trace& trace, const PoolInfo& pool, const HostDeviceOptions& options = {}) {
  RunSetup setup;
  setup.trace = &trace;
  setup.pool = &pool;
  setup.options = OptionValues("pool", pool.options);
  setup.make_device = live_run(pool, options).request.make_device;
  const Observation contents_only{.watchers = {}, .check_contents = true};
  ReplayRun(setup, &contents_only).run();
}

TEST(LiveReplay, ContentsShowObjectsThatOverlap) {
  const Trace trace = TraceBuilder().alloc(512).alloc(512).free(0).free(1).build();
  EXPECT_NO_THROW(run_with_contents(trace, test::first_fit()));
  EXPECT_THROW(run_with_contents(trace, test::first_fit<test::Flaw::overlaps_by_one_byte>()), InvariantError);
}

TEST(LiveReplay, ContentsShowReuseOnAnotherStreamWithoutAWait) {
  const Trace trace = TraceBuilder().alloc(512).free(0).alloc(512, 1).iteration(0).free(1).build();
  EXPECT_NO_THROW(run_with_contents(trace, test::first_fit()));
  EXPECT_THROW(run_with_contents(trace, test::first_fit<test::Flaw::no_wait>()), InvariantError);
}

TEST(LiveReplay, WhatIsStillLiveAtTheEndIsComparedToo) {
  const Trace trace = TraceBuilder().alloc(512).alloc(512).build();
  EXPECT_NO_THROW(run_with_contents(trace, test::first_fit()));
  EXPECT_THROW(run_with_contents(trace, test::first_fit<test::Flaw::overlaps_by_one_byte>()), InvariantError);
}

// --- Moves -----------------------------------------------------------------------------------------------------------

enum class Move { right, without_wait, to_another_place };

/// At every release, moves the object placed last within its segment by a copy.
template <Move how>
class MovingPool : public Pool {
 public:
  explicit MovingPool(Port& port) : port_(port), space_(*port.take_segment(1_MiB, StreamId(0))) {}
  void allocate(const AllocRequest& request) override {
    last_ = {request.block, next_, request.bytes, request.stream};
    next_ += round_up(request.bytes, 512_B);
    port_.place(request.block, space_.id, last_.offset, request.bytes, request.stream);
  }
  void release(BlockId block) override {
    port_.release(block);
    if (last_.block != block) move();
  }
  Address address_of(BlockId) const override { return space_.base; }
  PoolStats stats() const override { return {}; }
  void validate() const override {}

 private:
  struct Last {
    BlockId block;
    Bytes offset{}, bytes{};
    StreamId stream{0};
  };
  void move() {
    const auto end = [this](Bytes offset) { return TransferEnd{space_.id, Tier::device, offset}; };
    const TokenId done = port_.record(last_.stream);
    const TokenId copied = port_.transfer({end(last_.offset), end(next_), last_.bytes}, {&done, 1});
    if (how != Move::without_wait) port_.wait(last_.stream, copied);
    port_.release(last_.block);
    last_.offset = next_ + (how == Move::to_another_place ? 8_B : 0_B);
    next_ += round_up(last_.bytes, 512_B);
    port_.place(last_.block, space_.id, last_.offset, last_.bytes, last_.stream);
  }

  Port& port_;
  Space space_;
  Bytes next_{};
  Last last_;
};

template <Move how>
PoolInfo moving() {
  PoolInfo pool = test::first_fit();
  pool.make = [](Port& port, const OptionValues&, const PoolContext&) -> std::unique_ptr<Pool> {
    return std::make_unique<MovingPool<how>>(port);
  };
  return pool;
}

TEST(LiveReplay, AnObjectIsComparedWhereItMovedTo) {
  const Trace trace = TraceBuilder().alloc(700).alloc(900).free(0).iteration(0).free(1).build();
  EXPECT_NO_THROW(run_with_contents(trace, moving<Move::right>()));
  const HostDeviceOptions eager{.eager_streams = true};
  EXPECT_NO_THROW(run_with_contents(trace, moving<Move::right>(), eager));
  EXPECT_THROW(run_with_contents(trace, moving<Move::without_wait>(), eager), InvariantError);
  try {
    run_with_contents(trace, moving<Move::to_another_place>());
    ADD_FAILURE() << "the move was not seen";
  } catch (const InvariantError& error) {
    EXPECT_THAT(error.what(), HasSubstr("event 2: object 1 (900 B, stream 0), after it was moved: byte 0 is"));
  }
}

// --- Operators -------------------------------------------------------------------------------------------------------

TEST(LiveReplay, OperatorsGetTheirOperandsAndTheOrderOfTheirStreams) {
  const PoolInfo pool = test::first_fit();
  LiveRun live = live_run(pool);
  replay(two_streams().build(), live.request);
  EXPECT_EQ(live.totals->devices, 1u);  // the runs that only ask for decisions are the simulator's
  EXPECT_EQ(live.totals->operands, 6u);
  EXPECT_EQ(live.totals->orders, 6u);  // before and after each, one other stream
  EXPECT_EQ(live.totals->fills + live.totals->checks, 0u);
}

// --- Inputs ----------------------------------------------------------------------------------------------------------

/// Grows by what it is told: other completions, other decisions.
class HeedingPool : public test::FirstFitPool {
 public:
  explicit HeedingPool(Port& port) : FirstFitPool(port, test::Flaw::none), port_(port) {}
  void completed(TokenId token) override {
    if (token.value % 2 == 0) port_.wait(StreamId(0), port_.record(StreamId(1)));
  }

 private:
  Port& port_;
};

PoolInfo heeding() {
  PoolInfo pool = test::first_fit();
  pool.make = [](Port& port, const OptionValues&, const PoolContext&) -> std::unique_ptr<Pool> {
    return std::make_unique<HeedingPool>(port);
  };
  return pool;
}

Trace busy_trace() {
  TraceBuilder builder;
  for (std::uint32_t i = 0; i < 60; ++i) {
    if (i % 20 == 0) builder.iteration(i / 20);
    builder.alloc(600 + i, static_cast<std::uint16_t>(i % 2)).op(4000, {i}, {i}).free(i);
  }
  return builder.build();
}

TEST(LiveReplay, CompletionsComeWhenTheModelSaysWhateverTheDeviceDoes) {
  const PoolInfo pool = heeding();
  const std::string predicted = replay(busy_trace(), simulated_request(pool)).decisions;
  ReplayRequest slow_launches = simulated_request(pool);
  MachineModel machine = load_machine("h200");
  machine.calls.launch = 20_us;
  slow_launches.make_device = [machine] { return make_simulated_device(machine); };
  EXPECT_NE(replay(busy_trace(), slow_launches).decisions, predicted) << "the test needs a pool that heeds completions";
  for (const std::uint64_t polls : {0, 1, 3}) {
    LiveRun live = live_run(pool, {.polls_to_complete = polls});
    EXPECT_EQ(replay(busy_trace(), live.request).decisions, predicted) << polls;
  }
}

TEST(LiveReplay, ALogOfMeasuredInputsGivesTheSameDecisionsOnEveryDevice) {
  const PoolInfo pool = heeding();
  InputLog log;
  LiveRun live = live_run(pool);
  live.request.make_device = [] { return std::make_unique<HostDevice>(HostDeviceOptions{.polls_to_complete = 2}); };
  live.request.inputs = InputsMode::measured;
  live.request.log_out = &log;
  const Report measured = replay(busy_trace(), live.request);
  EXPECT_NE(measured.decisions, replay(busy_trace(), simulated_request(pool)).decisions);
  EXPECT_FALSE(measured.fidelity->predicted);

  for (const auto& make : {test::simulator("h200"), test::simulator("gtx1080ti-pcie3"), live.request.make_device}) {
    ReplayRequest again = simulated_request(pool);
    again.make_device = make;
    again.inputs = InputsMode::log;
    again.log_in = &log;
    EXPECT_EQ(replay(busy_trace(), again).decisions, measured.decisions);
  }
}

TEST(LiveReplay, ARefusalOfTheDeviceIsAnInputAndTheModelHoldsNothingOfIt) {
  const PoolInfo& pool = find_row(pools(), "pool", "pytorch");
  const Trace trace = TraceBuilder().alloc(30 << 20).free(0).alloc(50 << 20).free(1).build();
  InputLog log;
  LiveRun live = live_run(pool, {.memory = 64_MiB});
  live.request.log_out = &log;
  const Report report = replay(trace, live.request);  // gives the first segment back and takes the second
  ASSERT_EQ(log.inputs.size(), 1u);
  EXPECT_EQ(log.inputs[0].kind, InputKind::failed);
  ReplayRequest again = simulated_request(pool);
  again.inputs = InputsMode::log;
  again.log_in = &log;
  EXPECT_EQ(replay(trace, again).decisions, report.decisions);

  EXPECT_THROW(replay(trace, live_run(pool, {.memory = 40_MiB}).request), OutOfMemory);
  live = live_run(pool, {.memory = 40_MiB});
  live.request.inputs = InputsMode::log;
  live.request.log_in = &log;
  EXPECT_THROW(replay(trace, live.request), DeviceError) << "the log says that there is room";
}

}  // namespace
}  // namespace vramlab
