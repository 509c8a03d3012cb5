#include <algorithm>

#include "engine/coloring/minimize.h"
#include "engine/coloring/placing.h"

namespace vramlab {
namespace {

constexpr OptionSpec options[] = {
    {.name = "rounds",
     .kind = OptionKind::integer,
     .default_text = "0",
     .reason = "rounds of searching after the greedy orders; 0: by the number of buffers, or until the time limit",
     .at_least = 0,
     .at_most = 40},
    {.name = "most_searched",
     .kind = OptionKind::integer,
     .default_text = "1000000000",
     .reason =
         "where buffers times maximal cliques exceed this, the plan is improved piece by piece, not searched whole",
     .at_least = 0},
};

// The orders that reach the bound most often, the best first: each takes well under a second for 350,000 buffers.
constexpr std::string_view greedy[] = {"best-fit", "by-load", "first-fit", "by-lifetime", "by-start"};

unsigned rounds_of(const Instance& instance, const SolveRequest& request) {
  if (const auto rounds = request.options.integer("rounds"); rounds > 0) return static_cast<unsigned>(rounds);
  if (request.time_limit_s > 0) return 40;
  return instance.buffers.size() <= 1000 ? 4 : instance.buffers.size() <= 10'000 ? 2 : 1;
}

SolveResult search_on(const Instance& instance, const SolveRequest& request, SolveResult start) {
  const std::uint64_t most = static_cast<std::uint64_t>(request.options.integer("most_searched"));
  if (instance.buffers.size() * CliquePath::shape_of(instance).cliques > most)
    return improve(instance, request, std::move(start));
  PortfolioRules rules;
  rules.seed = request.seed;
  rules.threads = request.threads;
  rules.deadline = request.deadline;
  return lower_peak(instance, request, rules, rounds_of(instance, request), std::move(start));
}

SolveResult solve(const Instance& instance, const SolveRequest& request) {
  SolveResult best;
  for (const std::string_view name : greedy) {
    SolveResult result = solve_by(name, instance, request);
    if (best.plan.offsets.empty() || result.plan.peak < best.plan.peak) best = std::move(result);
    if (good_enough(best, instance, request)) return best;
    if (late(request)) break;
  }
  if (late(request)) {
    best.stopped = true;
    return best;
  }
  return search_on(instance, request, std::move(best));
}

}  // namespace

SolverInfo automatic_row() {
  return {.name = "auto",
          .summary = "greedy orders, then search; stops at the lower bound",
          .options = options,
          .solve = solve};
}

}  // namespace vramlab
