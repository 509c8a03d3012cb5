#pragma once
// Holds a plan to what was asked of it. A plan is made on a forecast, which knows neither the host's calls nor the
// pool: its run may wait longer than foretold, and take more memory than the load that is left. So a plan is tried in a
// run of the model, and where that shows too much it is made again, with what the run showed counted: time that each
// transfer costs beside the link's (less of it again, by halves, where the run then waits far less than it may), memory
// that the pool's rounding and holes take. Where nothing may wait at all, only fewer and larger transfers help.
// Policies take part whose options have `trials` (how many plans at most are made again), `mode`, `overhead`,
// `headroom`, `transfer_cost` and `min_swap`.

#include <functional>

#include "engine/replay/replay_stretch.h"

namespace vramlab {

/// What a run of the model under the plan at hand lost, against the same run with memory for all and nothing swapped.
struct TrialResult {
  Nanoseconds stall{};
  Nanoseconds ideal{};
  double overhead() const {
    return ideal == Nanoseconds(0) ? 0 : static_cast<double>(stall.value) / static_cast<double>(ideal.value);
  }
};

/// Whether the policy's plans are tried.
bool tries_plans(const SwapRequest& request);

/// Leaves the first plan in `stretch` whose run keeps to the policy's `overhead` (in mode no-overhead) and the limit;
/// of an overhead of 0, to what the plan foretells, which is what its transfers' records take, or a ten-thousandth of
/// the time. Where none does: without a limit, a plan that swaps nothing; with one, that whose run waited least. `run`
/// tries the plan in `stretch`, and was called last with the one that is left there; it throws OutOfMemory where that
/// needs more than the limit, which is passed on where every plan did. REQUIRES: tries_plans(request), and a plan is
/// there.
void settle_plan(ReplayStretch& stretch, const SwapRequest& request, const std::function<TrialResult()>& run);

}  // namespace vramlab
