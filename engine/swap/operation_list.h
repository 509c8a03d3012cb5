#pragma once
// The latest operations of a swapper, and which transfers of them are still to be measured.

#include <cstdint>
#include <deque>
#include <optional>
#include <span>
#include <utility>
#include <vector>

#include "engine/core/types.h"
#include "engine/swap/priority_swapper.h"

namespace vramlab {

/// THREAD-SAFETY: none.
class OperationList {
 public:
  static constexpr std::size_t kept = 65536;

  /// REQUIRES: tokens rise.
  void add(const SwapOperation& operation);
  /// False where the token is of none that is kept, or was measured before.
  bool measured(TokenId token, Nanoseconds time);
  /// Oldest first, at most `kept`.
  std::span<const SwapOperation> latest() const;

 private:
  std::vector<SwapOperation> operations_;  // up to twice as many as kept: the older half goes at once
  std::uint64_t dropped_ = 0;
  std::deque<std::pair<TokenId, std::uint64_t>> transfers_;  // number of the operation, ascending as the tokens are
};

}  // namespace vramlab
