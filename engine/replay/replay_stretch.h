#pragma once
// What a replay that swaps runs instead of its trace, and what it tells of it.

#include <memory>

#include "engine/replay/replay_run.h"

namespace vramlab {

/// The stretch with operators. Stays where it is: `setup` points into it.
struct ReplayStretch {
  Trace window;
  AccessProgram program;
  SwapSetup setup;
};

/// Null where the request swaps nothing. `trace` and `request` must outlive it. Throws TraceError for a trace without
/// operators, ConfigError for a limit that cannot be kept.
std::unique_ptr<ReplayStretch> make_stretch(const Trace& trace, const ReplayRequest& request);

/// What a run takes of the other tiers, by Tier, at most at any time.
std::array<Bytes, 4> tiers_taken_by(RunSetup setup);

/// The swapping of `run`. REQUIRES: it swapped.
SwapReport swap_report(const RunResult& run, const SwapRequest& request);

/// Runs `swapped` and `ideal` once more each and keeps what their devices tell.
ReplayTimeline timeline_of(RunSetup swapped, RunSetup ideal);

}  // namespace vramlab
