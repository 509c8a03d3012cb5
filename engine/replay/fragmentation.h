#pragma once
// Fragmentation of what a pool holds, at the two moments that decide its footprint: after the first event of peak
// reserved, and after the first event of peak requested. Measured from the decisions alone, alike for every pool, as
// shares of bytes within [0, 1].
//
// At a moment: held = physical bytes held on the device tier, each page once however aliased; live = those under placed
// objects, as the pool rounds them; free = held - live. A free block is a maximal stretch of free bytes with adjacent
// addresses in one segment or mapped range, whatever the pool cuts it into; a page that is mapped nowhere is a block by
// itself. between = the free bytes that lie, within their segment or range, below one live object and above another.
// unreserved = memory - held, where memory is what the device would give in all: the lesser of the machine's and the
// configured capacity.
//
//   interval graph part = between / (live + between), at peak requested
//       What is live then is the heaviest clique of the interval graph: a colouring needs live bytes of addresses for
//       it, and the pool's colouring spans live + between. 0: the objects lie side by side. Free space around them is
//       not counted: no object is in the way of giving it back or using it.
//   pool part           = 1 - live / held, at peak reserved
//       What is cached, and what rounding to segments leaves. A pool that takes all it will ever need at once is at its
//       peak when nothing is live yet: compare such pools by reserved over requested.
//   device part         = (free bytes in blocks smaller than the largest request, and unreserved if that is smaller)
//                         / (free + unreserved), at peak reserved; 0 where nothing is free
//       The share of the device's free bytes that the largest request of the trace could not use: the unusable free
//       space index of Gorman and Whitcroft ("The what, the why and the where to of anti-fragmentation", 2006), with
//       what the pool has not taken yet as one block. Small on a device that is mostly empty, as it should be.
//   weighted            = 0.4 interval graph part + 0.3 pool part + 0.3 device part
//       The sum of the SmartPool document. The field's own measure stands next to it:
//   external            = 1 - largest free block / free, at peak reserved; 0 where nothing is free

#include <cstdint>
#include <memory>
#include <optional>

#include "engine/core/decision.h"
#include "engine/core/types.h"

namespace vramlab {

struct FragmentationWeights {
  double interval_graph = 0.4;
  double pool = 0.3;
  double device = 0.3;
};

/// What a pool holds at one moment; see above.
struct HeldMemory {
  Bytes held{};
  Bytes live{};
  Bytes between{};
  Bytes largest_free{};
  Bytes unusable{};  ///< free bytes in blocks smaller than the request asked about
};

struct Fragmentation {
  double interval_graph = 0;
  double pool = 0;
  std::optional<double> device;    ///< nullopt where the device's memory is not known
  std::optional<double> weighted;  ///< likewise
  double external = 0;
  Bytes largest_free{};
};

/// What the parts follow from.
struct FragmentationBasis {
  HeldMemory at_peak_requested;
  HeldMemory at_peak_reserved;  ///< REQUIRES: held > 0
  std::optional<Bytes> memory;  ///< of the device in all
  Bytes request{};              ///< the size that the device part asks about, as at_peak_reserved.unusable does
};
Fragmentation fragmentation_of(const FragmentationBasis& basis, const FragmentationWeights& weights = {});

/// Follows the decisions of a run; memory O(live objects + held). Throws InvariantError for decisions that cannot be.
class HeldMemoryMeter : public EventSink {
 public:
  HeldMemoryMeter();
  ~HeldMemoryMeter() override;
  void on_decisions(std::span<const Decision> batch) override;
  /// After the last decision seen. O(held log held).
  HeldMemory held(Bytes request) const;

 private:
  class Account;
  std::unique_ptr<Account> account_;
};

}  // namespace vramlab
