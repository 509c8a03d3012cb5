#include "engine/pool/period_plan.h"

#include <algorithm>
#include <bit>

#include "engine/coloring/solver.h"
#include "engine/core/check.h"
#include "engine/core/registry.h"

namespace vramlab {
namespace {

constexpr Bytes granule = 512_B;

// Bytes that live across the moment before each request.
std::vector<std::uint64_t> crossing_bytes(std::span<const PeriodRequest> period) {
  const std::size_t n = period.size();
  std::vector<std::int64_t> change(2 * n + 1, 0);
  for (std::size_t i = 0; i < n; ++i) {
    const auto bytes = static_cast<std::int64_t>(key_bytes(period[i].key).value);
    if (period[i].life == 0) continue;
    change[i + 1] += bytes;
    change[i + period[i].life] -= bytes;
  }
  std::vector<std::uint64_t> crossing(n, 0);
  std::int64_t live = 0;
  for (std::size_t i = 0; i < 2 * n; ++i) {
    live += change[i];
    crossing[i % n] += static_cast<std::uint64_t>(live);
  }
  return crossing;
}

// The first request before which next to the fewest bytes live across; nearly as few a little earlier is better.
std::uint32_t best_start(std::span<const std::uint64_t> crossing) {
  const auto [least, most] = std::minmax_element(crossing.begin(), crossing.end());
  const std::uint64_t good = *least + *most / 256;
  const auto first = std::find_if(crossing.begin(), crossing.end(), [&](std::uint64_t c) { return c <= good; });
  return static_cast<std::uint32_t>(first - crossing.begin());
}

// `size` positions are the circle; offsets in granules.
struct Circle {
  Instance instance;
  std::vector<std::uint32_t> positions;  // of the buffers
};

Circle circle_of(std::span<const PeriodRequest> requests) {
  Circle circle;
  circle.instance.name = "period";
  const std::uint64_t n = requests.size();
  for (std::uint32_t i = 0; i < n; ++i) {
    const std::uint64_t end = i + requests[i].life;
    if (requests[i].life == 0) continue;
    const auto buffer = static_cast<std::uint32_t>(circle.positions.size());
    const Bytes units(key_bytes(requests[i].key).value / granule.value);
    if (end <= n) {
      circle.instance.buffers.push_back({i, end, units});
    } else {
      circle.instance.buffers.push_back({0, n, units});
      if (end - n < i) circle.instance.gaps.push_back({buffer, end - n, i});
    }
    circle.positions.push_back(i);
  }
  return circle;
}

// The best of the quick ones: each takes well under a second for 10^5 requests.
constexpr std::string_view quick[] = {"best-fit", "by-load", "first-fit", "by-lifetime"};

Plan solve_by(std::string_view name, const Instance& instance, const PlanRules& rules, Bytes good) {
  const SolverInfo& solver = find_row(solvers(), "solver", name);
  SolveRequest request = default_request(solver, rules.seed);
  if (request.options.has("rounds")) request.options.set("rounds", std::to_string(rules.search_rounds), "plan");
  request.capacity = good;
  return solve_instance(solver, instance, request).plan;
}

// A plan within 1/512 of the lower bound will do.
Plan solve(const Instance& instance, const PlanRules& rules) {
  check_instance(instance);
  const Bytes bound = lower_bound(instance).bytes;
  const Bytes good = bound + Bytes(bound.value / 512);
  const bool searched = instance.buffers.size() <= rules.most_searched;
  const auto names = searched ? std::span(&rules.solver, 1) : std::span<const std::string_view>(quick);
  Plan best;
  for (const std::string_view name : names) {
    Plan plan = solve_by(name, instance, rules, good);
    if (best.offsets.empty() || plan.peak < best.peak) best = std::move(plan);
    if (best.peak <= good) break;
  }
  const std::string problem = check_plan(instance, best);
  VRAMLAB_CHECK(problem.empty(), "solver " + best.solver + ": " + problem);
  return best;
}

}  // namespace

PeriodPlan::PeriodPlan(std::span<const PeriodRequest> period, const PlanRules& rules) {
  const std::size_t n = period.size();
  VRAMLAB_CHECK(n > 0 && n < PlanIndex::none / 2, "a period of no requests, or of too many");
  const std::vector<PeriodRequest> requests = opened(period, rules.crossing);
  prefixes_.push_back(0);
  for (const PeriodRequest& request : requests) {
    keys_.push_back(request.key);
    prefixes_.push_back(extend_hash(prefixes_.back(), request.key));
  }
  place(requests, rules);
  list_ends(requests);
}

// The period from its opening on, what is left out without a life.
std::vector<PeriodRequest> PeriodPlan::opened(std::span<const PeriodRequest> period, Crossing crossing) {
  const std::size_t n = period.size();
  if (crossing != Crossing::cut) {
    const std::vector<std::uint64_t> bytes = crossing_bytes(period);
    start_ = best_start(bytes);
    const bool most = bytes[start_] > *std::max_element(bytes.begin(), bytes.end()) / 4;
    if (crossing == Crossing::automatic) crossing = most ? Crossing::planned : Crossing::left_out;
  }
  std::vector<PeriodRequest> requests(n);
  for (std::size_t i = 0; i < n; ++i) {
    requests[i] = period[(start_ + i) % n];
    if (requests[i].life <= n - i || crossing == Crossing::planned) continue;
    requests[i].life = crossing == Crossing::cut ? n - i : 0;
  }
  return requests;
}

void PeriodPlan::place(std::span<const PeriodRequest> requests, const PlanRules& rules) {
  offsets_.assign(requests.size(), unplanned);
  const Circle circle = circle_of(requests);
  planned_ = static_cast<std::uint32_t>(circle.positions.size());
  if (planned_ == 0) return;
  const Plan plan = solve(circle.instance, rules);
  for (std::size_t i = 0; i < circle.positions.size(); ++i)
    offsets_[circle.positions[i]] = plan.offsets[i].value * granule.value;
  peak_ = plan.peak * granule.value;
}

void PeriodPlan::list_ends(std::span<const PeriodRequest> requests) {
  const std::size_t n = requests.size();
  const auto end_of = [&](std::size_t i) { return (i + requests[i].life) % n; };
  first_ended_.assign(n + 1, 0);
  for (std::size_t i = 0; i < n; ++i)
    if (requests[i].life > 0) ++first_ended_[end_of(i) + 1];
  for (std::size_t i = 0; i < n; ++i) first_ended_[i + 1] += first_ended_[i];
  ended_.resize(planned_);
  std::vector<std::uint32_t> next(first_ended_.begin(), first_ended_.end() - 1);
  for (std::size_t i = 0; i < n; ++i)
    if (requests[i].life > 0) ended_[next[end_of(i)]++] = static_cast<std::uint32_t>(i);
}

// --- The index of plans ----------------------------------------------------------------------------------------------

void PlanIndex::rebuild(std::span<const PeriodPlan> plans) {
  std::size_t places = 0;
  for (const PeriodPlan& plan : plans) places += plan.size();
  entries_.clear();
  if (places == 0) return;
  entries_.resize(std::bit_ceil(2 * places));
  shift_ = 64 - static_cast<unsigned>(std::countr_zero(entries_.size()));
  for (std::uint32_t p = 0; p < plans.size(); ++p) {
    const PeriodPlan& plan = plans[p];
    for (std::uint32_t end = 0; end < plan.size(); ++end) {
      std::uint64_t hash = 0;
      for (std::uint64_t i = 0; i < PeriodDetector::window; ++i) {
        const std::uint64_t back = (PeriodDetector::window - 1 - i) % plan.size();
        hash = extend_hash(hash, plan.key(static_cast<std::uint32_t>((end + plan.size() - back) % plan.size())));
      }
      add(hash, {p, (end + 1) % plan.size()});
    }
  }
}

// A second place with the same window makes both useless.
void PlanIndex::add(std::uint64_t hash, Place place) {
  std::size_t i = hash >> shift_;
  while (entries_[i].used && entries_[i].hash != hash) i = (i + 1) & (entries_.size() - 1);
  entries_[i] = entries_[i].used ? Entry{hash, true, {}} : Entry{hash, true, place};
}

}  // namespace vramlab
