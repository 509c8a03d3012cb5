// Recordings on a GPU: the simulator's decisions, and every byte where the program put it.

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <filesystem>

#include "engine/replay/replay_run.h"
#include "experiments/trace_files.h"
#include "gpu.h"
#include "live_run.h"
#include "traces/reader.h"

namespace vramlab {
namespace {

using test::simulated_request;
using test::TraceBuilder;

class LiveReplayOnGpu : public testing::Gpu {
 protected:
  static ReplayRequest live_request(const PoolInfo& pool) {
    ReplayRequest request = simulated_request(pool);
    request.device_name = "cuda";
    request.make_model_device = request.make_device;
    request.make_device = [model = request.make_model_device] {
      return std::make_unique<PacedDevice>(model(), make_cuda_device());
    };
    return request;
  }
  // Small enough for every card.
  static Trace recording(const std::string& file) {
    // A program built elsewhere runs from the root of a checkout.
    const bool built_here = std::filesystem::exists(VRAMLAB_SOURCE_DIR "/traces/bundled");
    Trace trace = read_traces((built_here ? VRAMLAB_SOURCE_DIR "/traces/bundled/" : "traces/bundled/") + file).front();
    scale_sizes(trace, 0.1);
    return trace;
  }
};

TEST_F(LiveReplayOnGpu, DecidesAsTheSimulatorDoesAndKeepsEveryByte) {
  for (const char* file : {"alexnet-train-b256.ops.csv.xz", "resnet50-train-prefetch-stream.pickle.xz"}) {
    const Trace trace = recording(file);
    for (const PoolInfo& pool : pools()) {
      SCOPED_TRACE(std::string(file) + " " + std::string(pool.name));
      ReplayRequest request = live_request(pool);
      request.verify = true;
      const Report report = replay(trace, request);
      EXPECT_EQ(report.verified, true);
      EXPECT_EQ(report.decisions, replay(trace, simulated_request(pool)).decisions);
      EXPECT_EQ(report.fidelity->predicted->calls, replay(trace, simulated_request(pool)).device_call_time);
    }
  }
}

TEST_F(LiveReplayOnGpu, ALogOfMeasuredInputsGivesTheSameDecisionsInTheSimulator) {
  const Trace trace = recording("alexnet-train-b256.ops.csv.xz");
  for (const PoolInfo& pool : pools()) {
    SCOPED_TRACE(pool.name);
    InputLog log;
    ReplayRequest measured = live_request(pool);
    measured.make_device = [] { return make_cuda_device(); };
    measured.inputs = InputsMode::measured;
    measured.log_out = &log;
    const Report report = replay(trace, measured);
    ReplayRequest again = simulated_request(pool);
    again.inputs = InputsMode::log;
    again.log_in = &log;
    EXPECT_EQ(replay(trace, again).decisions, report.decisions);
  }
}

/// Right but for two bytes of a live object that it clears.
class ClearingPool : public test::FirstFitPool {
 public:
  explicit ClearingPool(Port& port) : FirstFitPool(port, test::Flaw::none), port_(port) {}
  void release(BlockId block) override {
    FirstFitPool::release(block);
    port_.clear({SegmentId(0), 1100_B, 2_B}, StreamId(0));  // of the object at 1024
  }

 private:
  Port& port_;
};

// The contents alone: the validator would see in the decisions that live bytes are cleared, before any byte is read.
TEST_F(LiveReplayOnGpu, WrongBytesFailTheRun) {
  PoolInfo pool = test::first_fit();
  const Trace trace = TraceBuilder().alloc(600).alloc(5000).free(0).iteration(0).op(1000, {1}).free(1).build();
  const auto run = [&] {
    RunSetup setup;
    setup.trace = &trace;
    setup.pool = &pool;
    setup.options = OptionValues("pool", pool.options);
    setup.make_device = live_request(pool).make_device;
    const Observation contents_only{.watchers = {}, .check_contents = true};
    ReplayRun(setup, &contents_only).run();
  };
  EXPECT_NO_THROW(run());
  pool.make = [](Port& port, const OptionValues&, const PoolContext&) -> std::unique_ptr<Pool> {
    return std::make_unique<ClearingPool>(port);
  };
  try {
    run();
    ADD_FAILURE() << "the wrong bytes were not seen";
  } catch (const InvariantError& error) {
    EXPECT_THAT(error.what(), ::testing::HasSubstr("event 4: object 1 (4.88 KiB, stream 0), read by operator 0 (op)"));
  }
}

TEST_F(LiveReplayOnGpu, MoreThanTheGpuHasIsOutOfMemory) {
  const PoolInfo& pool = find_row(pools(), "pool", "vmm");
  const std::uint64_t half = device().info().memory.value / 2;
  const Trace trace = TraceBuilder().alloc(half).alloc(half).alloc(half).build();
  EXPECT_THROW(replay(trace, live_request(pool)), OutOfMemory);
}

}  // namespace
}  // namespace vramlab
