#include "engine/swap/priority_swapper.h"

#include <fmt/format.h>

#include "engine/core/check.h"
#include "engine/swap/swapper_parts.h"

namespace vramlab {

using Parts = PrioritySwapper::Parts;

PrioritySwapper::Parts::Parts(Port& port_in, Places& places_in, const SwapMachine& machine_in,
                              const SwapperSettings& settings_in, StreamOrder* order_in)
    : port(port_in),
      places(places_in),
      machine(machine_in),
      settings(settings_in),
      unseen(port),
      order(order_in != nullptr ? *order_in : unseen) {
  for (std::size_t i = 0; i < stores.size(); ++i)
    stores[i] = std::make_unique<TierStore>(port, static_cast<Tier>(i), settings.capacity[i], settings.reserve_now[i]);
}

PrioritySwapper::PrioritySwapper(Port& port, Places& places, const SwapMachine& machine,
                                 const SwapperSettings& settings, StreamOrder* order)
    : parts_(std::make_unique<Parts>(port, places, machine, settings, order)) {}

PrioritySwapper::~PrioritySwapper() = default;

// --- The program's side ----------------------------------------------------------------------------------------------

void PrioritySwapper::allocated(ObjectId object, Bytes bytes, StreamId stream) {
  parts_->records.add(object, bytes, stream);
  parts_->order.launched();  // what fills it
}

bool PrioritySwapper::freed(ObjectId object) {
  SwapRecord& record = parts_->records.at(object);
  const bool placed = record.state != SwapState::away;
  if (Movement* movement = parts_->records.movement(record)) {
    parts_->await(*movement, record.stream, true);
    if (record.state == SwapState::leaving) {
      parts_->end_leaving(record, *movement, SwapState::resident);
      ++parts_->stats.cancelled;
    }
    parts_->drop_copies(*movement);
  }
  parts_->records.remove(object);
  parts_->order.launched();  // uses to come until its place is given up
  return placed;
}

bool PrioritySwapper::use(ObjectId object, StreamId stream, bool writes) {
  Parts& parts = *parts_;
  const SwapRecord& known = parts.records.at(object);
  const bool foreign = stream != known.stream && parts.swappable(known);
  if (known.movement == SwapRecord::none && !foreign) return true;
  if (known.state == SwapState::away && !swap_in(object)) return false;
  Movement& movement = parts.records.ensure_movement(object);
  SwapRecord& record = parts.records.at(object);
  parts.await(movement, stream, writes);
  if (foreign && std::find(movement.users.begin(), movement.users.end(), stream) == movement.users.end())
    movement.users.push_back(stream);
  if (record.state == SwapState::leaving) parts.stay(object);
  record.state = SwapState::resident;
  if (!writes) return true;
  parts.drop_copies(movement);
  movement.edges.clear();  // whoever comes next is ordered behind the write by the program
  return true;
}

void PrioritySwapper::reserve() {
  for (const auto& store : parts_->stores) store->reserve();
}

void PrioritySwapper::operator_launched() {
  ++parts_->launched;
  parts_->order.launched();
}

// --- The policy's side -----------------------------------------------------------------------------------------------

const char* PrioritySwapper::obstacle(ObjectId object, Tier tier) const {
  return pinned(object) ? "is pinned" : parts_->obstacle_to_copy(object, tier);
}

bool PrioritySwapper::swap_out(ObjectId object, Tier tier) { return swap_out_batch(std::span(&object, 1), tier) == 1; }

std::size_t PrioritySwapper::swap_out_batch(std::span<const ObjectId> objects, Tier tier) {
  std::vector<ObjectId> begun;
  for (const ObjectId object : objects)
    if (parts_->leave(object, tier)) begun.push_back(object);
  if (parts_->settings.strategy == SwapStrategy::immediate)
    for (const ObjectId object : begun) parts_->settle(object);
  return begun.size();
}

bool PrioritySwapper::copy_out(ObjectId object, Tier tier) {
  Parts& parts = *parts_;
  if (parts.obstacle_to_copy(object, tier) != nullptr || !parts.ensure_copy(object, tier)) return parts.refuse();
  Movement& movement = *parts.records.movement(parts.records.at(object));
  parts.store(tier).mark_spare(movement.copy_in(tier)->place, object);
  return true;
}

void PrioritySwapper::settle(ObjectId object) { parts_->settle(object); }

Bytes PrioritySwapper::settle_oldest(Bytes bytes) {
  Bytes given{};
  while (given < bytes && !parts_->leaving.empty()) {
    const ObjectId object = parts_->leaving.begin()->second;
    parts_->settle(object);
    given += bytes_of(object);
  }
  return given;
}

bool PrioritySwapper::swap_in(ObjectId object) {
  if (!parts_->arrive(object)) return false;
  SwapRecord& record = parts_->records.at(object);
  Movement& movement = *parts_->records.movement(record);
  parts_->keep_or_drop(movement, movement.tier);
  if (parts_->settings.strategy != SwapStrategy::immediate) return true;
  parts_->await(movement, record.stream, false);
  record.state = SwapState::resident;
  return true;
}

void PrioritySwapper::pin(ObjectId object) {
  SwapRecord& record = parts_->records.at(object);
  if (record.state == SwapState::leaving) parts_->stay(object);
  ++record.pins;
}

void PrioritySwapper::unpin(ObjectId object) {
  SwapRecord& record = parts_->records.at(object);
  VRAMLAB_CHECK(record.pins != 0, fmt::format("object {} is not pinned", object.value));
  --record.pins;
}

// --- Inputs ----------------------------------------------------------------------------------------------------------

void PrioritySwapper::measured(TokenId token, Nanoseconds duration) {
  if (!parts_->operations.measured(token, duration)) return;
  parts_->stats.transfer_time += duration;
  ++parts_->stats.measured;
}

void PrioritySwapper::bring_home(const std::function<void(ObjectId)>& each) {
  parts_->order.launched();
  for (std::uint32_t id = 0; id < parts_->records.end(); ++id) {
    const ObjectId object(id);
    if (parts_->records.live(object) && state(object) == SwapState::away) parts_->show(object, each);
  }
}

// --- Accounts --------------------------------------------------------------------------------------------------------

SwapState PrioritySwapper::state(ObjectId object) const { return parts_->records.at(object).state; }

Tier PrioritySwapper::tier_of(ObjectId object) const {
  const SwapRecord& record = parts_->records.at(object);
  VRAMLAB_CHECK(record.state != SwapState::resident, fmt::format("object {} is resident", object.value));
  return parts_->records.movement(record)->tier;
}

bool PrioritySwapper::pinned(ObjectId object) const { return parts_->records.at(object).pins != 0; }
Bytes PrioritySwapper::bytes_of(ObjectId object) const { return parts_->records.at(object).bytes; }
Bytes PrioritySwapper::leaving_bytes() const { return parts_->leaving_bytes; }
const SwapStats& PrioritySwapper::stats() const { return parts_->stats; }
std::span<const SwapOperation> PrioritySwapper::operations() const { return parts_->operations.latest(); }
void PrioritySwapper::validate() const { parts_->validate(); }

// --- Validation ------------------------------------------------------------------------------------------------------

void Parts::validate(const SwapRecord& record, const Movement& movement, std::array<Bytes, 4>& held) const {
  const std::string who = fmt::format("object {}", movement.object.value);
  const bool needs_copy = record.state == SwapState::leaving || record.state == SwapState::away;
  bool found = false;
  for (const SwapCopy& copy : movement.copies) {
    held[static_cast<std::size_t>(copy.tier)] += Bytes(copy.place.bytes);
    found = found || copy.tier == movement.tier;
    VRAMLAB_CHECK(copy.written.valid(), who + " has a copy that nobody wrote");
    VRAMLAB_CHECK(Bytes(copy.place.bytes) >= record.bytes, who + " has a copy that is too small");
  }
  VRAMLAB_CHECK(found || !needs_copy, who + " is away and has no copy");
  VRAMLAB_CHECK(record.state != SwapState::away || (movement.edges.empty() && movement.users.empty()),
                who + " is away and somebody uses it");
  if (record.state == SwapState::leaving) {
    const auto place = leaving.find(movement.order);
    VRAMLAB_CHECK(place != leaving.end() && place->second == movement.object, who + " is missing among the leaving");
  }
}

void Parts::validate() const {
  std::array<Bytes, 4> held{};
  std::size_t leave = 0;
  Bytes bytes{};
  for (std::uint32_t id = 0; id < records.end(); ++id) {
    if (!records.live(ObjectId(id))) continue;
    const SwapRecord& record = records.at(ObjectId(id));
    if (const Movement* movement = records.movement(record)) validate(record, *movement, held);
    VRAMLAB_CHECK(record.state == SwapState::resident || record.movement != SwapRecord::none,
                  fmt::format("object {} moved, but nothing says how", id));
    VRAMLAB_CHECK(record.state != SwapState::leaving || record.pins == 0, fmt::format("object {} is pinned", id));
    leave += record.state == SwapState::leaving ? 1 : 0;
    bytes += record.state == SwapState::leaving ? record.bytes : Bytes(0);
  }
  VRAMLAB_CHECK(leave == leaving.size() && bytes == leaving_bytes, "the list of what is leaving is wrong");
  for (std::size_t i = 0; i < stores.size(); ++i) {
    stores[i]->validate();
    VRAMLAB_CHECK(stores[i]->held() == held[i] && stats.held[i] == held[i],
                  fmt::format("tier {} holds {} bytes, its copies have {}", i, stores[i]->held().value, held[i].value));
  }
}

}  // namespace vramlab
