// Follows a plan. Objects that the plan wants away from the beginning leave as soon as they are there, before the
// stretch begins; so do copies of what is never written. What goes another way than planned (no memory where something
// is to come back, a pool that needs more than the load) is made good on demand, by the object whose next use is
// farthest.

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
    find_setup();
  }

  void allocated(ObjectId object, Bytes /*bytes*/, StreamId /*stream*/) override {
    const auto index = static_cast<std::size_t>(uses_.find(object) - program_.objects.data());
    live_.push_back(object);
    if (at_setup_[index] == AtSetup::stays) return;
    const Tier tier = tier_[index];
    if (at_setup_[index] == AtSetup::copied) {
      swapper_.copy_out(object, tier);
    } else {
      send_away(object, tier);
    }
    at_setup_[index] = AtSetup::stays;
  }

  void freed(ObjectId object) override { std::erase(live_, object); }

  void begin() override { enter(0); }
  void before_operator(std::uint32_t slot, std::span<const Operand> /*operands*/) override {
    for (const std::uint32_t a : lists_.ins[slot]) bring_back(plan_.absences[a]);
  }
  void after_operator(std::uint32_t slot, std::span<const Operand> /*operands*/) override { enter(slot + 1); }

  bool make_room(Bytes /*bytes*/, std::span<const ObjectId> needed) override {
    const ObjectId victim = farthest(needed);
    return victim.valid() && send_away(victim, fallback_tier());
  }

 private:
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
    send_away(object, absence.tier);
  }

  void bring_back(const PlannedAbsence& absence) {
    const ObjectId object = id_of(absence);
    if (swapper_.state(object) == SwapState::away) swapper_.swap_in(object);  // no memory: on demand, then
  }

  // Its memory is given up at once: what the plan wants copied beside operators was copied before.
  bool send_away(ObjectId object, Tier tier) {
    if (!swapper_.swap_out(object, tier)) return false;
    if (swapper_.state(object) == SwapState::leaving) swapper_.settle(object);
    return true;
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
  std::vector<AtSetup> at_setup_;  // by index into the program's objects
  std::vector<Tier> tier_;         // likewise
  std::vector<ObjectId> live_;
  std::uint32_t slot_ = 0;
};

}  // namespace

std::unique_ptr<SwapPolicy> follow_plan(const OptionValues& /*options*/, const SwapContext& context) {
  VRAMLAB_CHECK(context.plan != nullptr, "a policy that follows a plan has none");
  return std::make_unique<PlannedPolicy>(*context.plan, context);
}

}  // namespace vramlab
