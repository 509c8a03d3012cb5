#pragma once
// The address range in which every page of a pool has its home, and the blocks in it. A page is created at its home and
// moves only while it is free; what is laid over pages elsewhere (a view) is counted here as blocks at home, so that
// this is the one account of which bytes are free.

#include <cstdint>
#include <map>
#include <optional>
#include <vector>

#include "engine/core/types.h"
#include "engine/device/port.h"
#include "engine/pool/bit_index.h"
#include "engine/pool/block_graph.h"
#include "engine/pool/free_lists.h"

namespace vramlab {

/// Bytes [offset, offset + bytes) of the home range.
struct HomePiece {
  std::uint64_t offset = 0;
  std::uint64_t bytes = 0;
  std::uint64_t end() const { return offset + bytes; }
  friend bool operator==(const HomePiece&, const HomePiece&) = default;
};

/// Free blocks are `large`, or lie in pages set apart for small objects. Sizes are multiples of 512.
/// INVARIANT: no two neighbouring free blocks of one kind; every free byte has a page.
class HomeSpace {
 public:
  /// `range_bytes` of addresses, reserved at the first growth.
  HomeSpace(Port& port, Bytes page, Bytes range_bytes, std::uint32_t scan);
  HomeSpace(const HomeSpace&) = delete;
  HomeSpace& operator=(const HomeSpace&) = delete;

  std::uint64_t page() const { return page_; }
  const Space& space() const { return space_; }
  BlockGraph& graph() { return graph_; }
  const BlockGraph& graph() const { return graph_; }
  std::uint64_t free_bytes() const { return free_bytes_; }

  // --- Blocks ------------------------------------------------------------------------------------------------------

  /// A free block of at least `size`, or no_node.
  NodeIndex find_large(std::uint64_t size) const { return large_.find(size, scan_); }
  NodeIndex find_small(std::uint64_t size) const { return small_.find(size, scan_); }
  /// Makes the lower `size` bytes of free block `n` live.
  void take(NodeIndex n, std::uint64_t size);
  /// Makes exactly `piece` live, which lies inside a free large block that touches the page boundary at its begin or
  /// its end. REQUIRES: is_free(piece).
  NodeIndex take_piece(const HomePiece& piece);
  void give_back(NodeIndex n);
  /// Whether `piece`, which begins or ends at a page boundary, lies in one free large block.
  bool is_free(const HomePiece& piece) const { return block_around(piece) != no_node; }
  /// The free large block that begins at `offset` and touches a page boundary.
  NodeIndex block_at(std::uint64_t offset) const { return block_around({offset, 512}); }
  /// Undoes add_small_page() for every page without objects.
  void return_small_pages();
  /// Sets a wholly free page apart for small objects; false where there is none.
  bool add_small_page();

  /// Calls `each` with every free large block that touches a page boundary, by address.
  template <class Each>
  void for_each_touching(Each&& each) const {
    for (std::size_t b = touching_.at_least(0); b != BitIndex::none; b = touching_.at_least(b + 1)) {
      const BlockNode& node = graph_[node_at_[b]];
      each(HomePiece{node.address, node.size});
    }
  }

  // --- Pages -------------------------------------------------------------------------------------------------------

  /// Where growing makes a free block of `bytes` with the fewest new pages.
  struct Growth {
    NodeIndex unmapped = no_node;  ///< no_node: the addresses do not suffice
    std::uint32_t pages = 0;
  };
  /// Reserves the addresses if need be; no growth is possible where that is refused.
  Growth growth_for(std::uint64_t bytes);
  /// Room for `pages` pages anywhere, joined to a free block or not.
  Growth growth_of_pages(std::uint32_t pages);
  /// The first pages are those at `moved` (free runs of whole pages): mapped a second time at their new home. The rest
  /// is created. Returns the blocks that the moved pages left, for `forget_addresses` once nobody uses them; nullopt:
  /// refused, nothing changed.
  std::optional<std::vector<NodeIndex>> grow(const Growth& growth, const std::vector<HomePiece>& moved = {});
  /// Unmaps the addresses of a block that pages have left.
  void forget_addresses(NodeIndex n);

  PageId page_at(std::uint64_t page_number) const { return pages_[page_number]; }
  /// How many pages from `first` on, below `last`, have ids that follow each other: one call of the Port serves them.
  std::uint32_t run_of_ids(std::uint64_t first, std::uint64_t last) const {
    std::uint32_t run = 1;
    while (first + run < last && pages_[first + run].value == pages_[first].value + run) ++run;
    return run;
  }
  /// Takes the whole pages inside free large blocks out of the free lists where `may(page number)` agrees; they are
  /// live blocks of whole pages then, for `destroy` or `give_back`.
  template <class May>
  std::vector<NodeIndex> take_idle_pages(May&& may);
  /// Unmaps and destroys the pages of live block `n`, which consists of whole pages.
  void destroy(NodeIndex n);

  /// Throws InvariantError. Returns the live bytes.
  Bytes validate() const;

 private:
  void insert_free(NodeIndex n);
  void erase_free(NodeIndex n);
  NodeIndex merge(NodeIndex n);
  bool mergeable(NodeIndex n, NodeIndex neighbour) const;
  void return_pages_of(NodeIndex n);
  NodeIndex cut_out(NodeIndex n, const HomePiece& piece);
  NodeIndex block_around(const HomePiece& piece) const;
  NodeIndex free_page_block() const;
  bool reserve();
  std::uint64_t end_of(NodeIndex n) const { return graph_[n].address + graph_[n].size; }
  std::uint64_t up(std::uint64_t bytes) const { return (bytes + page_ - 1) / page_; }
  void merge_unmapped(NodeIndex n);
  bool map_new_home(std::uint64_t offset, const std::vector<NodeIndex>& moved, std::uint32_t pages);
  bool alias(std::uint64_t& offset, NodeIndex from);
  std::uint64_t page_count(NodeIndex n) const { return graph_[n].size / page_; }

  Port& port_;
  std::uint64_t page_;
  Bytes range_bytes_;
  std::uint32_t scan_;
  Space space_;
  BlockGraph graph_;
  FreeLists large_, small_;
  std::uint64_t free_bytes_ = 0;
  std::uint64_t free_small_bytes_ = 0;
  BitIndex touching_;                            // the first boundary that each free large block touches
  std::vector<NodeIndex> node_at_;               // by boundary, where touching_
  std::map<std::uint64_t, NodeIndex> unmapped_;  // blocks without pages, by offset
  std::vector<PageId> pages_;                    // by page number; none where unmapped
};

template <class May>
std::vector<NodeIndex> HomeSpace::take_idle_pages(May&& may) {
  std::vector<NodeIndex> blocks, taken;
  for (std::size_t b = touching_.at_least(0); b != BitIndex::none; b = touching_.at_least(b + 1))
    blocks.push_back(node_at_[b]);
  for (NodeIndex n : blocks) {
    std::uint64_t first = up(graph_[n].address);
    const std::uint64_t last = end_of(n) / page_;
    while (first < last) {
      while (first < last && !may(first)) ++first;
      std::uint64_t until = first;
      while (until < last && may(until)) ++until;
      if (until > first) taken.push_back(take_piece({first * page_, (until - first) * page_}));
      first = until;
    }
  }
  return taken;
}

}  // namespace vramlab
