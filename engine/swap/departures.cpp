#include "engine/swap/departures.h"

#include <algorithm>

#include "engine/swap/swap_time.h"

namespace vramlab {

void Departures::allocated(ObjectId object, Bytes bytes, StreamId stream) {
  if (object.value >= objects_.size()) objects_.resize(object.value + 1);
  objects_[object.value] = {.bytes = bytes, .stream = stream, .live = true};
  live_ += bytes;
}

void Departures::freed(ObjectId object) {
  if (!known(object)) return;
  back(object);
  live_ -= bytes_of(object);
  objects_[object.value] = {};
}

void Departures::used(ObjectId object, bool written) {
  if (!known(object)) return;
  back(object);
  if (written) objects_[object.value].copy.reset();
}

void Departures::back(ObjectId object) {
  if (gone_.erase(object) != 0) gone_bytes_ -= bytes_of(object);
}

// --- Tiers -------------------------------------------------------------------------------------------------------

std::optional<Tier> Departures::tier_for(ObjectId object) const {
  const std::optional<Tier> copy = objects_[object.value].copy;
  if (copy && swapper_.obstacle(object, *copy) == nullptr) return copy;
  for (const Tier tier : tiers_nearest_first)
    if (machine_.link(tier).there() && swapper_.obstacle(object, tier) == nullptr) return tier;
  return std::nullopt;
}

Nanoseconds Departures::time(SwapDirection direction, Bytes bytes) const {
  for (const Tier tier : tiers_nearest_first)
    if (machine_.link(tier).there()) return swap_time(machine_, tier, direction, bytes).total();
  return {};
}

Nanoseconds Departures::out_time(Bytes bytes) const { return time(SwapDirection::out, bytes); }
Nanoseconds Departures::in_time(Bytes bytes) const { return time(SwapDirection::in, bytes); }

// --- Out and in --------------------------------------------------------------------------------------------------

void Departures::began(ObjectId object, Tier tier) {
  Nanoseconds done = now_;
  if (objects_[object.value].copy != tier) done = last_done_ = std::max(last_done_, now_) + out_time(bytes_of(object));
  objects_[object.value].copy = tier;
  leaving_.push_back({object, done});
  if (swapper_.state(object) == SwapState::away && gone_.insert(object).second) gone_bytes_ += bytes_of(object);
}

bool Departures::send_out(ObjectId object) {
  const std::optional<Tier> tier = tier_for(object);
  if (!tier || !swapper_.swap_out(object, *tier)) return false;
  began(object, *tier);
  return true;
}

// A batch a tier. Which objects of a batch began is told by their states: room in a tier may end midway.
std::vector<ObjectId> Departures::send_out(std::span<const ObjectId> objects) {
  std::array<std::vector<ObjectId>, 4> batches;
  for (const ObjectId object : objects)
    if (const std::optional<Tier> tier = tier_for(object)) batches[static_cast<std::size_t>(*tier)].push_back(object);
  std::vector<ObjectId> begun;
  for (const Tier tier : tiers_nearest_first) {
    const std::vector<ObjectId>& batch = batches[static_cast<std::size_t>(tier)];
    if (batch.empty()) continue;
    swapper_.swap_out_batch(batch, tier);
    for (const ObjectId object : batch) {
      if (swapper_.state(object) == SwapState::resident) continue;
      began(object, tier);
      begun.push_back(object);
    }
  }
  return begun;
}

bool Departures::turn_back(ObjectId object) {
  return swapper_.state(object) == SwapState::arriving && swapper_.use(object, objects_[object.value].stream, false) &&
         send_out(object);
}

bool Departures::bring_in(ObjectId object) {
  if (!known(object) || swapper_.state(object) != SwapState::away || !swapper_.swap_in(object)) return false;
  back(object);
  return true;
}

// --- Giving up ---------------------------------------------------------------------------------------------------

Bytes Departures::settle(ObjectId object) {
  if (!known(object)) return {};
  if (swapper_.state(object) == SwapState::leaving) {
    swapper_.settle(object);
    if (gone_.insert(object).second) gone_bytes_ += bytes_of(object);
    return bytes_of(object);
  }
  return {};
}

Bytes Departures::settle_oldest(Bytes bytes, std::span<const ObjectId> needed) {
  Bytes given{};
  for (auto at = leaving_.begin(); at != leaving_.end() && given < bytes;) {
    if (std::ranges::find(needed, at->object) != needed.end()) {
      ++at;
    } else {
      given += settle(at->object);
      at = leaving_.erase(at);
    }
  }
  return given;
}

Bytes Departures::settle_done(Bytes bytes) {
  Bytes given{};
  for (auto at = leaving_.begin(); at != leaving_.end() && given < bytes;) {
    const bool done = at->done <= now_;
    if (done) given += settle(at->object);
    at = done ? leaving_.erase(at) : std::next(at);
  }
  return given;
}

}  // namespace vramlab
