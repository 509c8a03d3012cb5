#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <utility>

#include "first_fit_pool.h"

namespace vramlab {
namespace {

using test::request_for;
using test::TraceBuilder;
using testing::ElementsAre;
using testing::HasSubstr;

std::string story;  // of the run that went farthest: some stop at a peak

/// Records a token at every release and tells what comes back. Grows by what was measured, as adaptive pools do.
class TellingPool : public test::FirstFitPool {
 public:
  explicit TellingPool(Port& port) : FirstFitPool(port, test::Flaw::none), port_(port) {}
  ~TellingPool() override {
    if (told_.size() > story.size()) story = told_;
  }
  void completed(TokenId token) override {
    told_ += " c" + std::to_string(token.value);
    static_cast<void>(port_.record(StreamId(0)));  // decisions depend on the input
  }
  void measured(TokenId token, Nanoseconds) override { told_ += " m" + std::to_string(token.value); }
  void pressure(std::uint32_t per_mille) override { told_ += " p" + std::to_string(per_mille); }
  void tick() override { told_ += " t"; }
  void allocate(const AllocRequest& request) override {
    told_ += " a";
    FirstFitPool::allocate(request);
  }

 private:
  Port& port_;
  std::string told_;
};

PoolInfo telling() {
  story.clear();
  PoolInfo pool = test::first_fit();
  pool.make = [](Port& port, const OptionValues&, const PoolContext&) -> std::unique_ptr<Pool> {
    return std::make_unique<TellingPool>(port);
  };
  return pool;
}

Trace one_release() {
  return TraceBuilder().iteration(0).alloc(100).op(500).free(0).alloc(100).iteration(1).alloc(100).alloc(100).build();
}

TEST(ReplayInputs, CompletionsComeBeforeAnEventAndMeasurementsAtIterations) {
  const PoolInfo pool = telling();
  InputLog log;
  ReplayRequest request = request_for(pool);
  request.log_out = &log;
  replay(one_release(), request);
  // Token 0 waits for the operator: complete when the host has waited at iteration 1. Token 1 is recorded in answer.
  EXPECT_EQ(story, " a a c0 a c1 a");
  EXPECT_THAT(log.inputs, ElementsAre(Input{InputKind::completed, 6, 0, 0}, Input{InputKind::completed, 7, 1, 0}));
}

TEST(ReplayInputs, MeasurementsAreHandedOverTogetherWhenAnIterationBegins) {
  const PoolInfo pool = telling();
  InputLog log;
  ReplayRequest request = request_for(pool);
  request.log_out = &log;
  const Trace trace = TraceBuilder().alloc(100).free(0).alloc(100).iteration(1).alloc(100).iteration(2).build();
  replay(trace, request);
  EXPECT_EQ(story, " a c0 a c1 m0 m1 c2 a c3 m2 m3");
  EXPECT_THAT(log.inputs, testing::Contains(Input{InputKind::measured, 4, 0, 1000}));
}

TEST(ReplayInputs, TheSameLogGivesTheSameDecisionsOnADeviceOfAnotherSpeed) {
  const PoolInfo pool = telling();
  InputLog log;
  ReplayRequest request = request_for(pool);
  request.log_out = &log;
  const Report recorded = replay(one_release(), request);
  const std::string recorded_story = std::exchange(story, "");

  request.log_out = nullptr;
  request.inputs = InputsMode::log;
  request.log_in = &log;
  request.make_device = [] {
    auto device = std::make_unique<test::FakeDevice>();
    device->call_cost = Nanoseconds(9'000'000);
    return device;
  };
  EXPECT_EQ(replay(one_release(), request).decisions, recorded.decisions);
  EXPECT_EQ(story, recorded_story);
}

TEST(ReplayInputs, MeasuredInputsOfTheFirstRunDriveTheOthers) {
  // Every device is slower than the one before: by their own completions no two runs would agree.
  const PoolInfo pool = telling();
  ReplayRequest request = request_for(pool);
  request.inputs = InputsMode::measured;
  request.verify = true;
  request.make_device = [cost = 1]() mutable {
    auto device = std::make_unique<test::FakeDevice>();
    device->call_cost = Nanoseconds(cost *= 1000);
    return device;
  };
  TraceBuilder builder;
  builder.iteration(0).alloc(100).op(5000).free(0);
  for (int i = 0; i < 10; ++i) builder.alloc(2 << 20);
  EXPECT_NO_THROW(replay(builder.build(), request));
}

TEST(ReplayInputs, EverythingInALogArrivesAtItsPosition) {
  const PoolInfo pool = telling();
  const InputLog log{{{InputKind::pressure, 1, 0, 900}, {InputKind::tick, 2, 0, 0}, {InputKind::tick, 3, 0, 0}}};
  ReplayRequest request = request_for(pool);
  request.inputs = InputsMode::log;
  request.log_in = &log;
  InputLog out;
  request.log_out = &out;
  replay(TraceBuilder().alloc(1).alloc(1).alloc(1).build(), request);
  EXPECT_EQ(story, " a p900 a t a t");
  EXPECT_EQ(out.inputs, log.inputs);
}

TEST(ReplayInputs, ARefusalIsLoggedAndReplayedWithoutTheDevice) {
  PoolInfo pool = test::first_fit();
  pool.make = [](Port& port, const OptionValues&, const PoolContext&) -> std::unique_ptr<Pool> {
    class Modest : public test::FirstFitPool {
     public:
      explicit Modest(Port& p) : FirstFitPool(p, test::Flaw::none), port(p) {}
      void allocate(const AllocRequest& request) override {
        static_cast<void>(port.take_segment(8_MiB, request.stream));  // would be nice to have
        FirstFitPool::allocate(request);
      }
      Port& port;
    };
    return std::make_unique<Modest>(port);
  };
  InputLog log;
  ReplayRequest request = request_for(pool);
  request.make_device = [] { return test::make_fake_device(4_MiB); };
  request.log_out = &log;
  const Trace trace = TraceBuilder().alloc(100).build();
  const Report small = replay(trace, request);
  EXPECT_THAT(log.inputs, ElementsAre(Input{InputKind::failed, 1, 0, 0}));

  request.make_device = [] { return test::make_fake_device(); };
  request.inputs = InputsMode::log;
  const InputLog given = log;
  request.log_in = &given;
  EXPECT_EQ(replay(trace, request).decisions, small.decisions);
}

TEST(ReplayInputs, ALogOfAnotherRunIsRefused) {
  const PoolInfo pool = telling();
  ReplayRequest request = request_for(pool);
  request.inputs = InputsMode::log;
  EXPECT_THROW(replay(one_release(), request), ConfigError);
  const InputLog unknown_token{{{InputKind::completed, 1, 17, 0}}};
  request.log_in = &unknown_token;
  EXPECT_THROW(replay(one_release(), request), TraceError);
  const InputLog too_long{{{InputKind::tick, 1000, 0, 0}}};
  request.log_in = &too_long;
  EXPECT_THROW(replay(one_release(), request), TraceError);
  const InputLog foreign_failure{{{InputKind::failed, 1, 99, 0}}};
  request.log_in = &foreign_failure;
  EXPECT_THROW(replay(one_release(), request), TraceError);
}

}  // namespace
}  // namespace vramlab
