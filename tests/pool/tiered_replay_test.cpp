// Pool tiered under the independent validator: recordings, and random traces with hints, pressure and ticks mixed in.

#include <gtest/gtest.h>
#include <rapidcheck.h>

#include "engine/core/registry.h"
#include "engine/pool/tiered.h"
#include "engine/replay/replay.h"
#include "fake_device.h"
#include "properties.h"
#include "sim/simulated_device.h"
#include "traces/reader.h"

namespace vramlab {
namespace {

using testing::pick;

// --- Recordings ------------------------------------------------------------------------------------------------------

using Settings = std::vector<std::pair<std::string, std::string>>;

Report replay_bundled(const std::string& file, const Settings& settings, Bytes capacity = unlimited_bytes) {
  static const MachineModel machine = load_machine("h200");
  ReplayRequest request;
  request.pool = &find_row(pools(), "pool", "tiered");
  request.pool_options = OptionValues(request.pool->name, request.pool->options);
  for (const auto& [name, text] : settings) request.pool_options.set(name, text, "test");
  request.capacity = capacity;
  request.machine_name = machine.name;
  request.device_memory = machine.device_memory;
  request.make_device = [] { return make_simulated_device(machine, unlimited_bytes); };
  request.min_seconds = 0;
  request.verify = true;
  return replay(read_traces(std::string(VRAMLAB_SOURCE_DIR) + "/traces/bundled/" + file).front(), request);
}

/// Reserved over requested: what pytorch-expandable needs, rounded down, and 1.04 where it needs more than that.
struct Recording {
  const char* file;
  double at_most;
};
void PrintTo(const Recording& r, std::ostream* out) { *out << r.file; }

constexpr Recording recordings[] = {
    {"alexnet-train-b256.pickle.xz", 1.04},
    {"alexnet-train-b256.ops.csv.xz", 1.04},
    {"vgg16-train-b64.pickle.xz", 1.04},
    {"gnn-train-var.pickle.xz", 1.04},
    {"gnn-train-var-expandable.pickle.xz", 1.04},
    {"resnet50-train-prefetch-stream.pickle.xz", 1.017},
    {"resnet50-train-b64.ops.csv.xz", 1.02},
    {"bert-train-var-cap.pickle.xz", 1.007},
    {"bert-train-var-tuned.pickle.xz", 1.04},
    {"unet-train-var.ops.csv.xz", 1.04},
    {"llama-generate-var.vlt", 1.04},
};

class TieredRecording : public ::testing::TestWithParam<Recording> {};
INSTANTIATE_TEST_SUITE_P(Bundled, TieredRecording, ::testing::ValuesIn(recordings));

TEST_P(TieredRecording, IsServedRightlyInNoMoreMemoryThanExpandableSegments) {
  const Report report = replay_bundled(GetParam().file, {});
  EXPECT_EQ(report.verified, true);
  EXPECT_LE(report.reserved_over_requested, GetParam().at_most);
}

TEST_P(TieredRecording, IsServedRightlyWithHintsAndAlongEveryOtherPath) {
  if (std::string(GetParam().file).starts_with("llama")) GTEST_SKIP() << "long, and nothing new";
  for (const Settings& settings : {Settings{{"hints", "recorded"}}, Settings{{"slack", "0"}, {"share_tiers", "false"}},
                                   Settings{{"enable_advanced_pooling", "false"}},
                                   Settings{{"optimization_interval", "50"}, {"fragmentation_threshold", "0"}}})
    EXPECT_EQ(replay_bundled(GetParam().file, settings).verified, true);
}

TEST(TieredHints, OfARecordingChangeDecisionsOnlyWhereAsked) {
  const std::string file = "vgg16-train-b64.pickle.xz";
  const std::string without = replay_bundled(file, {}).decisions;
  EXPECT_EQ(replay_bundled(file, {{"hints", "none"}}).decisions, without);
  EXPECT_NE(replay_bundled(file, {{"hints", "recorded"}}).decisions, without);
  EXPECT_EQ(replay_bundled(file, {{"hints", "recorded"}, {"place_by_lifetime", "false"}}).decisions, without);
}

TEST(TieredCapacity, ServesARecordingInLittleMoreThanItsLoad) {
  const Report report = replay_bundled("gnn-train-var.pickle.xz", {}, 7900_MiB);
  EXPECT_EQ(report.verified, true);
  EXPECT_LE(report.peak_reserved, 7900_MiB);
}

// --- Random traces ---------------------------------------------------------------------------------------------------

/// What is done besides the events of the trace: by number of allocation.
struct Meddling {
  std::vector<AllocHints> hints;
  std::vector<int> acts;  ///< 0 nothing, 1 pressure, 2 tick, 3 optimize, 4 empty_cache
};
const Meddling* meddling = nullptr;  // for `make`, which is a plain function

/// Passes everything on to pool tiered, and meddles.
class MeddledPool final : public Pool {
 public:
  MeddledPool(Port& port, const OptionValues& values, const PoolContext& context)
      : pool_(port, tiered::Settings::from(values), context.device_memory) {}

