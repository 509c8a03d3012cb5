#pragma once
// When blocks are expected to die, where their owners said so: what dies together is placed side by side, so that it
// leaves one free block and not two.

#include <algorithm>
#include <cstdint>
#include <vector>

#include "engine/pool/block_graph.h"
#include "engine/pool/pool.h"

namespace vramlab {

/// By node; times are positions in the pool's own count of events. Costs nothing until the first hint comes.
class DeathTimes {
 public:
  static constexpr std::uint64_t never = ~std::uint64_t{0} / 2;  // also where nothing is known: most such live long

  static bool known(const AllocHints& hints) {
    return hints.lifetime > 0 || hints.access == AccessHint::weights || hints.access == AccessHint::temporary;
  }
  /// REQUIRES: known(hints).
  static std::uint64_t expected(const AllocHints& hints, std::uint64_t now) {
    if (hints.lifetime > 0) return now + std::min(hints.lifetime, never - now);
    return hints.access == AccessHint::weights ? never : now;
  }

  /// To be called for every block that becomes live.
  void note(NodeIndex n, const AllocHints& hints, std::uint64_t now) {
    if (times_.empty() && !known(hints)) return;
    if (n >= times_.size()) times_.resize(std::size_t{n} * 2 + 1, never);
    times_[n] = known(hints) ? expected(hints, now) : never;
  }
  /// Whether free block `n` has a neighbour above that dies nearer to `time` than the one below.
  bool nearer_above(const BlockGraph& graph, NodeIndex n, std::uint64_t time) const {
    return apart(graph, graph[n].next, time) < apart(graph, graph[n].previous, time);
  }

 private:
  std::uint64_t apart(const BlockGraph& graph, NodeIndex n, std::uint64_t time) const {
    const std::uint64_t other = n != no_node && n < times_.size() && graph[n].live ? times_[n] : never;
    return std::max(other, time) - std::min(other, time);
  }

  std::vector<std::uint64_t> times_;
};

}  // namespace vramlab
