#include "engine/replay/placement_table.h"

#include <fmt/format.h>
#include <algorithm>

#include "engine/core/error.h"

namespace vramlab {

void PlacementTable::on_decisions(std::span<const Decision> batch) {
  for (const Decision& d : batch) {
    if (d.kind == DecisionKind::place) place(d);
    if (d.kind == DecisionKind::release && d.object < places_.size()) places_[d.object].segment = SegmentId::none_value;
  }
}

// Objects have numbers of their own, never used again: who is placed once more has moved.
void PlacementTable::place(const Decision& d) {
  if (d.object >= places_.size()) {
    const std::size_t size = std::max<std::size_t>(std::size_t{d.object} + 1, places_.size() * 2);
    places_.resize(size);
    seen_.resize(size);
  }
  places_[d.object] = {d.segment, static_cast<std::uint32_t>(d.offset), static_cast<std::uint32_t>(d.offset >> 32)};
  if (seen_[d.object]) moved_.emplace_back(d.object);
  seen_[d.object] = true;
}

Extent PlacementTable::extent_of(ObjectId object, Bytes bytes) const {
  if (!live(object)) throw InvariantError(fmt::format("object {} has no place in memory", object.value));
  const Place& place = places_[object.value];
  return {SegmentId(place.segment), Bytes(std::uint64_t{place.offset_high} << 32 | place.offset_low), bytes};
}

}  // namespace vramlab
