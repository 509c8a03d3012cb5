#pragma once
// How long operators wait when swaps are carried out by a timetable, told beforehand.
//
// Each direction of a link takes its transfers one after the other, in the order in which they are put: by slot, then
// by the access before (outs) or after (ins). A transfer starts when the operator launched before it is done; what is
// given up at a slot is waited for before anything of that slot, what is brought back before the next operator that
// uses it. Operators run one after the other. Traffic in the other direction and the host's time are not counted.

#include <span>

#include "engine/swap/access_program.h"
#include "engine/swap/swap_plan.h"
#include "engine/swap/swap_types.h"

namespace vramlab {

/// REQUIRES: the absences keep the rules of swap_plan.h; the machine has links to their tiers.
Nanoseconds predicted_stall(const AccessProgram& program, std::span<const PlannedAbsence> absences,
                            const SwapMachine& machine);

}  // namespace vramlab
