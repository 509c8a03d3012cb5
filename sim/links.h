#pragma once
// The links of a simulated machine in time: one copy engine for each link and direction, first ready first served.
//
// A copy takes the direction's latency, then its bytes at the direction's bandwidth. While both directions of a
// duplex link move bytes and their bandwidths add up to more than the link's duplex total, each gets the total times
// its share of the sum. Progress is exact: bytes times 10^9 in integers, settled whenever a rate changes; a copy ends
// at the first whole nanosecond at which all its bytes have moved.

#include <array>
#include <cstdint>
#include <deque>
#include <limits>
#include <utility>
#include <vector>

#include "engine/core/types.h"
#include "engine/core/wide.h"
#include "engine/device/device.h"
#include "sim/machine.h"

namespace vramlab {

/// One direction of one link. Even and odd neighbours of the first four are the two directions of a duplex link.
enum class Lane : std::uint8_t { host_out, host_in, peer_out, peer_in, disk_write, disk_read, device_copy };
inline constexpr std::size_t lane_count = 7;

/// The lanes a transfer passes, one after the other: between device and disk bytes are stored in the host on the way.
struct Route {
  std::array<Lane, 2> lanes{};
  std::uint8_t hops = 0;
};
/// The tiers at the two ends of a lane: from, to.
std::pair<Tier, Tier> ends_of(Lane lane);
/// Throws DeviceError where the machine has no such link.
Route route_between(Tier from, Tier to, const MachineModel& machine);

inline constexpr Nanoseconds never{std::numeric_limits<std::int64_t>::max()};

/// A copy that ended.
struct FinishedCopy {
  std::uint32_t job = 0;
  Nanoseconds start{};
  Nanoseconds end{};
};

class Links {
 public:
  explicit Links(const MachineModel& machine);

  /// REQUIRES: calls come in order of time, `now` <= next_event().
  void enqueue(Lane lane, std::uint32_t job, Bytes bytes, Nanoseconds now);
  /// When something happens next; `never` where all is idle.
  Nanoseconds next_event() const { return next_event_; }
  /// Carries out what happens at next_event() and appends the copies that ended, in order of lane.
  void step(std::vector<FinishedCopy>& finished);

 private:
  enum class Phase : std::uint8_t { idle, latency, moving };
  struct Copy {
    std::uint32_t job = 0;
    Bytes bytes{};
  };
  struct Engine {
    LinkDirection alone;
    std::uint64_t shared_rate = 0;  // while the other direction moves too; bytes per second
    Phase phase = Phase::idle;
    Copy copy;
    Nanoseconds start{};
    Nanoseconds phase_end = never;
    Nanoseconds settled{};   // `remaining` holds at this time
    Wide remaining = 0;      // bytes * 10^9
    std::uint64_t rate = 0;  // bytes per second
    std::deque<Copy> waiting;
  };

  void set_duplex(std::size_t out, const LinkModel& link);
  Engine* opposite(std::size_t lane) { return lane < 4 ? &engines_[lane ^ 1] : nullptr; }
  void begin(Engine& engine, Copy copy, Nanoseconds now);
  static void settle(Engine& engine, Nanoseconds now);
  static void set_rate(Engine& engine, bool shared, Nanoseconds now);
  void update_pair(std::size_t lane, Nanoseconds now);
  void find_next_event();

  std::array<Engine, lane_count> engines_;
  Nanoseconds next_event_ = never;
};

}  // namespace vramlab
