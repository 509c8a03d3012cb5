#pragma once
// The AutoSwapManager of the AutoSwap document: watches how full devices are, decides what leaves, carries decisions
// out, and keeps account. Deciding and carrying out are two steps: a decision changes nothing, and may be carried out
// later or never; what has become impossible by then is refused and counted.
//
// What may go is the document's (pressure_level.h), which of it first is the DOAScorer's: by priority, then by score.
// The four policies differ in when they act (autoswap_settings.h: Tactics):
//   aggressive     looks at the pressure from moderate on and swaps down to where moderate begins; makes room for all
//                  that the iteration is foretold to need; brings back with twice the time a transfer takes
//   balanced       from high on, down to where high begins; a quarter of an iteration ahead; 1.2 times
//   conservative   only what is missing, when it is missing; brings back just in time
//   adaptive       whichever of the three and its own was measured to stall least (policy_bandit.h); its own is to
//                  follow a plan of the iteration that is foretold (autoswap_guide.h), and conservative without one
// Memory that is missing is extreme pressure, whatever share is in use: first goes what the share alone lets go, and
// where that is not enough, high priority too. Nothing lets critical priority go.
//
// Pressure counts what is live on the device, less what is leaving already.

#include <array>
#include <cstdint>
#include <memory>
#include <mutex>
#include <set>
#include <span>
#include <vector>

#include "engine/swap/autoswap_settings.h"
#include "engine/swap/departures.h"
#include "engine/swap/policy_bandit.h"
#include "engine/swap/priority_swapper.h"

namespace vramlab {

/// Objects to go, best first.
struct SwapDecision {
  std::uint32_t device = 0;
  Bytes required{};  ///< as asked
  Bytes wanted{};    ///< times the swap-ahead factor
  PressureLevel level{};
  std::vector<ObjectId> objects;
  Bytes bytes{};  ///< of those; less than wanted where not more may go
};

/// What came of a decision.
struct ExecutedSwaps {
  std::vector<ObjectId> begun;
  Bytes bytes{};  ///< of those
  std::uint64_t refused = 0;
};

/// Bytes of the objects of one device, by where they are.
struct MemoryDistribution {
  std::array<Bytes, 4> by_tier{};  ///< what is leaving and arriving is in none
  Bytes leaving{}, arriving{};
  Bytes capacity{};  ///< of the device
};

/// Over all devices.
struct ManagerPerformance {
  std::uint64_t decisions = 0;  ///< carried out
  std::uint64_t begun = 0, refused = 0;
  std::uint64_t handled = 0, not_handled = 0;  ///< calls of handle_pressure() that gave all of what was asked, or less
  std::uint64_t looks = 0;                     ///< of monitoring
  std::uint64_t policy_changes = 0;
  std::uint64_t iterations = 0;            ///< measured
  Nanoseconds stall{};                     ///< in those
  Nanoseconds mean_swap_time{};            ///< of measured transfers
  Bytes spared{};                          ///< that did not pass a link: packed, or a valid copy was there
  std::uint32_t success_per_mille = 1000;  ///< begun of begun and refused
};

/// THREAD-SAFETY: all members may be called from several threads; one mutex serialises them, and with them all that the
/// swappers do by order of the manager. Swappers and their devices must not be used elsewhere meanwhile.
/// Unknown devices and objects throw InvariantError.
class AutoSwapManager {
 public:
  explicit AutoSwapManager(const AutoSwapSettings& settings);
  ~AutoSwapManager();
  AutoSwapManager(const AutoSwapManager&) = delete;
  AutoSwapManager& operator=(const AutoSwapManager&) = delete;

  /// Devices are numbered from 0 in this order. `machine.limit` is the memory there is. Both must outlive the manager.
  std::uint32_t add_device(PrioritySwapper& swapper, const SwapMachine& machine);

  // --- Objects -----------------------------------------------------------------------------------------------------

  /// The swapper knows it already, and still when it is removed.
  void add(std::uint32_t device, ObjectId object, Bytes bytes, StreamId stream,
           SwapPriority priority = SwapPriority::medium);
  void remove(std::uint32_t device, ObjectId object);
  /// Of an object that has the size to be swapped; others are passed over.
  void set_priority(std::uint32_t device, ObjectId object, SwapPriority priority);
  void pin(std::uint32_t device, ObjectId object);
  void unpin(std::uint32_t device, ObjectId object);
  /// Length 0 = all of it.
  void record_access(std::uint32_t device, ObjectId object, bool written = false, Bytes offset = {}, Bytes length = {});

