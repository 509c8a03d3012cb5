#pragma once
// All absences that a planner can choose from, and the versions of contents that have to be copied out for them.

#include <cstdint>
#include <vector>

#include "engine/swap/access_program.h"

namespace vramlab {

/// Contents of an object between two writes: one copy serves all its absences.
struct ContentVersion {
  std::uint32_t object = 0;
  std::uint32_t copied = 0;  ///< first slot before which it can be copied out
  bool kept = false;         ///< a copy is there from the beginning: nothing writes the object in the stretch
};

/// One absence that is possible: within slots [from, to). One that wraps goes on, from the end of the stretch, in the
/// slots [0, head_to) of the next one, which are those of this one too.
struct AbsenceChoice {
  std::uint32_t object = 0;
  std::uint32_t version = 0;
  std::uint32_t from = 0, to = 0;
  std::uint32_t head_to = 0;
  bool wraps = false;
  bool returns = false;               ///< has to be copied in
  std::uint32_t instead = no_choice;  ///< another choice that excludes this one
  static constexpr std::uint32_t no_choice = ~std::uint32_t{0};

  /// It ends in the next stretch.
  bool next_time() const { return wraps && head_to > 0; }
  /// `slot` is one of the next stretch.
  bool in_head(std::uint32_t slot) const { return wraps && slot < head_to && slot < from; }
  bool covers(std::uint32_t slot) const { return (slot >= from && slot < to) || (wraps && slot < head_to); }
};

struct SwapChoices {
  std::vector<ContentVersion> versions;
  std::vector<AbsenceChoice> choices;
};

/// Objects of at least `min_swap` bytes.
SwapChoices swap_choices(const AccessProgram& program, Bytes min_swap);

}  // namespace vramlab
