#include "engine/pool/block_graph.h"
#include "engine/pool/pool.h"

namespace vramlab {
namespace {

// No pool at all: every object is a cudaMalloc of its own, given back at once. The least memory that segments alone
// can hold, at the price of a device call and a synchronisation for each object.
class CudaMallocPool final : public Pool {
 public:
  explicit CudaMallocPool(Port& port) : port_(port) {}

  void allocate(const AllocRequest& request) override {
    check_request(request.bytes);
    live_.check_unused(request.block);
    const Bytes size = round_up(request.bytes, granule);
    const std::optional<Space> segment = port_.take_segment(size, request.stream);
    if (!segment) out_of_memory("cuda-malloc", request.bytes, port_, stats_.allocated);
    live_.set(request.block, add(*segment));
    stats_.allocated += size;
    ++stats_.allocations;
    port_.place(request.block, segment->id, Bytes(0), size, request.stream);
  }

  void release(BlockId block) override {
    const NodeIndex index = live_.at(block);
    live_.clear(block);
    port_.release(block);
    port_.return_segment(segments_[index]);
    stats_.allocated -= segments_[index].bytes;
    ++stats_.frees;
    unused_.push_back(index);
  }

  Address address_of(BlockId block) const override { return segments_[live_.at(block)].base; }
  PoolStats stats() const override { return stats_; }

  void validate() const override {
    Bytes held{};
    for (NodeIndex index : live_.table())
      if (index != no_node) held += segments_[index].bytes;
    VRAMLAB_CHECK(held == stats_.allocated && held == port_.reserved(), "live, counted and reserved bytes differ");
  }

 private:
  static constexpr Bytes granule = 512_B;  // alignment of cudaMalloc's results is 256; sizes are counted as in pools

  NodeIndex add(const Space& segment) {
    if (unused_.empty()) {
      segments_.push_back(segment);
      return static_cast<NodeIndex>(segments_.size() - 1);
    }
    const NodeIndex index = unused_.back();
    unused_.pop_back();
    segments_[index] = segment;
    return index;
  }

  Port& port_;
  LiveBlocks live_;
  std::vector<Space> segments_;
  std::vector<NodeIndex> unused_;
  PoolStats stats_;
};

}  // namespace

PoolInfo cuda_malloc_row() {
  return {.name = "cuda-malloc",
          .summary = "no pool: one cudaMalloc an object",
          .options = {},
          .make = [](Port& port, const OptionValues&, const PoolContext&) -> std::unique_ptr<Pool> {
            return std::make_unique<CudaMallocPool>(port);
          }};
}

}  // namespace vramlab
