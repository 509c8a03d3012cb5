#pragma once
// Which objects share a page, when an object may be laid over pages of any place (several mappings of one page). Whole
// pages are alike then; only what is left of an object, its ends, must be fitted together: a head in the back of one
// page and a tail in the front of another. A column is a page without a place yet: it needs one page while anything in
// it is live, and which page that is may differ from one such time to the next. So the pages in use at a time are the
// whole pages of the live objects and the columns then in use, and the largest such sum is what the objects need:
// pages are intervals of unit size, for which greedy colouring is optimal.

#include <cstdint>
#include <vector>

#include "engine/core/instance.h"

namespace vramlab {

inline constexpr std::uint32_t no_column = ~std::uint32_t{0};

/// How one object lies: `head_bytes` in the back of column `head`, then whole pages, then `tail_bytes` in column
/// `tail`, from `tail_begin` on. The latter is 0 but for an object that lies inside of one page.
struct PageShare {
  std::uint32_t head = no_column;
  std::uint32_t tail = no_column;
  std::uint64_t head_bytes = 0;
  std::uint64_t tail_bytes = 0;
  std::uint64_t tail_begin = 0;
  std::uint64_t whole_pages = 0;
};

/// Shares by buffer. `peak_pages` = the most pages in use at one time.
struct PageSharing {
  std::vector<PageShare> shares;
  std::uint32_t columns = 0;
  std::uint64_t peak_pages = 0;
};

/// The best of several orders and weights of the positions. Sizes are rounded up to 512. O(n * buffers live at one
/// time) for each; the larger n, the fewer. REQUIRES: check_instance() passed; no gaps, pins or heaps.
PageSharing share_pages(const Instance& instance, std::uint64_t page);

}  // namespace vramlab
