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
#include "experiments/trace_files.h"
#include "experiments/trace_notes.h"
#include "sim/simulated_device.h"
#include "traces/info.h"

namespace vramlab {
namespace {

/// What is still known of a run that failed.
ReplayOutcome failed_outcome(const Trace& trace, const ReplayRequest& request, const Error& error) {
  ReplayOutcome outcome{.failed = true};
  outcome.report.trace = trace.name;
  outcome.report.pool = request.pool->name;
  outcome.report.swap = "none";
  outcome.report.device = request.device_name;
  outcome.report.machine = request.machine_name;
  outcome.report.seed = request.seed;
  outcome.report.pool_options = changed_options(request.pool_options);
  if (request.verify && dynamic_cast<const InvariantError*>(&error) != nullptr) outcome.report.verified = false;
  return outcome;
}

}  // namespace

ReplaySession::ReplaySession(const ReplayArguments& arguments, const Settings& settings)
    : arguments_(arguments),
      settings_(settings),
      pools_(chosen_rows(vramlab::pools(), "pool", settings.values.text("pool"))),
      machine_(load_machine(std::string(settings.values.text("machine")))) {
  for (const std::string& name : split_list(settings.values.text("swap"))) find_row(swaps(), "swap policy", name);
  static_cast<void>(parse_limit(settings.values.text("limit"), {}));
  static_cast<void>(parse_cap(settings.values.text("cap"), {}));
  check_options_used(settings, "pools", pools_);
  if (settings.values.text("device") == "cuda") cuda_ = cuda_world();
  check_readable(arguments.traces);
  for (const std::string& output : {arguments.map, arguments.log}) check_folder_of(output);
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
  const bool several = arguments_.traces.size() * traces.size() * pools_.size() > 1;
  if (several && input_log_)
    throw ConfigError("a log of inputs belongs to one trace under one pool", {},
                      "name one of each, with --gpu if need be");
  for (Trace& trace : traces) {
    scale_sizes(trace, settings_.values.real("scale"));
    for (const std::string& note : trace_notes(trace)) spdlog::info("{}: {}", trace.name, note);
    replay_trace(trace, several);
  }
}

void ReplaySession::replay_trace(const Trace& trace, bool several) {
  for (const PoolInfo* pool : pools_) {
    outcomes_.push_back(replay_one(trace, *pool, several));
    outcomes_.back().trace = traces_done_;
  }
  ++traces_done_;
}

Bytes ReplaySession::capacity_for(const Trace& trace) const {
  const std::string_view limit = settings_.values.text("limit");
  const Bytes max_load = is_share(limit) ? trace_info(trace).max_load : Bytes{};
  const Bytes memory = cuda_ ? std::min(machine_.device_memory, cuda_->memory) : machine_.device_memory;
  return std::min(parse_cap(settings_.values.text("cap"), memory), parse_limit(limit, max_load));
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
    if (inputs_ != InputsMode::model) return make_cuda();
    return std::make_unique<PacedDevice>(model(), make_cuda());
  };
}

ReplayRequest ReplaySession::request_for(const Trace& trace, const PoolInfo& pool) const {
  ReplayRequest request;
  request.pool = &pool;
  request.pool_options = settings_.pool(pool.name);
  request.capacity = capacity_for(trace);
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

ReplayOutcome ReplaySession::replay_one(const Trace& trace, const PoolInfo& pool, bool several) {
  ReplayRequest request = request_for(trace, pool);
  request.progress = [this](double fraction) { progress_.update(fraction); };
  std::unique_ptr<ReplayWatcher> map;
  if (!arguments_.map.empty()) {
    const std::string title = fmt::format("{}, {}", trace.name, pool.name);
    map = make_map_writer(names_.of(arguments_.map, trace.name, pool.name, several), title);
    request.watchers.push_back(map.get());
  }
  InputLog log;
  if (!arguments_.log.empty()) request.log_out = &log;

  progress_.restart(fmt::format("{} {}", trace.name, pool.name));
  try {
    ReplayOutcome outcome{.report = replay(trace, request)};
    progress_.restart("");
    if (request.log_out != nullptr) write_input_log(log, names_.of(arguments_.log, trace.name, pool.name, several));
    return outcome;
  } catch (const Error& error) {
    progress_.restart("");
    if (error.exit_code() != 1) throw;
    spdlog::error("pool {}: {}", pool.name, one_line(error.what()));
    return failed_outcome(trace, request, error);
  }
}

}  // namespace vramlab
