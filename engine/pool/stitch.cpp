#include "engine/pool/stitch.h"

#include <algorithm>
#include <optional>

namespace vramlab {
namespace {

// What a free block offers: a part that ends at a page boundary, whole pages, a part that begins at one.
struct Offers {
  std::vector<HomePiece> ends;        // shorter than a page, each ends at a boundary
  std::vector<HomePiece> runs;        // whole pages
  std::vector<HomePiece> beginnings;  // shorter than a page, each begins at a boundary; ascending by size
  std::uint64_t pages = 0;            // of the runs
};

Offers offers_of(std::span<const HomePiece> free, std::uint64_t page) {
  Offers offers;
  for (const HomePiece& block : free) {
    const std::uint64_t first = (block.offset + page - 1) / page * page;
    const std::uint64_t last = block.end() / page * page;
    if (first > last) continue;  // inside of one page
    if (first > block.offset) offers.ends.push_back({block.offset, first - block.offset});
    if (last > first) offers.runs.push_back({first, last - first});
    if (block.end() > last) offers.beginnings.push_back({last, block.end() - last});
    offers.pages += (last - first) / page;
  }
  std::sort(offers.beginnings.begin(), offers.beginnings.end(), [](const HomePiece& a, const HomePiece& b) {
    return a.bytes != b.bytes ? a.bytes < b.bytes : a.offset < b.offset;
  });
  return offers;
}

// An end, `pages` whole pages, and `rest` bytes that are a beginning or the lower part of another whole page.
struct Layout {
  HomePiece end;
  std::uint64_t pages = 0;
  std::uint64_t rest = 0;
  std::optional<HomePiece> beginning;

  std::uint64_t whole_pages() const { return pages + (rest > 0 && !beginning); }
  std::uint64_t left_over() const { return beginning ? beginning->bytes - rest : 0; }
};

Layout layout_from(const HomePiece& end, std::uint64_t size, const Offers& offers, std::uint64_t page) {
  Layout layout{.end = end, .pages = (size - end.bytes) / page, .rest = (size - end.bytes) % page, .beginning = {}};
  if (layout.rest == 0) return layout;
  const auto fit = std::lower_bound(offers.beginnings.begin(), offers.beginnings.end(), layout.rest,
                                    [](const HomePiece& piece, std::uint64_t bytes) { return piece.bytes < bytes; });
  if (fit != offers.beginnings.end()) layout.beginning = *fit;
  return layout;
}

// The layout with the fewest whole pages, be they there or not.
Layout best_layout(std::uint64_t size, const Offers& offers, std::uint64_t page) {
  Layout best = layout_from({}, size, offers, page);
  for (const HomePiece& end : offers.ends) {
    if (end.bytes > size) continue;
    const Layout layout = layout_from(end, size, offers, page);
    if (layout.whole_pages() < best.whole_pages() ||
        (layout.whole_pages() == best.whole_pages() && layout.left_over() < best.left_over()))
      best = layout;
  }
  return best;
}

}  // namespace

std::vector<HomePiece> take_runs(std::vector<HomePiece> runs, std::uint64_t bytes, StitchOrder order) {
  std::sort(runs.begin(), runs.end(), [order](const HomePiece& a, const HomePiece& b) {
    if (a.bytes != b.bytes) return (a.bytes < b.bytes) == (order == StitchOrder::smallest_run);
    return a.offset < b.offset;
  });
  std::vector<HomePiece> taken;
  for (const HomePiece& run : runs) {
    if (bytes == 0) break;
    taken.push_back({run.offset, std::min(run.bytes, bytes)});
    bytes -= taken.back().bytes;
  }
  return taken;
}

Stitch stitch(std::uint64_t size, std::span<const HomePiece> free, std::uint64_t page, StitchOrder order) {
  for (const HomePiece& block : free)
    if (block.bytes >= size) return {.pieces = {{block.offset, size}}};
  Offers offers = offers_of(free, page);
  const Layout layout = best_layout(size, offers, page);
  if (layout.whole_pages() > offers.pages) return {.pieces = {}, .missing_pages = layout.whole_pages() - offers.pages};
  Stitch result;
  if (layout.end.bytes > 0) result.pieces.push_back(layout.end);
  const std::uint64_t middle = layout.pages * page + (layout.beginning ? 0 : layout.rest);
  for (const HomePiece& run : take_runs(std::move(offers.runs), middle, order)) result.pieces.push_back(run);
  if (layout.beginning) result.pieces.push_back({layout.beginning->offset, layout.rest});
  return result;
}

}  // namespace vramlab
