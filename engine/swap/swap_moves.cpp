// How objects leave and come back, and what waits for what.

#include <fmt/format.h>

#include <algorithm>

#include "engine/core/check.h"
#include "engine/core/error.h"
#include "engine/swap/swapper_parts.h"

namespace vramlab {

using Parts = PrioritySwapper::Parts;

void Parts::note_held(Tier tier) {
  const auto index = static_cast<std::size_t>(tier);
  stats.held[index] = store(tier).held();
  stats.peak_held[index] = std::max(stats.peak_held[index], stats.held[index]);
}

void Parts::note(ObjectId object, SwapDirection direction, Tier tier, Bytes packed, TokenId token) {
  operations.add({.object = object,
                  .direction = direction,
                  .tier = tier,
                  .bytes = records.at(object).bytes,
                  .packed = packed,
                  .token = token,
                  .operator_index = launched,
                  .succeeded = !token.valid()});
  stats.packed_bytes += packed;
}

// --- Copies ----------------------------------------------------------------------------------------------------------

void Parts::drop_copy(Movement& movement, Tier tier) {
  const auto copy = std::find_if(movement.copies.begin(), movement.copies.end(),
                                 [&](const SwapCopy& candidate) { return candidate.tier == tier; });
  VRAMLAB_CHECK(copy != movement.copies.end(), fmt::format("object {} has no copy there", movement.object.value));
  store(tier).give_back(copy->place, copy->last());
  movement.copies.erase(copy);
  note_held(tier);
}

void Parts::drop_copies(Movement& movement) {
  while (!movement.copies.empty()) drop_copy(movement, movement.copies.back().tier);
}

// The object itself is on the device, or on its way there: the copy spares a transfer, no more.
void Parts::keep_or_drop(Movement& movement, Tier tier) {
  if (!settings.keep_clean_copies) return drop_copy(movement, tier);
  store(tier).mark_spare(movement.copy_in(tier)->place, movement.object);
}

std::optional<TierPlace> Parts::place_in(Tier tier, Bytes bytes, StreamId stream) {
  if (auto place = store(tier).take(bytes, stream)) return place;
  const std::vector<ObjectId> owners = store(tier).in_the_way(bytes);
  for (const ObjectId owner : owners) drop_copy(*records.movement(records.at(owner)), tier);
  return owners.empty() ? std::nullopt : store(tier).take(bytes, stream);
}

// --- Waits -----------------------------------------------------------------------------------------------------------

// Whoever uses an object waits for its arrival; whoever writes it or takes its memory, for the copies out as well.
void Parts::await(Movement& movement, StreamId stream, bool outs) {
  for (SwapEdge& edge : movement.edges) {
    if ((edge.direction == SwapDirection::out && !outs) || edge.awaited_by(stream)) continue;
    port.wait(stream, edge.token);
    edge.waited.push_back(stream);
  }
}

// --- Out -------------------------------------------------------------------------------------------------------------

const char* Parts::obstacle_to_copy(ObjectId object, Tier tier) const {
  const SwapRecord& record = records.at(object);
  if (record.state != SwapState::resident) return "is not resident";
  if (record.bytes < settings.min_swap || record.bytes.value == 0) return "is smaller than the least that is swapped";
  if (record.bytes > settings.max_swap) return "is larger than the most that is swapped";
  if (tier == Tier::device || !store(tier).there()) return "the tier is not used";
  if (!machine.link(tier).there()) return "the machine has no link to the tier";
  const Movement* movement = records.movement(record);
  const bool copied = movement != nullptr && std::any_of(movement->copies.begin(), movement->copies.end(),
                                                         [&](const SwapCopy& copy) { return copy.tier == tier; });
  return copied || store(tier).fits(record.bytes) ? nullptr : "the tier is full";
}

bool Parts::refuse() {
  ++stats.refused;
  return false;
}

TokenId Parts::transfer_out(const SwapRecord& record, const Movement& movement, Tier tier, const TierPlace& place) {
  const Extent extent = places.extent_of(movement.object);
  VRAMLAB_CHECK(extent.bytes <= record.bytes, "an object is larger than was told");
  std::vector<TokenId> after;
  order.follow(record.stream, after);
  for (const StreamId user : movement.users) order.follow(user, after);
  store(tier).last_uses(place, after);
  return port.transfer({.from = {extent.segment, Tier::device, extent.offset},
                        .to = store(tier).end_of(place),
                        .bytes = extent.bytes,
                        .codec = machine.codec},
                       after);
}

bool Parts::ensure_copy(ObjectId object, Tier tier) {
  Movement& movement = records.ensure_movement(object);
  const SwapRecord& record = records.at(object);
  if (movement.copy_in(tier) != nullptr) {
    ++stats.spared_outs;
    note(object, SwapDirection::out, tier, Bytes(0), TokenId::none());
    return true;
  }
  const std::optional<TierPlace> place = place_in(tier, record.bytes, record.stream);
  if (!place) return false;
  TokenId token;
  try {
    token = transfer_out(record, movement, tier, *place);
  } catch (...) {
    store(tier).give_back(*place, TokenId::none());
    throw;
  }
  movement.copies.push_back({.tier = tier, .place = *place, .written = token});
  movement.edges.push_back({.token = token, .direction = SwapDirection::out});
  movement.users.clear();  // the transfer follows what they did
  note_held(tier);
  note(object, SwapDirection::out, tier, machine.codec.packed(record.bytes), token);
  stats.out_bytes += record.bytes;
  return true;
}

void Parts::begin_to_leave(ObjectId object, Tier tier) {
  SwapRecord& record = records.at(object);
  Movement& movement = *records.movement(record);
  store(tier).mark_spare(movement.copy_in(tier)->place, ObjectId::none());
  record.state = SwapState::leaving;
  movement.tier = tier;
  movement.order = next_order++;
  leaving.emplace(movement.order, object);
  leaving_bytes += record.bytes;
}

bool Parts::leave(ObjectId object, Tier tier) {
  const SwapRecord& record = records.at(object);
  if (record.pins != 0 || obstacle_to_copy(object, tier) != nullptr || !ensure_copy(object, tier)) return refuse();
  begin_to_leave(object, tier);
  ++stats.outs;
  return true;
}

void Parts::end_leaving(SwapRecord& record, Movement& movement, SwapState state) {
  leaving.erase(movement.order);
  leaving_bytes -= record.bytes;
  record.state = state;
}

void Parts::stay(ObjectId object) {
  SwapRecord& record = records.at(object);
  Movement& movement = *records.movement(record);
  end_leaving(record, movement, SwapState::resident);
  ++stats.cancelled;
  keep_or_drop(movement, movement.tier);
}

void Parts::settle(ObjectId object) {
  SwapRecord& record = records.at(object);
  VRAMLAB_CHECK(record.state == SwapState::leaving, fmt::format("object {} is not leaving", object.value));
  Movement& movement = *records.movement(record);
  await(movement, record.stream, true);
  std::vector<TokenId> uses;
  for (const StreamId user : movement.users) order.follow(user, uses);
  for (const TokenId token : uses) port.wait(record.stream, token);
  places.release(object);
  end_leaving(record, movement, SwapState::away);
  movement.edges.clear();
  movement.users.clear();
}

// --- In --------------------------------------------------------------------------------------------------------------

// Its stream has waited for the transfer that wrote the copy, in settle(): behind the one comes the other.
TokenId Parts::transfer_in(const SwapRecord& record, const Movement& movement, const SwapCopy& copy) {
  const Extent extent = places.extent_of(movement.object);
  VRAMLAB_CHECK(extent.bytes <= record.bytes, "an object is larger than was told");
  std::vector<TokenId> after;
  order.follow(record.stream, after);
  return port.transfer({.from = store(copy.tier).end_of(copy.place),
                        .to = {extent.segment, Tier::device, extent.offset},
                        .bytes = extent.bytes,
                        .codec = machine.codec},
                       after);
}

bool Parts::arrive(ObjectId object) {
  SwapRecord& record = records.at(object);
  VRAMLAB_CHECK(record.state == SwapState::away, fmt::format("object {} is not away", object.value));
  if (!places.place(object)) return false;
  Movement& movement = *records.movement(record);
  SwapCopy& copy = *movement.copy_in(movement.tier);
  try {
    copy.read = transfer_in(record, movement, copy);
  } catch (...) {
    places.release(object);
    throw;
  }
  record.state = SwapState::arriving;
  movement.edges.push_back({.token = copy.read, .direction = SwapDirection::in});
  note(object, SwapDirection::in, movement.tier, machine.codec.packed(record.bytes), copy.read);
  ++stats.ins;
  stats.in_bytes += record.bytes;
  return true;
}

// Its copy is still what it was, so that it leaves again without a transfer.
void Parts::show(ObjectId object, const std::function<void(ObjectId)>& each) {
  SwapRecord& record = records.at(object);
  while (!arrive(object)) {
    if (leaving.empty())
      throw OutOfMemory(fmt::format("no memory to bring object {} of {} bytes home", object.value, record.bytes.value),
                        {}, "bring home when nothing else is on the device, or raise the limit");
    settle(leaving.begin()->second);
  }
  Movement& movement = *records.movement(record);
  await(movement, record.stream, false);
  record.state = SwapState::resident;
  each(object);
  order.launched();
  VRAMLAB_CHECK(record.state == SwapState::resident && movement.copy_in(movement.tier) != nullptr,
                "an object was changed while it was shown");
  places.release(object);
  record.state = SwapState::away;
  movement.edges.clear();
}

}  // namespace vramlab
