#pragma once
// The pool tiered, for those who want to know more of it than every pool tells.

#include <array>
#include <cstdint>
#include <map>
#include <vector>

#include "engine/pool/death_times.h"
#include "engine/pool/pool.h"
#include "engine/pool/size_history.h"
#include "engine/pool/tier_memory.h"
#include "engine/pool/tiered_settings.h"

namespace vramlab {

/// What one tier did. Counts, and bytes where it says so.
struct TierReport {
  std::uint64_t requests = 0;
  std::uint64_t served_at_once = 0;        ///< from memory the tier held
  std::uint64_t served_by_growth = 0;      ///< of these, with pages given to the tier
  std::uint64_t served_after_reclaim = 0;  ///< after a first refusal
  std::uint64_t failed = 0;
  std::uint64_t growths = 0;
  std::uint64_t pages_created = 0;
  std::uint64_t pages_moved = 0;      ///< taken from where they lay free
  std::uint64_t pages_predicted = 0;  ///< of both, beyond what a request needed
  Bytes live{};
  Bytes held{};
  Bytes recent_peak{};  ///< of live bytes, over the prediction window
};

/// INVARIANT of each tier: requests = served_at_once + served_by_growth + served_after_reclaim + failed.
struct TieredReport {
  std::array<TierReport, tiered::tier_count> tiers;
  std::uint64_t optimizations = 0;  ///< automatic ones and those asked for
  std::uint64_t objects_moved = 0;  ///< by copy
  Bytes bytes_copied{};
  Bytes returned{};              ///< to the device
  bool target_achieved = false;  ///< by the last optimization that was asked for
};

class TieredPool final : public Pool {
 public:
  /// `device_memory` sizes the tiers' address ranges; 0 = not known.
  TieredPool(Port& port, const tiered::Settings& settings, Bytes device_memory);

  void allocate(const AllocRequest& request) override;
  void release(BlockId block) override;
  void expect_release(BlockId block, unsigned nearness) const override;
  void expect_allocate(Bytes bytes, unsigned nearness) const override;
  void completed(TokenId token) override { memory_.completed(token); }
  void pressure(std::uint32_t used_per_mille) override;
  void tick() override;
  void empty_cache() override;
  OptimizeResult optimize() override;
  Address address_of(BlockId block) const override;
  PoolStats stats() const override;
  TieredReport report() const;
  void validate() const override;

 private:
  struct Movable {
    BlockId block;
    std::uint8_t priority = 0;
  };

  NodeIndex find(std::size_t tier, std::uint64_t size) const;
  NodeIndex find_elsewhere(std::size_t tier, std::uint64_t size) const;
  BlockEnd end_for(NodeIndex n, const AllocHints& hints) const;
  // The pool's own count of events: it sees nothing of operators.
  std::uint64_t now() const { return stats_.allocations + 2 * stats_.frees; }
  void put(const AllocRequest& request, NodeIndex n);
  void place(BlockId block, NodeIndex n, StreamId stream) {
    BlockNode& node = graph_[n];
    node.stream = stream.value;
    const Space& space = memory_.tier(node.space).space();
    port_.place(block, space.id, Bytes(node.address - space.base.value), Bytes(node.size), stream);
  }
  void count_request();

  NodeIndex grow(const AllocRequest& request, std::size_t tier, std::uint64_t size);
  bool try_growth(std::size_t tier, std::uint64_t size, bool first_try);
  std::uint64_t predicted_pages(std::size_t tier) const;
  std::uint64_t fresh_pages(std::uint64_t size) const;

  void check();
  void trim(std::uint64_t pages);
  std::uint64_t pages_to_spare() const;
  Bytes move_objects();
  bool move_object(NodeIndex from);
  void copy(const TierSpace& tier, NodeIndex from, NodeIndex to, StreamId stream);
  bool frees_pages(NodeIndex from, NodeIndex into) const;

  Port& port_;
  tiered::Settings settings_;
  TierMemory memory_;
  BlockGraph& graph_;
  LiveBlocks live_;
  std::array<SizeHistory, tiered::tier_count> history_;
  SizeHistory total_;  // of all tiers, in parts of an optimization interval
  DeathTimes deaths_;
  std::map<NodeIndex, Movable> movable_;  // live objects whose owner holds a handle
  std::uint64_t until_check_;
  std::uint64_t until_advance_;
  PoolStats stats_;
  TieredReport report_;
};

}  // namespace vramlab
