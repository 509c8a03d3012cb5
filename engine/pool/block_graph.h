#pragma once
// Blocks of segments: nodes that know their neighbours by address. Shared by pools that split and coalesce.

#include <cstdint>
#include <string>
#include <vector>

#include "engine/core/check.h"
#include "engine/core/types.h"
#include "engine/device/port.h"

namespace vramlab {

using NodeIndex = std::uint32_t;
inline constexpr NodeIndex no_node = ~NodeIndex{0};

/// Requests, segments and ranges stay at or below this, so that a block's size fits its node.
inline constexpr Bytes max_space{std::uint64_t{1} << 41};

/// One block, live or free. Neighbours have adjacent addresses in the same space.
/// Half a cache line: with very many blocks what a pool waits for is the lines it touches.
struct alignas(32) BlockNode {
  std::uint64_t address = 0;
  std::uint64_t size : 44 = 0;  ///< bytes
  std::uint64_t stream : 16 = 0;
  std::uint64_t live : 1 = false;
  std::uint64_t mapped : 1 = true;  ///< has physical memory (false only in virtual ranges)
  std::uint64_t small : 1 = false;  ///< belongs to the pool's small part
  std::uint64_t head : 1 = false;   ///< was handed over in one piece from here on: not merged with the block below
  NodeIndex previous = no_node;     ///< neighbour below
  NodeIndex next = no_node;         ///< neighbour above
  std::uint32_t list_place = 0;     ///< its index in a free list, in pools that keep arrays of free blocks
  std::uint32_t space = 0;          ///< index of its segment or range in the pool's table

  /// REQUIRES: bytes <= max_space.
  void set_size(std::uint64_t bytes) { size = bytes & ((std::uint64_t{1} << 44) - 1); }
  /// All of `memory`, which has `index` in the pool's table, as one free block.
  static BlockNode whole(const Space& memory, std::uint32_t index) {
    BlockNode node;
    node.address = memory.base.value;
    node.set_size(memory.bytes.value);
    node.space = index;
    return node;
  }
};
static_assert(sizeof(BlockNode) == 32);
static_assert(max_space.value < std::uint64_t{1} << 44);

/// Nodes by index; indices of removed nodes are used again.
class BlockGraph {
 public:
  BlockNode& operator[](NodeIndex n) { return nodes_[n]; }
  const BlockNode& operator[](NodeIndex n) const { return nodes_[n]; }

  /// Fetches node `n` ahead (nearness 1), or the neighbours of it (2).
  void prefetch(NodeIndex n, unsigned nearness) const {
    if (nearness == 1) return touch(nodes_[n]);
    if (nodes_[n].previous != no_node) touch(nodes_[nodes_[n].previous]);
    if (nodes_[n].next != no_node) touch(nodes_[nodes_[n].next]);
  }

  NodeIndex add(const BlockNode& node) {
    if (free_.empty()) {
      nodes_.push_back(node);
      return static_cast<NodeIndex>(nodes_.size() - 1);
    }
    const NodeIndex n = free_.back();
    free_.pop_back();
    nodes_[n] = node;
    return n;
  }
  void remove(NodeIndex n) { free_.push_back(n); }

  /// Cuts `n` at `size`; the upper part becomes a new free node, which is returned.
  NodeIndex split(NodeIndex n, std::uint64_t size) {
    BlockNode upper = nodes_[n];
    upper.address += size;
    upper.set_size(upper.size - size);
    upper.previous = n;
    upper.live = false;
    const NodeIndex u = add(upper);
    nodes_[n].set_size(size);
    nodes_[n].next = u;
    if (upper.next != no_node) nodes_[upper.next].previous = u;
    return u;
  }

