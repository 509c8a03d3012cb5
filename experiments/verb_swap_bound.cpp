// vramlab swap bound OPTRACE...

#include <CLI/CLI.hpp>

#include <algorithm>
#include <array>
#include <chrono>
#include <memory>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "engine/replay/access_window.h"
#include "engine/swap/bound.h"
#include "engine/swap/exact_plan.h"
#include "engine/swap/planner.h"
#include "experiments/limit.h"
#include "experiments/output.h"
#include "experiments/progress.h"
#include "experiments/swap_setup.h"
#include "experiments/trace_files.h"
#include "experiments/verb_rows.h"
#include "sim/machine.h"

namespace vramlab {
namespace {

constexpr std::array<std::string_view, 11> taken_settings{"compute_scale", "max_overhead", "codec",       "swap_tier",
                                                          "machine",       "scale",        "host_memory", "peer_memory",
                                                          "disk_space",    "gpu",          "format"};
constexpr std::array<std::string_view, 1> option_sections{"codecs"};

struct Arguments {
  std::vector<std::string> traces;
  std::uint32_t moments = 100;
  std::uint32_t exact_objects = 20;
  std::string min_swap = "1MiB";
};

/// What all recordings of one command are measured by.
struct Question {
  SwapMachine machine;
  OperatorTiming timing;
  Nanoseconds transfer{};  ///< of the host, to issue one
  Tier tier = Tier::host;
  double max_overhead = 0;
  Bytes min_swap{};
  std::uint32_t moments = 0, exact_objects = 0;
};

Tier tier_called(std::string_view name) {
  if (name == "peer") return Tier::peer;
  return name == "disk" ? Tier::disk : Tier::host;
}

Question question(const Arguments& arguments, const Settings& settings) {
  const MachineModel machine = load_machine(std::string(settings.values.text("machine")));
  const SwapRequest setup = swap_setup(machine, settings);
  return {.machine = setup.machine,
          .timing = setup.timing,
          .transfer = machine.calls.transfer,
          .tier = tier_called(settings.values.text("swap_tier")),
          .max_overhead = parse_overhead(settings.values.text("max_overhead")),
          .min_swap = parse_bytes(arguments.min_swap),
          .moments = arguments.moments,
          .exact_objects = arguments.exact_objects};
}

std::string name_of(const Trace& trace, std::uint32_t op) {
  const std::uint32_t name = trace.operators.name[op];
  return name < trace.operators.names.size() ? trace.operators.names[name] : std::string();
}

class Seconds {
 public:
  double take() {
    const auto now = std::chrono::steady_clock::now();
    return std::chrono::duration<double>(now - std::exchange(since_, now)).count();
  }

