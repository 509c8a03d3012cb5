// What a world tells, and the snapshot that the Python module makes of it: our own reader opens it.

#if __has_include("engine/cuda/plugin/telling.h")

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <nlohmann/json.hpp>

#include "engine/cuda/plugin/telling.h"
#include "fake_world.h"
#include "stub_torch.h"
#include "traces/reader.h"

namespace vramlab::test {
namespace {

using nlohmann::json;
using plugin::World;
using ::testing::HasSubstr;

/// Live, cached, parked and freed blocks of two streams.
void use(World& world) {
  void* const a = world.allocate(1000, nullptr);
  world.allocate(30 << 20, stream(64));
  void* const c = world.allocate(5 << 20, nullptr);
  world.free(a, 1000);
  world.record_stream(c, stream(64));
  world.free(c, 5 << 20);
  world.allocate(3000, nullptr);
}

TEST(Snapshot, BlocksFillTheirSegments) {
  for (const char* pool : {"vmm", "segment-block", "pytorch", "tiered", "smartpool", "cuda-malloc"}) {
    World world = make_world({{"POOL", pool}, {"COMPARE", "1"}});
    use(world);
    const json snapshot = json::parse(plugin::snapshot_json(world));
    std::uint64_t live = 0, reserved = 0;
    for (const json& segment : snapshot.at("segments")) {
      std::uint64_t at = segment.at("address");
      for (const json& block : segment.at("blocks")) {
        EXPECT_EQ(block.at(0), at) << pool;
        at += block.at(1).get<std::uint64_t>();
        if (block.at(3) == 0) live += block.at(2).get<std::uint64_t>();
      }
      const std::uint64_t total = segment.at("total_size");
      EXPECT_EQ(at - segment.at("address").get<std::uint64_t>(), total) << pool;
      reserved += total;
    }
    EXPECT_EQ(Bytes(live), world.stats().requested) << pool;
    EXPECT_EQ(Bytes(reserved), world.stats().reserved) << pool;
    EXPECT_EQ(snapshot.at("events").size(), 6u) << pool;
  }
}

TEST(Snapshot, ThePythonModulesPickleIsReadByOurOwnReader) {
  const PythonRun python;
  World world = make_world({{"POOL", "segment-block"}, {"COMPARE", "1"}});
  use(world);
  write_file(python / "raw.json", plugin::snapshot_json(world));
  const Ran ran = python.run_code(
      "import json, vramlab_snapshot, vramlab_torch as v\n"
      "v._snapshot = lambda: vramlab_snapshot.snapshot_of([json.load(open('" +
      (python / "raw.json") +
      "'))], 1)\n"
      "v._dump_snapshot('" +
      (python / "s.pickle") + "')");
  ASSERT_EQ(ran.exit_code, 0) << ran.err;
  const Trace trace = read_traces(python / "s.pickle").at(0);
  EXPECT_EQ(trace.format, "snapshot");
  EXPECT_THAT(trace.sizes, ::testing::ElementsAre(1000_B, 30_MiB, 5_MiB, 3000_B));
  EXPECT_EQ(trace.notes.unseen_frees, 0u);
  EXPECT_NO_THROW(validate(trace));
}

TEST(Snapshot, StatisticsAreNumbersUnderTheirNames) {
  World world = make_world({{"COMPARE", "1"}});
  use(world);
  world.finish();
  const json stats = json::parse(plugin::stats_json(world.stats()));
  EXPECT_EQ(stats.at("allocations"), 4);
  EXPECT_EQ(stats.at("requested_bytes"), (30u << 20) + 3000u);
  EXPECT_EQ(stats.at("peak_requested_bytes"), (35u << 20) + 1000u);
  EXPECT_GT(stats.at("pytorch_reserved_bytes"), 35u << 20);
}

TEST(Snapshot, TheFootprintNamesWhatWasAskedForAndWhatWasReserved) {
  World world = make_world({{"COMPARE", "1"}});
  use(world);
  world.finish();
  const std::string text = plugin::footprint_text(world);
  EXPECT_THAT(text, HasSubstr("GPU 0 (fake), pool vmm"));
  EXPECT_THAT(text, HasSubstr("35.00 MiB"));
  EXPECT_THAT(text, HasSubstr("PyTorch would reserve"));
  EXPECT_THAT(text, HasSubstr("of requested"));
}

}  // namespace
}  // namespace vramlab::test

#endif
