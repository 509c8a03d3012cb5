#pragma once
// A set of addresses as disjoint ranges.

#include <cstdint>
#include <map>
#include <vector>

namespace vramlab::snapshot {

/// [begin, end)
struct Range {
  std::uint64_t begin = 0;
  std::uint64_t end = 0;
  std::uint64_t size() const { return end - begin; }
  friend bool operator==(const Range&, const Range&) = default;
};

/// INVARIANT: stored ranges are not empty and do not touch each other. All operations take logarithmic time plus the
/// number of stored ranges that they meet. Empty ranges change nothing.
class RangeSet {
 public:
  void add(Range range);
  void remove(Range range);
  bool contains(std::uint64_t address) const;
  /// How much of `range` is in the set.
  std::uint64_t overlap(Range range) const;
  /// The parts of `range` that are not in the set, in order.
  std::vector<Range> missing(Range range) const;

 private:
  using Map = std::map<std::uint64_t, std::uint64_t>;  // begin -> end
  /// The first stored range that ends at `address` or later.
  Map::const_iterator first_reaching(std::uint64_t address) const;

  Map ranges_;
};

}  // namespace vramlab::snapshot