 private:
  std::chrono::steady_clock::time_point since_ = std::chrono::steady_clock::now();
};

double reduction(Bytes bytes, Bytes of) {
  return of == Bytes(0) ? 0 : 1 - static_cast<double>(bytes.value) / static_cast<double>(of.value);
}

/// None where too many objects can be absent.
std::optional<ExactPlan> exact_if_small(const AccessProgram& program, const Question& q, const SwapBound& bound,
                                        const SwapPlan& known) {
  if (swappable_objects(program, q.min_swap, bound.load) > q.exact_objects) return std::nullopt;
  return exact_plan(program, q.machine,
                    {.tier = q.tier, .max_overhead = q.max_overhead, .min_swap = q.min_swap, .at_least = bound.load},
                    known);
}

Row row_of(const Trace& trace, const Question& q) {
  const Trace window = operator_window(trace);
  const AccessProgram program = access_program(window, q.timing);
  const std::uint32_t largest = largest_operator(program);
  Seconds seconds;
  const SwapBound bound = swap_bound(program, q.machine,
                                     {.tier = q.tier,
                                      .max_overhead = q.max_overhead,
                                      .min_swap = q.min_swap,
                                      .moments = q.moments,
                                      .pauses_absorb = true,
                                      .launch_gap = q.timing.gap,
                                      .launch = q.timing.launch,
                                      .transfer = q.transfer});
  const double bound_seconds = seconds.take();
  const SwapPlan plan =
      least_plan(program, q.machine, {.tier = q.tier, .max_overhead = q.max_overhead, .min_swap = q.min_swap});
  const double plan_seconds = seconds.take();
  const std::optional<ExactPlan> exact = exact_if_small(program, q, bound, plan);
  const double bound_reduction = reduction(bound.load, bound.max_load);
  const double plan_reduction = reduction(plan.peak, bound.max_load);
  const auto or_null = [](bool there, FieldValue value) { return there ? std::move(value) : FieldValue(nullptr); };
  return {{"trace", trace.name},
          {"operators", std::uint64_t{program.slots()}},
          {"max_load_bytes", bound.max_load.value},
          {"largest_operator", name_of(window, largest)},
          {"largest_operator_bytes", bound.largest_operator.value},
          {"largest_operator_reduction", reduction(bound.largest_operator, bound.max_load)},
          {"bound_bytes", bound.load.value},
          {"bound_reduction", bound_reduction},
          {"bound_solved", bound.optimal},
          {"planned_bytes", plan.peak.value},
          {"planned_reduction", plan_reduction},
          {"planned_stall_ns", plan.stall.value},
          {"planned_share_of_bound", or_null(bound_reduction > 0, plan_reduction / bound_reduction)},
          {"exact_bytes", or_null(exact.has_value(), exact ? exact->plan.peak.value : 0)},
          {"exact_proved", or_null(exact.has_value(), exact && exact->proved)},
          {"bound_seconds", bound_seconds},
          {"plan_seconds", plan_seconds},
          {"exact_seconds", or_null(exact.has_value(), seconds.take())}};
}

int bound_all(const Arguments& arguments, const Settings& settings) {
  const Question q = question(arguments, settings);
  check_readable(arguments.traces);
  ProgressBar progress("bounds of swapping");
  std::vector<Row> rows;
  for (std::size_t i = 0; i < arguments.traces.size(); ++i) {
    for (Trace& trace : read_chosen_traces(arguments.traces[i], settings.values.text("gpu"))) {
      scale_sizes(trace, settings.values.real("scale"));
      scale_compute(trace, settings.values.real("compute_scale"));
      rows.push_back(row_of(trace, q));
    }
    progress.update(static_cast<double>(i + 1) / static_cast<double>(arguments.traces.size()));
  }
  write_rows(rows, output_format(settings.values.text("format")));
  return 0;
}

VerbRun define(CLI::App& app) {
  auto arguments = std::make_shared<Arguments>();
  app.add_option("OPTRACE", arguments->traces, "recordings with operators")->required()->option_text(" ");
  app.add_option("--moments", arguments->moments, "operators at which the bound asks for the load, at most")
      ->check(CLI::Range(1, 100'000))
      ->option_text("N [100]");
  app.add_option("--min-swap", arguments->min_swap, "smaller objects stay")->option_text("BYTES [1MiB]");
  app.add_option("--exact-objects", arguments->exact_objects,
                 "search for the exact optimum where at most as many objects can be absent")
      ->check(CLI::Range(0, 1000))
      ->option_text("N [20]");
  return [arguments](const Settings& settings) { return bound_all(*arguments, settings); };
}

}  // namespace

const VerbInfo verb_swap_bound{
    .name = "swap bound",
    .summary = "the least memory that any schedule of swaps could reach, beside what the planner reaches",
    .example =
        "vramlab swap bound training.ops.csv.xz --machine h200 --max-overhead 1%\n"
        "vramlab swap bound training.ops.csv.xz --swap-tier peer --machine h200-x2 --format json\n"
        "vramlab swap bound training.ops.csv.xz --codec half --max-overhead 0",
    .notes =
        "The bound is that of a linear program (engine/swap/bound.h); the largest operator's working set bounds\n"
        "at any bandwidth. Reductions are of the max load. exact is null where the recording is too large to\n"
        "search; exact_proved false: only the better plan found is known.\n",
    .settings = taken_settings,
    .sections = option_sections,
    .define = define,
};

}  // namespace vramlab
