#include "engine/swap/autoswap_plan.h"

#include <algorithm>

#include "engine/swap/access_program.h"
#include "engine/swap/plan_search.h"
#include "engine/swap/swap_plan.h"

namespace vramlab {
namespace {

using Role = IterationHistory::Role;
using Uses = std::vector<std::pair<Role, std::uint32_t>>;

std::vector<Access> accesses_of(const IterationHistory::Iteration& kept, Role role) {
  std::vector<Access> accesses;
  for (auto at = std::ranges::lower_bound(kept.uses, std::pair(role, 0U)); at != kept.uses.end() && at->first == role;
       ++at)
    accesses.push_back({.slot = at->second, .writes = std::ranges::binary_search(kept.writes, *at)});
  return accesses;
}

/// Loads are those of all objects, operands and absences those of what may leave.
AccessProgram program_of(const IterationHistory::Iteration& kept, const std::function<bool(Role)>& may_leave,
                         std::vector<Role>& roles) {
  AccessProgram program;
  const std::uint32_t slots = kept.operators();
  for (std::uint32_t slot = 0; slot < slots; ++slot) {
    program.begin.push_back(kept.time(slot));
    program.end.push_back(kept.time(slot + 1));
  }
  program.duration = kept.time(slots);
  program.iterations = {0};
  for (const IterationHistory::Life& life : kept.lives) {
    if (!may_leave(life.role)) continue;
    const bool after = life.death == IterationHistory::never;
    program.objects.push_back({.id = ObjectId(static_cast<std::uint32_t>(roles.size())),
                               .bytes = life.bytes,
                               .birth = life.birth,
                               .death = std::min(life.death, slots),
                               .before = life.before,
                               .after = after,
                               .accesses = accesses_of(kept, life.role)});
    roles.push_back(life.role);
  }
  complete(program);
  program.load = kept.load;
  return program;
}

IterationPlan plan_of(const AccessProgram& program, const SwapPlan& plan, const std::vector<Role>& roles) {
  IterationPlan made;
  made.stall = plan.stall;
  std::vector<const PlannedAbsence*> absences;
  for (const PlannedAbsence& absence : plan.absences) absences.push_back(&absence);
  std::ranges::stable_sort(absences, [](const PlannedAbsence* a, const PlannedAbsence* b) {
    return std::pair(a->in_slot, a->in_time) < std::pair(b->in_slot, b->in_time);
  });
  const std::uint32_t slots = program.slots();
  made.outs.resize(slots + 1);
  made.settles.resize(slots + 1);
  made.ins.resize(slots + 1);
  std::vector<Nanoseconds> out_times;
  for (const PlannedAbsence* const absence : absences) {
    const ProgramObject& object = program.objects[absence->object];
    const auto number = static_cast<std::uint32_t>(made.absences.size());
    const std::uint32_t in = std::min(absence->in_slot, object.death);
    const bool returns = in < slots && absence->in_slot == in;
    made.absences.push_back(
        {roles[absence->object], absence->copies ? absence->out_slot : absence->settle_slot, absence->settle_slot, in});
    out_times.push_back(absence->out_time);
    if (absence->copies) made.outs[absence->out_slot].push_back(number);
    made.settles[absence->settle_slot].push_back(number);
    if (returns) made.ins[in].push_back(number);
  }
  for (auto& list : made.outs) std::ranges::stable_sort(list, {}, [&](std::uint32_t i) { return out_times[i]; });
  return made;
}

}  // namespace

std::optional<IterationPlan> plan_iteration(const IterationHistory::Iteration& kept, const SwapMachine& machine,
                                            const IterationPlanRequest& request) {
  if (kept.operators() == 0 || *std::ranges::max_element(kept.load) <= request.limit) return std::nullopt;
  std::vector<Role> roles;
  const AccessProgram program = program_of(kept, request.may_leave, roles);
  if (program.objects.empty()) return std::nullopt;
  PlanSearch search(program, machine,
                    {.tier = request.tier,
                     .mode = PlanMode::stick_to_limit,
                     .min_swap = request.min_swap,
                     .effort = request.effort,
                     .seed = request.seed});
  const std::optional<SwapPlan> plan = search.quickest(std::max(request.limit, search.least()));
  if (!plan) return std::nullopt;
  return plan_of(program, *plan, roles);
}

}  // namespace vramlab
