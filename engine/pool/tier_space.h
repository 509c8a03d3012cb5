#pragma once
// The memory of one tier of pool tiered: a virtual range of its own, the blocks in it, and which of its addresses have
// pages. Blocks are live, free (with pages), or holes (without). Issues no command but the reservation of its range:
// which pages come and go decides TierMemory.

#include <cstdint>
#include <map>
#include <vector>

#include "engine/core/types.h"
#include "engine/device/port.h"
#include "engine/pool/bit_index.h"
#include "engine/pool/block_graph.h"
#include "engine/pool/free_lists.h"

namespace vramlab {

/// Whole pages of a tier, by number from the beginning of its range.
struct PageSpan {
  std::uint64_t first = 0;
  std::uint64_t count = 0;
  std::uint64_t end() const { return first + count; }
};

/// Which end of a free block a request is cut from.
enum class BlockEnd : std::uint8_t { low, high };

/// Sizes are multiples of 512. INVARIANT: no two neighbouring free blocks, no two neighbouring holes; holes begin and
/// end at page boundaries; every byte that is not in a hole has a page.
class TierSpace {
 public:
  static constexpr Bytes page = 2_MiB;

  /// Blocks are nodes of `graph`, with `index` as their space. `range_bytes` of addresses, reserved by reserve().
  TierSpace(BlockGraph& graph, std::uint32_t index, Bytes range_bytes, std::uint32_t scan);

  /// False: refused.
  bool reserve(Port& port);
  const Space& space() const { return space_; }
  std::uint64_t held_pages() const { return held_pages_; }

  // --- Blocks ------------------------------------------------------------------------------------------------------

  /// A free block of at least `size`, or no_node.
  NodeIndex find(std::uint64_t size) const { return lists_.find(size, scan_); }
  /// Cuts `size` bytes from free block `n` and makes them a live block.
  NodeIndex take(NodeIndex n, std::uint64_t size, BlockEnd end);
  /// Live block `n` becomes free and is merged with its free neighbours.
  void give_back(NodeIndex n);

  /// Calls `each` with every free block that holds a whole page, and those pages, by address.
  template <class Each>
  void for_each_idle(Each&& each) const {
    for (std::size_t p = idle_.at_least(0); p != BitIndex::none; p = idle_.at_least(p + 1))
      each(idle_node_[p], whole_pages(idle_node_[p]));
  }
  PageSpan whole_pages(NodeIndex n) const { return whole_pages(graph_[n].address, graph_[n].size); }
  PageSpan whole_pages(std::uint64_t address, std::uint64_t bytes) const;

  // --- Pages -------------------------------------------------------------------------------------------------------

  /// Where pages must come for a free block of the size asked for: the missing ones in [begin, end).
  struct Growth {
    std::uint64_t begin = 0;
    std::uint64_t end = 0;
    std::uint64_t pages = ~std::uint64_t{0};
    bool possible() const { return pages != ~std::uint64_t{0}; }
  };
  /// The one of fewest pages, at the lowest address. Searches the holes and the free blocks beside them.
  Growth growth_for(std::uint64_t size) const;
  /// `growth` with up to `pages` more at its upper end, as far as the hole there goes.
  Growth extended(const Growth& growth, std::uint64_t pages) const;
  /// The parts of holes inside `growth`, by address.
  std::vector<PageSpan> missing(const Growth& growth) const;

  PageId page_at(std::uint64_t number) const { return pages_[number]; }
  /// `pages`, inside one hole, were given `ids`: they are free now.
  void fill(const PageSpan& pages, const std::vector<PageId>& ids);
  /// `pages`, inside one free block, are cut out as a live block that is nobody's.
  NodeIndex carve(const PageSpan& pages);
  /// Block `n`, made by carve(), has no pages any more: a hole.
  void close(NodeIndex n);

  /// Throws InvariantError; returns the bytes of live blocks, carved ones included.
  Bytes validate() const;

 private:
  struct Gap;

  void insert_free(NodeIndex n);
  void erase_free(NodeIndex n);
  bool is_free(NodeIndex n) const { return n != no_node && !graph_[n].live && graph_[n].mapped; }
  bool is_hole(NodeIndex n) const { return n != no_node && !graph_[n].mapped; }
  NodeIndex isolate(NodeIndex n, std::uint64_t begin, std::uint64_t end);
  NodeIndex hole_at(std::uint64_t address) const;
  Gap gap_around(NodeIndex hole) const;
  std::uint64_t end_of(NodeIndex n) const { return graph_[n].address + graph_[n].size; }
  std::uint64_t address_of(std::uint64_t number) const { return space_.base.value + number * page.value; }
  std::uint64_t number_of(std::uint64_t address) const { return (address - space_.base.value) / page.value; }
  void validate_node(NodeIndex n) const;

  BlockGraph& graph_;
  FreeLists lists_;
  std::uint32_t index_;
  std::uint32_t scan_;
  Space space_;  // no id until reserved
  std::uint64_t free_bytes_ = 0;
  std::uint64_t held_pages_ = 0;
  BitIndex idle_;                             // the first whole page of each free block that has one
  std::vector<NodeIndex> idle_node_;          // by page number, where idle_
  std::vector<PageId> pages_;                 // by page number; none in holes
  std::map<std::uint64_t, NodeIndex> holes_;  // by address
};

}  // namespace vramlab
