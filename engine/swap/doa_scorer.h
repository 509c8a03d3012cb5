#pragma once
// How well each object would be away, from the accesses seen so far: the DOAScorer of the AutoSwap document.
//
// Four factors, each from 0 to one million, higher = better to swap out:
//   recency     absence / (absence + recency_half): positions since the last access, or since it was added
//   frequency   span / (span + frequency_half * n): n accesses kept (at most 16) in the last `span` positions, from the
//               first of them to now; a mean distance of frequency_half positions counts a half, never used counts all
//   pattern     a figure by pattern (access_pattern.h): what is read through once is done with, what comes back to the
//               same bytes will come back again
//   size        bytes / (bytes + size_half)
// The score is the product of the matrix (objects x factors) with the weights, per mille: 30, 30, 20 and 20% by
// default. It is exact, in units of 1e-9: every figure is an integer. A factor of one object depends on no other
// object.
//
// Priorities stand above scores, as the document says (idle: immediate, low: preferred, medium: normal, high: under
// extreme pressure only): candidates() gives all idle ones first, then low, medium and high, each by falling score.

#include <cstdint>
#include <functional>
#include <memory>
#include <optional>
#include <span>
#include <vector>

#include "engine/core/option.h"
#include "engine/core/types.h"
#include "engine/swap/access_pattern.h"
#include "engine/swap/swap_types.h"

namespace vramlab {

/// Weights need not add up to 1000: they are scaled (rounded down), so that leaving one factor out is one option.
struct DOASettings {
  std::array<std::uint32_t, 4> weights{300, 300, 200, 200};  ///< recency, frequency, pattern, size; at most 1000 each
  std::uint64_t recency_half = 256;                          ///< positions, at least 1
  std::uint64_t frequency_half = 64;                         ///< positions, at least 1
  Bytes size_half{std::uint64_t{16} << 20};                  ///< at least 1
  /// By AccessPattern, per mille of the factor.
  std::array<std::uint32_t, 5> patterns{1000, 500, 800, 200, 400};
};

std::span<const OptionSpec> doa_scorer_options();
/// Throws ConfigError where all weights are 0, or a figure lies outside its bounds.
void check(const DOASettings& settings);
/// Of a table that holds doa_scorer_options(). Throws ConfigError as check() does.
DOASettings doa_settings(const OptionValues& options);

/// Unknown objects and objects added twice throw InvariantError. THREAD-SAFETY: none, of const members neither; the
/// manager serialises.
class DOAScorer {
 public:
  /// Throws ConfigError as check() does.
  explicit DOAScorer(const DOASettings& settings = {});
  ~DOAScorer();
  DOAScorer(DOAScorer&&) noexcept;
  DOAScorer& operator=(DOAScorer&&) noexcept;

  /// From now on it is scored: its absence counts from the latest position told so far.
  void add(ObjectId object, Bytes bytes, SwapPriority priority = SwapPriority::medium);
  void remove(ObjectId object);
  bool knows(ObjectId object) const;
  std::size_t objects() const;

  /// Length 0 = all of it. Positions before the latest one told count as that one.
  void record_access(ObjectId object, Bytes offset, Bytes length, std::uint64_t position);
  /// Never a candidate while pinned (counts). unpin() of what is not pinned throws InvariantError.
  void pin(ObjectId object);
  void unpin(ObjectId object);
  bool pinned(ObjectId object) const;
  void set_priority(ObjectId object, SwapPriority priority);
  SwapPriority priority(ObjectId object) const;

  struct Factors {
    std::uint32_t recency = 0, frequency = 0, pattern = 0, size = 0;  ///< 0 to 1,000,000
  };
  Factors factors(ObjectId object, std::uint64_t position) const;
  /// 0 to 10^9, higher = better to swap out.
  std::uint32_t score(ObjectId object, std::uint64_t position) const;
  /// What `level` may swap, best first, until `wanted` bytes are together or none is left; ties by ObjectId.
  /// `may_go`: others stay (they are away already, needed, too small).
  std::vector<ObjectId> candidates(Bytes wanted, PressureLevel level, std::uint64_t position,
                                   const std::function<bool(ObjectId)>& may_go = {}) const;

  /// The duration of absence as known so far: positions since the last access, or since it was added.
  std::uint64_t absence(ObjectId object, std::uint64_t position) const;
  /// Position at which the next access is to be expected: the last one plus the usual distance between two of them;
  /// none with fewer than two accesses.
  std::optional<std::uint64_t> expected_access(ObjectId object) const;
  AccessFigures access_figures(ObjectId object) const;
  const AccessRecord& accesses(ObjectId object) const;

 private:
  struct Parts;
  std::unique_ptr<Parts> parts_;
};

}  // namespace vramlab