  void allocate(const AllocRequest& request) override {
    AllocRequest hinted = request;
    hinted.hints = meddling->hints[request.object.value];
    pool_.allocate(hinted);
    act(meddling->acts[request.object.value]);
    pool_.validate();
  }
  void release(BlockId block) override {
    pool_.release(block);
    pool_.validate();
  }
  void completed(TokenId token) override {
    pool_.completed(token);
    pool_.validate();
  }
  Address address_of(BlockId block) const override { return pool_.address_of(block); }
  PoolStats stats() const override { return pool_.stats(); }
  void validate() const override { pool_.validate(); }

 private:
  void act(int what) {
    if (what == 1) pool_.pressure(900);
    if (what == 2) pool_.tick();
    if (what == 3) pool_.optimize();
    if (what == 4) pool_.empty_cache();
  }

  TieredPool pool_;
};

AllocHints random_hints() {
  return {.lifetime = pick<std::uint64_t>(0, 40),
          .priority = static_cast<std::uint8_t>(pick(0, 4) == 0),
          .access = static_cast<AccessHint>(pick(0, 5)),
          .relocatable = testing::pick_bool()};
}

void add_alloc(Trace& trace, Meddling& more) {
  trace.kinds.push_back(EventKind::alloc);
  trace.subjects.push_back(static_cast<std::uint32_t>(trace.sizes.size()));
  trace.sizes.emplace_back(pick<std::uint64_t>(1, std::uint64_t{1} << pick(9, 26)));
  trace.streams.emplace_back(pick<std::uint16_t>(0, 3));
  more.hints.push_back(random_hints());
  more.acts.push_back(pick(0, 3) == 0 ? pick(1, 5) : 0);
}

// Long operators keep the device behind the host, so that completions come late.
void add_operator(Trace& trace) {
  if (trace.operators.names.empty()) trace.operators.names.emplace_back("op");
  trace.kinds.push_back(EventKind::op);
  trace.subjects.push_back(static_cast<std::uint32_t>(trace.operators.size()));
  trace.operators.name.push_back(0);
  trace.operators.gpu_time.emplace_back(pick<std::int64_t>(0, 100'000));
  trace.operators.reads.close();
  trace.operators.writes.close();
}

Trace random_trace(Meddling& more) {
  Trace trace;
  trace.name = "random";
  trace.stream_names = {0, 1, 2};
  std::vector<std::uint32_t> live;
  for (int events = pick(1, 150); events > 0; --events) {
    const int kind = pick(0, 10);
    if (kind == 0) {
      add_operator(trace);
    } else if (kind < 5 && !live.empty()) {
      const auto victim = live.begin() + pick<std::ptrdiff_t>(0, static_cast<std::ptrdiff_t>(live.size()));
      trace.kinds.push_back(EventKind::free_completed);
      trace.subjects.push_back(*victim);
      live.erase(victim);
    } else {
      live.push_back(static_cast<std::uint32_t>(trace.sizes.size()));
      add_alloc(trace, more);
    }
  }
  return trace;
}

Settings random_settings() {
  const auto flag = [] { return testing::pick_bool() ? "true" : "false"; };
  return {{"enable_advanced_pooling", flag()},
          {"enable_predictive_allocation", flag()},
          {"enable_auto_defragmentation", flag()},
          {"move_on_growth", flag()},
          {"share_tiers", flag()},
          {"place_by_lifetime", flag()},
          {"slack", testing::pick_bool() ? "0" : "4"},
          {"prediction_window", "8"},
          {"fragmentation_threshold", testing::pick_bool() ? "0" : "0.3"},
          {"optimization_interval", testing::pick_bool() ? "3" : "1000"}};
}

TEST(TieredProperty, StaysRightWhateverIsHintedAskedAndTidied) {
  PoolInfo pool = find_row(pools(), "pool", "tiered");
  pool.make = [](Port& port, const OptionValues& values, const PoolContext& context) -> std::unique_ptr<Pool> {
    return std::make_unique<MeddledPool>(port, values, context);
  };
  EXPECT_TRUE(testing::holds_for(300, [&] {
    Meddling more;
    const Trace trace = random_trace(more);
    meddling = &more;
    ReplayRequest request;
    request.pool = &pool;
    request.pool_options = OptionValues(pool.name, pool.options);
    for (const auto& [name, text] : random_settings()) request.pool_options.set(name, text, "test");
    request.device_memory = 16_GiB;
    request.make_device = [] { return test::make_fake_device(); };
    request.min_seconds = 0;
    request.verify = true;
    if (trace.object_count() > 0) RC_ASSERT(replay(trace, request).verified == true);
  }));
}

}  // namespace
}  // namespace vramlab
