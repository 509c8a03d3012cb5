#include "engine/coloring/minimize.h"

#include <algorithm>

#include "engine/coloring/placing.h"

namespace vramlab {
namespace {

// Lowers the peak of a plan: the lower bound first, then what lies between, with more nodes every round.
class Minimizer {
 public:
  Minimizer(const Instance& instance, const SolveRequest& request, const PortfolioRules& rules, SolveResult start)
      : instance_(instance), request_(request), rules_(rules), path_(instance), best_(std::move(start)) {
    const std::uint64_t unit = path_.unit().value;
    low_ = (lower_bound(instance).bytes.value + unit - 1) / unit;
    goal_ = std::max(low_, request.capacity == unlimited_bytes ? low_ : request.capacity.value / unit);
  }

  SolveResult run(unsigned rounds) {
    for (round_ = 0; round_ < rounds && !done() && !late_; ++round_) {
      if (request_.capacity != unlimited_bytes) {
        attempt(goal_);
      } else {
        minimize();
      }
    }
    best_.lower_bound = Bytes(low_ * path_.unit().value);
    best_.infeasible = best_.lower_bound > request_.capacity;
    best_.stopped = !done();
    return std::move(best_);
  }

 private:
  bool done() const { return high() <= goal_ || low_ > goal_; }
  std::uint64_t high() const { return best_.plan.peak.value / path_.unit().value; }

  void minimize() {
    std::uint64_t above = low_;  // nothing was found below it in this round
    attempt(low_);
    for (unsigned step = 0; step < 3 + 2 * round_ && !late_; ++step) {
      above = std::max(above, low_);
      if (high() <= above + 1) break;
      const std::uint64_t target = above + (high() - above) / 2;
      attempt(target);
      if (high() > target) above = target;
    }
    goal_ = low_;
  }

  Search::Outcome attempt(std::uint64_t capacity) {
    PortfolioRules rules = rules_;
    if (round_ == 0) rules.seed = 0;  // the plain orders are the best ones to begin with
    PortfolioResult result = search_round(path_, capacity, rules, round_);
    best_.steps += result.nodes;
    late_ = late_ || result.late;
    if (result.outcome == Search::Outcome::none) low_ = std::max(low_, capacity + 1);
    if (result.outcome == Search::Outcome::found) take(result.offsets);
    if (request_.progress) request_.progress({Bytes(low_ * path_.unit().value), best_.plan.peak});
    return result.outcome;
  }

  void take(const std::vector<std::uint64_t>& offsets) {
    Plan plan;
    for (std::size_t i = 0; i < offsets.size(); ++i) {
      plan.offsets.push_back(Bytes(offsets[i] * path_.unit().value));
      plan.peak = std::max(plan.peak, plan.offsets[i] + instance_.buffers[i].size);
    }
    if (plan.peak < best_.plan.peak) best_.plan = std::move(plan);
  }

  const Instance& instance_;
  const SolveRequest& request_;
  PortfolioRules rules_;
  CliquePath path_;
  SolveResult best_;
  std::uint64_t low_ = 0, goal_ = 0;
  unsigned round_ = 0;
  bool late_ = false;
};

}  // namespace

SolveResult lower_peak(const Instance& instance, const SolveRequest& request, const PortfolioRules& rules,
                       unsigned rounds, SolveResult start) {
  if (instance.buffers.empty()) return start;
  if (CliquePath::shape_of(instance).members > CliquePath::most_members || (rules.deadline && late(request))) {
    start.stopped = true;
    return start;
  }
  return Minimizer(instance, request, rules, std::move(start)).run(rounds);
}

bool good_enough(const SolveResult& result, const Instance& instance, const SolveRequest& request) {
  if (request.capacity != unlimited_bytes) return result.plan.peak <= request.capacity;
  return result.plan.peak == lower_bound(instance).bytes;
}

}  // namespace vramlab
