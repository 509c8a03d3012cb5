#include "engine/swap/planner.h"

#include <fmt/format.h>
#include <algorithm>
#include <array>

#include "engine/core/error.h"
#include "engine/core/option.h"
#include "engine/swap/plan_builder.h"

namespace vramlab {
namespace {

constexpr std::array<PlanStyle, 7> styles{{
    {.rule = PlanRule::benefit_per_link_time},
    {.rule = PlanRule::earliest_copy},
    {.rule = PlanRule::farthest},
    {.rule = PlanRule::benefit, .fullest_first = true},
    {.rule = PlanRule::benefit_per_link_time, .fullest_first = true},
    {.rule = PlanRule::earliest_copy, .fullest_first = true},
    {.rule = PlanRule::benefit},
}};

// How much of the bandwidth is counted on, and of the time that operators may wait, in percent. All of the first where
// one direction is busy at a time, less where both are; what the plan leaves of the second is for what it does not see.
struct Margin {
  std::uint32_t link = 100;
  std::uint32_t waiting = 100;
};
constexpr std::array<Margin, 6> margins{{{100, 95}, {100, 60}, {98, 90}, {96, 60}, {92, 80}}};

/// One search for plans.
class PlanSearch {
 public:
  PlanSearch(const AccessProgram& program, const SwapMachine& machine, const PlannerRequest& request)
      : program_(program),
        machine_(machine),
        request_(request),
        choices_(swap_choices(program, request.min_swap)),
        builder_(program, machine, choices_, request.tier),
        max_load_(*std::max_element(program.load.begin(), program.load.end())),
        least_(working_set(program, largest_operator(program))) {}

  Bytes max_load() const { return max_load_; }
  Bytes least() const { return least_; }
  bool spent() const { return builder_.weighed() >= request_.effort; }

  /// By any style, with operators waiting at most `overhead` in all.
  std::optional<SwapPlan> within(Bytes limit, double overhead, std::uint32_t first_style = 0) {
    for (std::uint32_t i = first_style; i < styles.size(); ++i)
      if (auto plan = attempt(limit, overhead, styles[i])) return plan;
    return std::nullopt;
  }

  std::optional<SwapPlan> attempt(Bytes limit, double overhead, PlanStyle style) {
    for (const Margin& margin : margins) {
      style.link_percent = margin.link;
      style.waiting_ppm = static_cast<std::uint32_t>(overhead * 1e4 * margin.waiting);
      auto plan = builder_.build(limit, style);
      if (!plan) continue;
      plan->stall = forecast(program_, machine_, *plan).stall;
      if (plan->stall.value > static_cast<std::int64_t>(overhead * static_cast<double>(program_.duration.value)) + 1000)
        continue;
      const std::vector<Bytes> left = load_under(program_, *plan);
      plan->peak = *std::max_element(left.begin(), left.end());
      return plan;
    }
    return std::nullopt;
  }

  /// Lowers `best` as long as there is effort: each style from where the last one got to, then shaken ones.
  void improve(SwapPlan& best, double overhead) {
    for (const PlanStyle& style : styles) lower(best, overhead, style);
    for (std::uint64_t round = 0; !spent() && best.peak > least_; ++round) {
      PlanStyle style = styles[round % styles.size()];
      style.noise_percent = static_cast<std::uint32_t>(5 + 10 * (round % 5));
      style.seed = request_.seed + round;
      if (auto plan = attempt(just_below(best.peak), overhead, style)) {
        best = std::move(*plan);
        lower(best, overhead, style);
      }
    }
  }

  SwapPlan nothing() const {
    SwapPlan plan;
    plan.peak = max_load_;
    return plan;
  }

 private:
  Bytes step() const { return std::max(Bytes(std::uint64_t{1} << 20), max_load_ / 1024); }
  Bytes just_below(Bytes peak) const { return std::max(least_, peak - std::min(peak, step())); }

  // Bisection between what is possible at all and what was found.
  void lower(SwapPlan& best, double overhead, const PlanStyle& style) {
    if (spent() || best.peak <= least_) return;
    auto plan = attempt(just_below(best.peak), overhead, style);
    Bytes low = least_;
    while (plan) {
      best = std::move(*plan);
      plan.reset();
      while (!plan && !spent() && low + step() < best.peak) {
        const Bytes middle = low + (best.peak - low) / 2;
        plan = attempt(middle, overhead, style);
        if (!plan) low = middle;
      }
    }
  }

  const AccessProgram& program_;
  const SwapMachine& machine_;
  const PlannerRequest& request_;
  SwapChoices choices_;
  PlanBuilder builder_;
  Bytes max_load_, least_;
};

void check_limit(const AccessProgram& program, Bytes limit) {
  const std::uint32_t slot = largest_operator(program);
  const Bytes least = working_set(program, slot);
  if (limit < least)
    throw ConfigError(fmt::format("a limit of {} is less than operator {} needs at once, {}", format_bytes(limit), slot,
                                  format_bytes(least)),
                      {}, fmt::format("{} is the least limit possible", format_bytes(least)));
}

}  // namespace

SwapPlan plan_swaps(const AccessProgram& program, const SwapMachine& machine, Bytes limit,
                    const PlannerRequest& request) {
  check_limit(program, limit);
  PlanSearch search(program, machine, request);
  if (search.max_load() <= limit) return search.nothing();
  if (auto plan = search.within(limit, request.max_overhead)) return *plan;
  SwapPlan best = search.nothing();
  if (request.mode == PlanMode::no_overhead) {
    search.improve(best, request.max_overhead);
    return best;
  }
  // Ever more waiting, until there is time for all transfers.
  for (double overhead = std::max(0.005, request.max_overhead); overhead < 100; overhead *= 2)
    if (auto plan = search.within(limit, overhead)) return *plan;
  throw OutOfMemory(fmt::format("no plan holds a limit of {}, however long operators wait", format_bytes(limit)), {},
                    "raise the limit, or lower the least size that is swapped");
}

SwapPlan least_plan(const AccessProgram& program, const SwapMachine& machine, const PlannerRequest& request) {
  PlanSearch search(program, machine, request);
  SwapPlan best = search.nothing();
  search.improve(best, request.max_overhead);
  return best;
}

}  // namespace vramlab
