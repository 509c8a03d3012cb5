#include "engine/pool/tier_space.h"

#include <algorithm>
#include <iterator>

#include "engine/core/check.h"

namespace vramlab {

// The tables are made here, before a run is timed.
TierSpace::TierSpace(BlockGraph& graph, std::uint32_t index, Bytes range_bytes, std::uint32_t scan)
    : graph_(graph),
      lists_(graph),
      index_(index),
      scan_(scan),
      space_{.id = {}, .base = {}, .bytes = round_up(range_bytes, page)},
      idle_(space_.bytes / page),
      idle_node_(space_.bytes / page, no_node),
      pages_(space_.bytes / page) {}

bool TierSpace::reserve(Port& port) {
  if (space_.id.valid()) return true;
  const std::optional<Space> range = port.reserve_range(space_.bytes);
  if (!range) return false;
  space_ = *range;
  BlockNode all = BlockNode::whole(space_, index_);
  all.mapped = false;
  holes_.emplace(all.address, graph_.add(all));
  return true;
}

// --- Blocks ----------------------------------------------------------------------------------------------------------

PageSpan TierSpace::whole_pages(std::uint64_t address, std::uint64_t bytes) const {
  const std::uint64_t first = number_of(address + page.value - 1), last = number_of(address + bytes);
  return {first, last > first ? last - first : 0};
}

void TierSpace::insert_free(NodeIndex n) {
  lists_.insert(n);
  free_bytes_ += graph_[n].size;
  if (graph_[n].size < page.value) return;
  const PageSpan whole = whole_pages(n);
  if (whole.count == 0) return;
  idle_.insert(whole.first);
  idle_node_[whole.first] = n;
}

void TierSpace::erase_free(NodeIndex n) {
  lists_.erase(n);
  free_bytes_ -= graph_[n].size;
  if (graph_[n].size < page.value) return;
  const PageSpan whole = whole_pages(n);
  if (whole.count == 0) return;
  idle_.erase(whole.first);
}

NodeIndex TierSpace::take(NodeIndex n, std::uint64_t size, BlockEnd end) {
  erase_free(n);
  if (const std::uint64_t rest = graph_[n].size - size; rest > 0) {
    if (end == BlockEnd::low) {
      insert_free(graph_.split(n, size));
    } else {
      const NodeIndex upper = graph_.split(n, rest);
      insert_free(n);
      n = upper;
    }
  }
  graph_[n].live = true;
  return n;
}

void TierSpace::give_back(NodeIndex n) {
  graph_[n].live = false;
  if (const NodeIndex below = graph_[n].previous; is_free(below)) {
    erase_free(below);
    graph_.absorb_previous(n);
  }
  if (const NodeIndex above = graph_[n].next; is_free(above)) {
    erase_free(above);
    graph_.absorb_next(n);
  }
  insert_free(n);
}

// Cuts [begin, end) out of `n`, which is in no list; what is left of it on either side stays a block like it, in no
// list either.
NodeIndex TierSpace::isolate(NodeIndex n, std::uint64_t begin, std::uint64_t end) {
  if (begin > graph_[n].address) n = graph_.split(n, begin - graph_[n].address);
  if (end < end_of(n)) graph_.split(n, end - begin);
  return n;
}

// --- Pages -----------------------------------------------------------------------------------------------------------

NodeIndex TierSpace::hole_at(std::uint64_t address) const { return std::prev(holes_.upper_bound(address))->second; }

void TierSpace::fill(const PageSpan& pages, const std::vector<PageId>& ids) {
  const std::uint64_t begin = address_of(pages.first), end = address_of(pages.end());
  NodeIndex n = hole_at(begin);
  holes_.erase(graph_[n].address);
  const NodeIndex below = graph_[n].previous, above = graph_[n].next;
  n = isolate(n, begin, end);
  if (graph_[n].previous != below) holes_.emplace(graph_[graph_[n].previous].address, graph_[n].previous);
  if (graph_[n].next != above) holes_.emplace(end, graph_[n].next);
  graph_[n].mapped = true;
  std::copy(ids.begin(), ids.end(), pages_.begin() + static_cast<std::ptrdiff_t>(pages.first));
  held_pages_ += pages.count;
  give_back(n);
}

NodeIndex TierSpace::carve(const PageSpan& pages) {
  const std::uint64_t begin = address_of(pages.first), end = address_of(pages.end());
  const std::size_t first = idle_.at_most(pages.first);
  NodeIndex n = idle_node_[first];
  erase_free(n);
  const bool rest_below = begin > graph_[n].address, rest_above = end < end_of(n);
  n = isolate(n, begin, end);
  if (rest_below) insert_free(graph_[n].previous);
  if (rest_above) insert_free(graph_[n].next);
  graph_[n].live = true;
  return n;
}

void TierSpace::close(NodeIndex n) {
  const PageSpan pages = whole_pages(n);
  std::fill_n(pages_.begin() + static_cast<std::ptrdiff_t>(pages.first), pages.count, PageId::none());
  held_pages_ -= pages.count;
  graph_[n].live = false;
  graph_[n].mapped = false;
  if (is_hole(graph_[n].previous)) {
    holes_.erase(graph_[graph_[n].previous].address);
    graph_.absorb_previous(n);
  }
  if (is_hole(graph_[n].next)) {
    holes_.erase(graph_[graph_[n].next].address);
    graph_.absorb_next(n);
  }
  holes_.emplace(graph_[n].address, n);
}

// --- Growth ----------------------------------------------------------------------------------------------------------

// A run of neighbouring free blocks and holes: what lies between two live blocks.
struct TierSpace::Gap {
  struct Part {
    std::uint64_t begin = 0;
    std::uint64_t end = 0;
    bool hole = false;
  };
  std::vector<Part> parts;

