#pragma once
// What a machine model predicted for a run beside what a real device took.

#include <cstdint>
#include <optional>

#include "engine/core/types.h"
#include "engine/device/paced_device.h"

namespace vramlab {

/// Of one run, by one clock. Calls and transfers are of the whole run, from its first event on.
struct RunTimes {
  std::optional<Nanoseconds> window;  ///< from the first iteration with operators to the end; none without operators
  std::optional<Nanoseconds> stall;   ///< in that window: see Fidelity
  Nanoseconds calls{};                ///< host time in memory-management calls
  Nanoseconds transfers{};            ///< sum of the links' busy times
};

/// A run on a real device. A stall is what the window takes longer than the same pool's with unlimited memory on the
/// same device: predicted by the model for both, or measured for both. A run that met no limit is its own ideal: none
/// is predicted, and measured is what the host waited in the window for completions that came later than the model
/// said.
struct Fidelity {
  std::optional<RunTimes> predicted;  ///< none where the inputs were not the model's
  RunTimes measured;
  std::uint64_t iterations = 0;  ///< with operators
  PacingCounts pacing;           ///< of the whole run; all 0 where the inputs were not the model's
};

/// predicted / measured - 1. 0 where both are 0, nullopt where only `measured` is or one is unknown.
std::optional<double> relative_error(std::optional<Nanoseconds> predicted, std::optional<Nanoseconds> measured);
/// Mean of `iterations`, rounded down; nullopt for 0 of them or an unknown time.
std::optional<Nanoseconds> mean_iteration(std::optional<Nanoseconds> window, std::uint64_t iterations);

}  // namespace vramlab
