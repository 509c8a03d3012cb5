#pragma once
// Where every live object lies, read from the decisions.

#include <cstdint>
#include <span>
#include <vector>

#include "engine/core/decision.h"
#include "engine/device/device.h"

namespace vramlab {

/// Knows what has been handed over: flush the log before asking.
/// Memory: 12 bytes an object ever placed.
class PlacementTable : public EventSink {
 public:
  void on_decisions(std::span<const Decision> batch) override;

  bool live(ObjectId object) const { return object.value < places_.size() && places_[object.value].live(); }
  /// The first `bytes` of a live object. Throws InvariantError where it is not live.
  Extent extent_of(ObjectId object, Bytes bytes) const;

  /// Objects that a batch released and placed again since the last forget_moves(), in order, perhaps more than once
  /// and perhaps released since.
  std::span<const ObjectId> moved() const { return moved_; }
  void forget_moves() { moved_.clear(); }

 private:
  struct Place {
    std::uint32_t segment = SegmentId::none_value;
    std::uint32_t offset_low = 0, offset_high = 0;
    bool live() const { return segment != SegmentId::none_value; }
  };

  void place(const Decision& d);

  std::vector<Place> places_;  ///< by object
  std::vector<bool> seen_;     ///< was placed before: a second placing is a move
  std::vector<ObjectId> moved_;
};

}  // namespace vramlab
