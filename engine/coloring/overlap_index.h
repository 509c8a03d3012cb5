#pragma once
// Which of the buffers placed so far are live together with a given one. Enumerates exactly those, each once: the
// ones live at its beginning from a segment tree over time, the ones that begin later from a bitmap in order of
// beginning. Adding costs O(log n), asking O(log n + found + span / 64).

#include <algorithm>
#include <bit>
#include <cstdint>
#include <numeric>
#include <utility>
#include <vector>

#include "engine/core/instance.h"

namespace vramlab {

class OverlapIndex {
 public:
  explicit OverlapIndex(const Instance& instance) : instance_(instance) {
    const std::size_t n = instance.buffers.size();
    order_.resize(n);
    std::iota(order_.begin(), order_.end(), 0u);
    std::sort(order_.begin(), order_.end(), [&](std::uint32_t a, std::uint32_t b) {
      return std::pair(instance.buffers[a].lower, a) < std::pair(instance.buffers[b].lower, b);
    });
    rank_.resize(n);
    for (std::uint32_t r = 0; r < n; ++r) {
      rank_[order_[r]] = r;
      if (r == 0 || begins_.back() != instance.buffers[order_[r]].lower) begins_.push_back(lower_of(r));
    }
    placed_.resize((n + 63) / 64);
    leaves_ = std::bit_ceil(std::max<std::size_t>(begins_.size(), 1));
    nodes_.resize(2 * leaves_);
  }

  void add(std::uint32_t buffer) {
    placed_[rank_[buffer] / 64] |= std::uint64_t{1} << (rank_[buffer] % 64);
    // A leaf is a distinct beginning; the buffer is live at the leaves in [from, to).
    std::size_t from = leaf(instance_.buffers[buffer].lower) + leaves_;
    std::size_t to = leaf(instance_.buffers[buffer].upper) + leaves_;
    for (; from < to; from /= 2, to /= 2) {
      if (from & 1) nodes_[from++].push_back(buffer);
      if (to & 1) nodes_[--to].push_back(buffer);
    }
  }

  /// Calls `each` with every added buffer whose lifetime overlaps that of `buffer`.
  template <class Each>
  void for_each(std::uint32_t buffer, Each&& each) const {
    const Buffer& b = instance_.buffers[buffer];
    for (std::size_t node = leaf(b.lower) + leaves_; node > 0; node /= 2)
      for (std::uint32_t other : nodes_[node]) each(other);
    const auto by_lower = [this](std::uint64_t time, std::uint32_t i) { return time < instance_.buffers[i].lower; };
    const auto after = std::upper_bound(order_.begin(), order_.end(), b.lower, by_lower);
    const auto until = std::upper_bound(after, order_.end(), b.upper - 1, by_lower);
    for_each_placed(static_cast<std::size_t>(after - order_.begin()), static_cast<std::size_t>(until - order_.begin()),
                    each);
  }

 private:
  std::uint64_t lower_of(std::uint32_t rank) const { return instance_.buffers[order_[rank]].lower; }
  std::size_t leaf(std::uint64_t time) const {
    return static_cast<std::size_t>(std::lower_bound(begins_.begin(), begins_.end(), time) - begins_.begin());
  }

  template <class Each>
  void for_each_placed(std::size_t from, std::size_t to, Each&& each) const {
    for (std::size_t word = from / 64; word * 64 < to; ++word) {
      std::uint64_t bits = placed_[word];
      if (word == from / 64) bits &= ~std::uint64_t{0} << (from % 64);
      if (to - word * 64 < 64) bits &= (std::uint64_t{1} << (to - word * 64)) - 1;
      for (; bits != 0; bits &= bits - 1) each(order_[word * 64 + static_cast<std::size_t>(std::countr_zero(bits))]);
    }
  }

  const Instance& instance_;
  std::vector<std::uint32_t> order_;   // buffers by beginning
  std::vector<std::uint32_t> rank_;    // its inverse
  std::vector<std::uint64_t> begins_;  // distinct beginnings
  std::vector<std::uint64_t> placed_;  // bit r: buffer order_[r] was added
  std::size_t leaves_ = 0;
  std::vector<std::vector<std::uint32_t>> nodes_;  // heap order, leaves from leaves_ on
};

}  // namespace vramlab
