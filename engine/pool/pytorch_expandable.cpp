#include <algorithm>
#include <map>

#include "engine/core/error.h"
#include "engine/pool/pytorch_model.h"

namespace vramlab {
namespace {

// With expandable segments: one address range a part and stream, 1 1/8 times the GPU's memory, whose pages (2 MiB in
// the small part, 20 MiB in the large one) are mapped at the lowest addresses that fit.
// Source: class ExpandableSegment and try_allocate_expandable_block in CUDACachingAllocator.cpp.
class PytorchExpandablePool final : public pytorch::CachingModel {
 public:
  PytorchExpandablePool(Port& port, const pytorch::Settings& settings, Bytes device_memory)
      : CachingModel("pytorch-expandable", port, settings), range_bytes_(device_memory + device_memory / 8) {}

  void validate() const override {
    std::uint64_t free_nodes = 0;
    Bytes mapped{}, live{};
    for (std::size_t s = 0; s < ranges_.size(); ++s) {
      const Space& space = spaces_[s];
      graph_.validate_chain(first_block(ranges_[s]), space.base.value, space.bytes.value, [&](NodeIndex n) {
        const BlockNode& block = graph_[n];
        VRAMLAB_CHECK(block.mapped || ranges_[s].unmapped.contains(block.address), "an unmapped block is not listed");
        if (block.mapped) mapped += Bytes(block.size);
        if (block.live) live += Bytes(block.size);
        free_nodes += block.mapped && !block.live;
      });
    }
    VRAMLAB_CHECK(mapped == port_.reserved(), "mapped and reserved bytes differ");
    VRAMLAB_CHECK(live == stats_.allocated, "live bytes are counted wrongly");
    validate_lists(free_nodes);
  }

 private:
  // Blocks without pages, by address, and the pages of a range by index (Id::none where unmapped).
  struct Range {
    Bytes page{};
    std::uint16_t stream = 0;
    bool small = false;
    std::map<std::uint64_t, NodeIndex> unmapped;
    std::vector<PageId> pages;
  };

  // A range is larger than the GPU's memory: some of it is always unmapped.
  NodeIndex first_block(const Range& range) const {
    NodeIndex n = range.unmapped.begin()->second;
    while (graph_[n].previous != no_node) n = graph_[n].previous;
    return n;
  }

  bool splits(const Search& search, const BlockNode& block) const override {
    return Bytes(block.size) - search.size >= pytorch::min_block;
  }

  // A block before unmapped space counts as large as it could grow: it is used only if no other is smaller than that.
  OrderedBlocks::Cursor settle(const OrderedBlocks& set, OrderedBlocks::Cursor found) const override {
    for (auto next = set.next(found); !(next == set.end()); next = set.next(next)) {
      const NodeIndex n = set.at(found).node;
      if (graph_.whole_segment(n) || expandable_size(set.at(next).node) >= expandable_size(n)) break;
      found = next;
    }
    return found;
  }

  std::uint64_t expandable_size(NodeIndex n) const {
    const NodeIndex above = graph_[n].next;
    return graph_[n].size + (above != no_node && !graph_[above].mapped ? graph_[above].size : 0);
  }

  std::optional<NodeIndex> grow(const Search& search) override {
    if (!port_.fits(search.grow_by)) return std::nullopt;  // the real one compares a segment's size with the limit
    const std::optional<NodeIndex> candidate = find_expandable(search);
    if (!candidate) return std::nullopt;
    NodeIndex n = *candidate;
    if (!graph_[n].mapped && !map_block(n, std::min<std::uint64_t>(graph_[n].size, search.size.value)))
      return std::nullopt;
    while (graph_[n].size < search.size.value) {
      const NodeIndex above = graph_[n].next;  // unmapped; takes `n` in when it is mapped
      if (!map_block(above, std::min<std::uint64_t>(search.size.value - graph_[n].size, graph_[above].size)))
        return std::nullopt;
      n = above;
    }
    erase_free(n);
    return n;
  }

  bool room_from(NodeIndex n, std::uint64_t wanted) const {
    std::uint64_t bytes = 0;
    for (; bytes < wanted && n != no_node && !graph_[n].live; n = graph_[n].next) bytes += graph_[n].size;
    return bytes >= wanted;
  }

  std::optional<NodeIndex> find_expandable(const Search& search) {
    for (const Range& range : ranges_) {
      if (range.stream != search.stream || range.small != search.small) continue;
      for (const auto& [address, unmapped] : range.unmapped) {
        const NodeIndex below = graph_[unmapped].previous;
        const NodeIndex from = below != no_node && !graph_[below].live ? below : unmapped;
        if (room_from(from, search.size.value)) return from;
      }
    }
    return add_range(search);
  }

