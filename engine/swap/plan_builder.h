#pragma once
// Builds a timetable that keeps the load within a limit, one absence after the other, until no slot is over it. It
// works on the program's times, with waits put in before some operators. Where no absence is possible in time, some
// operator waits for one, and everything that comes later, transfers too, is put off by as much: what was chosen before
// stays possible.
//
// When an absence would happen depends only on what was chosen before it, and every choice makes it later, its return
// earlier and its use smaller. So what was found for it once bounds what it can be, and only choices that may still be
// the best are looked at again.

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
  bool fullest_first = false;        ///< slots in order of excess; else in order of time
  bool wait_for_all = false;         ///< a wait is judged by all slots that it helps; else by the one at hand
  std::uint32_t link_percent = 100;  ///< of the link's bandwidth that is counted on
};

/// How long operators wait: before each, and last after all of them.
using PlanWaits = std::vector<Nanoseconds>;

/// What operators may wait.
struct WaitBudget {
  Nanoseconds all{};       ///< waits and transfers together
  Nanoseconds transfer{};  ///< for each transfer, beside the waits
};

class PlanBuilder {
 public:
  /// All must outlive it. Throws ConfigError where the machine has no link to the tier.
  PlanBuilder(const AccessProgram& program, const SwapMachine& machine, const SwapChoices& choices, Tier tier);

  /// Brings the load within `limit` where it can, and makes that of no slot larger. `waits` are there from the
  /// beginning; more are added as the budget allows. `weights` are factors of the score of each choice. False where it
  /// stopped at a slot that it could bring within neither the limit nor `most`.
  bool build(Bytes limit, Bytes most, const PlanStyle& style, const WaitBudget& budget, PlanWaits& waits,
             const std::vector<double>& weights);
  SwapPlan plan() const;
  /// Of the plan, both directions together.
  std::uint32_t transfers() const { return transfers_; }
  /// Absences weighed so far: the measure of effort.
  std::uint64_t weighed() const { return weighed_; }

 private:
  /// When an absence would happen.
  struct Fit {
    std::uint32_t out = 0, settle = 0, in = 0;
    Nanoseconds copy{}, done{}, back{};
    bool copies = false, comes_back = false;
  };
  /// What a choice can be at best, as far as is known.
  struct Outlook {
    double score = 0;
    std::uint32_t settle = 0, in = 0;
  };
  /// What a copy takes: before it is on the link, on it, and until an operator can go on.
  struct CopyTime {
    Nanoseconds lead{}, link{}, lag{};
    Nanoseconds total() const { return lead + link + lag; }
  };
  struct Copy {
    bool there = false;
    Nanoseconds begin{};  ///< on the link
    Nanoseconds done{};
  };
  /// A choice that may be the best; the best by what is known comes last in order.
  struct Promising {
    double score = 0;
    std::uint32_t choice = 0;
    bool known = false;  ///< the score is what it is now
    friend bool operator<(const Promising& a, const Promising& b) {
      return a.score != b.score ? a.score < b.score : a.choice > b.choice;
    }
  };
  /// Waits that would make room for an absence.
  struct Room {
    std::uint32_t before_out = 0, before_in = 0;  ///< operators that wait
    Nanoseconds out{}, in{};
    Nanoseconds all() const { return out + in; }
  };

  void begin(Bytes limit, const PlanWaits& waits);
  void set_times(const PlanWaits& waits);
  void set_copy_times();
  static Nanoseconds shortest(const std::vector<CopyTime>& times);
  void find_full(Bytes limit);
  void forget(std::uint32_t choice);
  std::optional<std::size_t> next_full(std::size_t after) const;
  bool relieve(std::uint32_t slot, PlanWaits& waits);
  bool take_best(std::uint32_t slot);
  void gather(std::uint32_t slot);
  void look_again(std::uint32_t choice, bool fits, const Fit& found);
  bool possible(std::uint32_t choice, std::uint32_t slot) const;
  bool takeable(std::uint32_t choice) const;
  bool fit(const AbsenceChoice& choice, Fit& fit) const;
  Nanoseconds earliest_out(const ContentVersion& version, const CopyTime& time) const;
  std::optional<Nanoseconds> latest_in(Nanoseconds from, std::uint32_t to, const CopyTime& time) const;
  void forget_covering(std::uint32_t slot);
  Nanoseconds calls() const { return budget_.transfer * static_cast<std::int64_t>(transfers_); }
  Room least_room(std::uint32_t slot, Nanoseconds most);
  void wait_for(const Room& room, PlanWaits& waits);
  void put_off(std::uint32_t slot, Nanoseconds time);
  bool room(const AbsenceChoice& choice, std::uint32_t slot, Room& room) const;
  bool room_out(const AbsenceChoice& choice, std::uint32_t slot, Room& room) const;
  bool room_in(const AbsenceChoice& choice, std::uint32_t slot, Room& room) const;
  double worth_of(const AbsenceChoice& choice, const Room& room, std::uint32_t slot) const;
  double score(const AbsenceChoice& choice, const Fit& fit) const;
  double benefit(std::uint64_t bytes, std::uint32_t from, std::uint32_t to) const;
  void apply(std::uint32_t choice, const Fit& fit);
  void lower(std::uint64_t bytes, std::uint32_t from, std::uint32_t to);
  std::uint32_t ended_by(Nanoseconds time) const;
  Nanoseconds begin_of(std::uint32_t slot) const { return slot < program_.slots() ? begins_[slot] : duration_; }

  const AccessProgram& program_;
  const SwapMachine& machine_;
  const SwapChoices& choices_;
  Tier tier_;
  std::vector<std::vector<std::uint32_t>> covering_;    // choices by slot
  std::vector<std::vector<std::uint32_t>> of_version_;  // choices by version

  // Of the plan at hand.
  PlanStyle style_;
  WaitBudget budget_;
  Nanoseconds waited_{};
  std::vector<Nanoseconds> begins_, ends_;
  Nanoseconds duration_{};
  std::vector<CopyTime> out_times_, in_times_;  // by version
  std::vector<std::uint32_t> full_;             // slots that were over the limit at first, in order
  std::vector<std::uint32_t> full_before_;      // how many of them lie before a slot
  std::vector<bool> given_up_;                  // each of them
  std::vector<double> excess_, durations_;      // of each of them: bytes, ns
  std::vector<Copy> copies_;                    // by version
  std::vector<bool> used_;
  std::vector<Outlook> outlooks_;     // by choice
  std::vector<Promising> promising_;  // a heap
  std::vector<std::pair<std::uint32_t, Fit>> taken_;
  std::uint32_t transfers_ = 0;
  LinkCalendar outs_, ins_;
  const std::vector<double>* weights_ = nullptr;
  bool put_off_ = false;  // something was, so that more may be possible than the outlooks say
  std::uint64_t weighed_ = 0;
};

}  // namespace vramlab
