// vramlab plan TRACE|INSTANCE.csv...

#include <fmt/format.h>
#include <CLI/CLI.hpp>

#include <array>
#include <memory>

#include "engine/core/option.h"
#include "experiments/output.h"
#include "experiments/plan_session.h"
#include "experiments/verb_rows.h"

namespace vramlab {
namespace {

constexpr std::array<std::string_view, 8> taken_settings{"solver",  "capacity", "time_limit", "seed",
                                                         "threads", "granule",  "gpu",        "format"};
constexpr std::array<std::string_view, 1> option_sections{"solvers"};

/// The verdict on a plan that somebody made.
std::string verdict(const PlanOutcome& o) {
  if (!o.valid())
    return fmt::format("invalid: {} is no plan of {}: {}\n{}", o.solver, o.instance, o.mistake, o.explanation);
  const double over = static_cast<double>(o.peak.value) / static_cast<double>(o.bound.bytes.value) - 1;
  std::string text = fmt::format("valid: {} places the {} buffers of {} with peak {} ({})", o.solver, o.buffers,
                                 o.instance, o.peak.value, format_bytes(o.peak));
  if (o.heaps > 1)
    text += fmt::format(" in the first of {} heaps", o.heaps);
  else
    text += fmt::format(", {:.3f}% over the {}", 100 * over, o.bound.name);
  if (!o.within_capacity()) text += fmt::format("; above the capacity {}", o.capacity.value);
  return text + '\n' + o.explanation;
}

int plan_all(const PlanArguments& arguments, const Settings& settings) {
  PlanSession session(arguments, settings);
  const std::vector<PlanOutcome>& outcomes = session.run();
  const OutputFormat format = output_format(settings.values.text("format"));
  if (format != OutputFormat::table) {
    write_rows(rows_of(outcomes, plan_row), format);
  } else if (!arguments.check.empty()) {
    write_output(verdict(outcomes.front()));
  } else {
    write_output(plan_table(outcomes, output_in_colour()));
  }
  return session.good() ? 0 : 1;
}

VerbRun define(CLI::App& app) {
  auto arguments = std::make_shared<PlanArguments>();
  app.add_option("INPUT", arguments->inputs,
                 "recordings of any format, or instances (CSV: id,lower,upper,size and more)")
      ->required()
      ->option_text(" ");
  app.add_option("--heap", arguments->heaps, "a memory to place into; repeated: several, in order of preference")
      ->option_text("NAME=BYTES")
      ->allow_extra_args(false);
  app.add_option("--out", arguments->out, "write the plan: id,lower,upper,size,offset; of one instance and solver")
      ->option_text("PLAN.csv");
  app.add_option("--map", arguments->map, "picture of the plan; of several runs -INSTANCE-SOLVER is inserted")
      ->option_text("OUT.svg|png");
  app.add_option("--check", arguments->check, "make no plan: say whether this one, made by anyone, is valid")
      ->option_text("PLAN.csv");
  app.add_flag("--explain", arguments->explain, "tell what binds the peak: the time, who is live, where space is lost");
  return [arguments](const Settings& settings) { return plan_all(*arguments, settings); };
}

}  // namespace

const VerbInfo verb_plan{
    .name = "plan",
    .summary = "the least memory that a program's buffers fit into, and where each would lie",
    .example =
        "vramlab plan snapshot.pickle --explain\n"
        "vramlab plan snapshot.pickle --solver all --format json\n"
        "vramlab plan instance.csv --capacity 1048576 --out plan.csv --map plan.svg\n"
        "vramlab plan instance.csv --heap fast=64KiB --heap slow=unlimited\n"
        "vramlab plan instance.csv --check plan.csv",
    .notes =
        "Exit code 1: a plan is not valid, or not within --capacity; the field feasible is then false where\n"
        "that is proven impossible, null where nobody knows. 2: bad input, which a capacity below a lower\n"
        "bound is, too. No plan is written then.",
    .settings = taken_settings,
    .sections = option_sections,
    .define = define,
};

}  // namespace vramlab
