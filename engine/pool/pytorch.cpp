#include "engine/pool/pytorch_model.h"

namespace vramlab {
namespace {

// PyTorch's default: segments from cudaMalloc, one stream each.
class PytorchPool final : public pytorch::CachingModel {
 public:
  PytorchPool(Port& port, const pytorch::Settings& settings) : CachingModel("pytorch", port, settings) {}

  void validate() const override {
    std::uint64_t free_nodes = 0;
    Bytes held{}, live{};
    std::vector<bool> seen(spaces_.size());
    const auto walk = [&](NodeIndex n) {
      while (graph_[n].previous != no_node) n = graph_[n].previous;
      const Space& space = spaces_[graph_[n].space];
      if (seen[graph_[n].space]) return;
      seen[graph_[n].space] = true;
      held += space.bytes;
      graph_.validate_chain(n, space.base.value, space.bytes.value, [&](NodeIndex b) {
        if (graph_[b].live) live += Bytes(graph_[b].size);
        free_nodes += !graph_[b].live;
      });
    };
    for (NodeIndex n : live_.table())
      if (n != no_node) walk(n);
    for (const pytorch::FreeBlocks* free : {&small_, &large_})
      for (const OrderedBlocks& set : free->by_stream)
        for (auto c = set.begin(); !(c == set.end()); c = set.next(c)) walk(set.at(c).node);
    VRAMLAB_CHECK(held == port_.reserved(), "segments held and bytes reserved differ");
    VRAMLAB_CHECK(live == stats_.allocated, "live bytes are counted wrongly");
    validate_lists(free_nodes);
  }

 private:
  std::optional<NodeIndex> grow(const Search& search) override {
    const std::optional<Space> segment = port_.take_segment(search.grow_by, StreamId(search.stream));
    if (!segment) return std::nullopt;
    return add_whole(*segment, search);
  }

  void release_cached() override {
    for (pytorch::FreeBlocks* free : {&large_, &small_}) {
      std::vector<NodeIndex> whole;
      for (const OrderedBlocks& set : free->by_stream)
        for (auto c = set.begin(); !(c == set.end()); c = set.next(c))
          if (graph_.whole_segment(set.at(c).node)) whole.push_back(set.at(c).node);
      for (NodeIndex n : whole) return_segment(n);
    }
  }

  bool splits(const Search& search, const BlockNode& block) const override {
    const Bytes rest = Bytes(block.size) - search.size;
    if (search.small) return rest >= pytorch::min_block;
    return search.size < settings_.max_split_size && rest > pytorch::small_size;
  }
};

}  // namespace

PoolInfo pytorch_row() {
  return {.name = "pytorch",
          .summary = "PyTorch's caching allocator, modelled exactly",
          .options = pytorch::option_table(),
          .follows = Follows::segments,
          .make = [](Port& port, const OptionValues& options, const PoolContext&) -> std::unique_ptr<Pool> {
            return std::make_unique<PytorchPool>(port, pytorch::Settings::from(options));
          }};
}

}  // namespace vramlab
