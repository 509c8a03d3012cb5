#pragma once
// Which memory the recorded allocator held: follows the segment entries and finds what it held before the first one.

#include <cstdint>
#include <vector>

#include "traces/snapshot_entry.h"
#include "traces/snapshot_ranges.h"
#include "traces/trace.h"

namespace vramlab::snapshot {

/// Memory that was held before the recording began.
struct StartSegment {
  SegmentAction action{};  ///< alloc or map
  std::uint64_t stream = 0;
  Range range;
};

class SegmentLog {
 public:
  explicit SegmentLog(const Fields& fields) : fields_(fields) {}

  /// Follows a segment_alloc, segment_free, segment_map or segment_unmap entry. Throws TraceError: memory is taken that
  /// is held already, or returned that is not.
  void follow(const Entry& entry, SegmentAction action);
  /// A segment that exists at the end.
  void exists_at_end(Range range, std::uint64_t stream, bool expandable);
  /// True where an entry so far took or returned the memory at `address`: all its blocks since then were recorded.
  bool seen(std::uint64_t address) const { return seen_.contains(address); }

  /// In address order. The log is empty afterwards.
  std::vector<StartSegment> take_start();

 private:
  void add_start(Range range, std::uint64_t stream, bool mapped);

  const Fields& fields_;
  RangeSet held_;  ///< now, taken by recorded entries
  RangeSet seen_;
  std::vector<StartSegment> start_;
};

}  // namespace vramlab::snapshot
