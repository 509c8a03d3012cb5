#include "engine/replay/replay.h"

#include <fmt/format.h>
#include <algorithm>

#include "engine/core/error.h"
#include "engine/replay/load.h"
#include "engine/replay/plan_trials.h"
#include "engine/replay/replay_clock.h"
#include "engine/replay/replay_run.h"
#include "engine/replay/replay_stretch.h"
#include "engine/replay/validator.h"
#include "traces/reader.h"

namespace vramlab {
namespace {

double quotient(Bytes a, Bytes b) { return static_cast<double>(a.value) / static_cast<double>(b.value); }

SegmentAction followed_action(Follows follows) {
  return follows == Follows::pages ? SegmentAction::map : SegmentAction::alloc;
}

// Whether `trace` has addresses, and from the very allocator that `pool` models.
bool recorded_by(const PoolInfo& pool, const Trace& trace) {
  return pool.follows != Follows::nothing && trace.has_addresses() &&
         std::any_of(trace.segment_events.begin(), trace.segment_events.end(),
                     [&](const SegmentEvent& event) { return event.action == followed_action(pool.follows); });
}

// A pool that follows the recording takes its settings where nobody chose otherwise, and its addresses where it runs
// the whole of it.
void follow_recording(const Trace& trace, RunSetup& setup) {
  for (const auto& [name, text] : trace.settings)
    if (setup.options.has(name)) setup.options.set_if_default(name, text, "recording");
  if (setup.swap != nullptr) return;
  for (const SegmentEvent& event : trace.segment_events)
    if (event.action == followed_action(setup.pool->follows))
      setup.recorded_addresses.push_back({event.address, event.bytes});
}

/// One replay: as many runs as its report needs.
class Replay {
 public:
  Replay(const Trace& trace, const ReplayRequest& request);
  Report report();

 private:
  bool compares_addresses() const { return recorded_by(*request_.pool, trace_); }
  bool observes() const { return request_.verify || compares_addresses() || !request_.watchers.empty(); }
  bool was_limited() const;
  RunResult observed_run();
  RunResult timed_run();
  RunResult median_run(std::vector<RunResult> runs) const;
  RunResult first_run();
  RunResult unwatched_run();
  void time_runs(const std::string& digest);
  RunSetup decisions_only() const;
  RunSetup ideal_setup() const;
  void settle();
  void prepare();
  TrialResult try_plan();
  void rehearse();
  RunSetup model_setup() const;
  void draw_timeline() const;
  std::optional<RunResult> ideal_run(const RunResult& run);

  void fill_memory(Report& report, const RunResult& run) const;
  std::optional<Bytes> device_memory() const;
  std::optional<Fragmentation> fragmentation(const RunResult& run) const;
  void fill_operators(Report& report, const RunResult& run);
  void fill_stalls(Report& report, const RunResult& run);

