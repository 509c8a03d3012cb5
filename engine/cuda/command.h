#pragma once
// What every command begins and ends with: this GPU is current, a profiler sees its name, and the host's time in a call
// of memory management is counted, failed or not.

#include <chrono>

#include "engine/core/types.h"
#include "engine/cuda/current_device.h"
#include "engine/cuda/profiler_range.h"
#include "engine/device/device.h"

namespace vramlab {

using HostClock = std::chrono::steady_clock;

inline Nanoseconds time_since(HostClock::time_point begin) {
  return Nanoseconds(std::chrono::duration_cast<std::chrono::nanoseconds>(HostClock::now() - begin).count());
}

class Command {
 public:
  /// `counters`: gets the call and its time; null for commands that are none of memory management.
  Command(int device, bool range, const char* name, DeviceCounters* counters = nullptr)
      : current_(device), range_(range, name), counters_(counters) {
    if (counters_ != nullptr) begin_ = HostClock::now();
  }
  ~Command() {
    if (counters_ == nullptr) return;
    ++counters_->calls;
    counters_->call_time += time_since(begin_);
  }
  Command(const Command&) = delete;
  Command& operator=(const Command&) = delete;

 private:
  CurrentDevice current_;
  ProfilerRange range_;
  DeviceCounters* counters_;
  HostClock::time_point begin_;
};

}  // namespace vramlab
