#pragma once
// Where every request of a period goes, period after period.
//
// A period is a circle. It is opened where the fewest bytes live across, which is where a plan begins to be followed.
// What lives across the opening is left out: when the plan is first followed, such objects lie elsewhere and need their
// memory still, and the same memory will do for their successors. Only where they are most of the period are they
// planned: each holds its place up to the end and again from the beginning on; to a solver that is a buffer that lives
// the whole period, with a gap in which others may use its place.

#include <cstdint>
#include <span>
#include <string_view>
#include <vector>

#include "engine/core/types.h"
#include "engine/pool/period_detector.h"

namespace vramlab {

/// What becomes of objects that live across the opening.
enum class Crossing : std::uint8_t {
  automatic,  ///< left out, unless they are more than a quarter of what is live at most
  left_out,   ///< not planned
  planned,    ///< planned as arcs of the circle
  cut,        ///< the period begins at its first request, and they count up to its end only
};

/// How a period is planned.
struct PlanRules {
  std::string_view solver = "auto";  ///< of engine/coloring
  Crossing crossing = Crossing::automatic;
  std::uint64_t search_rounds = 1;     ///< of a solver that searches in rounds
  std::uint64_t most_searched = 2000;  ///< requests; longer periods are planned by quick solvers alone
  std::uint64_t seed = 0;
};

/// Positions count from the plan's own beginning. INVARIANT: two requests whose lifetimes share a time share no byte.
class PeriodPlan {
 public:
  static constexpr std::uint64_t unplanned = ~std::uint64_t{0};

  PeriodPlan() = default;
  /// Plans `period`. Throws what the solver throws.
  PeriodPlan(std::span<const PeriodRequest> period, const PlanRules& rules);

  std::uint32_t size() const { return static_cast<std::uint32_t>(keys_.size()); }
  /// Index of the request given to the constructor that is at position 0.
  std::uint32_t start() const { return start_; }
  Bytes peak() const { return peak_; }
  /// Planned requests.
  std::uint32_t planned() const { return planned_; }

  std::uint64_t key(std::uint32_t position) const { return keys_[position]; }
  /// In the plan's memory; or `unplanned`.
  std::uint64_t offset(std::uint32_t position) const { return offsets_[position]; }
  /// The requests whose objects are gone when the request at `position` comes.
  std::span<const std::uint32_t> ended(std::uint32_t position) const {
    return {ended_.data() + first_ended_[position], first_ended_[position + 1] - first_ended_[position]};
  }
  /// Hash of the first `length` keys.
  std::uint64_t prefix_hash(std::uint32_t length) const { return prefixes_[length]; }

 private:
  std::vector<PeriodRequest> opened(std::span<const PeriodRequest> period, Crossing crossing);
  void place(std::span<const PeriodRequest> requests, const PlanRules& rules);
  void list_ends(std::span<const PeriodRequest> requests);

  std::vector<std::uint64_t> keys_, offsets_, prefixes_;
  std::vector<std::uint32_t> ended_, first_ended_;
  std::uint32_t start_ = 0, planned_ = 0;
  Bytes peak_{};
};

/// Where in which plan the last `window` requests have been: told by their hash, where it is the only such place.
class PlanIndex {
 public:
  struct Place {
    std::uint32_t plan = none;  ///< index into the plans given, or none
    std::uint32_t next = 0;     ///< position of the request that comes next
    bool valid() const { return plan != none; }
  };
  static constexpr std::uint32_t none = ~std::uint32_t{0};

  void rebuild(std::span<const PeriodPlan> plans);
  Place find(std::uint64_t window_hash) const {
    if (entries_.empty()) return {};
    for (std::size_t i = window_hash >> shift_;; i = (i + 1) & (entries_.size() - 1))
      if (entries_[i].hash == window_hash || !entries_[i].used) return entries_[i].place;
  }

 private:
  struct Entry {
    std::uint64_t hash = 0;
    bool used = false;
    Place place;
  };
  void add(std::uint64_t hash, Place place);

  unsigned shift_ = 0;
  std::vector<Entry> entries_;  // open addressing, at most half full
};

}  // namespace vramlab
