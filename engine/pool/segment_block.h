#pragma once
// The pool segment-block: segments cut into blocks, with a two-level cache in front. Seen by the pool's own files only:
//   segment_block.cpp         options and the registry's row
//   segment_block_calls.cpp   the fast path of a call
//   segment_block_grow.cpp    what happens when no block fits: flushing, coalescing, reclaiming, taking segments
//   segment_block_batch.cpp   several requests placed together
//   segment_block_upkeep.cpp  pressure, tidying, warm-up, validate()

#include <cstdint>
#include <optional>
#include <vector>

#include "engine/pool/block_graph.h"
#include "engine/pool/free_lists.h"
#include "engine/pool/pool.h"
#include "engine/pool/stream_fence.h"
#include "engine/pool/two_level_cache.h"

namespace vramlab::segment_block {

/// `count` blocks of `bytes` each.
struct WarmUp {
  Bytes bytes{};
  std::uint32_t count = 0;
};

/// The options, checked and in the units the pool computes in. Their reasons stand in the table.
struct Settings {
  std::optional<Bytes> segment_size;  ///< of every new segment; none: auto
  Bytes small_segment{};              ///< 0: small requests share the segments of large ones
  Bytes medium_segment{};
  std::uint32_t growth_per_mille = 0;
  bool small_in_large = true;
  bool reclaim = true;
  std::int64_t reclaim_bank = 0;   ///< returned segments
  std::int64_t reclaim_price = 0;  ///< allocations
  std::uint32_t scan = 1;
  std::uint64_t split_threshold = 512;
  bool coalescing = true;
  std::uint32_t cacheable_per_mille = 0;  ///< of a segment: coalescing_threshold
  std::uint64_t small_threshold = 0;
  TwoLevelCache::Limits cache;
  std::vector<WarmUp> warmup;                         ///< empty: none
  std::uint32_t high_pressure = 0, low_pressure = 0;  ///< used per mille
  std::uint32_t cleanup_per_mille = 0;
  std::uint32_t expand_per_mille = 1000;
  bool zero_segments = false;

  static Settings from(const OptionValues& values);
};

/// "4KiB:50,1MiB:10"; throws ConfigError.
std::vector<WarmUp> parse_warmup(std::string_view text);

/// All streams share the blocks; a block last used by another stream is handed out behind a wait.
/// Blocks are in one of three states: live (in `live_`), cached (live in the graph, so that neighbours leave them
/// alone, and in `cache_`), or free (in a part's lists).
class SegmentBlockPool final : public Pool {
 public:
  SegmentBlockPool(Port& port, const Settings& settings);

  void allocate(const AllocRequest& request) override;
  void allocate_batch(std::span<const AllocRequest> requests) override;
  void release(BlockId slot) override;
  void expect_release(BlockId block, unsigned nearness) const override {
    live_.expect_release(graph_, block, nearness);
  }
  void expect_allocate(Bytes bytes, unsigned nearness) const override;
  void pressure(std::uint32_t used_per_mille) override;
  void empty_cache() override;
  Address address_of(BlockId block) const override { return Address(graph_[live_.at(block)].address); }
  PoolStats stats() const override;
  void validate() const override;

 private:
  static constexpr Bytes granule = 512_B;
  static constexpr Bytes segment_granule = 2_MiB;
  static constexpr std::uint32_t whole_class = ~std::uint32_t{0};  // instead of best_fit_scan
  static constexpr std::uint64_t least_cached_blocks = 32;  // of the largest that are cached, cache_bytes hold so many
  static constexpr std::uint32_t most_cache_scale = 8000;

  struct Segment {
    Space space;                 // without id: entry not in use
    std::int64_t cacheable = 0;  // bytes of it that may still be cached
  };

  // A block that is looked for.
  struct Need {
    std::uint64_t size = 0;
    bool apart = false;  // among the segments of small requests
    StreamId stream;
  };
  // A request of a batch and the block found for it.
  struct Pick {
    std::uint64_t size = 0;
    std::size_t request = 0;
    NodeIndex node = no_node;
  };

  // --- segment_block_calls.cpp
  bool is_small(std::uint64_t size) const { return size <= settings_.small_threshold; }
  bool is_apart(std::uint64_t size) const { return separate_small_ && is_small(size); }
  FreeLists& part_of(NodeIndex n) { return parts_[graph_[n].small]; }
  NodeIndex find(const Need& need) { return parts_[need.apart].find(need.size, settings_.scan); }
  NodeIndex take_cached(std::uint64_t size, StreamId stream);
  NodeIndex take(NodeIndex n, std::uint64_t size);
  NodeIndex cut(NodeIndex n, std::uint64_t size);
  void commit(NodeIndex n, const AllocRequest& request);
  bool keep(NodeIndex n);
  void put_in_cache(NodeIndex n);
  void free_block(NodeIndex n);
  bool coalesce(NodeIndex n);

  // --- segment_block_grow.cpp
  NodeIndex grow(const Need& need);
  NodeIndex find_after_tidying(const Need& need);
  NodeIndex take_usual_segment(const Need& need);
  Bytes usual_segment(const Need& need) const;
  Bytes shared_segment(Bytes size, std::uint64_t part) const;
  void reclaim(Bytes wanted);
  bool pay_for_return();
  NodeIndex take_segment(Bytes bytes, const Need& need);
  void zero(const Space& segment, StreamId stream);
  std::int64_t cacheable_of(Bytes segment) const {
    return static_cast<std::int64_t>(segment.value / 1000 * settings_.cacheable_per_mille);
  }
  void return_segment(NodeIndex n);
  std::vector<NodeIndex> idle_segments() const;
  void return_idle_segments();

  // --- segment_block_batch.cpp
  std::vector<Pick> order_batch(std::span<const AllocRequest> requests);
  using Search = NodeIndex (SegmentBlockPool::*)(const Need&);
  bool pick(const Need& part, std::span<Pick> picks);
  bool pick_one(const Need& part, Pick& pick, Search search);
  bool pick_together(const Need& part, std::span<Pick* const> picks, Search search);

  // --- segment_block_upkeep.cpp
  void warm_up(StreamId stream);
  void prepare(const WarmUp& entry, NodeIndex from, StreamId stream);
  void trim_cache(std::uint32_t per_mille);
  void flush_cache();
  void let_go(NodeIndex n);
  void coalesce_all();
  void scale_cache(std::uint32_t per_mille);
  void validate_segments(const std::vector<NodeIndex>& first, const std::vector<std::uint64_t>& cached,
                         std::uint64_t listed) const;

  Port& port_;
  Settings settings_;
  bool separate_small_;
  bool warmed_up_ = false;
  bool aggressive_ = false;           // under high pressure: nothing is cached
  std::uint32_t cache_scale_ = 1000;  // per mille of the configured limits
  BlockGraph graph_;
  FreeLists parts_[2];  // [1]: blocks of the segments of small requests
  std::uint64_t largest_cached_;
  TwoLevelCache cache_;
  LiveBlocks live_;
  StreamFence fence_;
  std::vector<Segment> segments_;
  std::vector<std::uint32_t> unused_segments_;
  std::int64_t credit_;               // allocations that pay for returning segments
  std::uint64_t credited_until_ = 0;  // stats_.allocations when credit_ was counted up
  bool crowded_ = false;              // the device has refused memory once
  Bytes freed_{};                     // since the beginning
  PoolStats stats_;
};

}  // namespace vramlab::segment_block
