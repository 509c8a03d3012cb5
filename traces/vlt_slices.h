#pragma once
// Cuts a part of a trace into the rows of single chunks: tables before what names them, objects and operators with
// their events, and never more than a chunk may hold.

#include "traces/trace.h"
#include "traces/vlt_format.h"

namespace vramlab::vlt {

class Slicer {
 public:
  /// The part must outlive the slicer.
  explicit Slicer(const Trace& part) : part_(part) {}

  /// The rows of the next chunk. False when all are taken; the first call always gives a slice.
  bool next(Slice& slice);

 private:
  /// About 2^18 events; a unit of weight is at most 64 bytes of columns.
  static constexpr std::uint64_t chunk_weight = std::uint64_t{1} << 18;

  template <class WeightOf>
  void take(Range& rows, std::size_t all, WeightOf&& weight_of);
  void take_events();

  const Trace& part_;
  Slice rows_;  // taken so far: `begin` of each range is where the slice in progress begins
  std::uint64_t weight_ = 0;
  bool first_ = true;
};

/// How many rows each table of `trace` has; chunks = 0.
Totals totals_of(const Trace& trace);

}  // namespace vramlab::vlt
