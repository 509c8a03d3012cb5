#pragma once
// Why computation waited for memory: the pauses before operators that a run has and its ideal has not, each with the
// transfer that ended when its operator could begin.

#include <array>
#include <cstdint>
#include <optional>
#include <span>
#include <string_view>
#include <vector>

#include "engine/replay/replay.h"

namespace vramlab {

enum class StallCause : std::uint8_t {
  operand,      ///< an operand was on its way before the operator was next, but not back in time
  memory,       ///< memory was not free yet: a copy out of it had not ended
  no_prefetch,  ///< a copy in began only when the operator was next
  link_busy,    ///< a copy in could begin only when its link had done others, which began before the pause
  host          ///< no transfer was under way that ended then: the host was late to launch, or to begin the transfer
};
inline constexpr std::size_t stall_causes = 5;
inline constexpr std::array<std::string_view, stall_causes> stall_cause_names{
    "operand not back in time", "memory not yet free", "no prefetch", "link busy", "host launch"};
/// For names of fields.
inline constexpr std::array<std::string_view, stall_causes> stall_cause_fields{
    "stall_operand_ns", "stall_memory_ns", "stall_no_prefetch_ns", "stall_link_busy_ns", "stall_host_ns"};

/// A pause before operator `order`; what the ideal run pauses there is not in it.
struct Stall {
  Nanoseconds begin{};
  Nanoseconds end{};  ///< the operator begins
  StallCause cause{};
  std::uint64_t order = 0;
  TokenId token{};  ///< of the transfer that ended last; none for `host`
  Bytes bytes{};    ///< of it

  Nanoseconds duration() const { return end - begin; }
};

/// In order of their operators, at most two before one: the second one's transfers began after the first. Pauses
/// shorter than in the ideal run make up for nothing, so the sum may be more than the run takes longer. Throws
/// InvariantError where the two runs have different operators.
std::vector<Stall> find_stalls(const ReplayTimeline& timeline, const SwapRequest& request);

struct StallSum {
  Nanoseconds time{};
  std::uint64_t count = 0;
  std::optional<Stall> worst;  ///< the longest; of several, the first
};

/// By cause.
std::array<StallSum, stall_causes> sum_stalls(std::span<const Stall> stalls);

}  // namespace vramlab
