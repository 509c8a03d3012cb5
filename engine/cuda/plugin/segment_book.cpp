#include "engine/cuda/plugin/segment_book.h"

#include <algorithm>
#include <iterator>

namespace vramlab::plugin {

void SegmentBook::on_decisions(std::span<const Decision> batch) {
  for (const Decision& decision : batch)
    if (decision.kind != DecisionKind::place && decision.kind != DecisionKind::release) on_decision(decision);
}

void SegmentBook::on_decision(const Decision& decision) {
  const Bytes offset(decision.offset), bytes(decision.bytes);
  switch (decision.kind) {
    case DecisionKind::segment_take:
      if (decision.tier != Tier::device) return;
      segments_[decision.segment] = {Address(decision.offset), bytes, StreamId(decision.stream), false};
      ++taken_;
      return;
    case DecisionKind::segment_return:
      given_back_ += segments_.erase(decision.segment);
      return;
    case DecisionKind::range_reserve:
      ranges_[decision.segment].base = Address(decision.offset);
      return;
    case DecisionKind::range_release:
      ranges_.erase(decision.segment);
      return;
    case DecisionKind::map:
    case DecisionKind::alias:
      map(ranges_[decision.segment], offset, offset + bytes);
      ++taken_;
      return;
    case DecisionKind::unmap:
      unmap(ranges_[decision.segment], offset, offset + bytes);
      ++given_back_;
      return;
    default:
      return;
  }
}

void SegmentBook::map(Range& range, Bytes offset, Bytes end) {
  auto& mapped = range.mapped;
  auto next = mapped.upper_bound(offset);
  if (next != mapped.begin() && std::prev(next)->second >= offset) {
    --next;
    offset = next->first;
  }
  while (next != mapped.end() && next->first <= end) {
    end = std::max(end, next->second);
    next = mapped.erase(next);
  }
  mapped[offset] = end;
}

void SegmentBook::unmap(Range& range, Bytes offset, Bytes end) {
  auto& mapped = range.mapped;
  auto next = mapped.upper_bound(offset);
  if (next != mapped.begin() && std::prev(next)->second > offset) --next;
  while (next != mapped.end() && next->first < end) {
    const auto [begin, last] = *next;
    next = mapped.erase(next);
    if (begin < offset) mapped[begin] = offset;
    if (last > end) mapped[end] = last;
  }
}

std::vector<HeldSegment> SegmentBook::segments() const {
  std::vector<HeldSegment> all;
  for (const auto& [id, segment] : segments_) all.push_back(segment);
  for (const auto& [id, range] : ranges_)
    for (const auto& [offset, end] : range.mapped)
      all.push_back({range.base + offset, end - offset, StreamId(0), true});
  std::sort(all.begin(), all.end(), [](const HeldSegment& a, const HeldSegment& b) { return a.base < b.base; });
  return all;
}

std::optional<HeldSegment> SegmentBook::find(Address address) const {
  for (const HeldSegment& segment : segments())
    if (segment.base <= address && address < segment.base + segment.bytes) return segment;
  return std::nullopt;
}

}  // namespace vramlab::plugin
