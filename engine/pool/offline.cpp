#include "engine/coloring/solver.h"
#include "engine/core/error.h"
#include "engine/core/registry.h"
#include "engine/pool/block_graph.h"
#include "engine/pool/pool.h"
#include "engine/pool/stream_fence.h"

namespace vramlab {
namespace {

constexpr OptionSpec options[] = {
    {.name = "solver",
     .kind = OptionKind::text,
     .default_text = "best-fit",
     .reason = "the solver of engine/coloring that plans the trace"},
};

// Knows the whole trace: one segment of the plan's size, every object at its planned offset.
class OfflinePool final : public Pool {
 public:
  OfflinePool(Port& port, const Instance& instance, Plan plan)
      : port_(port), instance_(instance), plan_(std::move(plan)), fence_(port) {}

  void allocate(const AllocRequest& request) override {
    check_request(request.bytes);
    live_.check_unused(request.block);
    const std::uint32_t object = request.object.value;
    if (object >= instance_.buffers.size() || instance_.buffers[object].size < request.bytes)
      throw PoolError("the request is not the planned one", {},
                      "the plan must be made from the trace that is replayed");
    take_arena(request);
    const Bytes offset = plan_.offsets[object];
    const Bytes size = instance_.buffers[object].size;
    fence_.use(offset.value, size.value, request.stream);
    live_.set(request.block, object);
    if (object >= streams_.size()) streams_.resize(instance_.buffers.size());
    streams_[object] = request.stream;
    stats_.allocated += size;
    ++stats_.allocations;
    port_.place(request.block, arena_->id, offset, size, request.stream);
  }

  void release(BlockId block) override {
    const std::uint32_t object = live_.at(block);
    live_.clear(block);
    port_.release(block);
    const Bytes size = instance_.buffers[object].size;
    fence_.leave(plan_.offsets[object].value, size.value, streams_[object]);
    stats_.allocated -= size;
    ++stats_.frees;
  }

  void empty_cache() override {
    if (!arena_ || live_.count() > 0) return;
    fence_.forget(0, arena_->bytes.value);
    port_.return_segment(*arena_);
    arena_.reset();
  }

  Address address_of(BlockId block) const override { return arena_->base + plan_.offsets[live_.at(block)]; }

  PoolStats stats() const override {
    PoolStats stats = stats_;
    stats.cached = port_.reserved() - stats_.allocated;
    return stats;
  }

  void validate() const override {
    Bytes live{};
    for (NodeIndex object : live_.table())
      if (object != no_node) live += instance_.buffers[object].size;
    VRAMLAB_CHECK(live == stats_.allocated, "live bytes are counted wrongly");
    VRAMLAB_CHECK(!arena_ || arena_->bytes == plan_.peak, "the arena is not as large as the plan");
  }

 private:
  void take_arena(const AllocRequest& request) {
    if (arena_) return;
    arena_ = port_.take_segment(plan_.peak, request.stream);
    if (!arena_) out_of_memory("offline", plan_.peak, port_, Bytes(0));
  }

  Port& port_;
  const Instance& instance_;
  Plan plan_;
  StreamFence fence_;
  LiveBlocks live_;
  std::vector<StreamId> streams_;
  std::optional<Space> arena_;
  PoolStats stats_;
};

std::unique_ptr<Pool> make(Port& port, const OptionValues& values, const PoolContext& context) {
  if (context.instance == nullptr) throw ConfigError("pool offline needs the whole trace before it begins");
  const SolverInfo& solver = find_row(solvers(), "solver", values.text("solver"));
  Plan plan = solve_instance(solver, *context.instance, default_request(solver, context.seed)).plan;
  const std::string problem = check_plan(*context.instance, plan);
  VRAMLAB_CHECK(problem.empty(), "solver " + std::string(solver.name) + ": " + problem);
  return std::make_unique<OfflinePool>(port, *context.instance, std::move(plan));
}

}  // namespace

PoolInfo offline_row() {
  return {.name = "offline",
          .summary = "a plan of the whole trace, made beforehand",
          .options = options,
          .needs_instance = true,
          .make = make};
}

}  // namespace vramlab
