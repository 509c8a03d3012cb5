#include "engine/swap/program_uses.h"

#include <algorithm>

namespace vramlab {
namespace {

constexpr std::uint32_t none = ~std::uint32_t{0};

}  // namespace

ProgramUses::ProgramUses(const AccessProgram& program) : program_(program) {
  for (std::uint32_t i = 0; i < program.objects.size(); ++i) {
    const std::uint32_t id = program.objects[i].id.value;
    if (id >= index_.size()) index_.resize(id + 1, none);
    index_[id] = i;
  }
}

const ProgramObject* ProgramUses::find(ObjectId object) const {
  if (object.value >= index_.size() || index_[object.value] == none) return nullptr;
  return &program_.objects[index_[object.value]];
}

std::uint32_t ProgramUses::next(ObjectId object, std::uint32_t slot) const {
  const ProgramObject* const found = find(object);
  if (found == nullptr) return program_.slots();
  const auto at = std::ranges::lower_bound(found->accesses, slot, {}, &Access::slot);
  return at == found->accesses.end() ? program_.slots() : at->slot;
}

std::uint32_t ProgramUses::death(ObjectId object) const {
  const ProgramObject* const found = find(object);
  return found == nullptr ? program_.slots() : found->death;
}

}  // namespace vramlab
