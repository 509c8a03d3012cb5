#pragma once
// Searches for plans: builds them in many ways (plan_builder.h), judges each by its forecast, where both directions
// share the link, and goes on from the best until the effort is spent. What chance changes is the waits, the style, and
// the scores of absences: of all, or of some that would help the fullest slot.

#include <cstdint>
#include <optional>
#include <vector>

#include "engine/swap/plan_builder.h"
#include "engine/swap/planner.h"

namespace vramlab {

class PlanSearch {
 public:
  /// All must outlive it. Throws ConfigError where the machine has no link to the tier.
  PlanSearch(const AccessProgram& program, const SwapMachine& machine, const PlannerRequest& request);

  Bytes max_load() const { return max_load_; }
  /// No plan has a lower peak.
  Bytes least() const { return least_; }

  /// The least peak that is found, or any within `limit`, where operators wait at most as the request says.
  SwapPlan lowest(Bytes limit);
  /// The least waiting that is found within `limit`.
  std::optional<SwapPlan> quickest(Bytes limit);

 private:
  /// A plan, and what it was built by.
  struct Found {
    SwapPlan plan;
    PlanStyle style;
    PlanWaits waits;
    std::vector<double> weights;
    std::uint32_t fullest = 0;  ///< slot
  };

  bool spent() const { return builder_.weighed() + forecasts_ >= effort_; }
  Bytes step() const { return std::max(Bytes(1), max_load_ / 4096); }
  Bytes just_below(Bytes peak) const { return std::max(least_, peak - std::min(peak, step())); }
  Found nothing() const;
  std::optional<Found> attempt(Bytes limit, Bytes most, Nanoseconds allowed, const Found& way);
  Nanoseconds calls() const { return transfer_cost_ * static_cast<std::int64_t>(builder_.transfers()); }
  void lower_to(Bytes limit, Found& best);
  void try_styles(Bytes limit, Found& best);
  void lower(Bytes limit, const Found& way, Found& best);
  Found another(const Found& from) { return below(2) == 0 ? shaken(from) : nudged(from); }
  Found shaken(const Found& from);
  Found nudged(const Found& from);
  std::uint32_t below(std::size_t end);

  const AccessProgram& program_;
  const SwapMachine& machine_;
  SwapChoices choices_;
  PlanBuilder builder_;
  Bytes max_load_, least_;
  Nanoseconds allowed_{}, transfer_cost_;
  std::uint64_t effort_;
  std::uint64_t random_;
  std::uint64_t forecasts_ = 0;  // in absences weighed
};

}  // namespace vramlab
