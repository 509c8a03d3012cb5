#pragma once
// Drives one pool step by step, with everything around it that a test looks at.

#include <memory>
#include <string>
#include <vector>

#include "decision_checker.h"
#include "engine/core/registry.h"
#include "engine/pool/pool.h"
#include "scripted_device.h"

namespace vramlab::testing {

/// An alloc of `bytes` on `stream` as the next object, or the free of object `object`.
struct Step {
  bool alloc = true;
  std::uint64_t bytes = 0;
  std::uint16_t stream = 0;
  std::uint32_t object = 0;
};

/// The lifetimes of a sequence of steps, for pools that plan.
inline Instance instance_of(const std::vector<Step>& steps) {
  Instance instance;
  instance.name = "steps";
  for (std::uint64_t i = 0; i < steps.size(); ++i)
    if (steps[i].alloc) {
      instance.buffers.push_back({i, steps.size(), round_up(Bytes(steps[i].bytes), 512_B)});
    } else {
      instance.buffers[steps[i].object].upper = i;
    }
  return instance;
}

class PoolHarness {
 public:
  PoolHarness(std::string_view name, const std::vector<Step>& steps, Bytes capacity = unlimited_bytes,
              const std::vector<std::pair<std::string, std::string>>& options = {})
      : steps_(steps), instance_(instance_of(steps)), port(device, log, capacity) {
    const PoolInfo& info = find_row(pools(), "pool", name);
    OptionValues values(info.name, info.options);
    for (const auto& [option, text] : options) values.set(option, text, "test");
    log.add_sink(checker);
    pool = info.make(port, values, {.instance = &instance_, .device_memory = 16_GiB});
  }

  /// Object i is served in slot i.
  void run(const Step& step) {
    if (step.alloc) {
      const BlockId slot(next_object_++);
      port.bind(slot, ObjectId(slot.value));
      pool->allocate({slot, ObjectId(slot.value), Bytes(step.bytes), StreamId(step.stream)});
    } else {
      pool->release(BlockId(step.object));
    }
  }
  void run_all() {
    for (const Step& step : steps_) run(step);
    log.flush();
  }
  /// All that was recorded or transferred so far is done.
  void complete_all() {
    while (completed_ < port.tokens_issued()) pool->completed(TokenId(completed_++));
  }

 private:
  std::vector<Step> steps_;
  Instance instance_;
  std::uint32_t next_object_ = 0;
  std::uint32_t completed_ = 0;

 public:
  ScriptedDevice device;
  DecisionLog log;
  DecisionChecker checker;
  Port port;
  std::unique_ptr<Pool> pool;
};

}  // namespace vramlab::testing
