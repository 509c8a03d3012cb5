#pragma once
// Where a program is in which of several plans, told by its requests alone.
//
// A request that is not the expected one is a stray. It may be in place of the expected one, or besides it, or a few
// were left out; or at a period's beginning the program took the way of another plan that begins alike (several shapes
// in turn). All of that is guessed at once. A guess may be wrong: strays make trouble that only many expected requests
// wear off, and as long as there is any, the window of the last requests is to be looked up in all plans.

#include <array>
#include <cstdint>
#include <span>
#include <vector>

#include "engine/pool/period_plan.h"

namespace vramlab {

/// THREAD-SAFETY: none.
class PlanCourse {
 public:
  using Place = PlanIndex::Place;  ///< `next` is the position of the expected request
  static constexpr std::uint32_t reach =
      8;  ///< how far from the expected position two requests in a row are looked for

  /// At most `plans` plans are kept; the one not used for longest makes room.
  explicit PlanCourse(std::size_t plans) : most_plans_(plans) {}

  // --- The plans ---------------------------------------------------------------------------------------------------

  /// Adds a plan, which its place then names. Plans may be numbered anew. REQUIRES: not following.
  std::uint32_t add(PeriodPlan plan);
  /// REQUIRES: not following.
  void drop(std::uint32_t plan);
  std::span<const PeriodPlan> plans() const { return plans_; }
  Bytes largest_peak() const;
  /// Where in a plan of `length` requests the next one is, when the last `length` have this hash; invalid: not kept.
  Place locate(std::uint64_t period_hash, std::uint64_t length) const;
  /// The place after a window of requests with this hash, if that tells.
  Place find(std::uint64_t window_hash) const { return index_.find(window_hash); }

  // --- Following one -----------------------------------------------------------------------------------------------

  /// What comes next is expected to be the request at `place`. `sure`: it is known, not guessed.
  void follow(Place place, bool sure);
  const PeriodPlan& plan() const { return plans_[at_.plan]; }
  std::uint32_t plan_number() const { return at_.plan; }
  std::uint32_t position() const { return at_.next; }
  bool expects(std::uint64_t key) const { return plans_[at_.plan].key(at_.next) == key; }
  /// The expected request came. True: that was the last one of a period.
  bool advance() {
    if (trouble_ > 0) [[unlikely]]
      --trouble_;
    stray_last_ = false;
    if (++at_.next < plan().size()) [[likely]]
      return false;
    at_.next = 0;
    true_from_start_ = true;
    return true;
  }
  /// Where to go on with a request that is not expected; invalid where nothing tells. Changes nothing.
  Place detour(std::uint64_t key) const;
  /// It led nowhere. REQUIRES: not expected, and no detour.
  void stray(std::uint64_t key);
  /// Three for every stray, less one for every expected request since.
  std::uint32_t trouble() const { return trouble_; }
  static constexpr std::uint32_t trouble_of_stray = 3;

 private:
  Place other_beginning(std::uint64_t key) const;
  Place nearby(std::uint64_t key) const;

  std::size_t most_plans_;
  std::vector<PeriodPlan> plans_;
  std::vector<std::uint64_t> last_use_;  // by plan
  std::uint64_t uses_ = 0;
  PlanIndex index_;
  Place at_;
  bool true_from_start_ = false;  // every request since position 0 was the expected one
  std::uint32_t trouble_ = 0;
  bool stray_last_ = false;  // the last request was a stray, of this key:
  std::uint64_t last_stray_ = 0;
};

}  // namespace vramlab
