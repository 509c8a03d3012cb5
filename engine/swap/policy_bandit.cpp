#include "engine/swap/policy_bandit.h"

#include <algorithm>
#include <numeric>

#include "engine/core/wide.h"
#include "engine/device/pattern.h"

namespace vramlab {

PolicyBandit::PolicyBandit(std::size_t arms, std::uint64_t seed, std::uint32_t trials, std::uint32_t patience)
    : arms_(arms), state_(seed), trials_(std::max(1u, trials)), patience_(patience) {}

std::uint64_t PolicyBandit::draw() { return pattern_word(state_++, 0); }

PolicyBandit::Learner PolicyBandit::fresh() {
  Learner learner;
  learner.order.resize(arms_);
  learner.arms.resize(arms_);
  std::iota(learner.order.begin(), learner.order.end(), std::size_t{0});
  for (std::size_t i = arms_; i > 1; --i) std::swap(learner.order[i - 1], learner.order[draw() % i]);
  return learner;
}

std::size_t PolicyBandit::best(const Learner& learner) {
  const auto least = std::ranges::min_element(learner.arms, {}, &Arm::mean);
  return static_cast<std::size_t>(least - learner.arms.begin());
}

std::size_t PolicyBandit::choose(const WorkloadClass& workload) {
  auto found = learners_.find(workload);
  if (found == learners_.end()) found = learners_.emplace(workload, fresh()).first;
  if (asked_ == &found->second && cost_) learn(*asked_, *cost_);
  cost_.reset();
  asked_ = &found->second;
  chosen_ = asked_->exploring < arms_ ? asked_->order[asked_->exploring] : best(*asked_);
  return chosen_;
}

void PolicyBandit::learn(Nanoseconds stall, Nanoseconds iteration) {
  if (iteration <= Nanoseconds(0)) return;
  const Wide parts = static_cast<Wide>(std::max<std::int64_t>(0, stall.value)) * 1'000'000u;
  cost_ = static_cast<std::int64_t>(parts / static_cast<std::uint64_t>(iteration.value));
}

void PolicyBandit::learn(Learner& learner, std::int64_t cost) {
  Arm& arm = learner.arms[chosen_];
  if (learner.exploring < arms_) return explored(learner, arm, cost);
  watched(learner, arm, cost);
}

void PolicyBandit::explored(Learner& learner, Arm& arm, std::int64_t cost) const {
  ++arm.runs;
  if (arm.runs > 1 || trials_ == 1) {
    const std::int64_t counted = trials_ == 1 ? arm.runs : arm.runs - 1;
    arm.mean += (cost - arm.mean) / counted;
  }
  if (arm.runs >= trials_) ++learner.exploring;
}

void PolicyBandit::watched(Learner& learner, Arm& arm, std::int64_t cost) {
  constexpr std::int64_t margin = 10'000;
  learner.worse = cost > 2 * arm.mean && cost > arm.mean + margin ? learner.worse + 1 : 0;
  if (learner.worse >= patience_) {
    learner = fresh();
    ++restarts_;
    return;
  }
  arm.mean += (cost - arm.mean) / 4;
}

bool PolicyBandit::committed(const WorkloadClass& workload) const {
  const auto found = learners_.find(workload);
  return found != learners_.end() && found->second.exploring >= arms_;
}

}  // namespace vramlab
