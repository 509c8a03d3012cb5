#pragma once
// What policies share that give memory up when it is missing: when each object was used last, which tier fits it, what
// is on its way out and in which order that began. A policy says only in which order objects go.

#include <cstdint>
#include <deque>
#include <optional>
#include <set>
#include <span>
#include <utility>
#include <vector>

#include "engine/swap/swap_policy.h"

namespace vramlab {

/// Tiers in the order in which they are asked, nearest first.
inline constexpr std::array<Tier, 3> tiers_nearest_first{Tier::peer, Tier::host, Tier::disk};

class DemandPolicy : public SwapPolicy {
 public:
  explicit DemandPolicy(const SwapContext& context) : swapper_(*context.swapper), machine_(*context.machine) {}

  void allocated(ObjectId object, Bytes bytes, StreamId stream) override;
  void freed(ObjectId object) override;
  /// Operands count as used now.
  void after_operator(std::uint32_t slot, std::span<const Operand> operands) override;
  /// First what is leaving already goes, oldest first, then victims(), each settled at once, then what is on its way
  /// in and not needed turns back.
  bool make_room(Bytes bytes, std::span<const ObjectId> needed) override;

 protected:
  /// Objects in the order in which they go when memory is missing. What cannot go is passed over. The default is least
  /// recently used.
  virtual std::vector<ObjectId> victims() const;
  /// An object was sent out because memory was missing.
  virtual void sent_out(ObjectId /*object*/) {}

  /// Copies it to the nearest tier that takes it; a tier that holds a copy of it is asked first. False: none does.
  bool send_out(ObjectId object);
  /// Gives up the memory of what began to leave up to operator `count` of all that ran.
  void settle_begun_before(std::uint64_t count);
  /// Begins to bring it back if it is away.
  bool bring_in(ObjectId object) { return away(object) && swapper_.swap_in(object); }

  bool away(ObjectId object) const { return known(object) && swapper_.state(object) == SwapState::away; }
  bool resident(ObjectId object) const { return known(object) && swapper_.state(object) == SwapState::resident; }
  bool known(ObjectId object) const { return object.value < objects_.size() && objects_[object.value].live; }
  Bytes bytes_of(ObjectId object) const { return objects_[object.value].bytes; }
  /// Whether some tier would take it now.
  bool can_leave(ObjectId object) const { return tier_for(object).has_value(); }
  /// What a copy out and one in take, alone on the link of the first tier there is.
  Nanoseconds out_time(Bytes bytes) const;
  Nanoseconds in_time(Bytes bytes) const;
  /// Bytes of live objects that have a place on the device or will have one: all but those away.
  Bytes on_device() const;
  Bytes limit() const { return machine_.limit; }
  std::uint64_t operators_run() const { return operators_; }

  PrioritySwapper& swapper_;
  const SwapMachine& machine_;

 private:
  struct Object {
    Bytes bytes{};
    StreamId stream{0};
    bool live = false;
    std::uint64_t used = 0;         ///< key of order_
    std::optional<Tier> copy = {};  ///< a tier that holds its bytes as they are
  };
  struct Leaving {
    ObjectId object{};
    std::uint64_t begun = 0;  ///< operators run before
  };

  std::optional<Tier> tier_for(ObjectId object) const;
  void touch(ObjectId object);
  Bytes settle(ObjectId object);
  Bytes settle_leaving(Bytes bytes, std::span<const ObjectId> needed);
  Bytes evict(Bytes bytes, std::span<const ObjectId> needed);
  Bytes turn_back(Bytes bytes, std::span<const ObjectId> needed);
  const SwapLink* first_link() const;

  std::vector<Object> objects_;                         ///< by ObjectId
  std::set<std::pair<std::uint64_t, ObjectId>> order_;  ///< live objects, least recently used first
  std::deque<Leaving> leaving_;                         ///< in the order in which they began; some may have returned
  std::uint64_t uses_ = 0;
  std::uint64_t operators_ = 0;
};

}  // namespace vramlab
