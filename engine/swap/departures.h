#pragma once
// What everybody who sends objects out keeps account of: which tier takes an object, what is on its way out and in
// which order that began, and what is gone. It decides nothing about which object goes.

#include <array>
#include <cstdint>
#include <deque>
#include <optional>
#include <set>
#include <span>
#include <vector>

#include "engine/swap/priority_swapper.h"
#include "engine/swap/swap_types.h"

namespace vramlab {

/// Tiers in the order in which they are asked, nearest first.
inline constexpr std::array<Tier, 3> tiers_nearest_first{Tier::peer, Tier::host, Tier::disk};

/// THREAD-SAFETY: none.
class Departures {
 public:
  /// Both must outlive it.
  Departures(PrioritySwapper& swapper, const SwapMachine& machine) : swapper_(swapper), machine_(machine) {}

  void allocated(ObjectId object, Bytes bytes, StreamId stream);
  void freed(ObjectId object);
  /// Time as whoever keeps this foretells it; it only helps to tell which transfers out are likely over.
  void advance(Nanoseconds by) { now_ += by; }
  /// An operator used it: it is back, if it was gone; a write makes its copies worthless.
  void used(ObjectId object, bool written);

  /// The nearest tier that takes it now; one that holds a copy of it is asked first.
  std::optional<Tier> tier_for(ObjectId object) const;
  /// Begins to copy it out. False: no tier takes it, or it is not resident.
  bool send_out(ObjectId object);
  /// As send_out of each, with one record of each stream. Returns those that began.
  std::vector<ObjectId> send_out(std::span<const ObjectId> objects);
  /// Lets in what is arriving and sends it out again: its copy is as it was, so nothing is transferred twice.
  bool turn_back(ObjectId object);
  /// Begins to bring it back. False: it is not away, or there is no memory.
  bool bring_in(ObjectId object);

  /// Gives up the memory of what is leaving, behind its transfer. Returns its bytes; 0 where it is not leaving.
  Bytes settle(ObjectId object);
  /// What began to leave first goes first, but for `needed`, until `bytes` are given up or none is left.
  Bytes settle_oldest(Bytes bytes, std::span<const ObjectId> needed);
  /// As that, but only what is likely to be out by now, so that nobody waits.
  Bytes settle_done(Bytes bytes);

  bool known(ObjectId object) const { return object.value < objects_.size() && objects_[object.value].live; }
  SwapState state(ObjectId object) const { return swapper_.state(object); }
  Bytes bytes_of(ObjectId object) const { return objects_[object.value].bytes; }
  Bytes live() const { return live_; }
  /// Of live objects that have a place on the device, what is leaving included.
  Bytes on_device() const { return live_ - gone_bytes_; }
  /// Settled and not back, by number.
  const std::set<ObjectId>& gone() const { return gone_; }
  /// What a copy takes, alone on the link of the nearest tier there is.
  Nanoseconds out_time(Bytes bytes) const;
  Nanoseconds in_time(Bytes bytes) const;

 private:
  struct Object {
    Bytes bytes{};
    StreamId stream{0};
    bool live = false;
    std::optional<Tier> copy = {};  ///< a tier that holds its bytes as they are
  };

  struct Leaving {
    ObjectId object{};
    Nanoseconds done{};  ///< as foretold: one after the other on the nearest link; at once with a valid copy
  };

  void back(ObjectId object);
  void began(ObjectId object, Tier tier);
  Nanoseconds time(SwapDirection direction, Bytes bytes) const;

  PrioritySwapper& swapper_;
  const SwapMachine& machine_;
  std::vector<Object> objects_;  ///< by ObjectId
  std::deque<Leaving> leaving_;  ///< in the order in which they began; some may have stayed
  std::set<ObjectId> gone_;
  Bytes live_{}, gone_bytes_{};
  Nanoseconds now_{}, last_done_{};
};

}  // namespace vramlab
