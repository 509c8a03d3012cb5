#pragma once
// The published look-ahead scores of absences: DOA, AOA, WDOA, SWDOA and the sum of their ranks.
// Source: SmartPool and AutoSwap, arXiv:1903.06631. Two mistakes of the code published with it are not repeated: the
// sum of WDOA was stored into a copy, so that every sort key stayed 0, and the time to swap out was subtracted twice.
//
// An absence lies around the peak of one iteration: from the last access before the operator at which the load is
// largest to the next access after it, both in that iteration. Its times run from the end of the operator of the last
// access to the begin of that of the next one, on a device with unlimited memory.
//   DOA     t_next - t_last - time to swap out - time to swap in               ns
//   AOA     DOA * size where DOA >= 0, else DOA / size                         ns * bytes, ns / bytes
//   WDOA    integral over the absence of (load - limit) where it is positive   bytes * ns
//   SWDOA   the order in which WDOA is largest, the load taken anew after each choice
// Higher is better to swap out. All scores are exact. Ties go to the lower ObjectId.

#include <array>
#include <compare>
#include <cstdint>
#include <span>
#include <string_view>
#include <vector>

#include "engine/core/wide.h"
#include "engine/swap/access_program.h"
#include "engine/swap/swap_time.h"
#include "engine/swap/swap_types.h"

namespace vramlab {

enum class AbsenceScoreKind : std::uint8_t { doa, aoa, wdoa, swdoa, rank_sum };
inline constexpr std::array<std::string_view, 5> absence_score_names{"doa", "aoa", "wdoa", "swdoa", "rank-sum"};

/// One iteration (slots [first, last)) and the slot of its largest load, the first of several.
struct PeakWindow {
  std::uint32_t first = 0, last = 0, peak = 0;
};

/// All iterations of a program, and what comes before the first one. All of it where it has none.
std::vector<PeakWindow> peak_windows(const AccessProgram& program);

struct AbsenceCandidate {
  std::uint32_t object = 0;  ///< index into AccessProgram::objects
  ObjectId id{};
  Bytes bytes{};
  std::uint32_t last = 0;  ///< slot of the last access before the peak
  std::uint32_t next = 0;  ///< slot of the next access after it
  Nanoseconds absence{};   ///< t_next - t_last
  SwapTime out_time{}, in_time{};

  Nanoseconds doa() const { return absence - out_time.total() - in_time.total(); }
};

struct CandidateRequest {
  Tier tier = Tier::host;
  Bytes min_swap{std::uint64_t{1} << 20};  ///< smaller objects stay (published: 1 MiB)
};

/// By window, each in the order of objects. Throws ConfigError where the machine has no link to the tier.
std::vector<std::vector<AbsenceCandidate>> absence_candidates(const AccessProgram& program, const SwapMachine& machine,
                                                              std::span<const PeakWindow> windows,
                                                              const CandidateRequest& request);

/// A sign and amount / divisor. INVARIANT: amount < 2^63 where divisor > 1, divisor = 1 where it is not negative.
struct AbsenceScore {
  bool negative = false;
  Wide amount = 0;
  std::uint64_t divisor = 1;

  friend std::strong_ordering operator<=>(const AbsenceScore& a, const AbsenceScore& b);
  friend bool operator==(const AbsenceScore& a, const AbsenceScore& b) { return (a <=> b) == 0; }
};

/// What is over the limit in one window, integrated over time.
class ExcessLoad {
 public:
  ExcessLoad(const AccessProgram& program, const PeakWindow& window, Bytes limit);
  /// From the end of operator `last` to the begin of operator `next`. REQUIRES: window.first <= last < next <
  /// window.last.
  Wide over(std::uint32_t last, std::uint32_t next) const;
  /// Load falls by `bytes` in slots (last, next). It never falls below 0.
  void take(std::uint32_t last, std::uint32_t next, Bytes bytes);

 private:
  std::uint64_t excess(std::uint32_t slot) const;
  void sum_from(std::uint32_t slot);

  const AccessProgram& program_;
  std::uint32_t first_;
  std::uint64_t limit_;
  std::vector<std::uint64_t> load_;  ///< by slot of the window
  std::vector<Wide> sums_;           ///< by slot: from the begin of the window to the end of that operator
};

AbsenceScore doa_score(const AbsenceCandidate& candidate);
AbsenceScore aoa_score(const AbsenceCandidate& candidate);
AbsenceScore wdoa_score(const AbsenceCandidate& candidate, const ExcessLoad& excess);

/// Indices into `candidates`, those of one window, best first.
std::vector<std::uint32_t> order_by(AbsenceScoreKind kind, const AccessProgram& program, const PeakWindow& window,
                                    std::span<const AbsenceCandidate> candidates, Bytes limit);

}  // namespace vramlab
