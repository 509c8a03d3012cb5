#include "engine/swap/swap_records.h"

#include <fmt/format.h>

#include "engine/core/check.h"

namespace vramlab {

void SwapRecords::add(ObjectId object, Bytes bytes, StreamId stream) {
  VRAMLAB_CHECK(object.valid() && !live(object), fmt::format("object {} is allocated already", object.value));
  if (object.value >= records_.size())
    records_.resize(std::max<std::size_t>(std::size_t{object.value} + 1, records_.size() * 2));
  records_[object.value] = {.bytes = bytes, .stream = stream, .live = true};
}

void SwapRecords::remove(ObjectId object) {
  SwapRecord& record = at(object);
  if (record.movement != SwapRecord::none) {
    free_movements_.push_back(record.movement);
    movements_[record.movement] = {};
  }
  record = {};
}

SwapRecord& SwapRecords::at(ObjectId object) {
  VRAMLAB_CHECK(live(object), fmt::format("object {} is not allocated", object.value));
  return records_[object.value];
}

const SwapRecord& SwapRecords::at(ObjectId object) const {
  VRAMLAB_CHECK(live(object), fmt::format("object {} is not allocated", object.value));
  return records_[object.value];
}

Movement& SwapRecords::ensure_movement(ObjectId object) {
  SwapRecord& record = at(object);
  if (record.movement != SwapRecord::none) return movements_[record.movement];
  if (free_movements_.empty()) {
    free_movements_.push_back(static_cast<std::uint32_t>(movements_.size()));
    movements_.emplace_back();
  }
  record.movement = free_movements_.back();
  free_movements_.pop_back();
  movements_[record.movement].object = object;
  return movements_[record.movement];
}

}  // namespace vramlab
