// A model of NVIDIA's CnMem 1.0 (2015, BSD-3), the allocator that SmartPool compares itself with (arXiv:1903.06631).
//
// RULES and where each is from, in github.com/NVIDIA/cnmem, src/cnmem.cpp:
// - Sizes are rounded up to 512 bytes (CNMEM_GRANULARITY, cnmemMalloc).
// - Best fit: the smallest free block that is large enough; of equal ones the one with the lowest address, since the
//   list is ordered by address and only a smaller block replaces the best so far (Manager::findBestBlockUnsafe).
// - A block larger than the request is always cut: no remainder is too small (extractBlockUnsafe).
// - A freed block merges with the free neighbours below and above, never across the beginning of a piece that was
//   obtained at once, from the device or from another manager (releaseBlockUnsafe, Block::isHead). Two device
//   allocations that happen to be adjacent stay apart.
// - Where nothing fits, exactly the rounded request is taken from the device (allocateBlockUnsafe), unless the flag
//   CNMEM_FLAGS_CANNOT_GROW is set. Nothing goes back before the end of the pool, not even to serve a request
//   (releaseAllUnsafe is the only caller of cudaFree).
// - An initial block is taken before all else (cnmemInit: by default half of the device's memory).
// - Each registered stream has a manager of its own below the root, which serves the default stream. A manager without
//   a block that fits asks the root for exactly the request, and keeps that piece when it is freed
//   (Manager::allocate, allocateBlockUnsafe, cnmemRegisterStream).
// - When the device refuses, a block is stolen: the managers of the streams are asked in the order of their
//   registration for their best fit, which is cut, and both parts begin a piece of their own (stealUnsafe,
//   stealBlockUnsafe, giveBlockUnsafe). Streams count as registered in the order of their first use.
//
// WHAT DIFFERS
// - CnMem makes the host wait for a stream when its memory goes to another (cudaStreamSynchronize in giveBlockUnsafe
//   and Manager::allocate); here the other stream waits by an edge. Without managers of streams CnMem leaves order to
//   its caller; here a stream waits all the same.
// - Where a stolen block does not begin a piece, stealBlockUnsafe advances the address that it returns beyond the block
//   it has cut off. That looks like a slip and is not modelled: the block itself is handed out.
// - The list is scanned there from its beginning; the ordered blocks here give the same answer in logarithmic time.
//
// HOW SMARTPOOL RAN IT: Apache SINGA, on which SmartPool is built, passes no stream and starts with 256 MiB
// (CnMemPool::Init in src/core/memory/memory.cc; MemPoolConf.init_size in src/proto/core.proto). Whether the paper's
// runs kept that default could not be established, nor how it counted CnMem's footprint. The defaults here give the
// least that CnMem can reserve: nothing beforehand, one manager.

#include <algorithm>
#include <optional>
#include <vector>

#include "engine/core/error.h"
#include "engine/pool/block_graph.h"
#include "engine/pool/ordered_blocks.h"
#include "engine/pool/pool.h"
#include "engine/pool/stream_fence.h"

namespace vramlab {
namespace {

constexpr Bytes granule = 512_B;

constexpr OptionSpec options[] = {
    {.name = "initial_size",
     .kind = OptionKind::bytes,
     .default_text = "0",
     .reason = "taken before the first request; 0: nothing; SINGA takes 256MiB, CnMem half of the device unless told"},
    {.name = "growth",
     .kind = OptionKind::bytes,
     .default_text = "512",
     .reason = "what is taken later is rounded up to a multiple of this; CnMem takes no more than the rounded request"},
    {.name = "grow",
     .kind = OptionKind::flag,
     .default_text = "true",
     .reason = "take memory beyond initial_size; false: CNMEM_FLAGS_CANNOT_GROW"},
    {.name = "stream_managers",
     .kind = OptionKind::flag,
     .default_text = "false",
     .reason = "each stream but the first keeps its free memory to itself (registered streams); SINGA registers none"},
    {.name = "steal",
     .kind = OptionKind::flag,
     .default_text = "true",
     .reason = "take a block of another stream's manager before running out; false: CNMEM_FLAGS_CANNOT_STEAL"},
};

struct Settings {
  Bytes initial_size;
  Bytes growth;
  bool grow;
  bool stream_managers;
  bool steal;

  static Settings from(const OptionValues& values) {
    for (const std::string_view name : {"initial_size", "growth"})
      if (values.bytes(name) > max_space)
        throw ConfigError("option " + std::string(name) + " of pool cnmem: more than " + format_bytes(max_space));
    const Settings settings{.initial_size = round_up(values.bytes("initial_size"), granule),
                            .growth = std::max(round_up(values.bytes("growth"), granule), granule),
                            .grow = values.flag("grow"),
                            .stream_managers = values.flag("stream_managers"),
                            .steal = values.flag("steal")};
    if (!settings.grow && settings.initial_size == Bytes(0))
      throw ConfigError("pool cnmem has no memory: grow is false and initial_size is 0", {}, "give an initial_size");
    return settings;
  }
};

// A block belongs to the manager of `stream` in its node, where streams have managers: free ones too. The lowest block
// of a segment keeps its node, because cutting and merging keep the lower part's.
class CnMemPool final : public Pool {
 public:
  CnMemPool(Port& port, const Settings& settings) : port_(port), settings_(settings), fence_(port) {}

