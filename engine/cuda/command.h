#pragma once
// What every command begins and ends with: this GPU is current, a profiler sees its name, and the host's time in a call
// of memory management is counted, failed or not.

#include <chrono>
#include <cstdint>

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
  Command(int device, bool range, const char* name) : current_(device), range_(range, name) {}
  /// A call of memory management over `pages` pages (0: it is about none), counted in `counters`.
  Command(int device, bool range, CallKind kind, DeviceCounters& counters, std::uint64_t pages = 0)
      : current_(device),
        range_(range, call_names[static_cast<std::size_t>(kind)].data()),
        counters_(&counters),
        kind_(kind),
        pages_(pages),
        begin_(HostClock::now()) {}
  ~Command() {
    if (counters_ != nullptr) counters_->add(kind_, pages_, time_since(begin_));
  }
  Command(const Command&) = delete;
  Command& operator=(const Command&) = delete;

 private:
  CurrentDevice current_;
  ProfilerRange range_;
  DeviceCounters* counters_ = nullptr;
  CallKind kind_{};
  std::uint64_t pages_ = 0;
  HostClock::time_point begin_;
};

}  // namespace vramlab
