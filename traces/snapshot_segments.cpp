#include "traces/snapshot_segments.h"

#include <algorithm>
#include <utility>

namespace vramlab::snapshot {

void SegmentLog::follow(const Entry& entry, SegmentAction action) {
  const Range range{entry.address, entry.address + entry.size.value};
  if (action == SegmentAction::alloc || action == SegmentAction::map) {
    if (held_.overlap(range) != 0) fields_.fail(entry.offset, "a segment is taken where one exists already");
    held_.add(range);
  } else {
    add_start(range, entry.stream, action == SegmentAction::unmap);
    // What had not been seen is held by inference; the rest must be held by a recorded entry.
    const std::uint64_t inferred = range.size() - seen_.overlap(range);
    if (held_.overlap(range) + inferred != range.size())
      fields_.fail(entry.offset, "a segment is returned that does not exist");
    held_.remove(range);
  }
  seen_.add(range);
}

void SegmentLog::exists_at_end(Range range, std::uint64_t stream, bool expandable) {
  add_start(range, stream, expandable);
  seen_.add(range);
}

void SegmentLog::add_start(Range range, std::uint64_t stream, bool mapped) {
  const SegmentAction action = mapped ? SegmentAction::map : SegmentAction::alloc;
  for (const Range& part : seen_.missing(range)) start_.push_back({action, stream, part});
}

std::vector<StartSegment> SegmentLog::take_start() {
  std::sort(start_.begin(), start_.end(),
            [](const StartSegment& a, const StartSegment& b) { return a.range.begin < b.range.begin; });
  return std::exchange(start_, {});
}

}  // namespace vramlab::snapshot
