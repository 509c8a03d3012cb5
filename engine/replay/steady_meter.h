#pragma once
// What memory management costs once a program has settled: the second half of its iterations with operators.

#include <cstdint>
#include <optional>
#include <vector>

#include "engine/core/types.h"
#include "engine/device/device.h"

namespace vramlab {

/// Times are the device's (simulated or measured), from the first to the end of the last of `iterations`.
struct Steady {
  std::uint64_t iterations = 0;
  Nanoseconds duration{};
  Nanoseconds call_time{};  ///< of the host, in memory-management calls
};

class SteadyMeter {
 public:
  /// An iteration begins, or the operators of one that was not announced.
  void begin(const DeviceRun& device) {
    if (!launched_ && !marks_.empty()) marks_.pop_back();
    marks_.push_back({device.now(), device.counters().call_time});
    launched_ = false;
  }
  void launch(const DeviceRun& device) {
    if (marks_.empty()) begin(device);
    launched_ = true;
  }
  /// Iterations with operators so far.
  std::uint64_t iterations() const { return marks_.size() - (launched_ || marks_.empty() ? 0 : 1); }
  /// Of the iterations so far; of n, the last n - n / 2 (rounded down) count. nullopt without operators.
  std::optional<Steady> steady(const DeviceRun& device) const {
    const std::size_t count = iterations();
    if (count == 0) return std::nullopt;
    const Mark& from = marks_[count / 2];
    const Mark to = launched_ ? Mark{device.now(), device.counters().call_time} : marks_.back();
    return Steady{count - count / 2, to.now - from.now, to.call_time - from.call_time};
  }

 private:
  struct Mark {
    Nanoseconds now{};
    Nanoseconds call_time{};
  };
  std::vector<Mark> marks_;  // where iterations with operators began, and perhaps one without any yet
  bool launched_ = false;    // since the last mark
};

}  // namespace vramlab
