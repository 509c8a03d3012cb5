#pragma once
// Runs a scenario's calls on a subject and times them.

#include <algorithm>
#include <cstdint>
#include <optional>
#include <vector>

#include "call_clock.h"
#include "pool_scenarios.h"

namespace vramlab::bench {

/// Of one subject in one scenario. Times in nanoseconds a call; an allocation and a free count one call each.
struct Row {
  std::string scenario, subject;
  std::size_t calls = 0;               ///< of a pass
  std::vector<double> ns;              ///< of each repetition's second pass
  std::vector<double> first_ns;        ///< of each repetition's first pass, which takes the memory from the device
  double p99_ns = 0;                   ///< of a third pass of the last repetition, call by call
  std::uint64_t failed = 0;            ///< allocations of the second pass that found no memory
  std::optional<Bytes> peak_reserved;  ///< over all passes
  Bytes peak_requested{};
};

inline double median(std::vector<double> values) {
  if (values.empty()) return 0;
  std::ranges::sort(values);
  const std::size_t half = values.size() / 2;
  return values.size() % 2 == 1 ? values[half] : (values[half - 1] + values[half]) / 2;
}

/// What a pass stops at.
struct PassLimits {
  std::size_t calls = 0;
  double seconds = 0;  ///< looked at every 1024 calls
};

template <class Subject>
class Passes {
 public:
  Passes(Subject& subject, const Scenario& scenario, PassLimits limits)
      : subject_(subject), scenario_(scenario), limits_(limits), at_(scenario.places) {
    limits_.calls = std::min(limits.calls, scenario.calls.size());
  }

  /// Nanoseconds a call. Everything is free afterwards; those frees are not timed.
  double timed() {
    failed = 0;
    const double begin = seconds_now();
    std::size_t made = 0;
    while (made < limits_.calls && (made % 1024 != 0 || seconds_now() - begin < limits_.seconds))
      perform(scenario_.calls[made++]);
    const double taken = seconds_now() - begin;
    free_all();
    calls = made;
    return taken * 1e9 / static_cast<double>(std::max<std::size_t>(made, 1));
  }

  /// The 99th percentile of single calls.
  double percentile() {
    const std::uint64_t overhead = tick_overhead();
    std::vector<std::uint64_t> taken;
    taken.reserve(limits_.calls);
    const double begin_seconds = seconds_now();
    const std::uint64_t begin_ticks = ticks();
    for (std::size_t i = 0; i < limits_.calls; ++i) {
      if (i % 1024 == 0 && seconds_now() - begin_seconds > limits_.seconds) break;
      const std::uint64_t begin = ticks();
      perform(scenario_.calls[i]);
      taken.push_back(ticks() - begin);
    }
    const double ns_per_tick = (seconds_now() - begin_seconds) * 1e9 / static_cast<double>(ticks() - begin_ticks);
    free_all();
    return percentile_99(taken, overhead, ns_per_tick);
  }

  std::uint64_t failed = 0;
  std::size_t calls = 0;

 private:
  void perform(const Call& call) {
    void*& held = at_[call.place];
    if (call.bytes != 0) {
      held = subject_.allocate(call.bytes);
      failed += held == nullptr;
    } else if (held != nullptr) [[likely]] {
      subject_.free(held);
      held = nullptr;
    }
  }
  void free_all() {
    for (void*& held : at_) {
      if (held != nullptr) subject_.free(held);
      held = nullptr;
    }
  }

  Subject& subject_;
  const Scenario& scenario_;
  PassLimits limits_;
  std::vector<void*> at_;
};

/// One repetition with a fresh subject: a pass that fills it, one that counts and, in the last, one call by call.
template <class Subject>
void repeat(Subject& subject, const Scenario& scenario, PassLimits limits, bool last, Row& row) {
  Passes<Subject> passes(subject, scenario, limits);
  row.first_ns.push_back(passes.timed());
  row.ns.push_back(passes.timed());
  row.calls = passes.calls;
  row.failed = passes.failed;
  if (last) row.p99_ns = passes.percentile();
  row.peak_reserved = subject.peak_reserved();
}

}  // namespace vramlab::bench
