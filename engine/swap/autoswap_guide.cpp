#include "engine/swap/autoswap_guide.h"

#include <algorithm>
#include <utility>

#include "engine/swap/departures.h"

namespace vramlab {
namespace {

// Absences weighed for a plan, beyond the first that holds the limit: a tenth of what `planned` spends.
constexpr std::uint64_t effort = 300'000;
// What is less than this part of the limit is not worth a place in a plan.
constexpr std::uint64_t least_share = 1000;
// Plans that are kept: twice as many as iterations are.
constexpr std::size_t most_plans = 8;

Tier nearest(const SwapMachine& machine) {
  for (const Tier tier : tiers_nearest_first)
    if (machine.link(tier).there()) return tier;
  return Tier::device;
}

}  // namespace

AutoSwapGuide::AutoSwapGuide(const IterationHistory& history, AutoSwapManager& manager, std::uint32_t device,
                             const SwapMachine& machine, std::function<bool(ObjectId)> may_leave)
    : history_(history), manager_(manager), device_(device), machine_(machine), may_leave_(std::move(may_leave)) {}

// --- Plans -----------------------------------------------------------------------------------------------------------

void AutoSwapGuide::begin_iteration() {
  learn_room();
  ++iterations_;
  plan_ = nullptr;
  following_ = 0;
  pending_.clear();
  leaving_.clear();
  minded_.clear();
  follow();
}

// What was missed once will be again: the pool lays out as it did. Half of it at a time, since what leaves by plan may
// leave other holes than what left on demand.
void AutoSwapGuide::learn_room() {
  const Bytes missed = std::exchange(missed_, {});
  if (missed == Bytes(0) || plan_ == nullptr) return;
  const Bytes step = std::max(machine_.limit / 32, missed / 2);
  room_ = std::min(room_ + step, machine_.limit / 2);
}

const IterationPlan* AutoSwapGuide::plan_for(const IterationHistory::Iteration& kept) {
  const Bytes limit = machine_.limit - room_;
  Made& made = plans_[kept.number];
  if (made.limit != limit) {
    const IterationPlanRequest request{.limit = limit,
                                       .min_swap = std::max(manager_.settings().min_swap, limit / least_share),
                                       .tier = nearest(machine_),
                                       .effort = effort,
                                       .seed = manager_.settings().seed + 1,
                                       .may_leave = [this](IterationHistory::Role role) {
                                         const std::optional<ObjectId> object = IterationHistory::lasting(role);
                                         return !object || may_leave_(*object);
                                       }};
    made.plan = plan_iteration(kept, machine_, request);
    made.limit = limit;
  }
  made.used_at = iterations_;
  if (plans_.size() > most_plans)
    plans_.erase(std::ranges::min_element(plans_, {}, [](const auto& entry) { return entry.second.used_at; }));
  return made.plan ? &*made.plan : nullptr;
}

// What a plan that was not followed until now wanted away leaves at once.
void AutoSwapGuide::follow() {
  const IterationHistory::Iteration* const kept = history_.foretold();
  if (kept == nullptr && plan_ != nullptr && history_.position() + 1 == plan_->outs.size()) return;  // at its end
  if (kept == nullptr || !history_.sure() || nearest(machine_) == Tier::device) {
    plan_ = nullptr;
    following_ = 0;
    return;
  }
  if (kept->number == following_) return;
  following_ = kept->number;
  plan_ = plan_for(*kept);
  pending_.clear();
  leaving_.clear();
  minded_.clear();
  if (plan_ == nullptr) return;
  std::vector<std::uint32_t> away;
  const std::uint32_t position = history_.position();
  for (std::uint32_t i = 0; i < plan_->absences.size(); ++i)
    if (plan_->absences[i].out <= position && position < plan_->absences[i].in) away.push_back(i);
  send_out(away);
}

// --- An operator after the other -------------------------------------------------------------------------------------

void AutoSwapGuide::send_out(std::span<const std::uint32_t> absences) {
  SwapDecision decision{.device = device_, .objects = {}};
  for (const std::uint32_t absence : absences) {
    const std::optional<ObjectId> object = history_.object(plan_->absences[absence].role);
    if (!object) continue;
    minded_.insert(*object);
    if (manager_.may_leave(device_, *object)) decision.objects.push_back(*object);
  }
  if (!decision.objects.empty()) manager_.execute_swap_decision(decision);
}

// What was used on its way out, and so stayed, has its copy, and goes at once. Memory is given up when it is wanted:
// transfers may be ahead of the plan.
void AutoSwapGuide::give_up(std::span<const std::uint32_t> absences) {
  send_out(absences);
  leaving_.insert(leaving_.end(), absences.begin(), absences.end());
}

bool AutoSwapGuide::make_room() {
  while (!leaving_.empty()) {
    const std::optional<ObjectId> object = history_.object(plan_->absences[leaving_.front()].role);
    leaving_.pop_front();
    if (object && manager_.settle(*object, device_)) return true;
  }
  return false;
}

void AutoSwapGuide::advance() {
  follow();
  if (plan_ == nullptr) return;
  send_out(plan_->outs[history_.position()]);
  give_up(plan_->settles[history_.position()]);
}

bool AutoSwapGuide::bring_in(std::uint32_t absence) {
  const std::optional<ObjectId> object = history_.object(plan_->absences[absence].role);
  if (!object) return true;
  switch (manager_.state(device_, *object)) {
    case SwapState::away:
      while (!manager_.swap_in(*object, device_))
        if (!make_room()) return false;
      return true;
    case SwapState::leaving:  // it stays
      manager_.pin(device_, *object);
      manager_.unpin(device_, *object);
      return true;
    case SwapState::resident:
    case SwapState::arriving:
      break;
  }
  return true;
}

void AutoSwapGuide::bring_back() {
  if (plan_ == nullptr) return;
  const std::vector<std::uint32_t>& due = plan_->ins[history_.position()];
  pending_.insert(pending_.end(), due.begin(), due.end());
  auto at = pending_.begin();
  for (; at != pending_.end() && bring_in(*at); ++at)
    if (const auto object = history_.object(plan_->absences[*at].role)) minded_.erase(*object);
  pending_.erase(pending_.begin(), at);
}

}  // namespace vramlab
