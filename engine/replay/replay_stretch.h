#pragma once
// What a replay that swaps runs instead of its trace, and what it tells of it.

#include <memory>

#include "engine/replay/replay_run.h"

namespace vramlab {

/// The stretch with operators. Stays where it is: `setup` points into it.
struct ReplayStretch {
  Trace window;
  std::uint64_t measured_from = 0;  ///< event of the window
  AccessProgram program;
  SwapSetup setup;
};

/// Null where the request swaps nothing. `trace` and `request` must outlive it. Throws TraceError for a trace without
/// operators, ConfigError for a limit that cannot be kept, and for rounds before the stretch under a policy that plans
/// it.
std::unique_ptr<ReplayStretch> make_stretch(const Trace& trace, const ReplayRequest& request);

/// What a pool that plans beforehand has to plan: buffer i is the i-th placing of a run with unlimited memory, be it an
/// allocation or an object that comes back; positions are those of the decisions that place and release. Throws
/// ConfigError for a policy whose decisions depend on the memory there is.
Instance placings_of(RunSetup setup, const SwapRequest& request);

/// What a run takes of the other tiers, by Tier, at most at any time.
std::array<Bytes, 4> tiers_taken_by(RunSetup setup);

/// The swapping of `run`. REQUIRES: it swapped.
SwapReport swap_report(const RunResult& run, const SwapRequest& request);

/// Runs `swapped` and `ideal` once more each and keeps what their devices tell.
ReplayTimeline timeline_of(RunSetup swapped, RunSetup ideal);

}  // namespace vramlab
