#include "engine/replay/replay.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "first_fit_pool.h"

namespace vramlab {
namespace {

using test::first_fit;
using test::request_for;
using test::TraceBuilder;
using testing::HasSubstr;

template <class Work>
std::string message_of(Work&& work) {
  try {
    work();
  } catch (const Error& error) {
    return error.what();
  }
  return "nothing was thrown";
}

Trace two_live_then_one() {
  return TraceBuilder().alloc(1000).alloc(3000).request(0).free(0).alloc(100).free(1).build();
}

TEST(Replay, CountsTheEventsOfTheContract) {
  const PoolInfo pool = first_fit();
  const Trace trace =
      TraceBuilder().iteration(0).alloc(10).op(5).event(EventKind::snapshot, 0).request(0).free(0).build();
  EXPECT_EQ(replay(trace, request_for(pool)).events, 4);
}

TEST(Replay, FindsThePeaksOfRequestedAndOfRoundedBytes) {
  const PoolInfo pool = first_fit();
  const Report report = replay(two_live_then_one(), request_for(pool));
  EXPECT_EQ(report.peak_requested, 4000_B);
  EXPECT_EQ(report.max_load, Bytes(1024 + 3072));
  EXPECT_EQ(report.peak_reserved, 1_MiB);
  EXPECT_DOUBLE_EQ(report.reserved_over_requested, 1048576.0 / 4000);
  EXPECT_EQ(report.segments, 1);
  EXPECT_GT(report.wall_ns_per_event, 0);
}

TEST(Replay, AnObjectLivesUntilItsFreeIsCompleted) {
  const PoolInfo pool = first_fit();
  const Trace trace = TraceBuilder().alloc(1000).request(0).alloc(500).free(0).build();
  EXPECT_EQ(replay(trace, request_for(pool)).peak_requested, 1500_B);
}

TEST(Replay, FragmentationIsThatOfTheFirstEventOfPeakReserved) {
  const PoolInfo pool = first_fit();
  // The second segment comes with object 1, when 1.75 MiB are live; more is live later in the same two segments.
  const Trace trace = TraceBuilder().alloc(3 << 18).alloc(1 << 20).alloc(1 << 17).build();
  const Report report = replay(trace, request_for(pool));
  EXPECT_EQ(report.peak_reserved, 2_MiB);
  EXPECT_DOUBLE_EQ(report.fragmentation, 1 - 1.75 / 2);
}

TEST(Replay, WithoutAllocationsHasNoQuotients) {
  const PoolInfo pool = first_fit();
  const Row row = to_row(replay(TraceBuilder().iteration(0).build(), request_for(pool)));
  for (const Field& field : row) {
    const bool quotient =
        field.name == "reserved_over_requested" || field.name == "fragmentation" || field.name == "wall_ns_per_event";
    EXPECT_TRUE(!quotient || std::holds_alternative<std::nullptr_t>(field.value)) << field.name;
  }
}

TEST(Replay, GivesTheSameDigestAgain) {
  const PoolInfo pool = first_fit();
  ReplayRequest request = request_for(pool);
  const std::string once = replay(two_live_then_one(), request).decisions;
  request.min_seconds = 0.01;
  EXPECT_EQ(replay(two_live_then_one(), request).decisions, once);
  request.verify = true;
  EXPECT_EQ(replay(two_live_then_one(), request).decisions, once);
}

TEST(Replay, GivesAnotherDigestForOtherDecisions) {
  const PoolInfo pool = first_fit();
  const Trace other = TraceBuilder().alloc(1000).alloc(3000).request(0).free(0).alloc(5000).free(1).build();
  EXPECT_NE(replay(two_live_then_one(), request_for(pool)).decisions, replay(other, request_for(pool)).decisions);
}

/// Takes one segment more in every run of the process: what a pool must not do.
std::unique_ptr<Pool> make_fickle(Port& port, const OptionValues&, const PoolContext&) {
  static std::uint64_t runs = 0;
  static_cast<void>(port.take_segment(Bytes(512 * ++runs), StreamId(0)));
  return std::make_unique<test::FirstFitPool>(port, test::Flaw::none);
}

TEST(Replay, RefusesAPoolThatDecidesDifferentlyFromRunToRun) {
  PoolInfo pool = first_fit();
  pool.make = make_fickle;
  ReplayRequest request = request_for(pool);
  request.verify = true;  // one run more
  EXPECT_THAT(message_of([&] { replay(two_live_then_one(), request); }), HasSubstr("not deterministic"));
}

TEST(Replay, NamesEventRequestAndMemoryWhenItRunsOut) {
  const PoolInfo pool = first_fit();
  ReplayRequest request = request_for(pool);
  request.capacity = 1_MiB;
  const Trace trace = TraceBuilder().alloc(1 << 19).iteration(0).alloc(3 << 18).build();
  EXPECT_THROW(replay(trace, request), OutOfMemory);
  const std::string message = message_of([&] { replay(trace, request); });
  EXPECT_THAT(message, HasSubstr("built: event 2 (object 1 of 768.00 KiB, stream 0), capacity 1.00 MiB, reserved "
                                 "1.00 MiB, live 512.00 KiB: no segment"));
}

TEST(Replay, RunsOutAlikeWhenTheDeviceRefuses) {
  const PoolInfo pool = first_fit();
  ReplayRequest request = request_for(pool);
  request.make_device = [] { return test::make_fake_device(1_MiB); };
  EXPECT_THROW(replay(TraceBuilder().alloc(2 << 20).build(), request), OutOfMemory);
}

TEST(Replay, RefusesATraceThatBreaksItsInvariants) {
  const PoolInfo pool = first_fit();
  const auto message = [&](const Trace& trace) { return message_of([&] { replay(trace, request_for(pool)); }); };
  EXPECT_THAT(message(TraceBuilder().alloc(10).free(0).free(0).build()), HasSubstr("event 2: free of an object"));
  EXPECT_THAT(message(TraceBuilder().free(3).build()), HasSubstr("event 0: free of an object"));
  EXPECT_THAT(message(TraceBuilder().alloc(10).event(EventKind::alloc, 0).build()), HasSubstr("event 1: allocation"));
  EXPECT_THAT(message(TraceBuilder().event(EventKind::op, 0).build()), HasSubstr("event 0: unknown operator"));
  EXPECT_THAT(message(TraceBuilder().alloc(1ull << 48).build()), HasSubstr("event 0: a size of 2^48"));
}

TEST(Replay, WithoutOperatorsHasNoSimulatedTime) {
  const PoolInfo pool = first_fit();
  const Report report = replay(two_live_then_one(), request_for(pool));
  EXPECT_FALSE(report.simulated || report.stall || report.overhead || report.peak_device || report.memory_reduction);
  EXPECT_FALSE(report.swapped_in || report.swapped_out || report.verified);
}

TEST(Replay, SimulatedTimeBeginsWithTheFirstIterationThatHasOperators) {
  const PoolInfo pool = first_fit();
  // The warm-up costs a device call, and so does the segment of object 1 inside the window: 1000 ns each.
  const Trace trace =
      TraceBuilder().iteration(0).alloc(1 << 20).free(0).iteration(1).op(50'000).alloc(2 << 20).op(7).build();
  const Report report = replay(trace, request_for(pool));
  EXPECT_EQ(report.simulated, Nanoseconds(50'007));
  EXPECT_EQ(report.overhead, 0.0);
  EXPECT_EQ(report.stall, Nanoseconds(0));
  EXPECT_EQ(report.device_calls, 2);
  EXPECT_EQ(report.device_call_time, Nanoseconds(2000));
}

TEST(Replay, MemoryReductionIsThatOfTheIterationsWithOperators) {
  const PoolInfo pool = first_fit();
  const Trace trace = TraceBuilder().iteration(0).alloc(4 << 20).free(0).iteration(1).op(1).alloc(2 << 20).build();
  const Report report = replay(trace, request_for(pool));
  EXPECT_EQ(report.peak_device, 4_MiB);
  EXPECT_DOUBLE_EQ(*report.memory_reduction, 1 - 4.0 / 2.0);
  EXPECT_EQ(report.max_load, 4_MiB);
}

TEST(Replay, WithoutIterationsTheWindowBeginsAtTheFirstOperator) {
  const PoolInfo pool = first_fit();
  const Report report = replay(TraceBuilder().alloc(100).op(40).op(2).build(), request_for(pool));
  EXPECT_EQ(report.simulated, Nanoseconds(42));
}

/// Gives its one segment back when it is empty and a limit is set, so that the limit costs time.
class ReturningPool : public test::FirstFitPool {
 public:
  explicit ReturningPool(Port& port) : FirstFitPool(port, test::Flaw::none), port_(port) {}
  void allocate(const AllocRequest& request) override {
    FirstFitPool::allocate(request);
    if (port_.capacity() == unlimited_bytes) return;
    const auto extra = port_.take_segment(512_B, request.stream);
    if (extra) port_.return_segment(*extra);
  }

 private:
  Port& port_;
};

TEST(Replay, OverheadComparesWithTheSamePoolInUnlimitedMemory) {
  PoolInfo pool = first_fit();
  pool.make = [](Port& port, const OptionValues&, const PoolContext&) -> std::unique_ptr<Pool> {
    return std::make_unique<ReturningPool>(port);
  };
  ReplayRequest request = request_for(pool);
  const Trace trace = TraceBuilder().iteration(0).op(10'000).alloc(100).op(10'000).build();
  EXPECT_EQ(replay(trace, request).overhead, 0.0);
  const auto unlimited = replay(trace, request).simulated;
  request.capacity = 8_MiB;
  const Report limited = replay(trace, request);
  EXPECT_GT(limited.simulated, unlimited);
  EXPECT_EQ(limited.stall, *limited.simulated - *unlimited);
  EXPECT_DOUBLE_EQ(*limited.overhead,
                   static_cast<double>(limited.simulated->value) / static_cast<double>(unlimited->value) - 1);
}

TEST(Replay, APoolThatNeedsItGetsTheWholeTraceAsAnInstance) {
  static std::size_t buffers = 0;
  PoolInfo pool = first_fit();
  pool.needs_instance = true;
  pool.make = [](Port& port, const OptionValues&, const PoolContext& context) -> std::unique_ptr<Pool> {
    buffers = context.instance->buffers.size();
    return std::make_unique<test::FirstFitPool>(port, test::Flaw::none);
  };
  replay(two_live_then_one(), request_for(pool));
  EXPECT_EQ(buffers, 3);
}

class Watcher : public ReplayWatcher {
 public:
  void on_event(const Trace&, std::uint64_t position) override { story += " e" + std::to_string(position); }
  void on_decisions(std::span<const Decision> batch) override {
    for (const Decision& d : batch) story += " d" + std::to_string(static_cast<int>(d.kind));
  }
  void on_end(const Trace&) override { story += " end"; }
  std::string story;
};

TEST(Replay, AWatcherSeesEachEventBeforeItsDecisions) {
  const PoolInfo pool = first_fit();
  Watcher watcher;
  ReplayRequest request = request_for(pool);
  request.watchers = {&watcher};
  replay(TraceBuilder().alloc(100).request(0).free(0).build(), request);
  EXPECT_EQ(watcher.story, " d0 e0 d3 d1 e1 e2 d2 d15 end");
}

TEST(Replay, TellsItsProgressUpToTheEnd) {
  const PoolInfo pool = first_fit();
  std::vector<double> told;
  ReplayRequest request = request_for(pool);
  request.verify = true;
  request.progress = [&](double fraction) { told.push_back(fraction); };
  replay(two_live_then_one(), request);
  EXPECT_THAT(told, testing::ElementsAre(0.5, 1.0));
}

TEST(Replay, ManyBatchesGiveTheSlotsOutLastInFirstOut) {
  // More events than a batch: an object that stays, and one that comes and goes in the slot of the last.
  TraceBuilder builder;
  builder.alloc(512);
  for (std::uint32_t i = 1; i <= 100'000; ++i) builder.alloc(512).free(i);
  static std::uint32_t largest = 0;
  PoolInfo pool = first_fit();
  pool.make = [](Port& port, const OptionValues&, const PoolContext&) -> std::unique_ptr<Pool> {
    class SlotPool : public test::FirstFitPool {
     public:
      using FirstFitPool::FirstFitPool;
      void allocate(const AllocRequest& request) override {
        largest = std::max(largest, request.block.value);
        FirstFitPool::allocate(request);
      }
    };
    return std::make_unique<SlotPool>(port, test::Flaw::none);
  };
  const Report report = replay(builder.build(), request_for(pool));
  EXPECT_EQ(largest, 1);
  EXPECT_EQ(report.peak_requested, 1024_B);
}

}  // namespace
}  // namespace vramlab
