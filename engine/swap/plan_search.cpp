#include "engine/swap/plan_search.h"

#include <algorithm>
#include <array>

#include "engine/swap/plan_forecast.h"
#include "engine/swap/plan_records.h"

namespace vramlab {
namespace {

constexpr std::array<PlanStyle, 8> styles{{
    {.rule = PlanRule::benefit_per_link_time},
    {.rule = PlanRule::earliest_copy},
    {.rule = PlanRule::farthest, .wait_for_all = true},
    {.rule = PlanRule::benefit, .fullest_first = true},
    {.rule = PlanRule::benefit_per_link_time, .wait_for_all = true},
    {.rule = PlanRule::benefit_per_link_time, .fullest_first = true, .wait_for_all = true},
    {.rule = PlanRule::earliest_copy, .wait_for_all = true},
    {.rule = PlanRule::benefit},
}};

// How much of the bandwidth is counted on: all where one direction is busy at a time, less where both are.
constexpr std::array<std::uint32_t, 4> link_percents{100, 98, 95, 92};

// What the request's effort is meant for; longer stretches get more.
constexpr std::uint32_t effort_slots = 5000;
// Of that, what an attempt takes at least.
constexpr std::uint32_t attempt_effort = 64;

}  // namespace

PlanSearch::PlanSearch(const AccessProgram& program, const SwapMachine& machine, const PlannerRequest& request)
    : program_(program),
      machine_(machine),
      choices_(swap_choices(program, request.min_swap)),
      builder_(program, machine, choices_, request.tier),
      max_load_(*std::max_element(program.load.begin(), program.load.end())),
      least_(working_set(program, largest_operator(program))),
      allowed_(static_cast<std::int64_t>(request.max_overhead * static_cast<double>(program.duration.value))),
      transfer_cost_(request.transfer_cost),
      effort_(request.effort * std::max(effort_slots, program.slots()) / effort_slots),
      random_(request.seed) {}

SwapPlan PlanSearch::lowest(Bytes limit) {
  limit = std::max(limit, least_);
  Found best = nothing();
  if (limit > least_) lower_to(limit, best);
  if (best.plan.peak > limit) try_styles(limit, best);
  while (!spent() && best.plan.peak > limit) {
    auto found = attempt(std::max(limit, just_below(best.plan.peak)), best.plan.peak, allowed_, another(best));
    if (!found || found->plan.peak > best.plan.peak) continue;
    const bool lower_now = found->plan.peak < best.plan.peak;
    best = std::move(*found);
    if (lower_now) lower(limit, Found(best), best);
  }
  return best.plan;
}

// By the first style that holds it, without a way down to it.
void PlanSearch::lower_to(Bytes limit, Found& best) {
  for (const PlanStyle& style : styles) {
    if (best.plan.peak <= limit || spent()) return;
    Found way = nothing();
    way.style = style;
    auto found = attempt(limit, best.plan.peak, allowed_, way);
    if (found && found->plan.peak < best.plan.peak) best = std::move(*found);
  }
}

// Each style from where the last one got to, with waits of its own and with those that were found.
void PlanSearch::try_styles(Bytes limit, Found& best) {
  for (const PlanStyle& style : styles) {
    Found way = nothing();
    way.style = style;
    lower(limit, way, best);
    if (allowed_ == Nanoseconds(0)) continue;
    way.waits = best.waits;
    lower(limit, way, best);
  }
}

std::optional<SwapPlan> PlanSearch::quickest(Bytes limit) {
  std::optional<Found> best;
  const auto improve = [&](const Found& way) {
    const Nanoseconds allowed = best ? best->plan.stall - Nanoseconds(1) : program_.duration * 100;
    auto found = attempt(limit, limit, allowed, way);
    if (found && found->plan.peak <= limit) best = std::move(*found);
  };
  for (const PlanStyle& style : styles) {
    Found way = nothing();
    way.style = style;
    if (!best || !spent()) improve(way);
  }
  while (best && !spent() && best->plan.stall > Nanoseconds(0)) improve(another(*best));
  if (!best) return std::nullopt;
  return best->plan;
}

PlanSearch::Found PlanSearch::nothing() const {
  Found found;
  found.plan.peak = max_load_;
  found.waits.assign(program_.slots() + 1, Nanoseconds(0));
  found.weights.assign(choices_.choices.size(), 1.0);
  return found;
}

// The plan to which style, waits and weights lead. None where it stalls for longer than `allowed`,
// or leaves more than `most`.
std::optional<PlanSearch::Found> PlanSearch::attempt(Bytes limit, Bytes most, Nanoseconds allowed, const Found& way) {
  for (const std::uint32_t percent : link_percents) {
    if (percent > way.style.link_percent) continue;
    Found found = way;
    found.style.link_percent = percent;
    const WaitBudget budget{.all = allowed, .transfer = transfer_cost_};
    if (!builder_.build(limit, most, found.style, budget, found.waits, found.weights)) return std::nullopt;
    found.plan = builder_.plan();
    if (machine_.record_gap > Nanoseconds(0)) share_records(program_, machine_.codec, found.plan);
    const PlanForecast foreseen = forecast(program_, machine_, found.plan);
    forecasts_ += attempt_effort + program_.slots() / 2;
    found.plan.stall = foreseen.stall + calls();
    // Every transfer has its record: where operators may not wait at all, that is let pass.
    const Nanoseconds passed = allowed == Nanoseconds(0) ? foreseen.recording : Nanoseconds(0);
    if (found.plan.stall - passed > allowed) continue;
    found.waits = foreseen.waited;
    const std::vector<Bytes> left = load_under(program_, found.plan);
    const auto fullest = std::max_element(left.begin(), left.end());
    found.plan.peak = *fullest;
    found.fullest = static_cast<std::uint32_t>(fullest - left.begin());
    return found;
  }
  return std::nullopt;
}

// From right below what was found in growing steps down to what is wanted, then bisection: what fails costs most, and
// the more the lower it is, and ends where less than half of what was wanted is possible.
void PlanSearch::lower(Bytes limit, const Found& way, Found& best) {
  Bytes low = limit, jump = step();
  bool failed = false;
  while (!spent() && low < best.plan.peak && best.plan.peak - low > step()) {
    const Bytes high = best.plan.peak;
    const Bytes next = failed ? low + (high - low) / 2 : high - std::min(jump, high - low);
    auto found = attempt(next, next + (high - next) / 2, allowed_, way);
    if (!found || found->plan.peak > next) {
      low = next;
      failed = true;
    }
    if (found && found->plan.peak < best.plan.peak) best = std::move(*found);
    jump = jump * 2;
  }
}

// Another style, all scores changed a little, and waits left as they are, halved or left out.
PlanSearch::Found PlanSearch::shaken(const Found& from) {
  Found way = from;
  way.style = styles[below(styles.size())];
  const double most = 0.05 + 0.1 * below(5);
  for (double& weight : way.weights) weight = 1 + most * (below(2001) / 1000.0 - 1);
  const std::uint32_t part = below(3);
  for (Nanoseconds& wait : way.waits) wait = wait * part / 2;
  return way;
}

// The scores of a few absences changed much, and some or all waits left out.
PlanSearch::Found PlanSearch::nudged(const Found& from) {
  static constexpr std::array<double, 6> factors{0.01, 0.5, 0.8, 1.25, 2, 100};
  Found way = from;
  const std::uint32_t kind = below(8);
  if (kind == 0) way.style.link_percent = 100;
  if (kind == 1) way.style.wait_for_all = !way.style.wait_for_all;
  for (Nanoseconds& wait : way.waits)
    if (wait > Nanoseconds(0) && (kind < 3 || below(3) == 0)) wait = Nanoseconds(0);
  std::vector<std::uint32_t> near;
  for (std::uint32_t i = 0; i < choices_.choices.size(); ++i)
    if (choices_.choices[i].covers(from.fullest)) near.push_back(i);
  for (std::uint32_t n = near.empty() ? 0 : 1 + below(4); n > 0; --n) {
    double& weight = way.weights[near[below(near.size())]];
    weight = below(4) == 0 ? 1.0 : weight * factors[below(factors.size())];
  }
  return way;
}

// splitmix64 (Steele, Lea, Flood: Fast Splittable Pseudorandom Number Generators, 2014).
std::uint32_t PlanSearch::below(std::size_t end) {
  std::uint64_t z = random_ += 0x9e3779b97f4a7c15u;
  z = (z ^ (z >> 30)) * 0xbf58476d1ce4e5b9u;
  z = (z ^ (z >> 27)) * 0x94d049bb133111ebu;
  return static_cast<std::uint32_t>((z ^ (z >> 31)) % end);
}

}  // namespace vramlab
