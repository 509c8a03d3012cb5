#pragma once
// What PyTorch's caching allocator does alike with and without expandable segments: free-block search, splitting,
// merging, release of cached memory, garbage collection. Growing differs (pytorch.cpp, pytorch_expandable.cpp).
// Source: c10/cuda/CUDACachingAllocator.cpp of PyTorch 2.11, class DeviceCachingAllocator.

#include <array>
#include <optional>
#include <vector>

#include "engine/pool/block_graph.h"
#include "engine/pool/ordered_blocks.h"
#include "engine/pool/pool.h"
#include "engine/pool/pytorch_rules.h"

namespace vramlab::pytorch {

/// Free blocks of one part (small or large), by stream.
struct FreeBlocks {
  std::vector<OrderedBlocks> by_stream;
  std::uint64_t searches = 0;  ///< the clock of garbage collection

  OrderedBlocks& of(std::uint16_t stream) {
    if (stream >= by_stream.size()) by_stream.resize(std::size_t{stream} + 1);
    return by_stream[stream];
  }
};

class CachingModel : public Pool {
 public:
  void allocate(const AllocRequest& request) final;
  void release(BlockId block) final;
  void expect_release(BlockId block, unsigned nearness) const final { live_.expect_release(graph_, block, nearness); }
  void empty_cache() final { release_cached(); }
  Address address_of(BlockId block) const final { return Address(graph_[live_.at(block)].address); }
  PoolStats stats() const final;

 protected:
  CachingModel(std::string_view name, Port& port, const Settings& settings);

  /// A request on its way through the allocator.
  struct Search {
    Bytes size;     ///< rounded
    Bytes grow_by;  ///< segment to take when nothing fits
    std::uint16_t stream;
    bool small;
  };

  /// Takes memory from the device for `search`; the new free block is in no list. nullopt: no room.
  virtual std::optional<NodeIndex> grow(const Search& search) = 0;
  /// Gives the memory of all cached blocks that can go back to the device.
  virtual void release_cached() = 0;
  /// The block that best fit settles on, starting from the smallest that fits.
  virtual OrderedBlocks::Cursor settle(const OrderedBlocks& /*set*/, OrderedBlocks::Cursor found) const {
    return found;
  }
  virtual bool splits(const Search& search, const BlockNode& block) const = 0;

  FreeBlocks& part(bool small) { return small ? small_ : large_; }
  void insert_free(NodeIndex n);
  void erase_free(NodeIndex n);
  /// Merges `n` (free, in no list) with its free neighbours of the same mapping state, below first.
  void merge(NodeIndex n);
  bool mergeable(NodeIndex n, NodeIndex neighbour) const;
  /// Spaces are the pool's segments or ranges, by index; freed entries have an invalid id.
  std::uint32_t add_space(const Space& space);
  /// A new space as one block of `search`'s part and stream, in no list.
  NodeIndex add_whole(const Space& space, const Search& search);
  void drop_space(std::uint32_t index);
  /// Returns a free block that is a whole segment, listed as free.
  void return_segment(NodeIndex n);
  /// All free lists agree with `free_nodes` found by walking the blocks.
  void validate_lists(std::uint64_t free_nodes) const;

  std::string_view name_;
  Port& port_;
  Settings settings_;
  BlockGraph graph_;
  LiveBlocks live_;
  FreeBlocks small_, large_;
  std::vector<Space> spaces_;
  std::vector<std::uint32_t> unused_spaces_;
  std::vector<std::uint64_t> born_;  ///< per node: part's `searches` when it became free (garbage collection)
  PoolStats stats_;

 private:
  std::optional<NodeIndex> find_free(const Search& search);
  std::optional<NodeIndex> find_or_grow(const Search& search);
  bool release_oversized(const Search& search);
  void collect_garbage();
  bool collect_older_than(double age, std::uint64_t& total_age, std::uint64_t& count, Bytes& freed);
  bool collecting() const { return settings_.garbage_collection_threshold > 0 && port_.capacity() != unlimited_bytes; }
};

}  // namespace vramlab::pytorch
