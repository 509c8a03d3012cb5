#pragma once
// What PrioritySwapper is made of; for its own files only.

#include <array>
#include <map>
#include <memory>
#include <span>
#include <vector>

#include "engine/core/types.h"
#include "engine/device/port.h"
#include "engine/swap/operation_list.h"
#include "engine/swap/places.h"
#include "engine/swap/priority_swapper.h"
#include "engine/swap/stream_order.h"
#include "engine/swap/swap_records.h"
#include "engine/swap/tier_store.h"

namespace vramlab {

struct PrioritySwapper::Parts {
  Parts(Port& port_in, Places& places_in, const SwapMachine& machine_in, const SwapperSettings& settings_in,
        StreamOrder* order_in);

  Port& port;
  Places& places;
  const SwapMachine& machine;
  const SwapperSettings settings;
  StreamOrder unseen;  // for whoever gives none
  StreamOrder& order;
  SwapRecords records;
  OperationList operations;
  SwapStats stats;
  std::array<std::unique_ptr<TierStore>, 4> stores;  // by Tier
  std::map<std::uint64_t, ObjectId> leaving;         // by when they began to
  std::uint64_t next_order = 0;
  Bytes leaving_bytes{};
  std::uint64_t launched = 0;

  TierStore& store(Tier tier) { return *stores[static_cast<std::size_t>(tier)]; }
  const TierStore& store(Tier tier) const { return *stores[static_cast<std::size_t>(tier)]; }
  bool swappable(const SwapRecord& record) const {
    return record.bytes.value != 0 && record.bytes >= settings.min_swap && record.bytes <= settings.max_swap;
  }
  void note_held(Tier tier);
  void note(ObjectId object, SwapDirection direction, Tier tier, Bytes packed, TokenId token);

  // Out. `obstacle` may differ for an object that stays.
  const char* obstacle_to_copy(ObjectId object, Tier tier) const;
  bool refuse();
  /// Sees to a copy in `tier`, by a transfer where there is none yet. False: no place for it.
  bool ensure_copy(ObjectId object, Tier tier);
  std::optional<TierPlace> place_in(Tier tier, Bytes bytes, StreamId stream);
  TokenId transfer_out(const SwapRecord& record, const Movement& movement, Tier tier, const TierPlace& place);
  void begin_to_leave(ObjectId object, Tier tier);
  bool leave(ObjectId object, Tier tier);
  void stay(ObjectId object);
  void end_leaving(SwapRecord& record, Movement& movement, SwapState state);
  void settle(ObjectId object);

  // In.
  bool arrive(ObjectId object);
  TokenId transfer_in(const SwapRecord& record, const Movement& movement, const SwapCopy& copy);
  void show(ObjectId object, const std::function<void(ObjectId)>& each);

  // Copies and waits.
  void await(Movement& movement, StreamId stream, bool outs);
  void drop_copy(Movement& movement, Tier tier);
  void drop_copies(Movement& movement);
  void keep_or_drop(Movement& movement, Tier tier);

  void validate() const;
  void validate(const SwapRecord& record, const Movement& movement, std::array<Bytes, 4>& held) const;
};

}  // namespace vramlab
