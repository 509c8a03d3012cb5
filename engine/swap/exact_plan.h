#pragma once
// The least peak that a plan of swaps can reach, by search: for small programs, where the bound (bound.h) is loose.
//
// MODEL. That of PlanForecast and load_under(): whole objects; operators in order, each waiting for what it needs; one
// copy at a time in each direction, in the order queued; stall at most max_overhead * duration, the last transfer
// included. Where link directions slow each other down, the search takes each at its own full speed: a plan takes no
// longer then. So no plan has a lower peak than the search finds; whether the plan found holds on the link as it is,
// PlanForecast decides, and where it does not, `proved` stays false.
//
// SEARCH. For a peak P, slot by slot, all of: which gaps are used, which copies begin in what order, what comes back in
// what order. P falls to just below each plan found until there is none. With every direction at its own speed a begin
// or completion is a maximum of sums of earlier ones, so a smaller time, or one thing less to wait for, makes nothing
// later (*). What is left out, each because changing a plan to what is kept makes nothing later and no peak exceed P:
//   1. Gaps that cover no slot whose load exceeds P. Without such an absence there is one transfer less.
//   2. Giving memory up later than possible without waiting (changes no time), or waiting for more copies than the load
//      of the slot at hand requires, in order of completion (*: wait for the others when their slot comes).
//   3. A copy out that begins later than it could with the same order of copies: it is queued at the first slot after
//      its contents are written, or in the same slot behind one that is (*). Nor behind one before whose begin it would
//      have passed through an idle link.
//   4. A copy in that is queued first in slot k, although with the object there the load of slot k-1 is within P too:
//   it
//      keeps its place in the order when queued in slot k-1 (*).
//   5. Of two copies in queued one after the other in one slot, a then b, that where b is needed earlier, unless a
//   takes
//      longer to unpack: exchanged, b is there earlier and a when b was, before the operator that waits for a.
//      Likewise of two needed by the same operator that where b takes longer to unpack.
//   6. A gap of a copy that never comes to be given up: without it there is a transfer less.
// Each change brings the slots of copies forward, or with the same slots their order closer to that of 3 and 5, or
// takes a transfer out, so that repeating them ends. Cut off are states in which the stall so far exceeds what is
// allowed, or in which the load of a later slot must exceed P: by what gaps and copies not begun could still take off
// it, the link out busy with nothing else until then.

#include <optional>

#include "engine/swap/swap_plan.h"
#include "engine/swap/swap_types.h"

namespace vramlab {

struct ExactRequest {
  Tier tier = Tier::host;
  double max_overhead = 0;          ///< fraction of the duration that operators may wait in all
  Bytes min_swap{1};                ///< smaller objects stay
  Bytes at_least{};                 ///< no plan has a lower peak, as is known (swap_bound()): at that the search ends
  std::uint64_t steps = 2'000'000;  ///< states at most
};

struct ExactPlan {
  SwapPlan plan;        ///< the best found: within max_overhead, with peak and stall
  Bytes lower{};        ///< no plan has a lower peak
  bool proved = false;  ///< lower == plan.peak
  std::uint64_t steps = 0;
};

/// `known`: a plan to begin from, ignored where it waits longer than max_overhead. Throws ConfigError where the machine
/// has no link to that tier.
ExactPlan exact_plan(const AccessProgram& program, const SwapMachine& machine, const ExactRequest& request,
                     const std::optional<SwapPlan>& known = std::nullopt);

/// Objects that can be absent in a slot whose load exceeds `above`: the size of the search.
std::uint32_t swappable_objects(const AccessProgram& program, Bytes min_swap, Bytes above);

}  // namespace vramlab