  /// `n` takes over its upper neighbour, whose node is removed.
  void absorb_next(NodeIndex n) {
    const NodeIndex gone = nodes_[n].next;
    nodes_[n].set_size(nodes_[n].size + nodes_[gone].size);
    nodes_[n].next = nodes_[gone].next;
    if (nodes_[n].next != no_node) nodes_[nodes_[n].next].previous = n;
    remove(gone);
  }
  /// `n` takes over its lower neighbour, whose node is removed.
  void absorb_previous(NodeIndex n) {
    const NodeIndex gone = nodes_[n].previous;
    nodes_[n].address = nodes_[gone].address;
    nodes_[n].set_size(nodes_[n].size + nodes_[gone].size);
    nodes_[n].previous = nodes_[gone].previous;
    if (nodes_[n].previous != no_node) nodes_[nodes_[n].previous].next = n;
    remove(gone);
  }

  bool whole_segment(NodeIndex n) const { return nodes_[n].previous == no_node && nodes_[n].next == no_node; }

  /// Checks the chain that begins at `first`: links agree, addresses are contiguous from `base`, sizes sum to
  /// `bytes`. Calls `each` with every node. Throws InvariantError.
  template <class Each>
  void validate_chain(NodeIndex first, std::uint64_t base, std::uint64_t bytes, Each&& each) const {
    std::uint64_t address = base;
    NodeIndex previous = no_node;
    for (NodeIndex n = first; n != no_node; previous = n, n = nodes_[n].next) {
      VRAMLAB_CHECK(nodes_[n].previous == previous, "neighbour links of a block disagree");
      VRAMLAB_CHECK(nodes_[n].address == address, "a gap or an overlap between neighbouring blocks");
      VRAMLAB_CHECK(nodes_[n].size > 0, "an empty block");
      address += nodes_[n].size;
      each(n);
    }
    VRAMLAB_CHECK(address == base + bytes, "blocks do not fill their segment");
  }

 private:
  // A load whose result nobody waits for. Unlike a prefetch instruction it is not dropped when its page must be looked
  // up first, which with very many blocks is the rule.
  static void touch(const BlockNode& node) { static_cast<void>(*reinterpret_cast<const volatile char*>(&node)); }

  std::vector<BlockNode> nodes_;
  std::vector<NodeIndex> free_;
};

/// Which node serves a block slot; dense, grows to the largest slot used.
class LiveBlocks {
 public:
  /// The node of a live block; throws PoolError for a block that is not live (double free, never allocated).
  NodeIndex at(BlockId block) const {
    if (block.value >= node_of_.size() || node_of_[block.value] == no_node) [[unlikely]]
      not_live(block);
    return node_of_[block.value];
  }
  /// Throws PoolError when the slot is in use.
  void check_unused(BlockId block) {
    if (block.value >= node_of_.size()) [[unlikely]]
      grow(block);
    if (node_of_[block.value] != no_node) [[unlikely]]
      in_use(block);
  }
  /// REQUIRES: check_unused(block) passed.
  void set(BlockId block, NodeIndex node) {
    node_of_[block.value] = node;
    ++count_;
  }
  void clear(BlockId block) {
    node_of_[block.value] = no_node;
    --count_;
  }
  /// See Pool::expect_release: brings the block's node, then its neighbours near.
  void expect_release(const BlockGraph& graph, BlockId block, unsigned nearness) const {
    if (block.value >= node_of_.size()) return;
    if (nearness == 0) return __builtin_prefetch(&node_of_[block.value]);
    const NodeIndex n = node_of_[block.value];
    if (n != no_node) graph.prefetch(n, nearness);
  }
  std::size_t count() const { return count_; }
  const std::vector<NodeIndex>& table() const { return node_of_; }

 private:
  void grow(BlockId block);
  [[noreturn]] static void not_live(BlockId block);
  [[noreturn]] static void in_use(BlockId block);

  std::vector<NodeIndex> node_of_;
  std::size_t count_ = 0;
};

/// Throws PoolError for 0 and for more than max_space.
void check_request(Bytes bytes);
/// The OutOfMemory of every pool: what was asked and how the capacity is used.
[[noreturn]] void out_of_memory(std::string_view pool, Bytes requested, const Port& port, Bytes live);

}  // namespace vramlab
