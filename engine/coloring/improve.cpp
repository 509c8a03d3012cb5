#include <algorithm>
#include <numeric>

#include "engine/coloring/greedy.h"
#include "engine/coloring/minimize.h"
#include "engine/coloring/mix.h"
#include "engine/coloring/placing.h"
#include "engine/coloring/window.h"

namespace vramlab {
namespace {

constexpr OptionSpec options[] = {
    {.name = "passes",
     .kind = OptionKind::integer,
     .default_text = "40",
     .reason = "how often the plan is ruined and made again, within the time limit",
     .at_least = 1,
     .at_most = 1e9},
    {.name = "most_free",
     .kind = OptionKind::integer,
     .default_text = "3000",
     .reason = "most buffers of a stretch of time that is placed anew",
     .at_least = 2},
};

// Ruin and recreate (Schrimpf, Schneider, Stamm-Wilbrandt, Dueck, "Record breaking optimization results using the ruin
// and recreate principle", 2000). A pass takes a target between the bound and the peak. Buffers above it that live
// shortly are brought below it by searching the stretch of time around them anew, all else pinned; where some live too
// long for that, they go to the front of the greedy order ("squeaky wheel", Joslin, Clements, 1999) and all are placed
// again.
class Improver {
 public:
  Improver(const Instance& instance, const SolveRequest& request, SolveResult start)
      : instance_(instance),
        request_(request),
        path_(instance),
        best_(std::move(start)),
        low_(lower_bound(instance).bytes),
        order_(buffers_by_falling(instance, [this](std::uint32_t i) { return path_.heaviest(i); })) {}

  SolveResult run(std::uint64_t passes, std::size_t most_free) {
    std::uint64_t pass = 0;
    for (; pass < passes && !good_enough(best_, instance_, request_) && !late(request_); ++pass) {
      const Bytes target = target_of(pass);
      if (!repair(target, most_free, pass)) promote(target, pass);
      if (request_.progress) request_.progress({low_, best_.plan.peak});
    }
    best_.stopped = !good_enough(best_, instance_, request_);
    return std::move(best_);
  }

 private:
  // From the goal in halves towards the peak, and again.
  Bytes target_of(std::uint64_t pass) const {
    const Bytes goal = request_.capacity == unlimited_bytes ? low_ : request_.capacity;
    const std::uint64_t over = best_.plan.peak.value - goal.value;
    return Bytes(best_.plan.peak.value - std::max<std::uint64_t>(1, over >> (pass % 6)));
  }

  std::vector<std::uint32_t> above(Bytes target) const {
    std::vector<std::uint32_t> found;
    for (std::uint32_t i = 0; i < instance_.buffers.size(); ++i)
      if (best_.plan.offsets[i] + instance_.buffers[i].size > target) found.push_back(i);
    return found;
  }

  bool repair(Bytes target, std::size_t most_free, std::uint64_t pass) {
    Plan plan = best_.plan;
    for (const std::uint32_t buffer : above(target)) {
      if (plan.offsets[buffer] + instance_.buffers[buffer].size <= target) continue;  // moved with another
      if (late(request_) || !repair_around(buffer, target, most_free, pass, plan)) return false;
    }
    plan.peak = Bytes(0);
    for (std::size_t i = 0; i < plan.offsets.size(); ++i)
      plan.peak = std::max(plan.peak, plan.offsets[i] + instance_.buffers[i].size);
    best_.plan = std::move(plan);
    return true;
  }

  // Ever wider stretches of time around the buffer.
  bool repair_around(std::uint32_t buffer, Bytes target, std::size_t most_free, std::uint64_t pass, Plan& plan) {
    const CliquePath::Range hull = path_.hull(buffer);
    for (std::uint32_t margin = 4; margin <= 4096; margin *= 4) {
      const CliquePath::Range stretch{hull.first - std::min(hull.first, margin),
                                      std::min(hull.last + margin, path_.cliques())};
      Window window(path_, stretch, plan, target);
      if (window.free() > most_free || window.pinned() > 4 * most_free) return false;
      best_.steps += window.free();
      PortfolioRules rules;
      rules.seed = pass == 0 ? 0 : mix(request_.seed ^ pass) | 1;
      rules.threads = request_.threads;
      rules.deadline = request_.deadline;
      if (window.solve(rules, plan)) return true;
      if (late(request_)) return false;
    }
    return false;
  }

  void promote(Bytes target, std::uint64_t pass) {
    std::vector<bool> high(instance_.buffers.size());
    for (const std::uint32_t i : above(target)) high[i] = mix(request_.seed ^ mix(pass) ^ i) % 4 != 0;
    std::vector<std::uint32_t> order = order_;
    std::partition_copy(order_.begin(), order_.end(), order.begin(),
                        order.begin() + std::count(high.begin(), high.end(), true),
                        [&](std::uint32_t i) { return high[i]; });
    SolveRequest quiet;
    SolveResult made = place_in_order(instance_, quiet, order, pass % 2 == 0 ? Fit::best : Fit::first);
    best_.steps += order.size();
    if (made.plan.peak > best_.plan.peak) return;
    best_.plan = std::move(made.plan);
    order_ = std::move(order);
  }

  const Instance& instance_;
  const SolveRequest& request_;
  CliquePath path_;
  SolveResult best_;
  Bytes low_;
  std::vector<std::uint32_t> order_;
};

SolveResult run(const Instance& instance, const SolveRequest& request, SolveResult start, std::uint64_t passes,
                std::size_t most_free) {
  if (good_enough(start, instance, request)) return start;
  start.stopped = true;
  if (late(request) || CliquePath::shape_of(instance).members > CliquePath::most_members) return start;
  return Improver(instance, request, std::move(start)).run(passes, most_free);
}

SolveResult solve(const Instance& instance, const SolveRequest& request) {
  return run(instance, request, solve_by("best-fit", instance, request),
             static_cast<std::uint64_t>(request.options.integer("passes")),
             static_cast<std::size_t>(request.options.integer("most_free")));
}

// A pass places all buffers once or twice.
std::uint64_t passes_for(const Instance& instance) {
  return std::clamp<std::uint64_t>(2'000'000 / std::max<std::size_t>(instance.buffers.size(), 1), 2, 20);
}

}  // namespace

SolveResult improve(const Instance& instance, const SolveRequest& request, SolveResult start) {
  return run(instance, request, std::move(start), request.time_limit_s > 0 ? 1'000'000 : passes_for(instance), 3000);
}

SolverInfo improve_row() {
  return {.name = "improve",
          .summary = "ruin and recreate: stretches of time are searched anew, what stands out goes first",
          .options = options,
          .solve = solve};
}

}  // namespace vramlab
