#pragma once
// The two directions of one link in time: what a plan's transfers will take. The rule is that of the simulated device:
// one copy at a time in each direction, first ready first served; a copy takes the latency, then its bytes; while both
// directions move bytes and their bandwidths exceed the duplex total, each gets its share of it.

#include <array>
#include <cstdint>
#include <limits>
#include <vector>

#include "engine/core/types.h"
#include "engine/swap/swap_types.h"

namespace vramlab {

class LinkForecast {
 public:
  explicit LinkForecast(const SwapLink& link);

  /// Queues a copy that is ready at `ready`. Returns its number. REQUIRES: no call before named a later time.
  std::uint32_t queue(SwapDirection direction, Bytes bytes, Nanoseconds ready);
  /// When it ends. Copies queued later are ready no earlier than that.
  Nanoseconds completion(std::uint32_t copy);
  /// When all end.
  Nanoseconds all_done();

 private:
  static constexpr double never = std::numeric_limits<double>::infinity();

  struct Copy {
    double bytes = 0, ready = 0, begin = 0, end = -1;
  };
  struct Lane {
    double latency = 0, alone = 0, shared = 0;  // ns, bytes per ns
    std::vector<std::uint32_t> queue;
    std::size_t next = 0;        // in queue: the copy at hand
    double moving_from = never;  // when the copy at hand begins to move bytes
    double left = 0;             // bytes of it
  };

  void start(Lane& lane);
  bool moving(const Lane& lane) const { return lane.moving_from <= now_; }
  void step();

  std::vector<Copy> copies_;
  std::array<Lane, 2> lanes_;
  double now_ = 0;
};

}  // namespace vramlab