  // Pages missing in [begin, end) of part `i`, whose other end is a page boundary if it is a hole.
  std::uint64_t missing(std::size_t i, std::uint64_t bytes) const {
    return parts[i].hole ? (bytes + page.value - 1) / page.value : 0;
  }

  // The smallest runs of parts that hold `size`: one from the low end of each part, one up to the high end of each.
  template <class Found>
  void each_window(std::uint64_t size, Found&& found) const;
};

template <class Found>
void TierSpace::Gap::each_window(std::uint64_t size, Found&& found) const {
  std::uint64_t whole = 0;  // pages missing in parts [first, last)
  for (std::size_t first = 0, last = 0; first < parts.size(); ++first) {
    for (; last < parts.size() && parts[last].end - parts[first].begin < size; ++last)
      whole += missing(last, parts[last].end - parts[last].begin);
    if (last == parts.size()) break;
    const std::uint64_t begin = parts[first].begin, end = begin + size;
    found(begin, end, whole + missing(last, end - parts[last].begin));
    if (last > first) whole -= missing(first, parts[first].end - begin);
    last = std::max(last, first + 1);
  }
  whole = 0;  // pages missing in parts (first, last]
  for (std::size_t last = parts.size(), first = parts.size(); last-- > 0;) {
    for (; first > 0 && parts[last].end - parts[first - 1].begin < size; --first)
      whole += missing(first - 1, parts[first - 1].end - parts[first - 1].begin);
    if (first == 0) break;
    const std::uint64_t end = parts[last].end, begin = end - size;
    found(begin, end, whole + missing(first - 1, parts[first - 1].end - begin));
    if (first <= last) whole -= missing(last, end - parts[last].begin);
    first = std::min(first, last);
  }
}

TierSpace::Gap TierSpace::gap_around(NodeIndex hole) const {
  NodeIndex n = hole;
  while (graph_[n].previous != no_node && !graph_[graph_[n].previous].live) n = graph_[n].previous;
  Gap gap;
  for (; n != no_node && !graph_[n].live; n = graph_[n].next)
    gap.parts.push_back({graph_[n].address, end_of(n), !graph_[n].mapped});
  return gap;
}

TierSpace::Growth TierSpace::growth_for(std::uint64_t size) const {
  Growth best;
  std::uint64_t searched = 0;
  for (const auto& [address, hole] : holes_) {
    if (address < searched) continue;
    const Gap gap = gap_around(hole);
    searched = gap.parts.back().end;
    gap.each_window(size, [&](std::uint64_t begin, std::uint64_t end, std::uint64_t pages) {
      if (pages < best.pages) best = {begin, end, pages};
    });
  }
  return best;
}

TierSpace::Growth TierSpace::extended(const Growth& growth, std::uint64_t pages) const {
  const std::uint64_t until = (growth.end + page.value - 1) / page.value * page.value;
  const auto above = holes_.upper_bound(until - 1);
  const bool inside = above != holes_.begin() && end_of(std::prev(above)->second) > until;
  const bool beside = above != holes_.end() && above->first == until;
  if (!inside && !beside) return growth;
  const std::uint64_t room = number_of(end_of(inside ? std::prev(above)->second : above->second)) - number_of(until);
  const std::uint64_t more = std::min(pages, room);
  return {growth.begin, until + more * page.value, growth.pages + more};
}

std::vector<PageSpan> TierSpace::missing(const Growth& growth) const {
  std::vector<PageSpan> spans;
  auto hole = holes_.upper_bound(growth.begin);
  if (hole != holes_.begin()) --hole;
  for (; hole != holes_.end() && hole->first < growth.end; ++hole) {
    const std::uint64_t begin = std::max(hole->first, growth.begin), end = std::min(end_of(hole->second), growth.end);
    if (begin >= end) continue;
    const std::uint64_t first = number_of(begin);
    spans.push_back({first, number_of(end + page.value - 1) - first});
  }
  return spans;
}

// --- Checks ----------------------------------------------------------------------------------------------------------

void TierSpace::validate_node(NodeIndex n) const {
  const BlockNode& node = graph_[n];
  const PageSpan whole = whole_pages(n);
  const bool indexed = whole.count > 0 && idle_.contains(whole.first) && idle_node_[whole.first] == n;
  if (is_free(n)) {
    VRAMLAB_CHECK(!is_free(node.next), "two neighbouring free blocks were not merged");
    VRAMLAB_CHECK(indexed == (whole.count > 0), "the index of whole free pages is wrong");
  }
  if (!is_hole(n)) return;
  VRAMLAB_CHECK(!is_hole(node.next), "two neighbouring holes were not merged");
  VRAMLAB_CHECK(holes_.contains(node.address), "a hole is not listed");
  VRAMLAB_CHECK(whole.count * page.value == node.size, "a hole does not consist of whole pages");
}

Bytes TierSpace::validate() const {
  if (!space_.id.valid()) return Bytes(0);
  NodeIndex first = holes_.begin()->second;  // the range is larger than the memory: some of it is always a hole
  while (graph_[first].previous != no_node) first = graph_[first].previous;
  Bytes live{}, free{}, holes{};
  graph_.validate_chain(first, space_.base.value, space_.bytes.value, [&](NodeIndex n) {
    validate_node(n);
    (is_hole(n) ? holes : graph_[n].live ? live : free) += Bytes(graph_[n].size);
    const std::uint64_t from = number_of(graph_[n].address), to = number_of(end_of(n) + page.value - 1);
    for (std::uint64_t p = from; p < to && held_pages_ > 0 && !is_hole(n); ++p)
      VRAMLAB_CHECK(pages_[p].valid(), "a block lies where no page is");
  });
  std::uint64_t listed = 0;
  lists_.for_each([&](NodeIndex n) { listed += graph_[n].size; });
  VRAMLAB_CHECK(free == Bytes(free_bytes_) && listed == free_bytes_, "free bytes are counted wrongly");
  VRAMLAB_CHECK(live + free == page * held_pages_, "blocks and pages held differ");
  VRAMLAB_CHECK(holes + live + free == space_.bytes, "holes are counted wrongly");
  return live;
}

}  // namespace vramlab
