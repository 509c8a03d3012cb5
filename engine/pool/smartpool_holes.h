#pragma once
// Free places of one stretch of memory, by place and by size.

#include <cstdint>
#include <iterator>
#include <map>
#include <optional>
#include <set>
#include <utility>

#include "engine/core/check.h"

namespace vramlab {

/// Everything costs O(log n). INVARIANT: no two holes touch.
class HoleMap {
 public:
  static constexpr std::size_t looked_at = 64;

  void clear() {
    holes_.clear();
    by_size_.clear();
  }

  /// Whether [offset, offset + bytes) is free.
  bool contains(std::uint64_t offset, std::uint64_t bytes) const {
    const auto hole = around(offset);
    return hole != holes_.end() && hole->second >= offset + bytes;
  }
  /// Offset at the upper end of the highest hole of at least `bytes`, where that is among the highest `looked_at`;
  /// else in the smallest that is large enough.
  std::optional<std::uint64_t> fit_high(std::uint64_t bytes) const {
    const auto smallest = by_size_.lower_bound({bytes, 0});
    if (smallest == by_size_.end()) return std::nullopt;
    std::size_t looked = 0;
    for (auto hole = holes_.rbegin(); hole != holes_.rend() && looked < looked_at; ++hole, ++looked)
      if (hole->second - hole->first >= bytes) return hole->second - bytes;
    return smallest->second;
  }
  /// REQUIRES: contains(offset, bytes).
  void take(std::uint64_t offset, std::uint64_t bytes) {
    const auto hole = around(offset);
    VRAMLAB_CHECK(hole != holes_.end() && hole->second >= offset + bytes, "taken from no hole");
    const auto [begin, end] = *hole;
    erase(begin, end);
    if (begin < offset) insert(begin, offset);
    if (offset + bytes < end) insert(offset + bytes, end);
  }
  /// REQUIRES: nothing of it is free.
  void give(std::uint64_t offset, std::uint64_t bytes) {
    std::uint64_t begin = offset, end = offset + bytes;
    if (const auto above = holes_.find(end); above != holes_.end()) {
      end = above->second;
      erase(above->first, end);
    }
    if (const auto below = around(offset); below != holes_.end() && below->second == offset) {
      begin = below->first;
      erase(begin, offset);
    }
    insert(begin, end);
  }

 private:
  using Holes = std::map<std::uint64_t, std::uint64_t>;  // begin -> end

  // The last hole that begins at or below `offset`.
  Holes::const_iterator around(std::uint64_t offset) const {
    const auto above = holes_.upper_bound(offset);
    return above == holes_.begin() ? holes_.end() : std::prev(above);
  }
  void insert(std::uint64_t begin, std::uint64_t end) {
    holes_.emplace(begin, end);
    by_size_.emplace(end - begin, begin);
  }
  void erase(std::uint64_t begin, std::uint64_t end) {
    by_size_.erase({end - begin, begin});
    holes_.erase(begin);
  }

  Holes holes_;
  std::set<std::pair<std::uint64_t, std::uint64_t>> by_size_;  // size, begin
};

}  // namespace vramlab
