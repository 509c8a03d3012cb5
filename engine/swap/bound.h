#pragma once
// The least load that any schedule of swaps could reach: a linear program.
//
// RULES of a schedule, those of a plan (swap_plan.h, plan_forecast.h): while operator m runs, its operands are on the
// device, whole; what is absent then had all been copied out before m began, after the last write of its contents
// (contents that no operator writes have a copy from the beginning; one copy serves until the next write); memory is
// taken for what comes back from the begin of its copy in. Objects are absent in their gaps only (gaps_of() leaves out
// those whose contents nobody could tell). Between operators memory is not counted. An operator takes
// as long as recorded, may wait before it begins, and all waiting, that for the last transfer too, is at most
// max_overhead * duration. A persistent object that is absent at the end is so at the beginning, and the reverse.
//
// DERIVATION. Let L(m) be the load while operator m, a moment, runs, and let every object be divisible, so that any
// part of it may be absent. A gap of an object (access_program.h) holds at moment m an absent amount A(g,m), from 0 to
// its size. Of a schedule, A is what has not come back by the end of m: no less than what is absent. It
//   - was copied out after the last write before the gap and before m: A(g,m) <= C(v,m), where C(v,m) is the amount of
//     the object's version v that was copied out by m. C grows by what the link takes, and is at most the size;
//   - comes back before the access after it: from the end of m to the end of m+1 the link in carries at least
//     A(g,m) - A(g,m+1), and between the gap's last moment and the begin of the next one all that is left.
// Time is cut into the moments' operators and what lies between them. A phase lasts d + s: s >= 0 is what operators
// wait in it, 0 while one runs, and all s together are at most max_overhead * duration. Persistent objects close: their
// first and last gap are one, and what was copied of their last version holds at the next beginning. Minimise
// P >= L(m) - sum of A(g,m) at all moments.
//
// WHOLE OBJECTS. What is absent at m had been copied out as a whole since its last write: record_gap, handover,
// packing, latency, its bytes and handover again. Where the time from the write to m lacks w > 0 of that, operators
// wait w there: with W(m) the waiting before m so far, W(m) - W(at the write) >= w * A / size. Likewise for what comes
// back between the end of m and the begin of its user: that holds for what is absent, Z(g,m) <= A(g,m), which the load
// counts then. What comes back in the stretch and is used in the next one needs neither unpacking nor handing over
// before the end, and what is away in the next one was handed over by the end itself. Where pauses absorb waiting, W
// may fall by them; else it only grows; at the end it is max_overhead * duration at most. With pauses p in that time W
// rises by w * A / size - p * (1 - A / size) at least: of a whole object by w, without one by -p.
//
// HANDING OVER. What follows something that the host knows to be done is not handed over: it begins as soon as the host
// has put it there. Where pauses are the host's, because it was behind, and behind an iteration's begin, it may know of
// anything. Then handing over takes what the host needs to issue a transfer, or to launch an operator, where that is
// less.
//
// LINKS. A copy of n bytes keeps its direction for latency + n / (ratio * bandwidth) when alone: let its progress count
// in that time. What a phase carries in one direction takes d + s at most (s: the rise of W). While both directions
// move bytes whose bandwidths together exceed the duplex total, each moves at the share q = duplex / (out + in) of its
// own. Let out alone move for a time a, in alone for b, both for c, and u, v be latencies out and in: a + c + u <= d +
// s and a + b + c <= d + s, so with k = min(1, 1/q - 1): a + c + k b + (1 - k) u <= d + s. Bytes out take x = a + q c
// at full speed, bytes in y = b + q c: x + k y + (1 - k) u <= d + s. With the progresses X = x + u and Y = y + v:
//     X <= d + s,   X + k Y - k (u + v) <= d + s,   and likewise for in,
// where all u + v together are the latencies of all copies. A latency may be counted by a larger size than the
// object's: its progress is then slower by as much. Copies that the chosen moments do not tell, as of what leaves and
// comes back between two of them, may be in any phase as well: there their progress takes time, and of it as much is
// latency as of the smallest object's.
//
// Every schedule of whole objects obeys these constraints: order at the link, placement and the host's calls only add
// to them. So the optimum, rounded up to whole bytes, is a lower bound of the load of any schedule; it is told from the
// prices of a solution, which prove it. It remains one when moments are left out (phases and their constraints add up),
// and when objects that are used in the same intervals between moments, of one class of sizes, are added up, by the
// least of their lacks. Moments are added where the solution does what more of them would forbid: leaves too much
// between two of them, or copies more behind a write or before a use than the time there is. The bound is loose where
// the link could not pass whole objects in an order that serves all: exact_plan.h tells by how much.

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
  /// Pauses of the device between operators, beyond launch_gap, are the host's, which goes on while an operator waits:
  /// they make up for waiting. Else they last as recorded.
  bool pauses_absorb = false;
  Nanoseconds launch_gap{};
  /// What the host pays to launch an operator and to issue a transfer, where pauses absorb.
  Nanoseconds launch{}, transfer{};
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

/// With the moments given: slots, ascending. A part of them never gives more than all.
SwapBound swap_bound_at(const AccessProgram& program, const SwapMachine& machine, const BoundRequest& request,
                        const std::vector<std::uint32_t>& moments);

}  // namespace vramlab
