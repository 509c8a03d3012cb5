#pragma once
// What policies share that give memory up when it is missing. A policy says only in which order objects go.

#include <cstdint>
#include <set>
#include <span>
#include <utility>
#include <vector>

#include "engine/swap/departures.h"
#include "engine/swap/swap_policy.h"

namespace vramlab {

/// As it stands: the least recently used go, nothing comes back before it is used.
class DemandPolicy : public SwapPolicy {
 public:
  explicit DemandPolicy(const SwapContext& context)
      : departures_(*context.swapper, *context.machine), limit_(context.machine->limit) {}

  void allocated(ObjectId object, Bytes bytes, StreamId stream) override;
  void freed(ObjectId object) override;
  /// Operands count as used now.
  void after_operator(std::uint32_t slot, std::span<const Operand> operands) override;
  /// First what is leaving already goes, oldest first, then victims(), each settled at once; if none can, what is on
  /// its way in turns back.
  bool make_room(Bytes bytes, std::span<const ObjectId> needed) override;

 protected:
  /// Objects in the order in which they go when memory is missing. What cannot go is passed over.
  virtual std::vector<ObjectId> victims() const;
  /// An object was sent out because memory was missing.
  virtual void sent_out(ObjectId /*object*/) {}

  Departures& departures() { return departures_; }
  const Departures& departures() const { return departures_; }
  bool resident(ObjectId object) const {
    return departures_.known(object) && departures_.state(object) == SwapState::resident;
  }
  bool away(ObjectId object) const { return departures_.known(object) && departures_.state(object) == SwapState::away; }
  Bytes limit() const { return limit_; }

 private:
  void touch(ObjectId object);
  /// `leave(object)` sends an object out, or says that it cannot go.
  template <class Leave>
  Bytes give_up(Bytes bytes, std::span<const ObjectId> needed, Leave&& leave);

  Departures departures_;
  Bytes limit_;
  std::vector<std::uint64_t> used_at_;                  ///< by ObjectId
  std::set<std::pair<std::uint64_t, ObjectId>> order_;  ///< live objects, least recently used first
  std::uint64_t uses_ = 0;
};

}  // namespace vramlab
