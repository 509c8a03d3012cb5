#include "engine/swap/access_program.h"

#include <algorithm>

namespace vramlab {

Bytes working_set(const AccessProgram& program, std::uint32_t slot) {
  Bytes bytes{};
  for (const std::uint32_t object : program.operands[slot]) bytes += program.objects[object].bytes;
  return bytes;
}

std::uint32_t largest_operator(const AccessProgram& program) {
  std::uint32_t largest = 0;
  Bytes most{};
  for (std::uint32_t slot = 0; slot < program.slots(); ++slot) {
    const Bytes bytes = working_set(program, slot);
    if (bytes > most) most = bytes, largest = slot;
  }
  return largest;
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
