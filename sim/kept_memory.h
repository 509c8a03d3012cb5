#pragma once
// Pinned memory that a device keeps and gives out again, by the rule of the CUDA device: the smallest kept piece that
// holds the request, unless it is more than twice as large. Pieces are whole pages of the host.

#include <algorithm>
#include <map>
#include <set>

#include "engine/core/types.h"

namespace vramlab {

class KeptMemory {
 public:
  /// Whether a kept piece serves it; else it is a new one.
  bool take(SegmentId id, Bytes bytes) {
    const Bytes rounded = round_up(std::max(bytes, Bytes(1)), 4_KiB);
    const auto fit = kept_.lower_bound(rounded);
    const bool reused = fit != kept_.end() && *fit <= rounded * 2;
    given_.emplace(id, reused ? *fit : rounded);
    if (reused) kept_.erase(fit);
    return reused;
  }
  /// REQUIRES: taken.
  void give_back(SegmentId id) {
    const auto given = given_.find(id);
    kept_.insert(given->second);
    given_.erase(given);
  }

 private:
  std::multiset<Bytes> kept_;
  std::map<SegmentId, Bytes> given_;
};

}  // namespace vramlab
