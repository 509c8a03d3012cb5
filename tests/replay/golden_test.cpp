// Figures of real recordings that must not move: what PyTorch's allocator itself did, and what each pool makes of it.

#include <gtest/gtest.h>

#include "engine/core/registry.h"
#include "engine/replay/replay.h"
#include "sim/simulated_device.h"
#include "traces/reader.h"

namespace vramlab {
namespace {

std::string bundled(const std::string& name) { return std::string(VRAMLAB_SOURCE_DIR) + "/traces/bundled/" + name; }

Report replay_bundled(const Trace& trace, std::string_view pool, Bytes capacity = unlimited_bytes) {
  static const MachineModel machine = load_machine("h200");
  ReplayRequest request;
  request.pool = &find_row(pools(), "pool", pool);
  request.pool_options = OptionValues(request.pool->name, request.pool->options);
  request.capacity = capacity;
  request.machine_name = machine.name;
  request.device_memory = machine.device_memory;
  request.make_device = [] { return make_simulated_device(machine, unlimited_bytes); };
  request.min_seconds = 0;
  request.verify = true;
  return replay(trace, request);
}

struct Recording {
  const char* file;
  const char* pool;
  std::uint64_t cap_mib;  ///< 0: none
  std::uint64_t allocs;
  std::uint64_t segments;  ///< or maps, as recorded
  std::uint64_t peak_reserved_mib;
};

void PrintTo(const Recording& r, std::ostream* out) { *out << r.file << " with " << r.pool; }

// Counts and peaks are those in the recordings themselves (their alloc and segment events).
constexpr Recording recordings[] = {
    {"alexnet-train-b256.pickle.xz", "pytorch", 0, 521, 22, 3028},
    {"vgg16-train-b64.pickle.xz", "pytorch", 0, 1021, 32, 11436},
    {"gnn-train-var.pickle.xz", "pytorch", 0, 2701, 17, 18866},
    {"resnet50-train-prefetch-stream.pickle.xz", "pytorch", 0, 5974, 112, 6744},
    {"bert-train-var-cap.pickle.xz", "pytorch", 12000, 32985, 194, 11864},
    {"bert-train-var-tuned.pickle.xz", "pytorch", 0, 32985, 296, 30600},
    {"gnn-train-var-expandable.pickle.xz", "pytorch-expandable", 0, 2701, 19, 13692},
};

class RecordedRun : public ::testing::TestWithParam<Recording> {};
INSTANTIATE_TEST_SUITE_P(Bundled, RecordedRun, ::testing::ValuesIn(recordings));

TEST_P(RecordedRun, IsReproducedAddressByAddress) {
  const Recording& r = GetParam();
  const Trace trace = read_traces(bundled(r.file)).front();
  ASSERT_EQ(trace.object_count(), r.allocs);
  const Bytes cap = r.cap_mib == 0 ? unlimited_bytes : Bytes(r.cap_mib << 20);
  const Report report = replay_bundled(trace, r.pool, cap);
  EXPECT_EQ(report.recorded_address_mismatches, 0u);
  EXPECT_EQ(report.segments, r.segments);
  EXPECT_EQ(report.peak_reserved.value >> 20, r.peak_reserved_mib);
  EXPECT_EQ(report.recorded_peak_reserved, report.peak_reserved);
  EXPECT_EQ(report.verified, true);
}

// The segments' sizes, one after the other, are the recorded ones.
class SegmentSizes : public ReplayWatcher {
 public:
  std::vector<std::uint64_t> taken;
  void on_event(const Trace&, std::uint64_t) override {}
  void on_decisions(std::span<const Decision> batch) override {
    for (const Decision& d : batch)
      if (d.kind == DecisionKind::segment_take) taken.push_back(d.bytes);
  }
};

TEST(RecordedSegments, HaveTheRecordedSizesInOrder) {
  const Trace trace = read_traces(bundled("bert-train-var-cap.pickle.xz")).front();
  std::vector<std::uint64_t> recorded;
  for (const SegmentEvent& event : trace.segment_events)
    if (event.action == SegmentAction::alloc) recorded.push_back(event.bytes.value);
  SegmentSizes sizes;
  const MachineModel machine = load_machine("h200");
  ReplayRequest request;
  request.pool = &find_row(pools(), "pool", "pytorch");
  request.pool_options = OptionValues(request.pool->name, request.pool->options);
  request.capacity = 12000_MiB;
  request.device_memory = machine.device_memory;
  request.make_device = [&] { return make_simulated_device(machine); };
  request.min_seconds = 0;
  request.watchers = {&sizes};
  static_cast<void>(replay(trace, request));
  EXPECT_EQ(sizes.taken, recorded);
}

// Without the cap the run is not the recorded one: that shows in the mismatches, not in an error.
TEST(RecordedCap, ShowsAsMismatchesWhenItIsNotGiven) {
  const Report report = replay_bundled(read_traces(bundled("bert-train-var-cap.pickle.xz")).front(), "pytorch");
  EXPECT_GT(report.recorded_address_mismatches.value(), 0u);
  EXPECT_GT(report.peak_reserved, 12000_MiB);
}

// The .vlt copy of the largest recording holds addresses and segments too.
TEST(RecordedVlt, IsReproducedAddressByAddress) {
  const Report report = replay_bundled(read_traces(bundled("llama-generate-var.vlt")).front(), "pytorch");
  EXPECT_EQ(report.recorded_address_mismatches, 0u);
  EXPECT_EQ(report.peak_reserved, 2766_MiB);
}

struct Figure {
  const char* file;
  const char* pool;
  std::uint64_t peak_reserved;
};
void PrintTo(const Figure& f, std::ostream* out) { *out << f.file << " with " << f.pool; }

// What the other pools reserve: a change here is a change of policy and belongs into the changelog.
constexpr Figure figures[] = {
    {"gnn-train-var.pickle.xz", "segment-block", 13126ull << 20},
    {"alexnet-train-b256.pickle.xz", "segment-block", 2558ull << 20},
    {"resnet50-train-prefetch-stream.pickle.xz", "segment-block", 5786ull << 20},
};

class PoolFigure : public ::testing::TestWithParam<Figure> {};
INSTANTIATE_TEST_SUITE_P(Bundled, PoolFigure, ::testing::ValuesIn(figures));

TEST_P(PoolFigure, HasNotMoved) {
  const Report report = replay_bundled(read_traces(bundled(GetParam().file)).front(), GetParam().pool);
  EXPECT_EQ(report.peak_reserved.value, GetParam().peak_reserved);
}

// Segments as large as needed, idle ones exchanged for one that fits: never more than PyTorch's own.
TEST(Bounds, SegmentBlockReservesNoMoreThanPytorch) {
  for (const char* file : {"alexnet-train-b256.pickle.xz", "alexnet-train-b256.ops.csv.xz", "vgg16-train-b64.pickle.xz",
                           "gnn-train-var.pickle.xz", "resnet50-train-b64.ops.csv.xz", "unet-train-var.ops.csv.xz",
                           "resnet50-train-prefetch-stream.pickle.xz", "bert-train-var-cap.pickle.xz",
                           "bert-train-var-tuned.pickle.xz", "llama-generate-var.vlt"}) {
    const Trace trace = read_traces(bundled(file)).front();
    EXPECT_LE(replay_bundled(trace, "segment-block").peak_reserved, replay_bundled(trace, "pytorch").peak_reserved)
        << file;
  }
}

// One stream and two, shapes that repeat and shapes that do not.
TEST(Bounds, PoolsThatMapPagesReserveAtMostAHundredthMoreThanIsRequested) {
  for (const char* file : {"alexnet-train-b256.pickle.xz", "vgg16-train-b64.pickle.xz", "gnn-train-var.pickle.xz",
                           "resnet50-train-prefetch-stream.pickle.xz", "unet-train-var.ops.csv.xz"}) {
    const Trace trace = read_traces(bundled(file)).front();
    for (const char* pool : {"vmm", "smartpool"})
      EXPECT_LE(replay_bundled(trace, pool).reserved_over_requested, 1.01) << pool << " on " << file;
  }
}

TEST(Bounds, EveryPoolKeepsOrderBetweenStreamsOnARecordingWithTwo) {
  const Trace trace = read_traces(bundled("resnet50-train-prefetch-stream.pickle.xz")).front();
  for (const PoolInfo& pool : pools()) EXPECT_EQ(replay_bundled(trace, pool.name).verified, true) << pool.name;
}

TEST(Bounds, NoPoolReservesLessThanTheMaximumLoadAndCudaMallocReservesJustThat) {
  const Trace trace = read_traces(bundled("unet-train-var.ops.csv.xz")).front();
  for (const PoolInfo& pool : pools()) {
    const Report report = replay_bundled(trace, pool.name);
    EXPECT_GE(report.peak_reserved, report.max_load) << pool.name;
    if (pool.name == "cuda-malloc") {
      EXPECT_EQ(report.peak_reserved, report.max_load);
    }
  }
}

}  // namespace
}  // namespace vramlab
