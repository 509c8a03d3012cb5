#include "experiments/replay_session.h"

#include <fmt/format.h>
#include <spdlog/spdlog.h>

#include <algorithm>

#include "engine/core/error.h"
#include "engine/core/registry.h"
#include "engine/device/paced_device.h"
#include "engine/replay/picture.h"
#include "experiments/choice.h"
#include "experiments/kinds.h"
#include "experiments/limit.h"
#include "experiments/output.h"
#include "experiments/overhead_search.h"
#include "experiments/swap_setup.h"
#include "experiments/timeline_views.h"
#include "experiments/trace_files.h"
#include "experiments/trace_notes.h"
#include "sim/simulated_device.h"
#include "traces/info.h"

namespace vramlab {
namespace {

/// What is still known of a run that failed.
ReplayOutcome failed_outcome(const ReplayCase& run, const ReplayRequest& request, const Error& error) {
  ReplayOutcome outcome{.failed = true};
  outcome.report.trace = run.trace.name;
  outcome.report.pool = run.pool.name;
  outcome.report.device = request.device_name;
  outcome.report.machine = request.machine_name;
  outcome.report.seed = request.seed;
  outcome.report.pool_options = changed_options(request.pool_options);
  if (request.verify && dynamic_cast<const InvariantError*>(&error) != nullptr) outcome.report.verified = false;
  return outcome;
}

std::string label_of(const ReplayCase& run) {
  return fmt::format("{} {}{}", run.trace.name, run.pool.name, run.swap.swaps() ? " " + run.swap.name : "");
}

std::string title_of(const ReplayCase& run) {
  return fmt::format("{}, {}{}", run.trace.name, run.pool.name, run.swap.swaps() ? ", swap " + run.swap.name : "");
}

}  // namespace

ReplaySession::ReplaySession(const ReplayArguments& arguments, const Settings& settings)
    : arguments_(arguments),
      settings_(settings),
      pools_(chosen_rows(vramlab::pools(), "pool", settings.values.text("pool"))),
      swaps_(chosen_swaps(settings)),
      machine_(load_machine(std::string(settings.values.text("machine")))),
      swap_setup_(swap_setup(machine_, settings)) {
  max_overhead_ = parse_overhead(settings.values.text("max_overhead"));
  if (!is_least(settings.values.text("limit"))) static_cast<void>(parse_limit(settings.values.text("limit"), {}));
  static_cast<void>(parse_cap(settings.values.text("cap"), {}));
  check_options_used(settings, "pools", pools_);
  if (settings.values.text("device") == "cuda") cuda_ = cuda_world();
  check_readable(arguments.traces);
  for (const std::string& output : {arguments.map, arguments.log, arguments.gantt}) check_folder_of(output);
  const std::string_view inputs = settings.values.text("inputs");
  if (inputs == "measured") inputs_ = InputsMode::measured;
  if (inputs == "measured" || inputs == "model") return;
  inputs_ = InputsMode::log;
  input_log_ = read_input_log(std::string(inputs));
}

const std::vector<ReplayOutcome>& ReplaySession::run() {
  for (const std::string& path : arguments_.traces) replay_file(path);
  return outcomes_;
}

bool ReplaySession::failed() const {
  return std::any_of(outcomes_.begin(), outcomes_.end(), [](const ReplayOutcome& o) { return o.failed; });
}

void ReplaySession::replay_file(const std::string& path) {
  std::vector<Trace> traces = read_chosen_traces(path, settings_.values.text("gpu"));
  const bool several = arguments_.traces.size() * traces.size() * pools_.size() * swaps_.size() > 1;
  if (several && input_log_)
    throw ConfigError("a log of inputs belongs to one trace under one pool and swap policy", {},
                      "name one of each, with --gpu if need be");
  for (Trace& trace : traces) {
    check_operators(trace, path);
    scale_sizes(trace, settings_.values.real("scale"));
    scale_compute(trace, settings_.values.real("compute_scale"));
    for (const std::string& note : trace_notes(trace)) spdlog::info("{}: {}", trace.name, note);
    replay_trace(trace, several);
  }
}

void ReplaySession::replay_trace(const Trace& trace, bool several) {
  for (const PoolInfo* pool : pools_) {
    for (const SwapChoice& swap : swaps_) {
      std::string choice(pool->name);
      if (swaps_.size() > 1) choice += "-" + swap.name;
      std::replace(choice.begin(), choice.end(), ':', '-');
      outcomes_.push_back(replay_one({trace, *pool, swap, choice, several}));
      outcomes_.back().trace = traces_done_;
    }
  }
  ++traces_done_;
}

// What needs operators is refused before anything is replayed.
void ReplaySession::check_operators(const Trace& trace, const std::string& path) const {
  if (trace.has_operators()) return;
  const auto swapping = std::find_if(swaps_.begin(), swaps_.end(), [](const SwapChoice& s) { return s.swaps(); });
  std::string what;
  if (swapping != swaps_.end()) what = fmt::format("--swap {}", swapping->name);
  if (is_least(settings_.values.text("limit"))) what = "--limit min";
  if (!arguments_.gantt.empty()) what = "--gantt";
  if (arguments_.explain_stalls) what = "--explain-stalls";
  if (what.empty()) return;
  throw TraceError(fmt::format("{} needs a recording with operators, and this one has none", what), {path, {}, {}, {}},
                   "record one with traces/recorders/record_operators.py");
}

std::optional<Bytes> ReplaySession::limit_for(const ReplayCase& run, const ReplayRequest& request) {
  const std::string_view limit = settings_.values.text("limit");
  if (is_least(limit)) {
    const auto progress = [this](double fraction) { progress_.update(fraction); };
    const FoundLimit found = search_limit(run.trace, request, max_overhead_, progress);
    if (found.least) return found.least;
    throw OutOfMemory(fmt::format("no limit up to {} keeps the overhead at or below {:g}%", format_bytes(found.highest),
                                  max_overhead_ * 100),
                      {run.trace.name, {}, {}, {}}, "raise --max-overhead");
  }
  if (limit == "unlimited") return std::nullopt;
  return parse_limit(limit, is_share(limit) ? trace_info(run.trace).max_load : Bytes());
}

// On real hardware the model stays what decisions depend on: pools size their ranges by its memory, and it says when
// completions are reported.
void ReplaySession::choose_device(ReplayRequest& request) const {
  const auto model = [this] { return make_simulated_device(machine_, unlimited_bytes); };
  request.make_device = model;
  request.min_seconds = settings_.values.real("min_time");
  if (!cuda_) return;
  request.make_model_device = model;
  request.min_seconds = 0;
  request.warm_up = inputs_ == InputsMode::model;
  request.make_device = [model, this]() -> std::unique_ptr<RunnableDevice> {
    if (inputs_ != InputsMode::model) return make_cuda(machine_.peer_link.out.bytes_per_second != 0);
    return std::make_unique<PacedDevice>(model(), make_cuda(machine_.peer_link.out.bytes_per_second != 0));
  };
}

ReplayRequest ReplaySession::request_for(const ReplayCase& run) const {
  ReplayRequest request;
  request.swap = swap_setup_;
  request.swap.policy = run.swap.policy;
  request.swap.options = run.swap.options;
  request.swap.rounds_before = arguments_.warm_up;
  request.pool = &run.pool;
  request.pool_options = settings_.pool(run.pool.name);
  const Bytes memory = cuda_ ? std::min(machine_.device_memory, cuda_->memory) : machine_.device_memory;
  request.capacity = parse_cap(settings_.values.text("cap"), memory);
  request.machine_name = machine_.name;
  request.device_name = settings_.values.text("device");
  request.device_memory = machine_.device_memory;
  choose_device(request);
  request.seed = static_cast<std::uint64_t>(settings_.values.integer("seed"));
  request.verify = settings_.values.flag("verify");
  request.debug_history = arguments_.debug_history;
  request.repeat = arguments_.repeat;
  request.inputs = inputs_;
  request.log_in = input_log_ ? &*input_log_ : nullptr;
  return request;
}

// A run that is searched for is then made like any other.
ReplayOutcome ReplaySession::replay_one(const ReplayCase& run) {
  ReplayRequest request = request_for(run);
  ReplayOutcome outcome;
  std::optional<Bytes> limit;
  progress_.restart(label_of(run));
  try {
    limit = limit_for(run, request);
    if (limit) set_limit(request, *limit);
    outcome = carry_out(run, request);
  } catch (const Error& error) {
    progress_.restart("");
    if (error.exit_code() != 1) throw;
    spdlog::error("pool {}{}: {}", run.pool.name, run.swap.swaps() ? ", swap " + run.swap.name : "",
                  one_line(error.what()));
    outcome = failed_outcome(run, request, error);
  }
  outcome.report.swap = run.swap.name;
  outcome.limit = limit;
  return outcome;
}

ReplayOutcome ReplaySession::carry_out(const ReplayCase& run, ReplayRequest& request) {
  request.progress = [this](double fraction) { progress_.update(fraction); };
  const auto name = [&](const std::string& path) { return names_.of(path, run.trace.name, run.choice, run.several); };
  std::unique_ptr<ReplayWatcher> map;
  if (!arguments_.map.empty()) {
    map = make_map_writer(name(arguments_.map), title_of(run));
    request.watchers.push_back(map.get());
  }
  std::optional<TimelineViews> views;
  if (arguments_.explain_stalls || !arguments_.gantt.empty()) {
    views.emplace(arguments_.gantt.empty() ? "" : name(arguments_.gantt));
    views->ask(request);
  }
  InputLog log;
  if (!arguments_.log.empty()) request.log_out = &log;
  ReplayOutcome outcome{.report = replay(run.trace, request)};
  progress_.restart("");
  if (request.log_out != nullptr) write_input_log(log, name(arguments_.log));
  if (views) views->tell(run.trace, request, title_of(run), outcome);
  return outcome;
}

}  // namespace vramlab
