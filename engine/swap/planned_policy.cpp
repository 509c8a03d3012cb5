// Follows a plan. Objects that the plan wants away from the beginning leave as soon as they are there, before the
// stretch begins; so do copies of what is never written. What goes another way than planned (no memory where something
// is to come back, a pool that needs more than the load) is made good on demand: first by settling what is on its way
// out anyhow, then by the object whose next use is farthest.

#include <algorithm>

#include "engine/core/check.h"
#include "engine/swap/program_uses.h"
#include "engine/swap/swap_plan.h"

namespace vramlab {
namespace {

class PlannedPolicy final : public SwapPolicy {
 public:
  PlannedPolicy(SwapPlan plan, const SwapContext& context)
      : plan_(std::move(plan)),
        program_(*context.program),
        swapper_(*context.swapper),
        uses_(program_),
        lists_(lists_of(program_, plan_)),
        at_setup_(program_.objects.size(), AtSetup::stays) {
    for (std::uint32_t i = 0; i < program_.objects.size(); ++i) {
      const ObjectId id = program_.objects[i].id;
      if (id.value >= index_.size()) index_.resize(id.value + 1, none);
      index_[id.value] = i;
    }
    find_setup();
  }

  void allocated(ObjectId object, Bytes /*bytes*/, StreamId /*stream*/) override {
    const std::uint32_t index = index_[object.value];
    live_.push_back(object);
    if (at_setup_[index] == AtSetup::stays) return;
    const Tier tier = tier_[index];
    if (at_setup_[index] == AtSetup::copied) {
      swapper_.copy_out(object, tier);
    } else if (swapper_.swap_out(object, tier)) {
      settle_now(object);
    }
    at_setup_[index] = AtSetup::stays;
  }

  void freed(ObjectId object) override { std::erase(live_, object); }

  void begin() override { enter(0); }
  void before_operator(std::uint32_t slot, std::span<const Operand> /*operands*/) override {
    for (const std::uint32_t a : lists_.ins[slot]) bring_back(plan_.absences[a]);
  }
  void after_operator(std::uint32_t slot, std::span<const Operand> /*operands*/) override { enter(slot + 1); }

  bool make_room(Bytes bytes, std::span<const ObjectId> needed) override {
    if (swapper_.settle_oldest(bytes) > Bytes(0)) return true;
    const ObjectId victim = farthest(needed);
    if (!victim.valid() || !swapper_.swap_out(victim, fallback_tier())) return false;
    settle_now(victim);
    return true;
  }

 private:
  static constexpr std::uint32_t none = ~std::uint32_t{0};
  enum class AtSetup : std::uint8_t { stays, copied, leaves };

  void find_setup() {
    tier_.assign(program_.objects.size(), Tier::host);
    std::vector<bool> copies(program_.objects.size());
    for (const PlannedAbsence& absence : plan_.absences) {
      tier_[absence.object] = absence.tier;
      if (absence.copies) copies[absence.object] = true;
    }
    for (const PlannedAbsence& absence : plan_.absences) {
      AtSetup& setup = at_setup_[absence.object];
      if (absence.from_the_beginning) setup = AtSetup::leaves;
      if (setup == AtSetup::stays && !absence.copies && !copies[absence.object]) setup = AtSetup::copied;
    }
  }

  void enter(std::uint32_t slot) {
    slot_ = slot;
    for (const std::uint32_t a : lists_.settles[slot]) leave(plan_.absences[a]);
    for (const std::uint32_t a : lists_.outs[slot]) copy(plan_.absences[a]);
  }

  ObjectId id_of(const PlannedAbsence& absence) const { return program_.objects[absence.object].id; }

  void copy(const PlannedAbsence& absence) {
    const ObjectId object = id_of(absence);
    if (absence.copies && swapper_.state(object) == SwapState::resident) swapper_.copy_out(object, absence.tier);
  }

  void leave(const PlannedAbsence& absence) {
    const ObjectId object = id_of(absence);
    if (absence.from_the_beginning || swapper_.state(object) != SwapState::resident) return;
    if (swapper_.swap_out(object, absence.tier)) settle_now(object);
  }

  void bring_back(const PlannedAbsence& absence) {
    const ObjectId object = id_of(absence);
    if (swapper_.state(object) != SwapState::away) return;
    while (!swapper_.swap_in(object))
      if (swapper_.settle_oldest(swapper_.bytes_of(object)) == Bytes(0)) return;  // on demand, then
  }

  void settle_now(ObjectId object) {
    if (swapper_.state(object) == SwapState::leaving) swapper_.settle(object);
  }

  Tier fallback_tier() const { return plan_.absences.empty() ? Tier::host : plan_.absences.front().tier; }

  ObjectId farthest(std::span<const ObjectId> needed) const {
    ObjectId best;
    std::uint32_t best_use = 0;
    for (const ObjectId object : live_) {
      if (std::find(needed.begin(), needed.end(), object) != needed.end()) continue;
      if (swapper_.obstacle(object, fallback_tier()) != nullptr) continue;
      const std::uint32_t use = uses_.next(object, slot_);
      if (best.valid() && use <= best_use) continue;
      best = object;
      best_use = use;
    }
    return best;
  }

  const SwapPlan plan_;
  const AccessProgram& program_;
  PrioritySwapper& swapper_;
  ProgramUses uses_;
  PlanLists lists_;
  std::vector<std::uint32_t> index_;  // into the program's objects, by ObjectId
  std::vector<AtSetup> at_setup_;     // by index
  std::vector<Tier> tier_;            // by index
  std::vector<ObjectId> live_;
  std::uint32_t slot_ = 0;
};

}  // namespace

std::unique_ptr<SwapPolicy> follow_plan(const OptionValues& /*options*/, const SwapContext& context) {
  VRAMLAB_CHECK(context.plan != nullptr, "a policy that follows a plan has none");
  return make_planned_policy(*context.plan, context);
}

std::unique_ptr<SwapPolicy> make_planned_policy(SwapPlan plan, const SwapContext& context) {
  return std::make_unique<PlannedPolicy>(std::move(plan), context);
}

}  // namespace vramlab