  void allocate(const AllocRequest& request) override {
    check_request(request.bytes);
    live_.check_unused(request.block);
    const std::uint64_t size = round_up(request.bytes, granule).value;
    take_initial(request);
    const NodeIndex n = find(size, request);
    BlockNode& block = graph_[n];
    block.live = true;
    block.stream = request.stream.value;
    live_.set(request.block, n);
    stats_.allocated += Bytes(size);
    ++stats_.allocations;
    fence_.use(block.address, size, request.stream);
    const Space& segment = segments_[block.space].memory;
    port_.place(request.block, segment.id, Bytes(block.address - segment.base.value), Bytes(size), request.stream);
  }

  void release(BlockId slot) override {
    const NodeIndex n = live_.at(slot);
    live_.clear(slot);
    port_.release(slot);
    BlockNode& block = graph_[n];
    block.live = false;
    stats_.allocated -= Bytes(block.size);
    ++stats_.frees;
    fence_.leave(block.address, block.size, StreamId(static_cast<std::uint16_t>(block.stream)));
    insert_free(merge(n));
  }

  void expect_release(BlockId block, unsigned nearness) const override {
    live_.expect_release(graph_, block, nearness);
  }

  void empty_cache() override {
    give_back_to_root();
    for (Segment& segment : segments_) {
      const NodeIndex n = segment.first;
      if (!segment.memory.id.valid() || graph_[n].live || !graph_.whole_segment(n)) continue;
      erase_free(n);
      fence_.forget(segment.memory.base.value, segment.memory.bytes.value);
      port_.return_segment(segment.memory);
      graph_.remove(n);
      segment = Segment{};
    }
    while (!segments_.empty() && !segments_.back().memory.id.valid()) segments_.pop_back();
  }

  Address address_of(BlockId block) const override { return Address(graph_[live_.at(block)].address); }

  PoolStats stats() const override {
    PoolStats stats = stats_;
    stats.cached = port_.reserved() - stats_.allocated;
    return stats;
  }

  void validate() const override;

 private:
  static constexpr std::size_t root = 0;

  struct Segment {
    Space memory;  // no id: given back
    NodeIndex first = no_node;
  };

  std::size_t manager_of(std::uint64_t stream) const { return settings_.stream_managers ? stream : root; }
  std::size_t manager_of(const BlockNode& block) const { return manager_of(block.stream); }

  // --- Serving a request --------------------------------------------------------------------------------------------

  void take_initial(const AllocRequest& request) {
    if (!segments_.empty() || settings_.initial_size == Bytes(0)) return;
    const NodeIndex n = take_segment(settings_.initial_size, request.stream);
    if (n == no_node) out_of_memory("cnmem", settings_.initial_size, port_, stats_.allocated);
    insert_free(n);
  }

  // A block of exactly `size` in no list. Throws OutOfMemory.
  NodeIndex find(std::uint64_t size, const AllocRequest& request) {
    const std::size_t manager = manager_of(request.stream.value);
    if (const NodeIndex n = extract(manager, size, false); n != no_node) return n;
    NodeIndex n = manager == root ? no_node : extract(root, size, false);
    if (n == no_node) n = grow(size, request.stream);
    if (n == no_node) n = steal(size);
    if (n == no_node) out_of_memory("cnmem", request.bytes, port_, stats_.allocated);
    graph_[n].head = true;
    return n;
  }

  // The best fit of a manager, cut to `size`; no_node when none is large enough. What is left of a block that is handed
  // to another manager begins a piece.
  NodeIndex extract(std::size_t manager, std::uint64_t size, bool stolen) {
    if (manager >= free_.size()) return no_node;
    OrderedBlocks& free = free_[manager];
    const OrderedBlocks::Cursor best = free.lower_bound(size);
    if (best == free.end()) return no_node;
    const NodeIndex n = free.at(best).node;
    free.erase(best);
    cut(n, size, stolen);
    return n;
  }

  void cut(NodeIndex n, std::uint64_t size, bool stolen) {
    if (graph_[n].size == size) return;
    const NodeIndex rest = graph_.split(n, size);
    graph_[rest].head = stolen;
    insert_free(rest);
    ++stats_.splits;
  }

