// The same policy with the same input log decides the same on devices of different speed and size.

#include <gtest/gtest.h>

#include <cstdio>
#include <deque>
#include <set>

#include "engine/core/error.h"
#include "engine/device/port.h"
#include "recorded_decisions.h"
#include "sim/simulated_device.h"

namespace vramlab {
namespace {

using testing::RecordedDecisions;

constexpr StreamId compute{0};

// Holds as many 8 MiB segments as the device gives. When it refuses one, the oldest moves to the host; its memory is
// returned when the move is reported complete. Then the moves' times decide how many segments are wanted at once.
class Spiller {
 public:
  Spiller(Port& port, const Space& host) : port_(port), host_(host) {}

  void step(std::uint64_t position) {
    const Bytes bytes = position % 3 == 0 ? 8_MiB : 4_MiB;
    for (std::uint64_t i = 0; i < wanted_; ++i) {
      if (const auto segment = port_.take_segment(bytes, compute)) {
        held_.push_back(*segment);
      } else {
        spill_oldest();
      }
    }
    if (!moving_.empty() && position % 5 == 0) port_.wait(compute, moving_.back().token);
  }

  void completed(TokenId token) {
    for (auto move = moving_.begin(); move != moving_.end(); ++move) {
      if (move->token != token) continue;
      port_.return_segment(move->segment);
      moving_.erase(move);
      return;
    }
  }

  void measured(TokenId /*token*/, Nanoseconds duration) { wanted_ = duration > 200_us ? 1 : 2; }

 private:
  struct Move {
    TokenId token;
    Space segment;
  };

  void spill_oldest() {
    if (held_.empty()) return;
    const Space oldest = held_.front();
    held_.pop_front();
    const TokenId idle = port_.record(compute);
    const Transfer transfer{{oldest.id, Tier::device, {}}, {host_.id, Tier::host, {}}, oldest.bytes};
    moving_.push_back({port_.transfer(transfer, {&idle, 1}), oldest});
  }

  Port& port_;
  Space host_;
  std::uint64_t wanted_ = 1;
  std::deque<Space> held_;
  std::deque<Move> moving_;
};

struct Course {
  std::vector<std::string> decisions;
  InputLog log;
  Nanoseconds time{};
};

constexpr std::uint64_t positions = 200;

void deliver_device_inputs(RunnableDevice& device, Spiller& policy, InputLog& log, std::uint64_t position) {
  TokenId token;
  Nanoseconds duration;
  while (device.next_completed(token, duration)) {
    log.inputs.push_back({InputKind::completed, position, token.value, 0});
    policy.completed(token);
    log.inputs.push_back({InputKind::measured, position, token.value, duration.value});
    policy.measured(token, duration);
  }
}

void deliver_logged_inputs(RunnableDevice& device, Spiller& policy, const InputLog& log, std::uint64_t position) {
  for (const Input& input : log.inputs) {
    const TokenId token(static_cast<std::uint32_t>(input.subject));
    if (input.position != position || input.kind == InputKind::failed) continue;
    if (input.kind == InputKind::measured) {
      policy.measured(token, Nanoseconds(input.value));
      continue;
    }
    device.synchronize(token);
    policy.completed(token);
  }
}

// Without a log the device's own completions, times and refusals are the inputs, and are logged.
Course run(const std::string& machine, Bytes physical, const InputLog* log) {
  const auto device = make_simulated_device(load_machine(machine), physical);
  DecisionLog decisions;
  RecordedDecisions seen(decisions);
  Port port(*device, decisions);
  Course result;
  std::uint64_t position = 0;
  log != nullptr ? port.replay_failures(*log) : port.record_inputs(result.log, position);
  Spiller policy(port, *port.take_segment(8_MiB, compute, Tier::host));
  for (; position < positions; ++position) {
    log != nullptr ? deliver_logged_inputs(*device, policy, *log, position)
                   : deliver_device_inputs(*device, policy, result.log, position);
    policy.step(position);
    device->launch(compute, 100_us);
  }
  device->synchronize();
  result.decisions = seen.lines();
  result.time = device->now();
  return result;
}

TEST(SameLog, GivesTheSameDecisionsOnAnotherMachine) {
  const Course first = run("h200", 64_MiB, nullptr);
  std::set<InputKind> kinds;
  for (const Input& input : first.log.inputs) kinds.insert(input.kind);
  EXPECT_EQ(kinds, (std::set{InputKind::completed, InputKind::failed, InputKind::measured}));

  const Course second = run("gtx1080ti-pcie3", 4_GiB, &first.log);
  EXPECT_EQ(second.decisions, first.decisions);
  EXPECT_NE(second.time, first.time);
  EXPECT_EQ(run("h200", 64_MiB, &first.log).decisions, first.decisions);
}

TEST(SameLog, SurvivesItsFile) {
  const Course first = run("h200", 64_MiB, nullptr);
  const std::string path = ::testing::TempDir() + "vramlab_same_log_test.log";
  write_input_log(first.log, path);
  const InputLog read = read_input_log(path);
  EXPECT_EQ(std::remove(path.c_str()), 0);
  EXPECT_EQ(read.inputs, first.log.inputs);
}

// What makes the test above worth something: left to themselves the two machines decide differently.
TEST(SameLog, IsNeededBecauseTheMachinesDecideDifferentlyAlone) {
  EXPECT_NE(run("gtx1080ti-pcie3", 64_MiB, nullptr).decisions, run("h200", 64_MiB, nullptr).decisions);
}

TEST(SameLog, AskingTooMuchOfASmallerDeviceIsAnError) {
  const Course first = run("h200", 64_MiB, nullptr);
  EXPECT_THROW(run("h200", 32_MiB, &first.log), DeviceError);
}

}  // namespace
}  // namespace vramlab
