#pragma once
// A timetable of swaps for a stretch of operators, made beforehand, and the policy that follows one.
//
// Before operator k is launched two things happen in this order: at the beginning of slot k, right after operator k-1
// was launched and before the frees and allocations of slot k, settles and then outs; right before operator k, ins. So
// an object is absent while the operators of slots [settle_slot, in_slot) run.

#include <cstdint>
#include <memory>
#include <vector>

#include "engine/core/types.h"
#include "engine/swap/access_program.h"
#include "engine/swap/swap_policy.h"

namespace vramlab {

struct PlannedAbsence {
  std::uint32_t object = 0;  ///< index into AccessProgram::objects
  Tier tier = Tier::host;
  std::uint32_t out_slot = 0;     ///< the copy out begins after operator out_slot - 1
  std::uint32_t settle_slot = 0;  ///< > out_slot, or equal where no copy is needed; the memory is given up here
  std::uint32_t in_slot = 0;  ///< place and copy in; slots() where it is not brought back: freed, or the stretch ends
  bool copies = true;         ///< false: a valid copy is there already, or it was away from the beginning
  /// Its absence began before the stretch (settle_slot = 0): persistent objects only, and another absence of the same
  /// object must last to the end.
  bool from_the_beginning = false;
  Nanoseconds out_time{}, in_time{};  ///< when the copies are planned to begin: those of one slot go in this order
};

struct SwapPlan {
  std::vector<PlannedAbsence> absences;  ///< any order; those of one object do not overlap
  Bytes peak{};                          ///< largest load left, over slots
  Nanoseconds stall{};                   ///< predicted
};

/// Absences (indices) by the slot in which they begin to be copied out, are settled, or are copied in: each list in the
/// order of its planned times. Slots 0 to slots().
struct PlanLists {
  std::vector<std::vector<std::uint32_t>> outs, settles, ins;
};
PlanLists lists_of(const AccessProgram& program, const SwapPlan& plan);

/// Load that is left in every slot. Throws InvariantError where the plan breaks a rule above: an operand absent, two
/// absences at once, slots out of order, an object outside its life, a stretch that does not close.
std::vector<Bytes> load_under(const AccessProgram& program, const SwapPlan& plan);

/// Follows the plan of the context; for SwapInfo::make. What it finds impossible (no place in the tier, no memory) it
/// leaves out.
std::unique_ptr<SwapPolicy> follow_plan(const OptionValues& options, const SwapContext& context);

}  // namespace vramlab
