#include "traces/snapshot_ranges.h"

#include <algorithm>
#include <iterator>

namespace vramlab::snapshot {

RangeSet::Map::const_iterator RangeSet::first_reaching(std::uint64_t address) const {
  const auto after = ranges_.upper_bound(address);
  if (after == ranges_.begin()) return after;
  const auto before = std::prev(after);
  return before->second >= address ? before : after;
}

void RangeSet::add(Range range) {
  if (range.size() == 0) return;
  for (auto it = first_reaching(range.begin); it != ranges_.end() && it->first <= range.end; it = ranges_.erase(it)) {
    range.begin = std::min(range.begin, it->first);
    range.end = std::max(range.end, it->second);
  }
  ranges_[range.begin] = range.end;
}

void RangeSet::remove(Range range) {
  if (range.size() == 0) return;
  for (auto it = first_reaching(range.begin); it != ranges_.end() && it->first < range.end;) {
    const Range found{it->first, it->second};
    it = ranges_.erase(it);
    if (found.begin < range.begin) ranges_[found.begin] = std::min(found.end, range.begin);
    if (found.end > range.end) ranges_[range.end] = found.end;
    if (found.end >= range.end) return;
  }
}

bool RangeSet::contains(std::uint64_t address) const {
  const auto after = ranges_.upper_bound(address);
  return after != ranges_.begin() && std::prev(after)->second > address;
}

std::uint64_t RangeSet::overlap(Range range) const {
  std::uint64_t bytes = range.size();
  for (const Range& gap : missing(range)) bytes -= gap.size();
  return bytes;
}

std::vector<Range> RangeSet::missing(Range range) const {
  std::vector<Range> gaps;
  for (auto it = first_reaching(range.begin); it != ranges_.end() && it->first < range.end; ++it) {
    if (it->first > range.begin) gaps.push_back({range.begin, it->first});
    range.begin = std::max(range.begin, std::min(it->second, range.end));
  }
  if (range.size() != 0) gaps.push_back(range);
  return gaps;
}

}  // namespace vramlab::snapshot
