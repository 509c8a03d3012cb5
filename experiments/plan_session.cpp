#include "experiments/plan_session.h"

#include <fmt/format.h>
#include <spdlog/spdlog.h>

#include <algorithm>
#include <chrono>
#include <memory>

#include "engine/core/error.h"
#include "engine/core/output_file.h"
#include "engine/replay/plan_map.h"
#include "experiments/choice.h"
#include "experiments/limit.h"
#include "experiments/output.h"
#include "experiments/stack_line.h"
#include "experiments/trace_files.h"
#include "traces/plan_csv.h"
#include "traces/reader.h"

namespace vramlab {
namespace {

bool was_given(const Settings& settings, std::string_view name) {
  const auto items = settings.values.items();
  return std::any_of(items.begin(), items.end(), [name](const OptionValues::Item& item) {
    return item.spec->name == name && item.source.starts_with("flag");
  });
}

/// What is only for making plans would silently do nothing for checking one.
void check_arguments_of_check(const PlanArguments& arguments, const Settings& settings) {
  for (std::string_view name : {"solver", "time_limit", "threads", "seed"})
    if (was_given(settings, name))
      throw ConfigError(fmt::format("{} does nothing with --check, which makes no plan", flag_of(name)));
  if (!arguments.out.empty()) throw ConfigError("--out does nothing with --check, which makes no plan");
}

[[noreturn]] void refuse_several(std::string_view flag, std::string_view what) {
  throw ConfigError(fmt::format("{} is for one instance{}", flag, what), {},
                    "name one, of a recording of several devices with --gpu");
}

Bytes spilled_bytes(const Instance& instance, const Plan& plan) {
  Bytes spilled{};
  for (std::size_t i = 0; i < plan.heaps.size(); ++i)
    if (plan.heaps[i] > 0) spilled += instance.buffers[i].size;
  return spilled;
}

LowerBound better(const LowerBound& known, Bytes proven) {
  return proven > known.bytes ? LowerBound{proven, known.time, "proven by the solver"} : known;
}

std::string gap_text(const SolveProgress& progress) {
  const double over = static_cast<double>(progress.peak.value) / static_cast<double>(progress.lower_bound.value) - 1;
  return fmt::format("peak {}, {:.3f}% over the lower bound", format_bytes(progress.peak), 100 * over);
}

/// Says why an outcome is not what was asked for.
void log_shortfall(const PlanOutcome& o) {
  if (!o.valid()) {
    spdlog::error("solver {}: its plan of {} is not valid: {}", o.solver, o.instance, o.mistake);
  } else if (!o.within_capacity()) {
    spdlog::error("solver {}: {} {} (the plan found peaks at {})", o.solver, o.instance,
                  o.infeasible
                      ? fmt::format("has no plan within {}", o.capacity.value)
                      : fmt::format("was not placed within {}, which nothing proves impossible", o.capacity.value),
                  o.peak.value);
  }
}

}  // namespace

PlanSession::PlanSession(const PlanArguments& arguments, const Settings& settings)
    : arguments_(arguments), settings_(settings), heaps_(parse_heaps(arguments.heaps)) {
  static_cast<void>(parse_limit(settings.values.text("capacity"), {}, "capacity"));
  if (settings.values.bytes("granule") == Bytes(0)) throw ConfigError("granule 0: sizes cannot be rounded up to 0");
  if (!heaps_.empty() && was_given(settings, "capacity"))
    throw ConfigError("--capacity and --heap", {}, "heaps have their own capacities");
  if (arguments.check.empty()) {
    solvers_ = chosen_rows(vramlab::solvers(), "solver", settings.values.text("solver"));
    check_options_used(settings, "solvers", solvers_);
  } else {
    check_arguments_of_check(arguments, settings);
  }
  check_readable(arguments.inputs);
  for (const std::string& output : {arguments.map, arguments.out}) check_folder_of(output);
  if (!arguments.out.empty() && arguments.inputs.size() * solvers_.size() > 1)
    refuse_several("--out", " and one solver");
  if (!arguments.check.empty() && arguments.inputs.size() > 1) refuse_several("--check", "");
}

const std::vector<PlanOutcome>& PlanSession::run() {
  for (const std::string& path : arguments_.inputs) plan_file(path);
  return outcomes_;
}

bool PlanSession::good() const {
  return std::all_of(outcomes_.begin(), outcomes_.end(), [](const PlanOutcome& o) { return o.good(); });
}

void PlanSession::plan_file(const std::string& path) {
  const std::vector<PlanInput> inputs = read_plan_inputs(path, settings_, heaps_);
  const bool several = arguments_.inputs.size() * inputs.size() * std::max<std::size_t>(solvers_.size(), 1) > 1;
  if (several && !arguments_.out.empty()) refuse_several("--out", " and one solver");
  if (several && !arguments_.check.empty()) refuse_several("--check", "");
  for (const PlanInput& input : inputs) plan_instance(input, several);
}

void PlanSession::plan_instance(const PlanInput& input, bool several) {
  const PlanOutcome known = known_of(input.instance);
  if (!arguments_.check.empty()) outcomes_.push_back(check_one(input, known));
  for (const SolverInfo* solver : solvers_) outcomes_.push_back(plan_one(input, known, *solver, several));
  ++instances_done_;
}

PlanOutcome PlanSession::known_of(const Instance& instance) const {
  PlanOutcome known;
  known.instance_number = instances_done_;
  known.instance = instance.name;
  known.buffers = instance.buffers.size();
  known.load = max_load(instance);
  known.bound = lower_bound(instance);
  known.capacity = parse_limit(settings_.values.text("capacity"), known.load.bytes, "capacity");
  known.heaps = instance.heaps.size();
  return known;
}

SolveRequest PlanSession::request_for(const SolverInfo& solver, Bytes capacity) {
  SolveRequest request;
  request.options = settings_.solver(solver.name);
  request.seed = static_cast<std::uint64_t>(settings_.values.integer("seed"));
  request.capacity = capacity;
  request.time_limit_s = settings_.values.real("time_limit");
  request.threads = static_cast<unsigned>(settings_.values.integer("threads"));
  request.progress = [this](const SolveProgress& progress) { progress_.note(gap_text(progress)); };
  return request;
}

/// Fills what the solver tells; nullopt where it fails.
std::optional<Plan> PlanSession::search(const Instance& instance, const SolverInfo& solver, PlanOutcome& outcome) {
  using Clock = std::chrono::steady_clock;
  const SolveRequest request = request_for(solver, outcome.capacity);
  progress_.restart(fmt::format("{} {}", instance.name, solver.name));
  try {
    const Clock::time_point begin = Clock::now();
    SolveResult result = solve_instance(solver, instance, request);
    const double seconds = std::chrono::duration<double>(Clock::now() - begin).count();
    progress_.restart("");
    outcome.search = {seconds, result.stopped, result.steps, request.seed, request.time_limit_s};
    outcome.bound = better(outcome.bound, result.lower_bound);
    outcome.optimal = result.optimal;
    outcome.infeasible = result.infeasible;
    return std::move(result.plan);
  } catch (const Error& error) {
    progress_.restart("");
    if (error.exit_code() != 1) throw;
    spdlog::error("solver {}: {}", solver.name, one_line(error.what()));
    return std::nullopt;
  }
}

PlanOutcome PlanSession::plan_one(const PlanInput& input, const PlanOutcome& known, const SolverInfo& solver,
                                  bool several) {
  PlanOutcome outcome = known;
  outcome.solver = solver.name;
  std::optional<OutputFile> out;
  std::optional<MapPicture> map;
  if (!arguments_.out.empty()) out.emplace(arguments_.out);
  if (!arguments_.map.empty()) map.emplace(names_.of(arguments_.map, outcome.instance, solver.name, several));
  const std::optional<Plan> plan = search(input.instance, solver, outcome);
  outcome.failed = !plan;
  if (!plan) return outcome;
  outcome.mistake = check_plan(input.instance, *plan);
  describe(input, *plan, outcome);
  log_shortfall(outcome);
  if (outcome.valid() && map) draw(input, *plan, outcome, *map);
  if (outcome.good() && out) {
    out->write(plan_to_csv(input.instance, *plan));
    out->commit();
  }
  return outcome;
}

PlanOutcome PlanSession::check_one(const PlanInput& input, const PlanOutcome& known) {
  std::optional<MapPicture> map;
  if (!arguments_.map.empty()) map.emplace(arguments_.map);
  const InputFile file = InputFile::open(arguments_.check);
  const PlanFile read = read_plan_csv(file.bytes(), file.name(), input.instance);
  PlanOutcome outcome = known;
  outcome.solver = read.plan.solver;
  outcome.mistake = read.mistake.empty() ? check_plan(input.instance, read.plan) : read.mistake;
  describe(input, read.plan, outcome);
  outcome.optimal = outcome.valid() && outcome.heaps <= 1 && read.plan.peak == known.bound.bytes;
  if (outcome.valid() && map) draw(input, read.plan, outcome, *map);
  return outcome;
}

/// What is told of any plan.
void PlanSession::describe(const PlanInput& input, const Plan& plan, PlanOutcome& outcome) const {
  outcome.peak = plan.peak;
  if (outcome.heaps > 1) outcome.spilled = spilled_bytes(input.instance, plan);
  if (!arguments_.explain || !outcome.valid()) return;
  outcome.told = explain(input.instance, &plan, outcome.bound.bytes);
  FrameOf frame_of;
  if (input.trace)
    frame_of = [&input](std::size_t buffer) { return stack_line(*input.trace, static_cast<std::uint32_t>(buffer)); };
  outcome.explanation = explanation_text(input.instance, *outcome.told, frame_of);
}

void PlanSession::draw(const PlanInput& input, const Plan& plan, const PlanOutcome& outcome,
                       MapPicture& picture) const {
  const PlanPositions positions = input.trace ? PlanPositions::events : PlanPositions::times;
  picture.write(plan_map(input.instance, plan, outcome.bound.bytes, picture.columns()),
                plan_map_words(input.instance, plan, outcome.bound.bytes, positions));
}

}  // namespace vramlab
