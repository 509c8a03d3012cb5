#include "engine/pool/home_space.h"

#include <algorithm>
#include <iterator>

#include "engine/core/check.h"

namespace vramlab {

HomeSpace::HomeSpace(Port& port, Bytes page, Bytes range_bytes, std::uint32_t scan)
    : port_(port),
      page_(page.value),
      range_bytes_(round_up(range_bytes, page)),
      scan_(scan),
      large_(graph_),
      small_(graph_) {}

bool HomeSpace::reserve() {
  if (space_.id.valid()) return true;
  const std::optional<Space> range = port_.reserve_range(range_bytes_);
  if (!range) return false;
  space_ = *range;
  const std::size_t pages = space_.bytes.value / page_;
  touching_ = BitIndex(pages + 1);
  node_at_.assign(pages + 1, no_node);
  pages_.assign(pages, PageId::none());
  BlockNode all;
  all.set_size(space_.bytes.value);
  all.mapped = false;
  unmapped_.emplace(0, graph_.add(all));
  return true;
}

// --- Blocks ----------------------------------------------------------------------------------------------------------

void HomeSpace::insert_free(NodeIndex n) {
  const BlockNode& node = graph_[n];
  free_bytes_ += node.size;
  if (node.small) {
    free_small_bytes_ += node.size;
    return small_.insert(n);
  }
  large_.insert(n);
  const std::uint64_t boundary = up(node.address);
  if (boundary * page_ > node.address + node.size) return;
  touching_.insert(boundary);
  node_at_[boundary] = n;
}

void HomeSpace::erase_free(NodeIndex n) {
  const BlockNode& node = graph_[n];
  free_bytes_ -= node.size;
  if (node.small) {
    free_small_bytes_ -= node.size;
    return small_.erase(n);
  }
  large_.erase(n);
  const std::uint64_t boundary = up(node.address);
  if (boundary * page_ <= node.address + node.size) touching_.erase(boundary);
}

void HomeSpace::take(NodeIndex n, std::uint64_t size) {
  erase_free(n);
  graph_[n].live = true;
  if (graph_[n].size > size) insert_free(graph_.split(n, size));
}

// Cuts what lies outside of `piece` off `n`, which is in no list; the rests are free. Returns the node of the piece.
NodeIndex HomeSpace::cut_out(NodeIndex n, const HomePiece& piece) {
  if (graph_[n].address < piece.offset) {
    const NodeIndex upper = graph_.split(n, piece.offset - graph_[n].address);
    insert_free(n);
    n = upper;
  }
  if (graph_[n].size > piece.bytes) insert_free(graph_.split(n, piece.bytes));
  return n;
}

NodeIndex HomeSpace::take_piece(const HomePiece& piece) {
  NodeIndex n = block_around(piece);
  VRAMLAB_DCHECK(n != no_node, "a piece is taken that is not free");
  erase_free(n);
  n = cut_out(n, piece);
  graph_[n].live = true;
  return n;
}

NodeIndex HomeSpace::block_around(const HomePiece& piece) const {
  const std::uint64_t boundary = up(piece.offset);
  const std::size_t touched = touching_.at_most(boundary);
  if (touched == BitIndex::none) return no_node;
  const NodeIndex n = node_at_[touched];
  return graph_[n].address <= piece.offset && piece.end() <= end_of(n) ? n : no_node;
}

bool HomeSpace::mergeable(NodeIndex n, NodeIndex neighbour) const {
  return neighbour != no_node && !graph_[neighbour].live && graph_[neighbour].mapped &&
         graph_[neighbour].small == graph_[n].small;
}

// `n`, in no list, takes its free neighbours in.
NodeIndex HomeSpace::merge(NodeIndex n) {
  if (const NodeIndex below = graph_[n].previous; mergeable(n, below)) {
    erase_free(below);
    graph_.absorb_previous(n);
  }
  if (const NodeIndex above = graph_[n].next; mergeable(n, above)) {
    erase_free(above);
    graph_.absorb_next(n);
  }
  return n;
}

void HomeSpace::give_back(NodeIndex n) {
  graph_[n].live = false;
  merge(n);
  if (graph_[n].small && graph_[n].size >= page_ && free_small_bytes_ > 0) return return_pages_of(n);
  insert_free(n);
}

// Whole pages inside small free block `n` become large again; one page's worth of small space is kept elsewhere.
void HomeSpace::return_pages_of(NodeIndex n) {
  const std::uint64_t first = up(graph_[n].address) * page_;
  const std::uint64_t last = end_of(n) / page_ * page_;
  if (first >= last) return insert_free(n);
  n = cut_out(n, {first, last - first});
  graph_[n].small = false;
  insert_free(merge(n));
}

void HomeSpace::return_small_pages() {
  std::vector<NodeIndex> blocks;
  small_.for_each([&](NodeIndex n) { blocks.push_back(n); });
  for (NodeIndex n : blocks) {
    erase_free(n);
    return_pages_of(n);
  }
}

NodeIndex HomeSpace::free_page_block() const {
  const auto has_page = [this](NodeIndex n) { return n != no_node && up(graph_[n].address) < end_of(n) / page_; };
  if (const NodeIndex n = large_.find(page_, scan_); has_page(n)) return n;
  if (const NodeIndex n = large_.find(2 * page_ - 512, scan_); has_page(n)) return n;
  for (std::size_t b = touching_.at_least(0); b != BitIndex::none; b = touching_.at_least(b + 1))
    if (has_page(node_at_[b])) return node_at_[b];
  return no_node;
}

bool HomeSpace::add_small_page() {
  NodeIndex n = free_page_block();
  if (n == no_node) return false;
  erase_free(n);
  n = cut_out(n, {up(graph_[n].address) * page_, page_});
  graph_[n].small = true;
  insert_free(merge(n));
  return true;
}

// --- Pages -----------------------------------------------------------------------------------------------------------

HomeSpace::Growth HomeSpace::growth_for(std::uint64_t bytes) {
  Growth best;
  if (!reserve()) return best;
  for (const auto& [offset, n] : unmapped_) {
    const auto free_beside = [&](NodeIndex b) {
      return b != no_node && !graph_[b].live && graph_[b].mapped && !graph_[b].small ? graph_[b].size : 0;
    };
    const std::uint64_t below = free_beside(graph_[n].previous);
    const std::uint64_t above = free_beside(graph_[n].next);
    std::uint64_t pages = up(bytes > below ? bytes - below : 1);
    if (pages * page_ >= graph_[n].size) {
      if (below + graph_[n].size + above < bytes) continue;
      pages = graph_[n].size / page_;
    }
    if (best.unmapped == no_node || pages < best.pages) best = {n, static_cast<std::uint32_t>(pages)};
  }
  return best;
}

HomeSpace::Growth HomeSpace::growth_of_pages(std::uint32_t pages) {
  if (!reserve()) return {};
  for (const auto& [offset, n] : unmapped_)
    if (graph_[n].size >= pages * page_) return {n, pages};
  return {};
}

std::optional<std::vector<NodeIndex>> HomeSpace::grow(const Growth& growth, const std::vector<HomePiece>& moved) {
  std::vector<NodeIndex> sources;
  for (const HomePiece& run : moved) sources.push_back(take_piece(run));
  const std::uint64_t offset = graph_[growth.unmapped].address;
  if (!map_new_home(offset, sources, growth.pages)) {
    for (NodeIndex n : sources) give_back(n);
    return std::nullopt;
  }
  for (NodeIndex n : sources) {
    std::fill_n(pages_.begin() + static_cast<std::ptrdiff_t>(graph_[n].address / page_), page_count(n), PageId::none());
    graph_[n].mapped = false;
  }
  const NodeIndex n = growth.unmapped;
  unmapped_.erase(offset);
  if (graph_[n].size > growth.pages * page_) {
    const NodeIndex rest = graph_.split(n, growth.pages * page_);
    unmapped_.emplace(graph_[rest].address, rest);
  }
  graph_[n].mapped = true;
  insert_free(merge(n));
  return sources;
}

// Pages at `offset` and up: those of `moved` in order, then new ones. What was mapped is unmapped again on a refusal:
// nobody has used these addresses.
bool HomeSpace::map_new_home(std::uint64_t offset, const std::vector<NodeIndex>& moved, std::uint32_t pages) {
  std::uint64_t at = offset;
  bool mapped = true;
  for (std::size_t i = 0; i < moved.size() && mapped; ++i) mapped = alias(at, moved[i]);
  const auto fresh = static_cast<std::uint32_t>(pages - (at - offset) / page_);
  const std::optional<PageId> first = mapped && fresh > 0 ? port_.create_pages(fresh, Bytes(page_)) : std::nullopt;
  if (first && port_.map_pages(space_, Bytes(at), *first, fresh, Bytes(page_))) {
    for (std::uint32_t i = 0; i < fresh; ++i) pages_[at / page_ + i] = PageId(first->value + i);
    return true;
  }
  if (mapped && fresh == 0) return true;
  if (first) port_.destroy_pages(*first, fresh, Bytes(page_));
  if (at > offset) port_.unmap_pages(space_, Bytes(offset), Bytes(at - offset));
  for (; at > offset; at -= page_) pages_[at / page_ - 1] = PageId::none();
  return false;
}

// The pages of block `from` once more at `offset`, which moves up by them; ids that follow each other in one call.
bool HomeSpace::alias(std::uint64_t& offset, NodeIndex from) {
  const std::uint64_t last = end_of(from) / page_;
  for (std::uint64_t p = graph_[from].address / page_; p < last;) {
    std::uint32_t run = run_of_ids(p, last);
    if (!port_.alias_pages(space_, Bytes(offset), pages_[p], run, Bytes(page_))) return false;
    for (; run > 0; --run, offset += page_) pages_[offset / page_] = pages_[p++];
  }
  return true;
}

void HomeSpace::forget_addresses(NodeIndex n) {
  port_.unmap_pages(space_, Bytes(graph_[n].address), Bytes(graph_[n].size));
  graph_[n].live = false;
  merge_unmapped(n);
}

void HomeSpace::destroy(NodeIndex n) {
  const Bytes offset(graph_[n].address);
  port_.unmap_pages(space_, offset, Bytes(graph_[n].size));
  const std::uint64_t last = end_of(n) / page_;
  for (std::uint64_t p = graph_[n].address / page_; p < last;) {
    std::uint32_t run = run_of_ids(p, last);
    port_.destroy_pages(pages_[p], run, Bytes(page_));
    for (; run > 0; --run) pages_[p++] = PageId::none();
  }
  graph_[n].live = false;
  graph_[n].mapped = false;
  merge_unmapped(n);
}

void HomeSpace::merge_unmapped(NodeIndex n) {
  const auto unmapped = [this](NodeIndex b) { return b != no_node && !graph_[b].mapped && !graph_[b].live; };
  if (const NodeIndex below = graph_[n].previous; unmapped(below)) {
    unmapped_.erase(graph_[below].address);
    graph_.absorb_previous(n);
  }
  if (const NodeIndex above = graph_[n].next; unmapped(above)) {
    unmapped_.erase(graph_[above].address);
    graph_.absorb_next(n);
  }
  unmapped_.emplace(graph_[n].address, n);
}

Bytes HomeSpace::validate() const {
  if (!space_.id.valid()) return {};
  VRAMLAB_CHECK(!unmapped_.empty(), "no address is left without a page");
  NodeIndex first = unmapped_.begin()->second;
  while (graph_[first].previous != no_node) first = graph_[first].previous;
  std::uint64_t listed = 0, free_blocks = 0, free_bytes = 0;
  Bytes live{};
  large_.for_each([&](NodeIndex n) { listed += graph_[n].live || graph_[n].small ? 2 : 1; });
  small_.for_each([&](NodeIndex n) { listed += graph_[n].live || !graph_[n].small ? 2 : 1; });
  graph_.validate_chain(first, 0, space_.bytes.value, [&](NodeIndex n) {
    const BlockNode& node = graph_[n];
    VRAMLAB_CHECK(node.mapped || node.live || unmapped_.contains(node.address), "an unmapped block is not listed");
    if (!node.mapped) return;
    for (std::uint64_t p = node.address / page_; p < up(node.address + node.size); ++p)
      VRAMLAB_CHECK(pages_[p].valid(), "a block has no page");
    if (node.live) {
      live += Bytes(node.size);
      return;
    }
    ++free_blocks;
    free_bytes += node.size;
    VRAMLAB_CHECK(!mergeable(n, node.next), "two neighbouring free blocks were not merged");
    const std::uint64_t boundary = up(node.address);
    if (!node.small && boundary * page_ <= node.address + node.size)
      VRAMLAB_CHECK(touching_.contains(boundary) && node_at_[boundary] == n, "a free block is not found by its pages");
  });
  VRAMLAB_CHECK(listed == free_blocks, "free blocks and free lists differ");
  VRAMLAB_CHECK(free_bytes == free_bytes_, "free bytes are counted wrongly");
  return live;
}

}  // namespace vramlab
