#include "engine/swap/demand.h"

#include <algorithm>

namespace vramlab {
namespace {

bool contains(std::span<const ObjectId> objects, ObjectId object) {
  return std::ranges::find(objects, object) != objects.end();
}

}  // namespace

// --- What is there -----------------------------------------------------------------------------------------------

void DemandPolicy::allocated(ObjectId object, Bytes bytes, StreamId stream) {
  if (object.value >= objects_.size()) objects_.resize(object.value + 1);
  objects_[object.value] = {.bytes = bytes, .stream = stream, .live = true, .used = ++uses_};
  order_.emplace(uses_, object);
}

void DemandPolicy::freed(ObjectId object) {
  if (!known(object)) return;
  order_.erase({objects_[object.value].used, object});
  objects_[object.value] = {};
}

void DemandPolicy::after_operator(std::uint32_t /*slot*/, std::span<const Operand> operands) {
  ++operators_;
  for (const Operand& operand : operands) {
    if (!known(operand.object)) continue;
    touch(operand.object);
    if (operand.writes) objects_[operand.object.value].copy.reset();
  }
}

void DemandPolicy::touch(ObjectId object) {
  Object& entry = objects_[object.value];
  order_.erase({entry.used, object});
  entry.used = ++uses_;
  order_.emplace(entry.used, object);
}

std::vector<ObjectId> DemandPolicy::victims() const {
  std::vector<ObjectId> objects;
  objects.reserve(order_.size());
  for (const auto& [used, object] : order_) objects.push_back(object);
  return objects;
}

Bytes DemandPolicy::on_device() const {
  Bytes bytes{};
  for (const auto& [used, object] : order_)
    if (swapper_.state(object) != SwapState::away) bytes += bytes_of(object);
  return bytes;
}

// --- Tiers -------------------------------------------------------------------------------------------------------

std::optional<Tier> DemandPolicy::tier_for(ObjectId object) const {
  const std::optional<Tier> copy = objects_[object.value].copy;
  if (copy && swapper_.obstacle(object, *copy) == nullptr) return copy;
  for (const Tier tier : tiers_nearest_first)
    if (machine_.link(tier).there() && swapper_.obstacle(object, tier) == nullptr) return tier;
  return std::nullopt;
}

const SwapLink* DemandPolicy::first_link() const {
  for (const Tier tier : tiers_nearest_first)
    if (machine_.link(tier).there()) return &machine_.link(tier);
  return nullptr;
}

Nanoseconds DemandPolicy::out_time(Bytes bytes) const {
  const SwapLink* const link = first_link();
  if (link == nullptr) return {};
  return link->out.time(machine_.codec.packed(bytes)) + machine_.codec.compress_time(bytes);
}

Nanoseconds DemandPolicy::in_time(Bytes bytes) const {
  const SwapLink* const link = first_link();
  if (link == nullptr) return {};
  return link->in.time(machine_.codec.packed(bytes)) + machine_.codec.decompress_time(bytes);
}

// --- Out ---------------------------------------------------------------------------------------------------------

bool DemandPolicy::send_out(ObjectId object) {
  const std::optional<Tier> tier = tier_for(object);
  if (!tier || !swapper_.swap_out(object, *tier)) return false;
  objects_[object.value].copy = tier;
  if (swapper_.state(object) == SwapState::leaving) leaving_.push_back({object, operators_});
  return true;
}

Bytes DemandPolicy::settle(ObjectId object) {
  if (!known(object) || swapper_.state(object) != SwapState::leaving) return {};
  swapper_.settle(object);
  return bytes_of(object);
}

void DemandPolicy::settle_begun_before(std::uint64_t count) {
  while (!leaving_.empty() && leaving_.front().begun < count) {
    settle(leaving_.front().object);
    leaving_.pop_front();
  }
}

Bytes DemandPolicy::settle_leaving(Bytes bytes, std::span<const ObjectId> needed) {
  Bytes given{};
  for (auto at = leaving_.begin(); at != leaving_.end() && given < bytes;) {
    if (contains(needed, at->object)) {
      ++at;
    } else {
      given += settle(at->object);
      at = leaving_.erase(at);
    }
  }
  return given;
}

Bytes DemandPolicy::evict(Bytes bytes, std::span<const ObjectId> needed) {
  Bytes given{};
  for (const ObjectId object : victims()) {
    if (given >= bytes) break;
    if (!resident(object) || contains(needed, object) || !send_out(object)) continue;
    sent_out(object);
    settle(object);
    given += bytes_of(object);
  }
  return given;
}

// What is on its way in is let in and sent out again: its copy is as it was, so nothing is transferred twice.
Bytes DemandPolicy::turn_back(Bytes bytes, std::span<const ObjectId> needed) {
  Bytes given{};
  for (const ObjectId object : victims()) {
    if (given >= bytes) break;
    if (swapper_.state(object) != SwapState::arriving || contains(needed, object)) continue;
    if (!swapper_.use(object, objects_[object.value].stream, false) || !send_out(object)) continue;
    sent_out(object);
    settle(object);
    given += bytes_of(object);
  }
  return given;
}

bool DemandPolicy::make_room(Bytes bytes, std::span<const ObjectId> needed) {
  Bytes given = settle_leaving(bytes, needed);
  if (given < bytes) given += evict(bytes - given, needed);
  if (given == Bytes(0)) given += turn_back(bytes, needed);
  return given > Bytes(0);
}

}  // namespace vramlab
