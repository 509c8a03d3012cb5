#include "engine/swap/plan_records.h"

#include <algorithm>
#include <tuple>

namespace vramlab {
namespace {

/// First slot in which what the object holds at `slot` can be copied out.
std::uint32_t written_by(const ProgramObject& object, std::uint32_t slot) {
  std::uint32_t from = object.before || object.accesses.empty() ? object.birth : object.accesses.front().slot + 1;
  for (const Access& access : object.accesses)
    if (access.writes && access.slot < slot) from = std::max(from, access.slot + 1);
  return from;
}

/// Absences that `takes`, by `slot_of` and then planned time.
template <class Takes, class Key>
std::vector<std::uint32_t> in_order(const SwapPlan& plan, Takes&& takes, Key&& key) {
  std::vector<std::uint32_t> order;
  for (std::uint32_t i = 0; i < plan.absences.size(); ++i)
    if (takes(plan.absences[i])) order.push_back(i);
  std::ranges::stable_sort(order, {}, [&](std::uint32_t i) { return key(plan.absences[i]); });
  return order;
}

// Each with the latest slot that has been taken, if its contents are there by then.
void share_outs(const AccessProgram& program, SwapPlan& plan) {
  const auto order = in_order(
      plan, [](const PlannedAbsence& a) { return a.copies; },
      [](const PlannedAbsence& a) { return std::tuple(a.out_slot, a.out_time); });
  std::uint32_t last = program.slots() + 1;
  for (const std::uint32_t i : order) {
    PlannedAbsence& absence = plan.absences[i];
    if (last < absence.out_slot && written_by(program.objects[absence.object], absence.out_slot) <= last)
      absence.out_slot = last;
    last = absence.out_slot;
  }
}

void share_ins(const AccessProgram& program, SwapPlan& plan, std::vector<Bytes>& load) {
  const Bytes peak = *std::ranges::max_element(load);
  const auto order = in_order(
      plan, [&](const PlannedAbsence& a) { return a.in_slot < program.slots(); },
      [](const PlannedAbsence& a) { return std::tuple(a.in_slot, a.in_time); });
  std::uint32_t last = program.slots() + 1;
  for (const std::uint32_t i : order) {
    PlannedAbsence& absence = plan.absences[i];
    const Bytes bytes = program.objects[absence.object].bytes;
    if (last < absence.in_slot && last > absence.settle_slot) {
      const auto from = load.begin() + last, to = load.begin() + absence.in_slot;
      if (std::all_of(from, to, [&](Bytes there) { return there + bytes <= peak; })) {
        std::for_each(from, to, [&](Bytes& there) { there += bytes; });
        absence.in_slot = last;
      }
    }
    last = absence.in_slot;
  }
}

}  // namespace

void share_records(const AccessProgram& program, const CodecFigures& codec, SwapPlan& plan) {
  if (plan.absences.empty()) return;
  std::vector<Bytes> load = load_under(program, plan);
  if (codec.compress_time(1_MiB) == Nanoseconds(0)) share_outs(program, plan);
  share_ins(program, plan, load);
}

}  // namespace vramlab
