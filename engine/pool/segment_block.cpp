#include <algorithm>

#include "engine/core/error.h"
#include "engine/pool/block_graph.h"
#include "engine/pool/free_lists.h"
#include "engine/pool/pool.h"
#include "engine/pool/stream_fence.h"

namespace vramlab {
namespace {

constexpr OptionSpec options[] = {
    {.name = "segment_size",
     .kind = OptionKind::bytes,
     .default_text = "512MiB",
     .reason = "size of a new segment; a larger request gets a segment of its own size"},
    {.name = "allocation_strategy",
     .kind = OptionKind::choice,
     .default_text = "best_fit",
     .reason = "best_fit wastes the least, first_fit looks at one block only",
     .choices = "best_fit|first_fit"},
    {.name = "best_fit_scan",
     .kind = OptionKind::integer,
     .default_text = "16",
     .reason = "how many blocks of a size class best_fit compares; classes differ by 1/32",
     .at_least = 1,
     .at_most = 1e6},
    {.name = "split_threshold",
     .kind = OptionKind::bytes,
     .default_text = "512",
     .reason = "smallest rest that is split off a block instead of being handed out with it"},
    {.name = "coalescing",
     .kind = OptionKind::flag,
     .default_text = "true",
     .reason = "merge a freed block with its free neighbours"},
};

struct Settings {
  Bytes segment_size;
  std::uint32_t scan;
  std::uint64_t split_threshold;
  bool coalescing;

  static Settings from(const OptionValues& values) {
    const bool best = values.text("allocation_strategy") == "best_fit";
    if (values.bytes("segment_size") > max_space)
      throw ConfigError("option segment_size of pool segment-block: more than " + format_bytes(max_space));
    return {.segment_size = std::max(round_up(values.bytes("segment_size"), 2_MiB), 2_MiB),
            .scan = best ? static_cast<std::uint32_t>(values.integer("best_fit_scan")) : 1,
            .split_threshold = std::max(round_up(values.bytes("split_threshold"), 512_B), 512_B).value,
            .coalescing = values.flag("coalescing")};
  }
};

// Large segments cut into blocks: best fit, splitting, coalescing, size-indexed free lists. All streams share the
// blocks; a block last used by another stream is handed out behind a wait.
class SegmentBlockPool final : public Pool {
 public:
  SegmentBlockPool(Port& port, const Settings& settings)
      : port_(port), settings_(settings), free_(graph_), fence_(port) {}

  void allocate(const AllocRequest& request) override {
    check_request(request.bytes);
    live_.check_unused(request.block);
    const std::uint64_t size = round_up(request.bytes, granule).value;
    NodeIndex n = free_.find(size, settings_.scan);
    if (n == no_node) n = grow(request, Bytes(size));
    take(n, size);
    BlockNode& block = graph_[n];
    block.stream = request.stream.value;
    live_.set(request.block, n);
    stats_.allocated += Bytes(block.size);
    ++stats_.allocations;
    fence_.use(block.address, block.size, request.stream);
    const Space& segment = segments_[block.space];
    port_.place(request.block, segment.id, Bytes(block.address - segment.base.value), Bytes(block.size),
                request.stream);
  }

  void release(BlockId slot) override {
    NodeIndex n = live_.at(slot);
    live_.clear(slot);
    port_.release(slot);
    BlockNode& block = graph_[n];
    block.live = false;
    stats_.allocated -= Bytes(block.size);
    ++stats_.frees;
    fence_.leave(block.address, block.size, StreamId(static_cast<std::uint16_t>(block.stream)));
    if (settings_.coalescing) coalesce(n);
    free_.insert(n);
  }

  void expect_release(BlockId block, unsigned nearness) const override {
    live_.expect_release(graph_, block, nearness);
  }

  void expect_allocate(Bytes bytes, unsigned nearness) const override {
    if (nearness == 0) return;
    const NodeIndex n = free_.find(round_up(bytes, granule).value, settings_.scan);
    if (n != no_node) graph_.prefetch(n, nearness);
  }

  void empty_cache() override {
    std::vector<NodeIndex> whole;
    free_.for_each([&](NodeIndex n) {
      if (graph_.whole_segment(n)) whole.push_back(n);
    });
    for (NodeIndex n : whole) return_segment(n);
  }

  Address address_of(BlockId block) const override { return Address(graph_[live_.at(block)].address); }

  PoolStats stats() const override {
    PoolStats stats = stats_;
    stats.cached = port_.reserved() - stats_.allocated;
    return stats;
  }

  void validate() const override;

