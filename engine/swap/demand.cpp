#include "engine/swap/demand.h"

#include <algorithm>

namespace vramlab {

void DemandPolicy::allocated(ObjectId object, Bytes bytes, StreamId stream) {
  departures_.allocated(object, bytes, stream);
  if (object.value >= used_at_.size()) used_at_.resize(object.value + 1);
  touch(object);
}

void DemandPolicy::freed(ObjectId object) {
  if (!departures_.known(object)) return;
  order_.erase({used_at_[object.value], object});
  departures_.freed(object);
}

void DemandPolicy::after_operator(std::uint32_t /*slot*/, std::span<const Operand> operands) {
  for (const Operand& operand : operands) {
    if (!departures_.known(operand.object)) continue;
    touch(operand.object);
    departures_.used(operand.object, operand.writes);
  }
}

void DemandPolicy::touch(ObjectId object) {
  order_.erase({used_at_[object.value], object});
  used_at_[object.value] = ++uses_;
  order_.emplace(uses_, object);
}

std::vector<ObjectId> DemandPolicy::victims() const {
  std::vector<ObjectId> objects;
  objects.reserve(order_.size());
  for (const auto& [used, object] : order_) objects.push_back(object);
  return objects;
}

template <class Leave>
Bytes DemandPolicy::give_up(Bytes bytes, std::span<const ObjectId> needed, Leave&& leave) {
  Bytes given{};
  for (const ObjectId object : victims()) {
    if (given >= bytes) break;
    if (std::ranges::find(needed, object) != needed.end() || !leave(object)) continue;
    sent_out(object);
    departures_.settle(object);
    given += departures_.bytes_of(object);
  }
  return given;
}

bool DemandPolicy::make_room(Bytes bytes, std::span<const ObjectId> needed) {
  Bytes given = departures_.settle_oldest(bytes, needed);
  if (given < bytes)
    given += give_up(bytes - given, needed,
                     [&](ObjectId object) { return resident(object) && departures_.send_out(object); });
  if (given == Bytes(0))
    given += give_up(bytes, needed, [&](ObjectId object) { return departures_.turn_back(object); });
  return given > Bytes(0);
}

}  // namespace vramlab
