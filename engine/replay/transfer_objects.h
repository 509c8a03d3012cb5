#pragma once
// Which object each transfer moved, read from the decisions.

#include <cstdint>
#include <map>
#include <utility>
#include <vector>

#include "engine/replay/replay.h"

namespace vramlab {

/// Watches a run. Objects are those of the trace that it runs.
class TransferObjects final : public ReplayWatcher {
 public:
  void on_event(const Trace&, std::uint64_t) override {}
  void on_decisions(std::span<const Decision> batch) override;
  /// None for a token that moved nothing that lived on the device.
  ObjectId moved_by(TokenId token) const;

 private:
  using Place = std::pair<std::uint32_t, std::uint64_t>;  // segment, offset
  void place(const Decision& decision);
  void release(std::uint32_t object);
  void transfer(const Decision& decision);

  std::map<Place, std::uint32_t> object_at_;
  std::vector<Place> place_of_;  // by object; of what is placed
  std::vector<bool> placed_;     // by object
  std::vector<ObjectId> moved_;  // by token
};

}  // namespace vramlab