  std::optional<NodeIndex> add_range(const Search& search) {
    const Bytes page = search.small ? pytorch::small_segment : pytorch::large_segment;
    const Bytes bytes = round_up(range_bytes_, page);
    if (bytes < search.size) return std::nullopt;  // no range could hold it: reserve none
    const std::optional<Space> space = port_.reserve_range(bytes);
    if (!space) return std::nullopt;
    const NodeIndex n = add_whole(*space, search);
    graph_[n].mapped = false;
    Range range{.page = page, .stream = search.stream, .small = search.small, .unmapped = {}, .pages = {}};
    range.unmapped.emplace(space->base.value, n);
    range.pages.resize(space->bytes / page);
    ranges_.push_back(std::move(range));
    return n;
  }

  // Gives pages to the first `bytes` of unmapped block `n` (rounded up to whole pages), merges it with its free
  // neighbours and lists it as free.
  bool map_block(NodeIndex n, std::uint64_t bytes) {
    Range& range = ranges_[graph_[n].space];
    const Space& space = spaces_[graph_[n].space];
    const Bytes offset(graph_[n].address - space.base.value);
    const auto count = static_cast<std::uint32_t>((bytes + range.page.value - 1) / range.page.value);
    if (!map_pages(range, space, offset, count)) return false;
    range.unmapped.erase(graph_[n].address);
    const std::uint64_t mapped = (range.page * count).value;
    if (mapped < graph_[n].size) {
      const NodeIndex rest = graph_.split(n, mapped);
      range.unmapped.emplace(graph_[rest].address, rest);
    }
    graph_[n].mapped = true;
    merge(n);
    insert_free(n);
    return true;
  }

  bool map_pages(Range& range, const Space& space, Bytes offset, std::uint32_t count) {
    const std::optional<PageId> first = port_.create_pages(count, range.page);
    if (!first) return false;
    if (!port_.map_pages(space, offset, *first, count, range.page)) {
      port_.destroy_pages(*first, count, range.page);
      return false;
    }
    for (std::uint32_t i = 0; i < count; ++i) range.pages[offset / range.page + i] = PageId(first->value + i);
    return true;
  }

  void release_cached() override {
    std::vector<NodeIndex> cached;
    for (pytorch::FreeBlocks* free : {&large_, &small_})
      for (const OrderedBlocks& set : free->by_stream)
        for (auto c = set.begin(); !(c == set.end()); c = set.next(c)) cached.push_back(set.at(c).node);
    for (NodeIndex n : cached) unmap_block(n);
  }

  // Takes the whole pages inside free block `n` away; what is left of it on either side stays free.
  void unmap_block(NodeIndex n) {
    const std::uint32_t index = graph_[n].space;
    const Bytes page = ranges_[index].page;
    const std::uint64_t base = spaces_[index].base.value;
    const Bytes from = round_up(Bytes(graph_[n].address - base), page);
    const Bytes to = round_down(Bytes(graph_[n].address + graph_[n].size - base), page);
    if (to <= from) return;
    erase_free(n);
    if (const std::uint64_t before = base + from.value - graph_[n].address; before > 0) {
      const NodeIndex rest = graph_.split(n, before);
      insert_free(n);
      n = rest;
    }
    if (graph_[n].size > (to - from).value) insert_free(graph_.split(n, (to - from).value));
    graph_[n].mapped = false;
    give_back_pages(index, from, to);
    merge_unmapped(n);
  }

  void give_back_pages(std::uint32_t index, Bytes from, Bytes to) {
    Range& range = ranges_[index];
    port_.unmap_pages(spaces_[index], from, to - from);
    for (std::uint64_t p = from / range.page; p < to / range.page; ++p) {
      port_.destroy_pages(range.pages[p], 1, range.page);
      range.pages[p] = PageId::none();
    }
  }

  void merge_unmapped(NodeIndex n) {
    Range& range = ranges_[graph_[n].space];
    if (const NodeIndex below = graph_[n].previous; mergeable(n, below)) {
      range.unmapped.erase(graph_[below].address);
      graph_.absorb_previous(n);
    }
    if (const NodeIndex above = graph_[n].next; mergeable(n, above)) {
      range.unmapped.erase(graph_[above].address);
      graph_.absorb_next(n);
    }
    range.unmapped.emplace(graph_[n].address, n);
  }

  Bytes range_bytes_;
  std::vector<Range> ranges_;  // same index as spaces_
};

}  // namespace

PoolInfo pytorch_expandable_row() {
  return {.name = "pytorch-expandable",
          .summary = "PyTorch's caching allocator with expandable_segments:True, modelled exactly",
          .options = pytorch::option_table(),
          .follows = Follows::pages,
          .make = [](Port& port, const OptionValues& options, const PoolContext& context) -> std::unique_ptr<Pool> {
            if (context.device_memory.value == 0 || context.device_memory > max_space / 2)
              throw ConfigError("pool pytorch-expandable needs a machine with memory, at most 1 TiB of it");
            return std::make_unique<PytorchExpandablePool>(port, pytorch::Settings::from(options),
                                                           context.device_memory);
          }};
}

}  // namespace vramlab
