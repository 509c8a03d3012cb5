#include "engine/pool/smartpool_settings.h"

#include "engine/coloring/solver.h"
#include "engine/core/registry.h"

namespace vramlab {
namespace {

constexpr OptionSpec options[] = {
    {.name = "fallback",
     .kind = OptionKind::text,
     .default_text = "vmm",
     .reason = "the pool that serves what no plan serves, and lends the plans their memory"},
    {.name = "solver",
     .kind = OptionKind::text,
     .default_text = "auto",
     .reason = "the solver of engine/coloring that plans a period"},
    {.name = "crossing",
     .kind = OptionKind::choice,
     .default_text = "auto",
     .reason = "what lives from one period into the next: left to the fallback, planned, or planned where it is much",
     .choices = "auto|left_out|planned"},
    {.name = "search_rounds",
     .kind = OptionKind::integer,
     .default_text = "1",
     .reason = "rounds of a solver that searches; each takes several times as long as the one before",
     .at_least = 1,
     .at_most = 40},
    {.name = "most_searched",
     .kind = OptionKind::integer,
     .default_text = "2000",
     .reason = "requests up to which a period is planned by `solver`; longer ones by the best of the quick ones",
     .at_least = 0,
     .at_most = 1e7},
    {.name = "max_period",
     .kind = OptionKind::integer,
     .default_text = "32768",
     .reason = "requests of the longest period that is found; bounds the memory of the search",
     .at_least = 1,
     .at_most = 1e7},
    {.name = "repeats",
     .kind = OptionKind::integer,
     .default_text = "2",
     .reason = "times that a period must have come alike before it is planned",
     .at_least = 2,
     .at_most = 100},
    {.name = "patience",
     .kind = OptionKind::integer,
     .default_text = "1024",
     .reason = "requests after which a repetition counts although it covers less than a quarter of what was seen",
     .at_least = 64,
     .at_most = 1e7},
    {.name = "plans",
     .kind = OptionKind::integer,
     .default_text = "4",
     .reason = "plans kept at a time, for shapes that come in turn",
     .at_least = 1,
     .at_most = 64},
    {.name = "lost_after",
     .kind = OptionKind::integer,
     .default_text = "24",
     .reason = "unexpected requests in a row after which no plan is followed any more; 16 tell where in a plan it is",
     .at_least = 1,
     .at_most = 1e6},
    {.name = "drift",
     .kind = OptionKind::real,
     .default_text = "0.1",
     .reason = "share of a period that misses its plan, in three of eight periods, from which on it is planned anew",
     .at_least = 0,
     .at_most = 1},
    {.name = "plan_headroom",
     .kind = OptionKind::real,
     .default_text = "0.01",
     .reason = "a plan is followed only if not more is reserved than so far, or than this share above what was live",
     .at_least = 0,
     .at_most = 100},
    {.name = "target_fragmentation_reduction",
     .kind = OptionKind::real,
     .default_text = "0.133",
     .reason = "the reduction of reserved memory that the statistics call achieved",
     .at_least = 0,
     .at_most = 1},
};

}  // namespace

std::span<const OptionSpec> smartpool_options() { return options; }

SmartPoolSettings SmartPoolSettings::from(const OptionValues& values, const PoolContext& context) {
  const auto count = [&](std::string_view name) { return static_cast<std::uint64_t>(values.integer(name)); };
  const SolverInfo& solver = find_row(solvers(), "solver", values.text("solver"));
  const std::string_view crossing = values.text("crossing");
  return {.plan = {.solver = solver.name,
                   .crossing = crossing == "auto"       ? Crossing::automatic
                               : crossing == "left_out" ? Crossing::left_out
                                                        : Crossing::planned,
                   .search_rounds = count("search_rounds"),
                   .most_searched = count("most_searched"),
                   .seed = context.seed},
          .period = {count("max_period"), count("repeats"), count("patience")},
          .plans = count("plans"),
          .lost_after = static_cast<std::uint32_t>(values.integer("lost_after")),
          .drift_ppm = static_cast<std::uint64_t>(values.real("drift") * 1e6),
          .headroom_ppm = static_cast<std::uint64_t>(values.real("plan_headroom") * 1e6),
          .target = values.real("target_fragmentation_reduction")};
}

}  // namespace vramlab