  // --- Pressure ----------------------------------------------------------------------------------------------------

  /// With `more` bytes beside what is there.
  PressureLevel pressure(std::uint32_t device, Bytes more = {}) const;
  /// What to send away so that `bytes` more have room; `needed` stay.
  SwapDecision make_swap_decision(Bytes bytes, std::uint32_t device, std::span<const ObjectId> needed = {}) const;
  /// Begins to copy out what still can go. Its memory is given up when it is needed.
  ExecutedSwaps execute_swap_decision(const SwapDecision& decision);
  /// `bytes` are missing now: gives up as many at least, where that many can go. Returns the bytes given up.
  Bytes handle_pressure(Bytes bytes, std::uint32_t device, std::span<const ObjectId> needed = {});
  /// Gives up the memory of what is leaving, behind its transfer. False: it is not leaving.
  bool settle(ObjectId object, std::uint32_t device);
  /// `bytes` will be missing: begins to send away as many of idle and low priority. Returns the bytes that began.
  Bytes prepare(Bytes bytes, std::uint32_t device);
  /// Begins to bring it back, into memory that is free or whose transfer out is likely over. False: there is none.
  bool swap_in(ObjectId object, std::uint32_t device);

  // --- What happens ------------------------------------------------------------------------------------------------

  /// An operator ran, foretold to take `time`. Every monitoring interval the pressure is looked at.
  void operator_ran(std::uint32_t device, Nanoseconds time = {});
  /// The iteration that ended: all of its time, and what of it was spent waiting.
  void iteration_measured(Nanoseconds stall, Nanoseconds iteration);
  /// Adaptive chooses its policy for the iteration that begins.
  void iteration_begins(const WorkloadClass& workload);

  // --- Accounts ----------------------------------------------------------------------------------------------------

  /// One of the three fixed ones, or adaptive: its own.
  ManagerPolicy policy_in_force() const;
  Tactics tactics() const;
  const AutoSwapSettings& settings() const { return settings_; }
  MemoryDistribution distribution(std::uint32_t device) const;
  ManagerPerformance performance() const;
  /// Of the device, as its transfers are foretold.
  Nanoseconds out_time(std::uint32_t device, Bytes bytes) const;
  Nanoseconds in_time(std::uint32_t device, Bytes bytes) const;
  Bytes leaving(std::uint32_t device) const;
  /// Free, or free once what is leaving has left.
  Bytes room(std::uint32_t device) const;
  SwapState state(std::uint32_t device, ObjectId object) const;
  /// On the device, and a tier takes it.
  bool may_leave(std::uint32_t device, ObjectId object) const;
  /// Those that gave up their memory and are not back.
  std::set<ObjectId> absent(std::uint32_t device) const;

 private:
  struct Managed;
  using Lock = std::lock_guard<std::mutex>;

  // REQUIRES, of all below: the mutex is held.
  Managed& at(std::uint32_t device) const;
  bool swappable(Bytes bytes) const { return bytes >= settings_.min_swap && bytes <= settings_.max_swap; }
  SwapDecision decide(Managed& on, Bytes bytes, PressureLevel level, std::span<const ObjectId> needed) const;
  ExecutedSwaps execute(Managed& on, const SwapDecision& decision);
  Bytes give_up(Managed& on, Bytes bytes, PressureLevel level, std::span<const ObjectId> needed);
  Bytes turn_back(Managed& on, Bytes bytes, std::span<const ObjectId> needed);
  void look(Managed& on);
  /// By policy, for PolicyBandit::choose().
  std::array<std::int64_t, 4> efforts() const;
  /// Likewise.
  std::int64_t change();
  /// In parts per million.
  std::int64_t of_computation(Nanoseconds time) const;

  AutoSwapSettings settings_;
  mutable std::mutex mutex_;
  std::vector<std::unique_ptr<Managed>> devices_;
  PolicyBandit bandit_;
  ManagerPolicy in_force_;
  Nanoseconds computation_{};  ///< of the iteration measured last
  ManagerPerformance performance_;
};

}  // namespace vramlab
