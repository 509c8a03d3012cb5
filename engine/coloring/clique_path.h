#pragma once
// The problem in the form that searches work on. The maximal cliques of an interval graph stand in a row in time
// (Fulkerson, Gross, "Incidence matrices and interval graphs", 1965), and a buffer is in a run of neighbouring ones:
// time becomes a clique's number, and nothing between two cliques can bind. Sizes are in units (the greatest common
// divisor of all sizes, alignments and pins), so that heights are small whole numbers.

#include <cstdint>
#include <span>
#include <vector>

#include "engine/core/instance.h"

namespace vramlab {

class CliquePath {
 public:
  static constexpr std::uint64_t free_offset = ~std::uint64_t{0};

  /// Cliques [first, last).
  struct Range {
    std::uint32_t first = 0;
    std::uint32_t last = 0;
  };

  /// How large the path of an instance is: above most_members (4 bytes each), searches do not begin.
  struct Shape {
    std::uint64_t cliques = 0;
    std::uint64_t members = 0;  ///< the sum over all cliques
  };
  static Shape shape_of(const Instance& instance);
  static constexpr std::uint64_t most_members = 400'000'000;

  /// REQUIRES: check_instance() passed, no heaps.
  explicit CliquePath(const Instance& instance);

  std::uint32_t buffers() const { return static_cast<std::uint32_t>(size_.size()); }
  std::uint32_t cliques() const { return static_cast<std::uint32_t>(weight_.size()); }
  Bytes unit() const { return Bytes(unit_); }

  std::uint64_t size(std::uint32_t buffer) const { return size_[buffer]; }
  std::uint64_t alignment(std::uint32_t buffer) const { return alignment_[buffer]; }
  /// In bytes: what heights are a multiple of, at least.
  Bytes alignment_bytes(std::uint32_t buffer) const { return Bytes(alignment_[buffer] * unit_); }
  /// Where it must lie, or free_offset.
  std::uint64_t pin(std::uint32_t buffer) const { return pins_.empty() ? free_offset : pins_[buffer]; }
  bool has_pins() const { return !pins_.empty(); }

  /// The cliques a buffer is in: one range, more where it has gaps.
  std::span<const Range> ranges(std::uint32_t buffer) const {
    return {ranges_.data() + range_begin_[buffer], ranges_.data() + range_begin_[buffer + 1]};
  }
  /// From its first clique to its last.
  Range hull(std::uint32_t buffer) const {
    return {ranges_[range_begin_[buffer]].first, ranges_[range_begin_[buffer + 1] - 1].last};
  }
  bool contains(std::uint32_t buffer, std::uint32_t clique) const {
    for (const Range& range : ranges(buffer))
      if (range.first <= clique && clique < range.last) return true;
    return false;
  }

  /// Buffers of a clique, the shortest-lived first, and those among them with a range that begins there.
  std::span<const std::uint32_t> members(std::uint32_t clique) const {
    return {members_.data() + member_begin_[clique], members_.data() + member_begin_[clique + 1]};
  }
  std::span<const std::uint32_t> starters(std::uint32_t clique) const {
    return {starters_.data() + starter_begin_[clique], starters_.data() + starter_begin_[clique + 1]};
  }
  /// In how many cliques a buffer is, and the weight of the heaviest of them.
  std::uint64_t width(std::uint32_t buffer) const;
  std::uint64_t heaviest(std::uint32_t buffer) const;
  /// Sum of the sizes of a clique.
  std::uint64_t weight(std::uint32_t clique) const { return weight_[clique]; }
  std::uint64_t max_weight() const;

  /// No gaps, and every height is aligned for every buffer.
  bool plain() const { return plain_; }

  /// Calls each(other) for the buffers that share a clique with `buffer`, itself too; some more than once.
  template <class Each>
  void for_neighbours(std::uint32_t buffer, Each&& each) const {
    for (const Range& range : ranges(buffer)) {
      for (std::uint32_t other : members(range.first)) each(other);
      for (std::uint32_t other :
           std::span(starters_.data() + starter_begin_[range.first + 1], starters_.data() + starter_begin_[range.last]))
        each(other);
    }
  }

 private:
  void scale(const Instance& instance);
  void arrange(const Instance& instance);
  void gather();
  std::vector<std::uint32_t> by_width() const;

  std::uint64_t unit_ = 1;
  bool plain_ = true;
  std::vector<std::uint64_t> size_, alignment_, pins_, weight_;
  std::vector<Range> ranges_;
  std::vector<std::uint32_t> range_begin_, members_, starters_;
  std::vector<std::size_t> member_begin_, starter_begin_;
};

}  // namespace vramlab
