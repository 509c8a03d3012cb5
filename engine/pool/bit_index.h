#pragma once
// A set of small integers with neighbours found in a few instructions: bits, and bits over their words, level by level.

#include <bit>
#include <cstddef>
#include <cstdint>
#include <vector>

namespace vramlab {

/// Integers below `count` (fixed at construction). Every operation touches one word a level; three levels hold 262,144.
class BitIndex {
 public:
  static constexpr std::size_t none = ~std::size_t{0};

  explicit BitIndex(std::size_t count = 0) {
    for (std::size_t words = (count + 63) / 64;; words = (words + 63) / 64) {
      levels_.emplace_back(words);
      if (words <= 1) break;
    }
  }

  bool contains(std::size_t i) const { return (levels_[0][i / 64] >> (i % 64) & 1) != 0; }

  void insert(std::size_t i) {
    for (std::vector<std::uint64_t>& level : levels_) {
      std::uint64_t& word = level[i / 64];
      const bool known = word != 0;
      word |= std::uint64_t{1} << (i % 64);
      if (known) return;
      i /= 64;
    }
  }

  void erase(std::size_t i) {
    for (std::vector<std::uint64_t>& level : levels_) {
      std::uint64_t& word = level[i / 64];
      word &= ~(std::uint64_t{1} << (i % 64));
      if (word != 0) return;
      i /= 64;
    }
  }

  /// The largest member that is at most `i`, or none.
  std::size_t at_most(std::size_t i) const {
    for (std::size_t l = 0; l < levels_.size(); ++l) {
      const std::uint64_t below = levels_[l][i / 64] & (~std::uint64_t{0} >> (63 - i % 64));
      if (below != 0) return down(l, i / 64 * 64 + static_cast<std::size_t>(std::bit_width(below)) - 1);
      if (i / 64 == 0) return none;
      i = i / 64 - 1;
    }
    return none;
  }

  /// The smallest member that is at least `i`, or none.
  std::size_t at_least(std::size_t i) const {
    for (std::size_t l = 0; l < levels_.size(); ++l) {
      if (i / 64 >= levels_[l].size()) return none;
      const std::uint64_t above = levels_[l][i / 64] & (~std::uint64_t{0} << (i % 64));
      if (above != 0) return up(l, i / 64 * 64 + static_cast<std::size_t>(std::countr_zero(above)));
      i = i / 64 + 1;
    }
    return none;
  }

 private:
  // From a set bit of level `l` to its largest or smallest member.
  std::size_t down(std::size_t l, std::size_t i) const {
    while (l-- > 0) i = i * 64 + static_cast<std::size_t>(std::bit_width(levels_[l][i])) - 1;
    return i;
  }
  std::size_t up(std::size_t l, std::size_t i) const {
    while (l-- > 0) i = i * 64 + static_cast<std::size_t>(std::countr_zero(levels_[l][i]));
    return i;
  }

  std::vector<std::vector<std::uint64_t>> levels_;  // [0] = the members, [n + 1] = which words of [n] are not 0
};

}  // namespace vramlab
