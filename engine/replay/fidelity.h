#pragma once
// What a machine model predicted for a run beside what a real device took.

#include <array>
#include <cstdint>
#include <optional>
#include <span>

#include "engine/core/types.h"
#include "engine/device/device.h"
#include "engine/device/paced_device.h"

namespace vramlab {

/// Of one run, by one clock. Calls and transfers are of the whole run, from its first event on.
struct RunTimes {
  std::optional<Nanoseconds> window;  ///< from the first iteration with operators to the end; none without operators
  std::optional<Nanoseconds> stall;   ///< in that window: see Fidelity
  Nanoseconds calls{};                ///< host time in memory-management calls
  Nanoseconds transfers{};            ///< sum of the links' busy times
  std::array<CallAccount, call_kinds> by_kind{};  ///< of the calls
};

/// A run on a real device. A stall is what the window takes longer than the same pool's with unlimited memory on the
/// same device: predicted by the model for both, or measured for both. A run that decides as it would without a limit
/// is its own ideal: none is predicted, and measured is what the host waited in the window for completions that came
/// later than the model said.
struct Fidelity {
  std::optional<RunTimes> predicted;  ///< none where the inputs were not the model's
  RunTimes measured;
  std::uint64_t iterations = 0;  ///< with operators
  PacingCounts pacing;           ///< of the whole run; all 0 where the inputs were not the model's
  std::uint64_t runs = 1;        ///< of which these are the medians, each figure's own
  /// Largest minus smallest of the runs' measurements, over the median: how well they can be repeated.
  std::optional<double> window_spread{}, call_spread{};
};

/// Each figure's median, of an even number of runs the lower. REQUIRES: runs of one trace that decided the same; one
/// at least.
Fidelity median_of(std::span<const Fidelity> runs);

/// predicted / measured - 1. 0 where both are 0, nullopt where only `measured` is or one is unknown.
std::optional<double> relative_error(std::optional<Nanoseconds> predicted, std::optional<Nanoseconds> measured);
/// Mean of `iterations`, rounded down; nullopt for 0 of them or an unknown time.
std::optional<Nanoseconds> mean_iteration(std::optional<Nanoseconds> window, std::uint64_t iterations);

}  // namespace vramlab
