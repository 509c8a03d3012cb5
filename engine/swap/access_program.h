#pragma once
// A stretch of a run as its operators see it: what planners, look-ahead policies and the bound work on.
//
// Slot k is everything from the end of the launch of operator k-1 to the end of the launch of operator k: first
// allocations and frees, then the operator. An object takes memory in slots [birth, death).

#include <cstdint>
#include <functional>
#include <span>
#include <vector>

#include "engine/core/types.h"

namespace vramlab {

struct Access {
  std::uint32_t slot = 0;  ///< = operator
  bool writes = false;
  friend bool operator==(const Access&, const Access&) = default;
};

struct ProgramObject {
  ObjectId id{};
  Bytes bytes{};  ///< rounded up to 512, as load is counted
  StreamId stream{0};
  std::uint32_t birth = 0;       ///< first slot; 0 for what was there before
  std::uint32_t death = 0;       ///< one beyond the last slot in which it takes memory while the operator runs
  bool before = false;           ///< there before the stretch begins
  bool after = false;            ///< still there when it ends
  std::vector<Access> accesses;  ///< in order of slot, one a slot

  /// Lives through the whole stretch: what it is like at the end it is like at the beginning of the next one.
  bool persistent() const { return before && after; }
};

struct AccessProgram {
  std::vector<ProgramObject> objects;
  std::vector<Nanoseconds> begin, end;  ///< of each operator on a device with unlimited memory
  std::vector<Bytes> load;              ///< of each slot: sum of the bytes that live while its operator runs
  std::vector<std::vector<std::uint32_t>> operands;  ///< of each operator: indices into objects, ascending, once each
  std::vector<std::uint32_t> iterations;             ///< first slot of each iteration
  Nanoseconds duration{};                            ///< of all

  std::uint32_t slots() const { return static_cast<std::uint32_t>(begin.size()); }
};

/// An absence that is possible: the object is not used in slots [from, to).
struct SwapGap {
  std::uint32_t object = 0;
  std::uint32_t from = 0;    ///< slot after the access before it; 0: away from the beginning is possible
  std::uint32_t to = 0;      ///< slot of the access after it; slots() where there is none in the stretch
  std::uint32_t copied = 0;  ///< first slot at which a copy out can begin: after the last write before the gap
  bool returns = false;      ///< has to be brought back: there is an access after it
};

/// All gaps of one object, in order. What is allocated in the stretch has none before its first access, what is there
/// at the end without having been there at the beginning none after its last: nobody could say what became of it. A
/// persistent object's first and last gap are one absence, from the end of a stretch into the beginning of the next.
std::vector<SwapGap> gaps_of(const AccessProgram& program, std::uint32_t object);
/// Of each slot: bytes that cannot be absent while its operator runs, being its operands or having no gap there.
/// Of all objects, or as if those for which `leaves` (by index) is false never left.
std::vector<Bytes> working_sets(const AccessProgram& program, const std::function<bool(std::uint32_t)>& leaves = {});
/// The one of `slot`; takes as long as all of them.
Bytes working_set(const AccessProgram& program, std::uint32_t slot);
/// The operator with the largest working set.
std::uint32_t largest_operator(const AccessProgram& program);
/// Fills load and operands from objects. REQUIRES: begin and end are there.
void complete(AccessProgram& program);

}  // namespace vramlab
