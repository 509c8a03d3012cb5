#include "engine/pool/views.h"

#include <algorithm>

#include "engine/core/check.h"

namespace vramlab {

bool Views::free_at_home(const View& view, std::uint64_t size) const {
  for (const HomePiece& piece : view.pieces) {
    if (size == 0) return true;
    const std::uint64_t bytes = std::min(piece.bytes, size);
    // The first piece ends at a boundary; cut short it is the only one, and is looked up from its begin to its end.
    if (!home_.is_free(bytes == piece.bytes ? piece : HomePiece{piece.offset, bytes})) return false;
    size -= bytes;
  }
  return true;
}

ViewIndex Views::find(std::uint64_t size, std::uint32_t tries) const {
  for (auto at = idle_.lower_bound({size, 0}); at != idle_.end() && tries > 0; ++at, --tries)
    if (size > views_[at->second].pieces.front().bytes && free_at_home(views_[at->second], size)) return at->second;
  return no_view;
}

ViewIndex Views::make(const std::vector<HomePiece>& pieces) {
  View view{.range = {}, .begin = pieces.front().offset % home_.page(), .pieces = pieces, .blocks = {}};
  for (const HomePiece& piece : pieces) view.bytes += piece.bytes;
  const std::uint64_t page = home_.page();
  const std::optional<Space> range = port_.reserve_range(Bytes((view.begin + view.bytes + page - 1) / page * page));
  if (!range) return no_view;
  view.range = *range;
  if (map_pieces(view)) return add(std::move(view));
  if (view.mapped_pages > 0) port_.unmap_pages(view.range, Bytes(0), Bytes(view.mapped_pages * page));
  port_.release_range(view.range);
  return no_view;
}

bool Views::map_pieces(View& view) {
  const std::uint64_t page = home_.page();
  for (const HomePiece& piece : view.pieces)
    if (!alias(view, piece.offset / page, (piece.end() + page - 1) / page)) return false;
  return true;
}

// Pages with consecutive ids in one call.
bool Views::alias(View& view, std::uint64_t first_page, std::uint64_t last_page) {
  for (std::uint64_t p = first_page; p < last_page;) {
    const std::uint32_t run = home_.run_of_ids(p, last_page);
    const Bytes offset(view.mapped_pages * home_.page());
    if (!port_.alias_pages(view.range, offset, home_.page_at(p), run, Bytes(home_.page()))) return false;
    view.mapped_pages += run;
    p += run;
  }
  return true;
}

ViewIndex Views::add(View&& view) {
  ViewIndex v = static_cast<ViewIndex>(views_.size());
  if (unused_.empty()) {
    views_.push_back(std::move(view));
  } else {
    v = unused_.back();
    unused_.pop_back();
    views_[v] = std::move(view);
  }
  idle_.emplace(views_[v].bytes, v);
  return v;
}

void Views::occupy(ViewIndex v, std::uint64_t size) {
  View& view = views_[v];
  VRAMLAB_DCHECK(view.idle() && size <= view.bytes, "a view is taken that cannot serve");
  idle_.erase({view.bytes, v});
  view.used = size;
  view.last_use = ++clock_;
  pin(view, true);
  for (const HomePiece& piece : view.pieces) {
    if (size == 0) return;
    const std::uint64_t bytes = std::min(piece.bytes, size);
    view.blocks.push_back(home_.take_piece({piece.offset, bytes}));
    size -= bytes;
  }
}

void Views::vacate(ViewIndex v) {
  View& view = views_[v];
  for (NodeIndex n : view.blocks) home_.give_back(n);
  view.blocks.clear();
  pin(view, false);
  view.used = 0;
  idle_.emplace(view.bytes, v);
}

void Views::pin(const View& view, bool pinned) {
  for (const HomePiece& piece : view.pieces) {
    const std::uint64_t last = (piece.end() + home_.page() - 1) / home_.page();
    if (pins_.size() < last) pins_.resize(last);
    for (std::uint64_t p = piece.offset / home_.page(); p < last; ++p) pins_[p] += pinned ? 1u : ~0u;
  }
}

void Views::retire(ViewIndex v) { idle_.erase({views_[v].bytes, v}); }

ViewIndex Views::retire_oldest() {
  ViewIndex oldest = no_view;
  for (const auto& [bytes, v] : idle_)
    if (oldest == no_view || views_[v].last_use < views_[oldest].last_use) oldest = v;
  if (oldest != no_view) retire(oldest);
  return oldest;
}

void Views::discard(ViewIndex v) {
  View& view = views_[v];
  port_.unmap_pages(view.range, Bytes(0), Bytes(view.mapped_pages * home_.page()));
  port_.release_range(view.range);
  view = View{};
  unused_.push_back(v);
}

}  // namespace vramlab
