#pragma once
// What the accesses of one object look like: the five patterns of the AutoSwap document, with temporal and spatial
// locality. Positions are logical (of the log of inputs); all arithmetic is of integers, shares are per mille.
//
// Over the window of the latest n <= 16 accesses, each [offset, offset + length) at a position:
//   temporal locality   of the n - 1 accesses after the first: how many touch a byte that an earlier one of the window
//                       touched
//   spatial locality    of the n - 1 steps from one access to the next: how many touch no common byte, but leave at
//                       most `nearby` bytes between both ranges (0 between neighbours)
//   sequential share    of the n - 1 steps: how many begin where the access before ended
//   strided share       of the n - 2 steps after the first: how many move the offset by as much as the step before, not
//                       by nothing
// The pattern is the first of these whose share is at least `decisive`:
//   sequential   consecutive accesses: sequential share
//   strided      at regular intervals: strided share
//   temporal     the same bytes again: temporal locality
//   spatial      clustered in one place: spatial locality
//   random       none of them, or fewer than 3 accesses: nothing can be foretold
// One that reads an object twice from end to end is sequential; one that is always used whole is temporal.

#include <array>
#include <cstdint>
#include <string_view>

#include "engine/core/types.h"

namespace vramlab {

enum class AccessPattern : std::uint8_t { sequential, random, strided, temporal, spatial };
inline constexpr std::array<std::string_view, 5> access_pattern_names{"sequential", "random", "strided", "temporal",
                                                                      "spatial"};

struct AccessFigures {
  AccessPattern pattern = AccessPattern::random;
  std::uint32_t temporal_per_mille = 0;
  std::uint32_t spatial_per_mille = 0;
  std::uint32_t sequential_per_mille = 0;
  std::uint32_t strided_per_mille = 0;
};

struct RecordedAccess {
  std::uint64_t position = 0;
  Bytes offset{};  ///< from the beginning of the object
  Bytes length{};
};

/// The latest accesses of one object. Recording allocates nothing.
class AccessRecord {
 public:
  static constexpr std::uint32_t window = 16;
  static constexpr std::uint32_t decisive = 750;  ///< per mille
  static constexpr Bytes nearby{std::uint64_t{64} << 10};

  /// REQUIRES: positions do not fall; offset + length < 2^64.
  void record(const RecordedAccess& access);

  std::uint64_t total() const { return total_; }  ///< recorded ever
  std::uint32_t kept() const { return total_ < window ? static_cast<std::uint32_t>(total_) : window; }
  /// The i-th of those kept, oldest first. REQUIRES: i < kept().
  const RecordedAccess& at(std::uint32_t i) const {
    return ring_[(total_ < window ? i : static_cast<std::uint32_t>(total_ + i)) % window];
  }
  const RecordedAccess& latest() const { return at(kept() - 1); }  ///< REQUIRES: kept() > 0
  AccessFigures figures() const;
  /// Mean distance in positions from one access to the next, rounded down; 0 with fewer than two.
  std::uint64_t usual_gap() const;

 private:
  std::array<RecordedAccess, window> ring_{};
  std::uint64_t total_ = 0;
};

}  // namespace vramlab
