#pragma once
// Intervals that come one by one, for a pool that replans while it runs: who overlaps whom, the load, how blocks are
// accessed, and which of them can share a place. Times are positions of the log.

#include <cstdint>
#include <optional>
#include <unordered_map>
#include <utility>
#include <vector>

#include "engine/coloring/solver.h"
#include "engine/coloring/summed_tree.h"
#include "engine/core/instance.h"

namespace vramlab {

/// How an interval was accessed, by touch(). Gaps are between consecutive accesses.
struct AccessPattern {
  std::uint64_t count = 0;
  std::uint64_t first = 0;  ///< time; 0 while count is 0, as `last`
  std::uint64_t last = 0;
  std::uint64_t longest_gap = 0;  ///< 0 below two accesses
  std::uint64_t period = 0;       ///< the gap where all gaps are the same; else 0, and below three accesses

  /// (last - first) / (count - 1); 0 below two accesses.
  double mean_gap() const { return count < 2 ? 0 : static_cast<double>(last - first) / static_cast<double>(count - 1); }
  friend bool operator==(const AccessPattern&, const AccessPattern&) = default;
};

/// Live in [lower, upper); upper is `still_open` until it is closed.
struct TrackedInterval {
  static constexpr std::uint64_t still_open = ~std::uint64_t{0};
  std::uint64_t id = 0;
  std::uint64_t lower = 0;
  std::uint64_t upper = still_open;
  Bytes size{};
  AccessPattern accesses;

  bool is_open() const { return upper == still_open; }
};

/// One reusable place: intervals of one size class of which no two overlap, in order of time.
struct CoalescedSlot {
  Bytes size{};  ///< of the class: that of its members, rounded up
  std::vector<std::uint64_t> ids;
};

/// All operations but the reports at the end cost O(log n) expected, and give the strong guarantee: TraceError leaves
/// the tracker as it was. THREAD-SAFETY: none.
class IntervalTracker {
 public:
  /// Sizes that are the same once rounded up to `size_granule` (> 0) are of one class.
  explicit IntervalTracker(Bytes size_granule = 512_B);

  /// A new interval begins at `time`. Throws TraceError where the id is known, the size is 0 or exceeds
  /// max_object_bytes, or time goes back: open, touch and close come in order of time.
  void open(std::uint64_t id, std::uint64_t time, Bytes size);
  /// An access to an open interval. Throws TraceError where it is not open, or time goes back.
  void touch(std::uint64_t id, std::uint64_t time);
  /// It ends before `time`. Throws TraceError where it is not open, begins at `time`, or time goes back.
  void close(std::uint64_t id, std::uint64_t time);

  /// A whole interval that is known already, at any time. Throws TraceError for bad ids and sizes as open(), for an
  /// open interval, and for upper <= lower.
  void add(std::uint64_t id, std::uint64_t lower, std::uint64_t upper, Bytes size);
  /// Forgets an interval, open or not, and what it added to the load of the past. Throws TraceError for unknown ids.
  void remove(std::uint64_t id);

  std::size_t size() const { return intervals_.size(); }
  /// The latest time of open, touch and close; 0 before.
  std::uint64_t now() const { return now_; }
  /// nullopt for unknown ids.
  std::optional<TrackedInterval> find(std::uint64_t id) const;
  /// By (lower, id). O(n log n).
  std::vector<TrackedInterval> intervals() const;

  /// Sum of the sizes live at `time`. An open interval is live from its beginning on.
  Bytes load_at(std::uint64_t time) const;
  Bytes load() const { return load_at(now_); }
  /// The largest load at any time, those of intervals added for later included, and the first time it is reached.
  Load max_load() const;

  /// Ids of the other intervals that share time with this one, by (lower, id). Throws TraceError for unknown ids.
  /// O((found + 1) log n), as the next.
  std::vector<std::uint64_t> overlaps_of(std::uint64_t id) const;
  /// Ids of the intervals that share time with [lower, upper), by (lower, id).
  std::vector<std::uint64_t> overlaps(std::uint64_t lower, std::uint64_t upper) const;

  /// Interval coalescing: every interval in one slot of its class, with as few slots as any such grouping needs (a
  /// class's most intervals live at one time). In order of beginning, each interval goes to the slot of its class
  /// that was left the latest, so that touching intervals stay together; of equal ones to the oldest slot. O(n log n).
  std::vector<CoalescedSlot> coalesced() const;

  /// The problem of placing all intervals: buffer i is intervals()[i], named by its id. Open ones end after the latest
  /// time known, now() or the last end. O(n log n).
  Instance to_instance() const;
  /// The same with a buffer a slot of coalesced(), in their order and named by the first member: a slot holds its place
  /// from its first beginning to its last end, except in gaps between members, where others may use it.
  Instance to_coalesced_instance() const;

 private:
  using Begin = std::pair<std::uint64_t, std::uint64_t>;  // lower, id
  struct LatestEnd {
    std::uint64_t upper = 0;
    static LatestEnd join(const LatestEnd& left, const Begin& begin, std::uint64_t upper, const LatestEnd& right);
  };
  struct Change {
    std::int64_t bytes = 0;   // of beginnings less that of ends
    std::uint64_t count = 0;  // of both
  };
  struct Loads {
    std::int64_t sum = 0;
    std::int64_t highest = 0;  // of the sums up to some key, or of none
    std::uint64_t time = 0;    // the first key where it is reached
    static Loads join(const Loads& left, std::uint64_t time, const Change& change, const Loads& right);
  };
  using ByBegin = SummedTree<Begin, std::uint64_t, LatestEnd>;
  using ByTime = SummedTree<std::uint64_t, Change, Loads>;

  void check_new(std::uint64_t id, Bytes size) const;
  void check_time(std::uint64_t id, std::uint64_t time, const char* what) const;
  TrackedInterval& open_one(std::uint64_t id, const char* what);
  void insert(const TrackedInterval& interval);
  void change_load(std::uint64_t time, Bytes size, bool begins, bool undo);
  void collect(ByBegin::Index node, std::uint64_t lower, std::uint64_t upper, std::vector<std::uint64_t>& ids) const;
  std::uint64_t horizon() const;

  Bytes granule_;
  std::uint64_t now_ = 0;
  Bytes tracked_{};                                               // sum of all sizes
  std::unordered_map<std::uint64_t, TrackedInterval> intervals_;  // looked up only, never walked
  ByBegin by_begin_;
  ByTime by_time_;
};

}  // namespace vramlab
