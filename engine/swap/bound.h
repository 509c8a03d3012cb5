#pragma once
// The least load that any schedule of swaps could reach: a linear program.
//
// DERIVATION. Let L(m) be the load at a moment m (while an operator runs), and let every object be divisible, so that
// any part of it may be absent. A gap of an object (access_program.h) holds at moment m an absent amount A(g,m) between
// 0 and its size. What is absent at m
//   - was copied out after the last write before the gap and before m: A(g,m) <= C(v,m), where C(v,m) is the amount of
//     the object's version v that was copied out by m. C grows by what the link takes, and is at most the size;
//   - comes back before the access after it: from the end of m to the end of m+1 the link in carries at least
//     A(g,m) - A(g,m+1), and between the gap's last moment and the begin of the next one all that is left.
// Time is cut into the moments' operators and what lies between them. In such a phase of length d each direction of the
// link carries at most bandwidth * (d + s), both together at most duplex * (d + s), where s >= 0 is what the schedule
// lets the operators wait there; all s together are at most max_overhead * duration. A packed transfer needs 1/ratio of
// the bytes. Persistent objects close: their first and last gap are one, and what was copied of their last version
// holds at the next beginning. Minimise P >= L(m) - sum of A(g,m) at all moments.
//
// Every schedule of whole objects obeys these constraints: latencies, order at the link, whole transfers (nothing is
// free before all of an object is out), placement and the host's time only add to them. So the optimum is a lower bound
// of the load of any schedule. It remains one when moments are left out, and when objects that are used in the same
// intervals between moments are added up, which keeps the program small: with `moments` moments, chosen where the load
// is largest.

#include <cstdint>
#include <vector>

#include "engine/swap/access_program.h"
#include "engine/swap/swap_types.h"

namespace vramlab {

struct BoundRequest {
  Tier tier = Tier::host;
  double max_overhead = 0;      ///< fraction of the duration that operators may wait in all
  Bytes min_swap{1};            ///< smaller objects stay
  std::uint32_t moments = 400;  ///< at most; all operators where there are no more
};

struct SwapBound {
  Bytes load{};              ///< no schedule has a lower maximum
  Bytes largest_operator{};  ///< no schedule has, at any bandwidth: the largest working set
  Bytes max_load{};          ///< without swapping
  std::uint32_t moments = 0;
  std::uint32_t columns = 0, rows = 0;  ///< of the program
  bool optimal = false;  ///< the solver finished; else `load` is what is known without it: the largest operator
};

/// Throws ConfigError where the machine has no link to that tier.
SwapBound swap_bound(const AccessProgram& program, const SwapMachine& machine, const BoundRequest& request);

}  // namespace vramlab
