#pragma once
// Follows an IterationPlan while the iteration goes as foretold: what `adaptive` does where it learned a plan. A plan
// is made once for each iteration that is kept, when it is expected or has begun. What has become impossible is left
// out or tried again before the next operator; where an iteration turns out to go as another one, that one's plan takes
// over. Memory that is missing all the same (the pool needs more than the load, the iteration departs) is made on
// demand by whose next use is farthest (Belady 1966), and from the next iteration on plans leave more room. Plans count
// effort, not time: most take milliseconds of the host, long iterations tenths of a second.

#include <cstdint>
#include <deque>
#include <functional>
#include <map>
#include <optional>
#include <set>
#include <span>
#include <vector>

#include "engine/swap/autoswap_manager.h"
#include "engine/swap/autoswap_plan.h"
#include "engine/swap/iteration_history.h"

namespace vramlab {

/// THREAD-SAFETY: none.
class AutoSwapGuide {
 public:
  /// All must outlive it. `may_leave` tells whether an object with a known number may be swapped at all.
  AutoSwapGuide(const IterationHistory& history, AutoSwapManager& manager, std::uint32_t device,
                const SwapMachine& machine, std::function<bool(ObjectId)> may_leave);

  /// Plans where the history foretells the iteration that begins. Behind IterationHistory::iteration().
  void begin_iteration();
  /// Nobody follows a plan in this iteration.
  void rest() { plan_ = nullptr; }
  bool guided() const { return plan_ != nullptr; }

  /// Begins to bring back what is due before the operator to come.
  void bring_back();
  /// An operator ran, and the history knows it: what is due leaves.
  void advance();
  /// The plan keeps it away, or brings it back.
  bool minds(ObjectId object) const { return guided() && minded_.contains(object); }
  /// So much was missing beyond the plan.
  void missed(Bytes bytes) { missed_ += bytes; }

 private:
  const IterationPlan* plan_for(const IterationHistory::Iteration& kept);
  void follow();
  void send_out(std::span<const std::uint32_t> absences);
  void give_up(std::span<const std::uint32_t> absences);
  /// Of what should have left by now, one. False: it has.
  bool make_room();
  /// Whether nothing is left to do.
  bool bring_in(std::uint32_t absence);
  void learn_room();

  struct Made {
    std::optional<IterationPlan> plan;
    Bytes limit{};
    std::uint64_t used_at = 0;
  };

  const IterationHistory& history_;
  AutoSwapManager& manager_;
  std::uint32_t device_;
  const SwapMachine& machine_;
  std::function<bool(ObjectId)> may_leave_;
  std::map<std::uint64_t, Made> plans_;  ///< by IterationHistory::Iteration::number
  const IterationPlan* plan_ = nullptr;
  std::uint64_t following_ = 0;         ///< number of the iteration that plan_ is of
  std::vector<std::uint32_t> pending_;  ///< absences that are due to end
  std::deque<std::uint32_t> leaving_;   ///< absences whose memory may be given up, those that began first in front
  std::set<ObjectId> minded_;           ///< away by plan
  Bytes missed_{};
  Bytes room_{};  ///< that plans leave for what was missed
  std::uint64_t iterations_ = 0;
};

}  // namespace vramlab
