#pragma once
// Builds a timetable that keeps the load within a limit, one absence after the other, until no slot is over it. Where
// nothing helps in time, an operator is made to wait: for a copy out before it, or for a copy in that begins later.

#include <cstdint>
#include <optional>
#include <vector>

#include "engine/swap/link_calendar.h"
#include "engine/swap/swap_choices.h"
#include "engine/swap/swap_plan.h"
#include "engine/swap/swap_types.h"

namespace vramlab {

/// Which absence is taken next, of those that help the slot at hand.
enum class PlanRule : std::uint8_t {
  benefit_per_link_time,  ///< what it takes off the excess, over time, by the time it keeps the link busy
  benefit,                ///< what it takes off the excess, over time
  farthest,               ///< the one that is used last (Belady)
  earliest_copy           ///< the one that can be copied out first
};

/// How a plan is built; the planner tries several.
struct PlanStyle {
  PlanRule rule{};
  bool fullest_first = false;       ///< slots in order of excess; else in order of time
  std::uint32_t noise_percent = 0;  ///< scores are shaken by up to this much, by `seed`
  std::uint64_t seed = 0;
  std::uint32_t waiting_ppm = 0;     ///< of the duration, that operators may wait in all
  std::uint32_t link_percent = 100;  ///< of the link's bandwidth that is counted on
};

class PlanBuilder {
 public:
  /// All must outlive it.
  PlanBuilder(const AccessProgram& program, const SwapMachine& machine, const SwapChoices& choices, Tier tier);

  /// None where the style leads to no plan within `limit`.
  std::optional<SwapPlan> build(Bytes limit, const PlanStyle& style);
  /// Absences weighed so far: the measure of effort.
  std::uint64_t weighed() const { return weighed_; }

 private:
  /// When an absence would happen.
  struct Fit {
    std::uint32_t out = 0, settle = 0, in = 0;
    Nanoseconds copy{}, back{};
    bool copies = false, comes_back = false;
    Nanoseconds out_late{}, in_late{};  ///< what operators would have to wait, before `slot` and before the next use
    Nanoseconds late() const { return out_late + in_late; }
  };
  struct Copy {
    bool there = false;
    Nanoseconds begin{}, done{};
  };

  void begin(Bytes limit, const PlanStyle& style);
  std::uint32_t next_slot(std::uint32_t slot) const;
  bool take_best(std::uint32_t slot);
  bool wait_for_one(std::uint32_t slot);
  double waiting_value(std::uint32_t choice, const Fit& fit, std::uint32_t slot) const;
  bool takeable(std::uint32_t choice) const;
  bool fit(const AbsenceChoice& choice, std::uint32_t slot, Fit& fit) const;
  bool fit_out(const AbsenceChoice& choice, std::uint32_t slot, Fit& fit, Nanoseconds& done) const;
  bool fit_in(const AbsenceChoice& choice, std::uint32_t slot, Nanoseconds done, Fit& fit) const;
  void delay(std::uint32_t slot, Nanoseconds time);
  double score(const AbsenceChoice& choice, const Fit& fit, std::uint32_t slot) const;
  double benefit(std::uint64_t bytes, std::uint32_t from, std::uint32_t to) const;
  double shaken(double score);
  void apply(std::uint32_t choice, const Fit& fit);
  void lower(std::uint64_t bytes, std::uint32_t from, std::uint32_t to);
  SwapPlan plan() const;
  std::uint32_t ended_by(Nanoseconds time) const;

  const AccessProgram& program_;
  const SwapMachine& machine_;
  const SwapChoices& choices_;
  Tier tier_;
  std::vector<std::vector<std::uint32_t>> covering_;  // choices by slot

  // Of the plan at hand.
  PlanStyle style_;
  std::uint64_t random_ = 0;
  std::vector<Nanoseconds> begins_, ends_;
  Nanoseconds duration_{}, waiting_left_{};
  std::vector<Nanoseconds> out_times_, in_times_;  // by version
  std::vector<std::int64_t> excess_;
  std::vector<Copy> copies_;  // by version
  std::vector<bool> used_;
  std::vector<std::pair<std::uint32_t, Fit>> taken_;
  LinkCalendar outs_, ins_;
  std::uint64_t weighed_ = 0;
};

}  // namespace vramlab
