#include "experiments/overhead_search.h"

#include <algorithm>

#include "engine/core/error.h"
#include "engine/replay/access_window.h"
#include "traces/info.h"

namespace vramlab {
namespace {

constexpr std::uint64_t steps = 512;
constexpr Bytes largest_step = 2_MiB;
constexpr Bytes granule = 512_B;

/// One run of the model, and nothing that only its watchers would see.
void make_trial(ReplayRequest& request) {
  if (request.make_model_device) request.make_device = request.make_model_device;
  request.make_model_device = nullptr;
  request.inputs = InputsMode::model;
  request.log_in = nullptr;
  request.log_out = nullptr;
  request.timeline = nullptr;
  request.watchers.clear();
  request.progress = nullptr;
  request.verify = request.warm_up = false;
  request.min_seconds = 0;
  request.repeat = 1;
}

Bytes least_thinkable(const Trace& trace, const ReplayRequest& request) {
  if (!request.swap.swaps()) return trace_info(trace).max_load;
  const AccessProgram program = access_program(operator_window(trace), request.swap.timing);
  return working_set(program, largest_operator(program));
}

/// The run without a limit may need less: a policy may swap all the same, and pools cut less memory badly then.
Bytes most_reserved(const Trace& trace, ReplayRequest request) {
  request.swap.policy = nullptr;
  return replay(trace, request).peak_reserved;
}

bool suffices(const Trace& trace, ReplayRequest request, Bytes limit, double max_overhead) {
  set_limit(request, limit);
  try {
    const Report report = replay(trace, request);
    return report.overhead && *report.overhead <= max_overhead;
  } catch (const OutOfMemory&) {
    return false;
  } catch (const ConfigError&) {
    return false;  // less than an operator needs at once: the run without a limit had the same settings, and none else
  }
}

}  // namespace

void set_limit(ReplayRequest& request, Bytes limit) {
  request.capacity = std::min(request.capacity, limit);
  request.swap.machine.limit = request.capacity;
}

FoundLimit search_limit(const Trace& trace, ReplayRequest request, double max_overhead,
                        const std::function<void(double)>& progress) {
  make_trial(request);
  const Report free = replay(trace, request);
  const Bytes step = std::min(largest_step, round_up(free.max_load / steps, granule));
  const LimitRange range{.low = std::min(least_thinkable(trace, request), free.peak_reserved),
                         .high = std::max({free.max_load, free.peak_reserved, most_reserved(trace, request)}),
                         .step = std::max(step, granule)};
  const auto trial = [&](Bytes limit) { return suffices(trace, request, limit, max_overhead); };
  return least_limit(range, trial, progress);
}

}  // namespace vramlab
