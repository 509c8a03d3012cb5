#pragma once
// Host time of the replay loop: a figure of the report, never an input of a policy.

#include <chrono>

namespace vramlab {

class Stopwatch {
 public:
  double seconds() const { return std::chrono::duration<double>(Clock::now() - start_).count(); }

 private:
  using Clock = std::chrono::steady_clock;
  Clock::time_point start_ = Clock::now();
};

}  // namespace vramlab
