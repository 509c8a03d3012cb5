#pragma once
// Operators of a trace on a device with contents: with the places of what they read and write, in the program's order.

#include <cstdint>
#include <vector>

#include "engine/device/device.h"
#include "engine/replay/placement_table.h"
#include "traces/trace.h"

namespace vramlab {

/// Recordings do not say on which stream an operator ran.
inline constexpr StreamId operator_stream{0};

/// Recordings do not hold the program's own synchronisation either. So an operator comes after all earlier work of the
/// streams to which its objects belong, and their later work (the reuse of that memory, too) comes after it.
class LiveOperators {
 public:
  /// All must outlive this. REQUIRES: device.contents() is not null.
  LiveOperators(const Trace& trace, const PlacementTable& places, RunnableDevice& device);

  /// REQUIRES: the table has seen all decisions. Throws InvariantError where an object has no place.
  void launch(std::uint32_t op);

 private:
  void gather(const Lists& lists, std::uint32_t op, std::vector<Extent>& extents);
  void note_stream(StreamId stream);

  const Trace& trace_;
  const PlacementTable& places_;
  RunnableDevice& device_;
  Contents& contents_;
  std::vector<Extent> reads_, writes_;
  std::vector<StreamId> streams_;  ///< of its objects, other than the operator's
};

}  // namespace vramlab
