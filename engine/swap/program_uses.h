#pragma once
// When an object of an AccessProgram is used next.

#include <cstdint>
#include <vector>

#include "engine/swap/access_program.h"

namespace vramlab {

class ProgramUses {
 public:
  /// `program` must outlive it.
  explicit ProgramUses(const AccessProgram& program);

  /// Null: not of the program.
  const ProgramObject* find(ObjectId object) const;
  /// The first slot from `slot` on in which it is used; slots() where it is not used again or is not of the program.
  std::uint32_t next(ObjectId object, std::uint32_t slot) const;
  /// One beyond the last slot in which it takes memory; slots() where it is not of the program.
  std::uint32_t death(ObjectId object) const;

 private:
  const AccessProgram& program_;
  std::vector<std::uint32_t> index_;  ///< by ObjectId; none = not of the program
};

}  // namespace vramlab