  const Trace& whole_;
  std::unique_ptr<ReplayStretch> stretch_;  ///< when swapping
  const Trace& trace_;                      ///< what is run: all of it, or the stretch
  const ReplayRequest& request_;
  RunSetup setup_;
  Instance instance_, ideal_instance_;      ///< of what is run, and without swapping
  std::optional<Nanoseconds> model_ideal_;  ///< time of the model's run that swaps nothing
  InputLog inputs_;                         ///< of the first run
  std::optional<RunResult> timed_;          ///< the last timed run; at the end with the medians of all
  std::vector<RunResult> real_runs_;        ///< the timed ones of a real device
  std::uint64_t timed_runs_ = 0;
  double loop_seconds_ = 0;  ///< of the timed runs
  double runs_done_ = 0, runs_planned_ = 1;
};

Replay::Replay(const Trace& trace, const ReplayRequest& request)
    : whole_(trace),
      stretch_(make_stretch(trace, request)),
      trace_(stretch_ ? stretch_->window : trace),
      request_(request) {
  if (request.inputs == InputsMode::log && request.log_in == nullptr)
    throw ConfigError("inputs are to come from a log, but there is none", {}, "name the log's file");
  setup_.trace = &trace_;
  setup_.pool = request.pool;
  setup_.options = request.pool_options;
  setup_.context = {.device_memory = request.device_memory, .seed = request.seed};
  setup_.capacity = stretch_ ? std::min(request.capacity, request.swap.machine.limit) : request.capacity;
  if (stretch_) {
    setup_.swap = &stretch_->setup;
    setup_.measured_from = stretch_->measured_from;
  }
  setup_.make_device = request.make_device;
  setup_.debug_history = request.debug_history;
  if (request.inputs == InputsMode::log) setup_.log_in = request.log_in;
  if (request.pool->follows != Follows::nothing) follow_recording(whole_, setup_);
  if (request.pool->needs_instance) {
    instance_ = ideal_instance_ = to_instance(trace_);
    setup_.context.instance = &instance_;
  }
  if (stretch_) settle();
  runs_planned_ = observes() || request.warm_up ? 2 : 1;
  if (request.progress)
    setup_.progress = [this](double fraction) { request_.progress((runs_done_ + fraction) / runs_planned_); };
}

void Replay::settle() {
  if (tries_plans(request_.swap))
    settle_plan(*stretch_, request_.swap, [this] { return try_plan(); });
  else
    prepare();
}

// A model's run, so that the plan is the same on every device.
TrialResult Replay::try_plan() {
  prepare();
  RunSetup ideal = ideal_setup();
  if (request_.make_model_device) ideal.make_device = request_.make_model_device;
  if (!model_ideal_) model_ideal_ = ReplayRun(ideal).run().simulated;
  const std::optional<Nanoseconds> time = ReplayRun(model_setup()).run().simulated;
  if (!time || !model_ideal_) return {};
  return {.stall = *time - *model_ideal_, .ideal = *model_ideal_};
}

// For the plan at hand, if there is one.
void Replay::prepare() {
  if (request_.pool->needs_instance) instance_ = placings_of(model_setup(), request_.swap);
  stretch_->setup.taken_before = {};
  rehearse();
}

// What is taken of other tiers is known once a run was made: a model's, so that it is the same on every device.
// Copies find other places in one large segment than in many that came one by one, and may need a little more.
void Replay::rehearse() {
  constexpr int rounds = 4;
  for (int round = 0; round < rounds; ++round) {
    const std::array<Bytes, 4> taken = tiers_taken_by(model_setup());
    if (taken == stretch_->setup.taken_before) return;
    stretch_->setup.taken_before = taken;
  }
}

RunSetup Replay::model_setup() const {
  RunSetup setup = setup_;
  setup.log_in = nullptr;
  if (request_.make_model_device) setup.make_device = request_.make_model_device;
  return setup;
}

RunResult Replay::observed_run() {
  Observation observation{.watchers = request_.watchers,
                          .validate = request_.verify,
                          .compare_addresses = compares_addresses(),
                          .check_contents = request_.verify};
  std::unique_ptr<ReplayWatcher> validator;
  if (request_.verify) {
    validator = make_validator();
    observation.watchers.push_back(validator.get());
  }
  return ReplayRun(setup_, &observation).run();
}

RunResult Replay::timed_run() {
  RunResult run = ReplayRun(setup_).run();
  loop_seconds_ += run.loop_seconds;
  ++timed_runs_;
  timed_ = run;
  if (run.fidelity) real_runs_.push_back(run);
  return run;
}

// The last one, with the medians of what was measured.
RunResult Replay::median_run(std::vector<RunResult> runs) const {
  std::vector<Fidelity> fidelities;
  for (const RunResult& run : runs) fidelities.push_back(*run.fidelity);
  const auto late = [](const RunResult& a, const RunResult& b) { return a.window_late < b.window_late; };
  const auto middle = runs.begin() + static_cast<std::ptrdiff_t>((runs.size() - 1) / 2);
  RunResult result = runs.back();
  std::nth_element(runs.begin(), middle, runs.end(), late);
  result.window_late = middle->window_late;
  result.fidelity = median_of(fidelities);
  result.simulated = result.fidelity->measured.window;
  result.device.call_time = result.fidelity->measured.calls;
  result.device.by_kind = result.fidelity->measured.by_kind;
  return result;
}

RunResult Replay::unwatched_run() { return request_.warm_up ? ReplayRun(setup_).run() : timed_run(); }

// The first run settles the inputs: where they come from a device whose times differ from run to run, the others are
// given the same ones.
RunResult Replay::first_run() {
  if (setup_.log_in == nullptr) setup_.log_out = &inputs_;
  RunResult run = observes() ? observed_run() : unwatched_run();
  setup_.log_out = nullptr;
  if (request_.inputs == InputsMode::measured) setup_.log_in = &inputs_;
  if (request_.log_out != nullptr) *request_.log_out = setup_.log_in != nullptr ? *setup_.log_in : inputs_;
  ++runs_done_;
  return run;
}

// Making a pool may take much longer than its replay (whole-trace plans), so patience ends at a multiple of `seconds`.
void Replay::time_runs(const std::string& digest) {
  constexpr double patience = 3;
  const Stopwatch watch;
  while (timed_runs_ < std::max<std::uint64_t>(1, request_.repeat) ||
         (loop_seconds_ < request_.min_seconds && watch.seconds() < patience * request_.min_seconds)) {
    const std::string again = timed_run().digest;
    if (again != digest)
      throw InvariantError(fmt::format("two runs decided differently: digests {} and {}", digest, again),
                           {trace_.name, {}, {}, {}}, fmt::format("pool {} is not deterministic", request_.pool->name));
    setup_.progress = nullptr;
  }
  if (!real_runs_.empty()) timed_ = median_run(real_runs_);
}

bool Replay::was_limited() const {
  const InputLog& inputs = setup_.log_in != nullptr ? *setup_.log_in : inputs_;
  return stretch_ || request_.capacity != unlimited_bytes ||
         std::any_of(inputs.inputs.begin(), inputs.inputs.end(),
                     [](const Input& input) { return input.kind == InputKind::failed; });
}

// Same pool and machine, unlimited memory. A run that decides as it does so is its own, which the model alone can tell
// where it is what decisions depend on. None where the machine, being real, has too little memory.
std::optional<RunResult> Replay::ideal_run(const RunResult& run) {
  const RunSetup setup = ideal_setup();
  if (!request_.make_model_device) return ReplayRun(setup).run();
  if (request_.inputs == InputsMode::model) {
    RunSetup model = setup;
    model.make_device = request_.make_model_device;
    if (ReplayRun(model).run().digest == run.digest) return run;
  }
  try {
    std::vector<RunResult> runs;
    while (runs.size() < std::max<std::uint64_t>(1, request_.repeat)) runs.push_back(ReplayRun(setup).run());
    return runs.back().fidelity ? median_run(runs) : runs.back();
  } catch (const OutOfMemory&) {
    return std::nullopt;
  }
}

RunSetup Replay::ideal_setup() const {
  RunSetup setup = setup_;
  setup.log_in = nullptr;
  setup.capacity = unlimited_bytes;
  setup.swap = nullptr;
  if (setup.context.instance != nullptr) setup.context.instance = &ideal_instance_;
  if (request_.make_ideal_device) setup.make_device = request_.make_ideal_device;
  return setup;
}

void Replay::draw_timeline() const {
  RunSetup ideal = ideal_setup();
  if (request_.make_model_device) ideal.make_device = request_.make_model_device;
  *request_.timeline = timeline_of(decisions_only(), std::move(ideal));
}

// With the inputs of the first run a model makes the same decisions as the device that they came from.
RunSetup Replay::decisions_only() const {
  RunSetup setup = setup_;
  if (!request_.make_model_device) return setup;
  setup.make_device = request_.make_model_device;
  if (setup.log_in == nullptr) setup.log_in = &inputs_;
  return setup;
}

Report Replay::report() {
  const RunResult first = first_run();
  time_runs(first.digest);
  const RunResult& run = *timed_;
  Report report;
  report.trace = trace_.name;
  report.pool = request_.pool->name;
  report.swap = stretch_ ? request_.swap.policy->name : "none";
  report.device = request_.device_name;
  report.machine = request_.machine_name;
  report.seed = request_.seed;
  report.pool_options = changed_options(setup_.options);
  report.events = counted_events(trace_);
  report.wall_ns_per_event = loop_seconds_ * 1e9 / static_cast<double>(report.events * timed_runs_);
  report.decisions = run.digest;
  fill_memory(report, run);
  report.parts = fragmentation(run);
  report.fidelity = run.fidelity;
  if (run.simulated) fill_operators(report, run);
  if (compares_addresses()) report.recorded_address_mismatches = first.address_mismatches;
  if (request_.verify) report.verified = true;
  if (request_.timeline != nullptr) draw_timeline();
  return report;
}

void Replay::fill_memory(Report& report, const RunResult& run) const {
  const LoadMeter load = stretch_ ? load_of(whole_) : run.load;
  report.peak_requested = load.peak_requested();
  report.max_load = load.max_load();
  report.peak_reserved = run.load.peak_reserved();
  report.reserved_over_requested = quotient(report.peak_reserved, report.peak_requested);
  report.segments = run.counts.segments_taken + run.counts.map_calls;
  report.fragmentation = 1 - quotient(run.load.requested_at_peak_reserved(), report.peak_reserved);
  report.recorded_peak_reserved = recorded_peak_reserved(whole_);
  report.device_calls = run.device.calls;
  report.device_call_time = run.device.call_time;
}

// What the device would give this run in all.
std::optional<Bytes> Replay::device_memory() const {
  const Bytes machine = request_.device_memory == Bytes(0) ? unlimited_bytes : request_.device_memory;
  const Bytes memory = std::min(machine, request_.capacity);
  return memory == unlimited_bytes ? std::nullopt : std::optional(memory);
}

// Only the end of a run tells which event reserved most, so its beginning is run once more, as far as is measured.
std::optional<Fragmentation> Replay::fragmentation(const RunResult& run) const {
  const std::uint64_t requested = events_to_peak_requested(trace_), reserved = run.load.events_to_peak_reserved();
  if (requested == 0 || reserved == 0) return std::nullopt;
  FragmentationBasis basis{.at_peak_requested = {}, .at_peak_reserved = {}, .memory = device_memory(), .request = {}};
  basis.request = *std::max_element(trace_.sizes.begin(), trace_.sizes.end());
  HeldMemoryMeter meter;
  RunSetup setup = decisions_only();
  setup.sink = &meter;
  ReplayRun again(setup);
  const auto measure = [&](std::uint64_t events, HeldMemory& held) {
    again.run_until(events);
    held = meter.held(basis.request);
  };
  if (requested < reserved) measure(requested, basis.at_peak_requested);
  measure(reserved, basis.at_peak_reserved);
  if (requested >= reserved) measure(requested, basis.at_peak_requested);
  if (basis.at_peak_reserved.held == Bytes(0)) return std::nullopt;
  return fragmentation_of(basis);
}

void Replay::fill_operators(Report& report, const RunResult& run) {
  report.simulated = run.simulated;
  report.steady = run.steady;
  fill_stalls(report, run);
  report.peak_device = run.load.peak_reserved();
  report.memory_reduction = 1 - quotient(run.load.window_reserved(), run.load.window_load());
  report.swapped_out = run.swap ? run.swap->out_bytes : Bytes(0);
  report.swapped_in = run.swap ? run.swap->in_bytes : Bytes(0);
  if (run.swap) report.swapping = swap_report(run, request_.swap);
}

// Without swapping, what memory costs is the time that its limit adds: nothing else can make computation wait. A run
// that never met a limit, or on a real device decided as if there were none, is its own ideal: two runs of the same
// commands differ by noise alone. Then only what the device's model missed is left.
void Replay::fill_stalls(Report& report, const RunResult& run) {
  const bool limited = was_limited();
  const std::optional<RunResult> ideal = limited ? ideal_run(run) : run;
  if (!ideal) return;
  const bool own = !limited || (run.fidelity && ideal->digest == run.digest);
  report.stall = !own ? std::max(Nanoseconds(0), *run.simulated - *ideal->simulated) : run.window_late;
  report.overhead = static_cast<double>(run.simulated->value) / static_cast<double>(ideal->simulated->value) - 1;
  if (!report.fidelity) return;
  report.fidelity->measured.stall = report.stall;
  if (!report.fidelity->predicted || !ideal->fidelity->predicted) return;
  const Nanoseconds predicted = *run.fidelity->predicted->window - *ideal->fidelity->predicted->window;
  report.fidelity->predicted->stall = std::max(Nanoseconds(0), predicted);
}

}  // namespace

Report replay(const Trace& trace, const ReplayRequest& request) { return Replay(trace, request).report(); }

}  // namespace vramlab