  NodeIndex grow(std::uint64_t size, StreamId stream) {
    if (!settings_.grow) return no_node;
    const NodeIndex n = take_segment(round_up(Bytes(size), settings_.growth), stream);
    if (n != no_node) cut(n, size, false);
    return n;
  }

  NodeIndex steal(std::uint64_t size) {
    if (!settings_.steal) return no_node;
    for (std::size_t manager = root + 1; manager < free_.size(); ++manager)
      if (const NodeIndex n = extract(manager, size, true); n != no_node) return n;
    return no_node;
  }

  // A new segment as one block of the root, in no list.
  NodeIndex take_segment(Bytes bytes, StreamId stream) {
    const std::optional<Space> memory = port_.take_segment(bytes, stream);
    if (!memory) return no_node;
    const NodeIndex n = graph_.add(BlockNode::whole(*memory, static_cast<std::uint32_t>(segments_.size())));
    segments_.push_back({*memory, n});
    return n;
  }

  // --- Free blocks --------------------------------------------------------------------------------------------------

  void insert_free(NodeIndex n) {
    const BlockNode& block = graph_[n];
    const std::size_t manager = manager_of(block);
    if (manager >= free_.size()) free_.resize(manager + 1);
    free_[manager].insert({block.size, block.address, n});
  }
  void erase_free(NodeIndex n) { free_[manager_of(graph_[n])].erase(graph_[n].size, graph_[n].address); }

  // Whether `n` merges with the block below it, both free.
  bool continues_below(NodeIndex n) const {
    const NodeIndex below = graph_[n].previous;
    return below != no_node && !graph_[n].head && !graph_[n].live && !graph_[below].live &&
           manager_of(graph_[n]) == manager_of(graph_[below]);
  }

  // The block that `n`, free and in no list, becomes part of.
  NodeIndex merge(NodeIndex n) {
    if (continues_below(n)) {
      n = graph_[n].previous;
      erase_free(n);
      absorb_next(n);
    }
    if (const NodeIndex above = graph_[n].next; above != no_node && continues_below(above)) {
      erase_free(above);
      absorb_next(n);
    }
    return n;
  }
  void absorb_next(NodeIndex n) {
    graph_.absorb_next(n);
    ++stats_.merges;
  }

  // What is free in the managers of streams returns to the root, as at the end of CnMem.
  void give_back_to_root() {
    std::vector<NodeIndex> given;
    for_each_free([&](std::size_t manager, NodeIndex n) {
      if (manager != root || graph_[n].head) given.push_back(n);
    });
    for (NodeIndex n : given) {
      erase_free(n);
      graph_[n].stream = root;
      graph_[n].head = false;
      insert_free(merge(n));
    }
  }

  template <class Each>
  void for_each_free(Each&& each) const {
    for (std::size_t manager = 0; manager < free_.size(); ++manager)
      for (auto c = free_[manager].begin(); !(c == free_[manager].end()); c = free_[manager].next(c))
        each(manager, free_[manager].at(c).node);
  }

  Port& port_;
  Settings settings_;
  BlockGraph graph_;
  LiveBlocks live_;
  StreamFence fence_;
  std::vector<OrderedBlocks> free_;  // by manager: the root, then that of each stream
  std::vector<Segment> segments_;
  PoolStats stats_;
};

void CnMemPool::validate() const {
  std::uint64_t listed = 0, free_blocks = 0;
  for_each_free([&](std::size_t manager, NodeIndex n) {
    VRAMLAB_CHECK(!graph_[n].live, "a live block is in a free list");
    VRAMLAB_CHECK(manager_of(graph_[n]) == manager, "a free block is in another manager's list");
    ++listed;
  });
  Bytes held{}, live{};
  for (const Segment& segment : segments_) {
    if (!segment.memory.id.valid()) continue;
    held += segment.memory.bytes;
    const Space& memory = segment.memory;
    graph_.validate_chain(segment.first, memory.base.value, memory.bytes.value, [&](NodeIndex n) {
      VRAMLAB_CHECK(!continues_below(n), "two free blocks of one piece were not merged");
      if (graph_[n].live) live += Bytes(graph_[n].size);
      free_blocks += !graph_[n].live;
    });
  }
  VRAMLAB_CHECK(held == port_.reserved(), "segments held and bytes reserved differ");
  VRAMLAB_CHECK(live == stats_.allocated, "live bytes are counted wrongly");
  VRAMLAB_CHECK(free_blocks == listed, "free blocks and free lists differ in number");
}

}  // namespace

PoolInfo cnmem_row() {
  return {.name = "cnmem",
          .summary = "NVIDIA's CnMem: best fit, coalescing, grows by what is needed, gives nothing back",
          .options = options,
          .make = [](Port& port, const OptionValues& values, const PoolContext&) -> std::unique_ptr<Pool> {
            return std::make_unique<CnMemPool>(port, Settings::from(values));
          }};
}

}  // namespace vramlab
