#include "engine/swap/policy_bandit.h"

#include <algorithm>

#include "engine/core/wide.h"
#include "engine/device/pattern.h"

namespace vramlab {
namespace {

constexpr std::int64_t million = 1'000'000;
constexpr std::int64_t nothing_to_gain = million / 100;  ///< a stall of 1%
constexpr std::int64_t budget = million / 50;            ///< of an iteration's computation, for trials
constexpr std::int64_t too_much = million / 2;           ///< of an effort: no room is left on the link for what must go
constexpr std::int64_t little = million / 10;            ///< of an effort
constexpr std::int64_t most = 1000 * million;            ///< of a cost: beyond that it is all the same

// Where iterations differ, so may their number of operators from one to the next: they are of one kind all the same.
std::pair<bool, std::uint32_t> key_of(const WorkloadClass& workload) {
  return {workload.repeats, workload.repeats ? workload.operators : 0};
}

std::uint32_t stratum_of(const WorkloadClass& workload) { return workload.operators << 16 | workload.load; }

}  // namespace

PolicyBandit::PolicyBandit(std::size_t arms, std::size_t prior, std::uint64_t seed, std::uint32_t trials)
    : arms_(arms), prior_(prior), state_(seed), trials_(std::max(1u, trials)), chosen_(prior) {}

std::uint64_t PolicyBandit::draw(std::uint64_t below) { return pattern_word(state_++, 0) % below; }

PolicyBandit::Learner& PolicyBandit::learner(const WorkloadClass& workload) {
  const auto [found, fresh] = learners_.try_emplace(key_of(workload));
  if (fresh) {
    found->second.arms.resize(arms_);
    found->second.best = prior_;
    found->second.arms[prior_].tried = true;
    found->second.wait = static_cast<std::uint32_t>(draw(trials_));
  }
  return found->second;
}

void PolicyBandit::learn(Nanoseconds stall, Nanoseconds iteration) {
  const std::int64_t waited = std::max<std::int64_t>(0, stall.value);
  const std::int64_t computation = iteration.value - waited;
  if (computation <= 0) return;
  const Wide parts = static_cast<Wide>(waited) * static_cast<std::uint64_t>(million);
  const Wide cost = parts / static_cast<std::uint64_t>(computation);
  cost_ = static_cast<std::int64_t>(std::min(cost, static_cast<Wide>(most)));
}

std::size_t PolicyBandit::choose(const WorkloadClass& ended, std::span<const std::int64_t> efforts,
                                 std::int64_t change) {
  Learner& of = learner(ended);
  ++settled_;
  if (cost_) note(of, stratum_of(ended), *cost_);
  cost_.reset();
  ++of.iterations;
  settle(of);
  begin_trial(of, efforts, change);
  const std::size_t now = of.trying.value_or(of.best);
  if (now != chosen_) settled_ = 0;
  chosen_ = now;
  return now;
}

// What a trial loses counts from its first iteration on, what it shows only when it has settled.
void PolicyBandit::note(Learner& of, std::uint32_t stratum, std::int64_t cost) {
  if (of.trying == chosen_) note_trial(of, stratum, cost);
  if (settled_ < 2) return;
  Mean& mean = of.arms[chosen_].costs[stratum];
  ++mean.runs;
  mean.cost += (cost - mean.cost) / static_cast<std::int64_t>(std::min(mean.runs, 4u));
  if (of.trying.value_or(of.best) == chosen_) ++of.counted;
}

void PolicyBandit::note_trial(Learner& of, std::uint32_t stratum, std::int64_t cost) const {
  const std::map<std::uint32_t, Mean>& known = of.arms[of.best].costs;
  const auto same = known.find(stratum);
  if (same == known.end()) return;
  of.lost += std::max<std::int64_t>(0, cost - same->second.cost);
  const bool hopeless = settled_ >= 2 && cost > 2 * same->second.cost + nothing_to_gain;
  if (hopeless) of.counted = trials_;
}

// The best one is the one that none is better than where both were seen. A trial that is over is not made again soon.
void PolicyBandit::settle(Learner& of) {
  if (of.trying && of.counted < trials_) return;
  if (of.trying) {
    of.wait = trials_ + static_cast<std::uint32_t>(draw(trials_));
    of.counted = 0;
    of.trying.reset();
  }
  for (std::size_t arm = 0; arm < arms_; ++arm) {
    std::int64_t better_by = 0;
    for (const auto& [stratum, mean] : of.arms[arm].costs) {
      const auto same = of.arms[of.best].costs.find(stratum);
      if (same != of.arms[of.best].costs.end()) better_by += same->second.cost - mean.cost;
    }
    if (better_by > 0) of.best = arm;
  }
}

void PolicyBandit::begin_trial(Learner& of, std::span<const std::int64_t> efforts, std::int64_t change) {
  if (of.trying || of.counted < trials_) return;
  if (of.wait > 0) {
    --of.wait;
    return;
  }
  if (mean_stall(of) <= nothing_to_gain) return;
  if (of.iterations >= of.renew_at) {
    of.renew_at *= 2;
    for (std::size_t arm = 0; arm < arms_; ++arm) of.arms[arm].tried = arm == of.best;
  }
  of.trying = candidate(of, efforts, change);
  if (!of.trying) return;
  of.arms[*of.trying].tried = true;
  of.counted = 0;
  ++trials_made_;
}

// The most eager whose own transfers take little of the time, as soon as it may be tried, else the nearest. What a
// trial may lose: half of a change of policy, and in each iteration a quarter of the present stall, or transfers of its
// own accord that are all waited for.
std::optional<std::size_t> PolicyBandit::candidate(const Learner& of, std::span<const std::int64_t> efforts,
                                                   std::int64_t change) const {
  const std::int64_t may_lose = budget * static_cast<std::int64_t>(of.iterations) - of.lost - change / 2;
  const auto distance = [&](std::size_t arm) { return arm > of.best ? arm - of.best : of.best - arm; };
  std::optional<std::size_t> nearest;
  for (std::size_t arm = 0; arm < arms_; ++arm) {
    const std::int64_t more = efforts.empty() ? 0 : std::max<std::int64_t>(0, efforts[arm] - efforts[of.best]);
    const std::int64_t effort = std::max(more, mean_stall(of) / 4);
    const bool affordable = may_lose >= 0 && effort * (trials_ + 1) <= may_lose;
    if (of.arms[arm].tried || more > too_much) continue;
    if (more > 0 && more <= little) return affordable ? std::optional(arm) : std::nullopt;
    if (affordable && (!nearest || distance(arm) < distance(*nearest))) nearest = arm;
  }
  return nearest;
}

std::int64_t PolicyBandit::mean_stall(const Learner& of) {
  const std::map<std::uint32_t, Mean>& known = of.arms[of.best].costs;
  std::int64_t sum = 0, runs = 0;
  for (const auto& [stratum, mean] : known) {
    sum += mean.cost * mean.runs;
    runs += mean.runs;
  }
  return runs == 0 ? 0 : sum / runs;
}

std::size_t PolicyBandit::best(const WorkloadClass& workload) const {
  const auto found = learners_.find(key_of(workload));
  return found == learners_.end() ? prior_ : found->second.best;
}

}  // namespace vramlab