 private:
  static constexpr Bytes granule = 512_B;

  // Removes free block `n` from the lists, cut to `size` where the rest is worth keeping.
  void take(NodeIndex n, std::uint64_t size) {
    free_.erase(n);
    graph_[n].live = true;
    if (graph_[n].size - size < settings_.split_threshold) return;
    free_.insert(graph_.split(n, size));
    ++stats_.splits;
  }

  void coalesce(NodeIndex n) {
    if (const NodeIndex below = graph_[n].previous; below != no_node && !graph_[below].live) {
      free_.erase(below);
      graph_.absorb_previous(n);
      ++stats_.merges;
    }
    if (const NodeIndex above = graph_[n].next; above != no_node && !graph_[above].live) {
      free_.erase(above);
      graph_.absorb_next(n);
      ++stats_.merges;
    }
  }

  // A new segment as one free block: of the usual size, else, when the capacity does not allow that even after idle
  // segments went back, just as large as needed.
  NodeIndex grow(const AllocRequest& request, Bytes size) {
    const Bytes needed = round_up(size, 2_MiB);
    const Bytes usual = std::max(settings_.segment_size, needed);
    std::optional<Space> segment = port_.take_segment(usual, request.stream);
    if (!segment) {
      ++stats_.cache_releases;
      empty_cache();
      segment = port_.take_segment(usual, request.stream);
    }
    if (!segment && needed < usual) segment = port_.take_segment(needed, request.stream);
    if (!segment) out_of_memory("segment-block", request.bytes, port_, stats_.allocated);
    const NodeIndex n = graph_.add(BlockNode::whole(*segment, add(*segment)));
    free_.insert(n);
    return n;
  }

  std::uint32_t add(const Space& segment) {
    const auto unused = std::find_if(segments_.begin(), segments_.end(), [](const Space& s) { return !s.id.valid(); });
    const auto index = static_cast<std::uint32_t>(unused - segments_.begin());
    if (unused == segments_.end()) {
      segments_.push_back(segment);
    } else {
      *unused = segment;
    }
    return index;
  }

  void return_segment(NodeIndex n) {
    free_.erase(n);
    Space& segment = segments_[graph_[n].space];
    fence_.forget(segment.base.value, segment.bytes.value);
    port_.return_segment(segment);
    segment = Space{};
    graph_.remove(n);
  }

  Port& port_;
  Settings settings_;
  BlockGraph graph_;
  FreeLists free_;
  LiveBlocks live_;
  StreamFence fence_;
  std::vector<Space> segments_;  // unused entries have no id
  PoolStats stats_;
};

void SegmentBlockPool::validate() const {
  std::vector<NodeIndex> first(segments_.size(), no_node);
  const auto note_first = [&](NodeIndex n) {
    if (graph_[n].previous == no_node) first[graph_[n].space] = n;
  };
  std::uint64_t listed = 0;
  free_.for_each([&](NodeIndex n) {
    VRAMLAB_CHECK(!graph_[n].live, "a live block is in a free list");
    note_first(n);
    ++listed;
  });
  for (NodeIndex n : live_.table())
    if (n != no_node) note_first(n);
  std::uint64_t free_blocks = 0;
  Bytes held{}, live{};
  for (std::size_t s = 0; s < segments_.size(); ++s) {
    if (!segments_[s].id.valid()) continue;
    held += segments_[s].bytes;
    graph_.validate_chain(first[s], segments_[s].base.value, segments_[s].bytes.value, [&](NodeIndex n) {
      const NodeIndex above = graph_[n].next;
      VRAMLAB_CHECK(!settings_.coalescing || graph_[n].live || above == no_node || graph_[above].live,
                    "two neighbouring free blocks were not merged");
      if (graph_[n].live) live += Bytes(graph_[n].size);
      free_blocks += !graph_[n].live;
    });
  }
  VRAMLAB_CHECK(held == port_.reserved(), "segments held and bytes reserved differ");
  VRAMLAB_CHECK(live == stats_.allocated, "live bytes are counted wrongly");
  VRAMLAB_CHECK(free_blocks == listed, "free blocks and free lists differ in number");
}

}  // namespace

PoolInfo segment_block_row() {
  return {.name = "segment-block",
          .summary = "large segments cut into blocks: best fit, splitting, coalescing, size-indexed free lists",
          .options = options,
          .make = [](Port& port, const OptionValues& values, const PoolContext&) -> std::unique_ptr<Pool> {
            return std::make_unique<SegmentBlockPool>(port, Settings::from(values));
          }};
}

}  // namespace vramlab
