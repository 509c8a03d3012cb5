// The planner's timetable of the whole stretch; see planner.h.

#include "engine/swap/planner.h"
#include "engine/swap/swap_policy.h"

namespace vramlab {
namespace {

constexpr OptionSpec options[] = {
    {"mode", OptionKind::choice, "no-overhead", "whether waiting or the limit gives way", "no-overhead|stick-to-limit"},
    {"overhead",
     OptionKind::real,
     "0.01",
     "fraction of the time that operators may wait in mode no-overhead",
     {},
     0,
     10},
    {"tier", OptionKind::choice, "host", "where objects go", "host|peer|disk"},
    {"min_swap", OptionKind::bytes, "1MiB", "smaller objects stay"},
    {"headroom",
     OptionKind::real,
     "0",
     "fraction of the limit that is left to the pool's rounding and holes; trials raise it",
     {},
     0,
     0.5},
    {"transfer_cost",
     OptionKind::integer,
     "0",
     "ns that operators wait for each transfer's calls, beside what the links take; trials raise it",
     {},
     0,
     1e9},
    {"trials",
     OptionKind::integer,
     "8",
     "plans made again where a run of the model waits longer than allowed or needs more than the limit; 0: untried",
     {},
     0,
     1000},
    {"effort",
     OptionKind::integer,
     "3000000",
     "absences weighed before the search ends, for 5000 operators; less than a second",
     {},
     1,
     1e12},
    {"seed", OptionKind::integer, "1", "of the shaken plans", {}, 0, 9e18},
};

Tier tier_of(std::string_view name) {
  if (name == "peer") return Tier::peer;
  return name == "disk" ? Tier::disk : Tier::host;
}

SwapPlan make_plan(const OptionValues& values, const AccessProgram& program, const SwapMachine& machine) {
  const PlannerRequest request{
      .tier = tier_of(values.text("tier")),
      .mode = values.text("mode") == "no-overhead" ? PlanMode::no_overhead : PlanMode::stick_to_limit,
      .max_overhead = values.real("overhead"),
      .transfer_cost = Nanoseconds(values.integer("transfer_cost")),
      .min_swap = values.bytes("min_swap"),
      .effort = static_cast<std::uint64_t>(values.integer("effort")),
      .seed = static_cast<std::uint64_t>(values.integer("seed"))};
  if (machine.limit == unlimited_bytes) return least_plan(program, machine, request);
  const auto spared = static_cast<std::uint64_t>(static_cast<double>(machine.limit.value) * values.real("headroom"));
  return plan_swaps(program, machine, machine.limit - Bytes(spared), request);
}

}  // namespace

SwapInfo planned_swap_row() {
  return {.name = "planned",
          .summary = "a timetable made beforehand for the whole stretch: the least memory that the links allow",
          .options = options,
          .needs_program = true,
          .plan = make_plan,
          .make = follow_plan};
}

}  // namespace vramlab
