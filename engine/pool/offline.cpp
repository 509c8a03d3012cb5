#include "engine/coloring/solver.h"
#include "engine/core/error.h"
#include "engine/core/registry.h"
#include "engine/pool/block_graph.h"
#include "engine/pool/offline_memory.h"
#include "engine/pool/offline_stitched.h"
#include "engine/pool/pool.h"
#include "engine/pool/stream_fence.h"

namespace vramlab {
namespace {

constexpr OptionSpec options[] = {
    {.name = "solver",
     .kind = OptionKind::text,
     .default_text = "best-fit",
     .reason = "the solver of engine/coloring that plans the trace"},
    {.name = "layout",
     .kind = OptionKind::choice,
     .default_text = "contiguous",
     .reason = "one segment; pages mapped beforehand wherever objects need them; or what is smaller",
     .choices = "contiguous|stitched|best"},
};

// A contiguous plan that is at most this much above the maximum load will do: 1 in 1000.
constexpr std::uint64_t near_enough = 1000;

// One segment of the plan's size, every object at its planned offset.
class SegmentMemory final : public OfflineMemory {
 public:
  SegmentMemory(Port& port, const Instance& instance, Plan plan)
      : port_(port), instance_(instance), plan_(std::move(plan)), fence_(port) {}

  bool held() const override { return segment_.has_value(); }
  void take(StreamId stream) override {
    if (segment_) return;
    segment_ = port_.take_segment(plan_.peak, stream);
    if (!segment_) out_of_memory("offline", plan_.peak, port_, Bytes(0));
  }
  void give_back() override {
    fence_.forget(0, segment_->bytes.value);
    port_.return_segment(*segment_);
    segment_.reset();
  }
  Spot spot(std::uint32_t object) const override {
    return {segment_->id, plan_.offsets[object], segment_->base + plan_.offsets[object]};
  }
  void use(std::uint32_t object, StreamId stream) override {
    fence_.use(plan_.offsets[object].value, instance_.buffers[object].size.value, stream);
  }
  void leave(std::uint32_t object, StreamId stream) override {
    fence_.leave(plan_.offsets[object].value, instance_.buffers[object].size.value, stream);
  }

 private:
  Port& port_;
  const Instance& instance_;
  Plan plan_;
  StreamFence fence_;
  std::optional<Space> segment_;
};

// Knows the whole trace: every object goes where the plan says.
class OfflinePool final : public Pool {
 public:
  OfflinePool(Port& port, const Instance& instance, std::unique_ptr<OfflineMemory> memory)
      : port_(port), instance_(instance), memory_(std::move(memory)) {}

  void allocate(const AllocRequest& request) override {
    check_request(request.bytes);
    live_.check_unused(request.block);
    const std::uint32_t object = request.object.value;
    if (object >= instance_.buffers.size() || instance_.buffers[object].size < request.bytes)
      throw PoolError("the request is not the planned one", {},
                      "the plan must be made from the trace that is replayed");
    memory_->take(request.stream);
    const Bytes size = instance_.buffers[object].size;
    memory_->use(object, request.stream);
    live_.set(request.block, object);
    if (object >= streams_.size()) streams_.resize(instance_.buffers.size());
    streams_[object] = request.stream;
    stats_.allocated += size;
    ++stats_.allocations;
    const OfflineMemory::Spot spot = memory_->spot(object);
    port_.place(request.block, spot.space, spot.offset, size, request.stream);
  }

  void release(BlockId block) override {
    const std::uint32_t object = live_.at(block);
    live_.clear(block);
    port_.release(block);
    memory_->leave(object, streams_[object]);
    stats_.allocated -= instance_.buffers[object].size;
    ++stats_.frees;
  }

  void empty_cache() override {
    if (memory_->held() && live_.count() == 0) memory_->give_back();
  }
  void completed(TokenId token) override { memory_->completed(token); }

  Address address_of(BlockId block) const override { return memory_->spot(live_.at(block)).address; }

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
    VRAMLAB_CHECK(live == Bytes(0) || memory_->held(), "objects are live without memory");
  }

 private:
  Port& port_;
  const Instance& instance_;
  std::unique_ptr<OfflineMemory> memory_;
  LiveBlocks live_;
  std::vector<StreamId> streams_;
  PoolStats stats_;
};

StitchedPlan checked_stitched(const Instance& instance) {
  StitchedPlan plan = plan_stitched(instance);
  const std::string problem = check_stitched(instance, plan);
  VRAMLAB_CHECK(problem.empty(), "the stitched plan: " + problem);
  return plan;
}

std::unique_ptr<OfflineMemory> make_memory(Port& port, const OptionValues& values, const PoolContext& context) {
  const Instance& instance = *context.instance;
  const std::string_view layout = values.text("layout");
  if (layout == "stitched") return std::make_unique<StitchedMemory>(port, instance, checked_stitched(instance));
  const SolverInfo& solver = find_row(solvers(), "solver", values.text("solver"));
  Plan plan = solve_instance(solver, instance, default_request(solver, context.seed)).plan;
  const std::string problem = check_plan(instance, plan);
  VRAMLAB_CHECK(problem.empty(), "solver " + std::string(solver.name) + ": " + problem);
  const Bytes load = max_load(instance).bytes;
  if (layout == "best" && plan.peak > load + load / near_enough) {
    StitchedPlan stitched = checked_stitched(instance);
    if (StitchedPlan::page * stitched.pages < plan.peak)
      return std::make_unique<StitchedMemory>(port, instance, std::move(stitched));
  }
  return std::make_unique<SegmentMemory>(port, instance, std::move(plan));
}

std::unique_ptr<Pool> make(Port& port, const OptionValues& values, const PoolContext& context) {
  if (context.instance == nullptr) throw ConfigError("pool offline needs the whole trace before it begins");
  return std::make_unique<OfflinePool>(port, *context.instance, make_memory(port, values, context));
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
