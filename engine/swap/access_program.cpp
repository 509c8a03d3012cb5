#include "engine/swap/access_program.h"

#include <algorithm>

namespace vramlab {

std::vector<SwapGap> gaps_of(const AccessProgram& program, std::uint32_t index) {
  const ProgramObject& object = program.objects[index];
  std::vector<SwapGap> gaps;
  const auto add = [&](std::uint32_t from, std::uint32_t to, std::uint32_t copied, bool returns) {
    if (from < to) gaps.push_back({.object = index, .from = from, .to = to, .copied = copied, .returns = returns});
  };
  if (object.accesses.empty()) {
    if (object.before) add(object.birth, object.death, 0, false);
    return gaps;
  }
  std::uint32_t copied = 0;
  if (object.before) add(object.birth, object.accesses.front().slot, 0, true);
  for (std::size_t i = 0; i + 1 < object.accesses.size(); ++i) {
    if (object.accesses[i].writes || (i == 0 && !object.before)) copied = object.accesses[i].slot + 1;
    add(object.accesses[i].slot + 1, object.accesses[i + 1].slot, copied, true);
  }
  if (object.accesses.back().writes || (object.accesses.size() == 1 && !object.before))
    copied = object.accesses.back().slot + 1;
  if (object.before || !object.after) add(object.accesses.back().slot + 1, object.death, copied, false);
  return gaps;
}

std::vector<Bytes> working_sets(const AccessProgram& program, const std::function<bool(std::uint32_t)>& leaves) {
  std::vector<std::uint64_t> change(program.slots() + 1);  // wraps around; the sums do not
  for (std::uint32_t i = 0; i < program.objects.size(); ++i) {
    if (leaves && !leaves(i)) continue;
    for (const SwapGap& gap : gaps_of(program, i)) {
      change[gap.from] += program.objects[i].bytes.value;
      change[gap.to] -= program.objects[i].bytes.value;
    }
  }
  std::vector<Bytes> sets(program.slots());
  std::uint64_t absent = 0;
  for (std::uint32_t slot = 0; slot < program.slots(); ++slot) {
    absent += change[slot];
    sets[slot] = Bytes(program.load[slot].value - std::min(absent, program.load[slot].value));
  }
  return sets;
}

Bytes working_set(const AccessProgram& program, std::uint32_t slot) { return working_sets(program)[slot]; }

std::uint32_t largest_operator(const AccessProgram& program) {
  const std::vector<Bytes> sets = working_sets(program);
  return static_cast<std::uint32_t>(std::max_element(sets.begin(), sets.end()) - sets.begin());
}

void complete(AccessProgram& program) {
  const std::uint32_t slots = program.slots();
  std::vector<std::uint64_t> change(slots + 1);  // wraps around; the sums do not
  program.operands.assign(slots, {});
  for (std::uint32_t i = 0; i < program.objects.size(); ++i) {
    const ProgramObject& object = program.objects[i];
    change[object.birth] += object.bytes.value;
    change[object.death] -= object.bytes.value;
    for (const Access& access : object.accesses) program.operands[access.slot].push_back(i);
  }
  program.load.assign(slots, {});
  std::uint64_t load = 0;
  for (std::uint32_t slot = 0; slot < slots; ++slot) program.load[slot] = Bytes(load += change[slot]);
}

}  // namespace vramlab
