#include "engine/swap/swap_plan.h"

#include <fmt/format.h>
#include <algorithm>

#include "engine/core/error.h"

namespace vramlab {
namespace {

[[noreturn]] void refuse(const AccessProgram& program, const PlannedAbsence& absence, std::string_view what) {
  throw InvariantError(fmt::format("the plan for object {} (out {}, settle {}, in {}): {}",
                                   program.objects[absence.object].id.value, absence.out_slot, absence.settle_slot,
                                   absence.in_slot, what));
}

void check_slots(const AccessProgram& program, const PlannedAbsence& absence) {
  const ProgramObject& object = program.objects[absence.object];
  const std::uint32_t slots = program.slots();
  if (absence.settle_slot > absence.in_slot || absence.in_slot > slots) refuse(program, absence, "slots out of order");
  if (absence.copies && absence.out_slot >= absence.settle_slot && absence.out_slot < slots)
    refuse(program, absence, "memory is given up before the copy begins");
  if (absence.settle_slot < object.birth || (absence.in_slot < slots && absence.in_slot > object.death))
    refuse(program, absence, "absent outside its life");
  if (absence.in_slot == slots && object.after && !object.persistent())
    refuse(program, absence, "it is not brought back, but it was not there at the beginning");
  if (absence.from_the_beginning && (!object.persistent() || absence.settle_slot != 0))
    refuse(program, absence, "it cannot be away from the beginning");
}

void check_uses(const AccessProgram& program, const PlannedAbsence& absence) {
  for (const Access access : program.objects[absence.object].accesses) {
    if (access.slot >= absence.settle_slot && access.slot < absence.in_slot)
      refuse(program, absence, fmt::format("operator {} uses it then", access.slot));
    if (absence.copies && access.writes && access.slot >= absence.out_slot && access.slot < absence.settle_slot)
      refuse(program, absence, fmt::format("operator {} writes it after the copy began", access.slot));
  }
}

// What ends where an object is away has to begin there.
void check_closing(const AccessProgram& program, std::vector<const PlannedAbsence*> absences) {
  std::sort(absences.begin(), absences.end(), [](const PlannedAbsence* a, const PlannedAbsence* b) {
    return std::pair(a->object, a->settle_slot) < std::pair(b->object, b->settle_slot);
  });
  for (std::size_t i = 0; i < absences.size(); ++i) {
    const PlannedAbsence& here = *absences[i];
    const bool first = i == 0 || absences[i - 1]->object != here.object;
    const bool last = i + 1 == absences.size() || absences[i + 1]->object != here.object;
    if (!last && absences[i + 1]->settle_slot < here.in_slot) refuse(program, here, "two absences at once");
    if (!first || !program.objects[here.object].persistent()) continue;
    std::size_t end = i;
    while (end + 1 < absences.size() && absences[end + 1]->object == here.object) ++end;
    if (here.from_the_beginning != (absences[end]->in_slot == program.slots()))
      refuse(program, here, "it is not at the end where it is at the beginning");
  }
}

}  // namespace

PlanLists lists_of(const AccessProgram& program, const SwapPlan& plan) {
  const auto gather = [&](std::uint32_t PlannedAbsence::* slot, Nanoseconds PlannedAbsence::* time) {
    std::vector<std::vector<std::uint32_t>> lists(program.slots() + 1);
    for (std::uint32_t a = 0; a < plan.absences.size(); ++a) lists[plan.absences[a].*slot].push_back(a);
    for (std::vector<std::uint32_t>& list : lists)
      std::stable_sort(list.begin(), list.end(), [&](std::uint32_t a, std::uint32_t b) {
        return plan.absences[a].*time < plan.absences[b].*time;
      });
    return lists;
  };
  return {.outs = gather(&PlannedAbsence::out_slot, &PlannedAbsence::out_time),
          .settles = gather(&PlannedAbsence::settle_slot, &PlannedAbsence::out_time),
          .ins = gather(&PlannedAbsence::in_slot, &PlannedAbsence::in_time)};
}

std::vector<Bytes> load_under(const AccessProgram& program, const SwapPlan& plan) {
  std::vector<std::uint64_t> change(program.slots() + 1);  // wraps around; the sums do not
  std::vector<const PlannedAbsence*> absences;
  for (const PlannedAbsence& absence : plan.absences) {
    check_slots(program, absence);
    check_uses(program, absence);
    absences.push_back(&absence);
    const std::uint64_t bytes = program.objects[absence.object].bytes.value;
    const std::uint32_t end = std::min(absence.in_slot, program.objects[absence.object].death);
    change[absence.settle_slot] += bytes;
    change[std::max(absence.settle_slot, end)] -= bytes;
  }
  check_closing(program, std::move(absences));
  std::vector<Bytes> left(program.slots());
  std::uint64_t absent = 0;
  for (std::uint32_t slot = 0; slot < program.slots(); ++slot) {
    absent += change[slot];
    left[slot] = Bytes(program.load[slot].value - absent);
  }
  return left;
}

}  // namespace vramlab
