// The worlds of a process: one a GPU, none after its end or in the child of a fork.

#if __has_include("engine/cuda/plugin/worlds.h")

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <sys/wait.h>
#include <unistd.h>

#include "engine/core/error.h"
#include "fake_world.h"
#include "run_program.h"
#include "traces/reader.h"

namespace vramlab::test {
namespace {

using plugin::World;
using plugin::Worlds;

Worlds::Make fake_maker() {
  return [](int) { return fake_parts(); };
}

TEST(Worlds, OneIsMadeForEachGpuThatIsUsed) {
  Worlds worlds(fake_maker(), environment_of({}));
  EXPECT_EQ(worlds.find(1), nullptr);
  World& second = worlds.of(1);
  EXPECT_EQ(worlds.find(1), &second);
  EXPECT_EQ(&worlds.of(1), &second);
  EXPECT_EQ(worlds.all().size(), 1u);
  EXPECT_EQ(second.gpu(), 1);
  EXPECT_THROW(worlds.of(-1), PoolError);
  EXPECT_THROW(worlds.of(Worlds::most_gpus), PoolError);
}

TEST(Worlds, ABlockIsFoundInItsWorld) {
  Worlds worlds(
      [](int gpu) {
        plugin::WorldParts parts = fake_parts();
        if (gpu == 1) parts.memory = 8_GiB;
        return parts;
      },
      environment_of({{"POOL", "cuda-malloc"}}));
  void* const block = worlds.of(0).allocate(4 << 20, nullptr);
  worlds.of(1);
  EXPECT_EQ(worlds.with_block(block), worlds.find(0));
  EXPECT_EQ(worlds.with_block(static_cast<char*>(block) + 512), nullptr);
  EXPECT_EQ(worlds.holding(static_cast<char*>(block) + 512), worlds.find(0));
  EXPECT_EQ(worlds.holding(stream(4096)), nullptr);
}

TEST(Worlds, AWrongEnvironmentIsToldAtTheFirstUseAndAgain) {
  Worlds worlds(fake_maker(), environment_of({{"POOL", "none"}}));
  EXPECT_THROW(worlds.of(0), ConfigError);
  EXPECT_THROW(worlds.of(0), ConfigError);
  EXPECT_TRUE(worlds.all().empty());
}

TEST(Worlds, AfterTheEndNothingIsAllocatedAndTheRecordingIsThere) {
  const ScratchFolder scratch;
  Worlds worlds(fake_maker(), environment_of({{"RECORD", scratch / "r.vlt"}}));
  void* const a = worlds.of(0).allocate(1000, nullptr);
  worlds.of(0).record_stream(a, stream(64));
  worlds.of(0).free(a, 1000);
  worlds.of(0).allocate(5 << 20, stream(64));
  worlds.of(1).allocate(77, nullptr);
  EXPECT_FALSE(std::filesystem::exists(scratch / "r.vlt"));
  worlds.close();
  EXPECT_EQ(worlds.find(0), nullptr);
  EXPECT_THROW(worlds.of(0), PoolError);
  const Trace trace = read_traces(scratch / "r.vlt").at(0);
  EXPECT_THAT(trace.sizes, ::testing::ElementsAre(1000_B, 5_MiB));
  EXPECT_EQ(trace.kinds.at(1), EventKind::free_requested);
  EXPECT_EQ(read_traces(scratch / "r.gpu1.vlt").at(0).sizes.at(0), 77_B);
}

TEST(Worlds, ALongRecordingIsWrittenInPartsAndWhole) {
  const ScratchFolder scratch;
  Worlds worlds(fake_maker(),
                environment_of({{"RECORD", scratch / "r.vlt"}, {"ALLOCATOR_OPTIONS", "history_events=40000"}}));
  World& world = worlds.of(0);
  for (std::size_t i = 0; i < 60000; ++i) world.free(world.allocate(1 + i, nullptr), 1 + i);
  worlds.close();
  const Trace trace = read_traces(scratch / "r.vlt").at(0);
  ASSERT_EQ(trace.object_count(), 60000u);
  EXPECT_EQ(trace.sizes.back(), 60000_B);
  EXPECT_NO_THROW(validate(trace));
}

TEST(Worlds, ARecordingThatCannotBeWrittenIsToldBeforeAnythingIsAllocated) {
  Worlds worlds(fake_maker(), environment_of({{"RECORD", "/nowhere/at/all/r.vlt"}}));
  EXPECT_THROW(worlds.of(0), ConfigError);
}

// In a process of its own, since handlers of a fork stay.
int forked_use() {
  Worlds& worlds = *new Worlds(fake_maker(), environment_of({}));
  worlds.close_in_forked_children();
  const pid_t early = fork();  // before the first use: the child may begin anew
  if (early == 0) _exit(worlds.of(0).allocate(8, nullptr) != nullptr ? 0 : 1);
  if (exit_code_of(early) != 0) return 1;
  worlds.of(0).allocate(8, nullptr);
  const pid_t child = fork();
  if (child == 0) {
    if (worlds.find(0) != nullptr) _exit(1);
    try {
      worlds.of(0);
    } catch (const PoolError& error) {
      _exit(std::string(error.what()).find("forked") != std::string::npos ? 0 : 2);
    }
    _exit(3);
  }
  if (exit_code_of(child) != 0) return 2;
  return worlds.find(0)->allocate(8, nullptr) != nullptr ? 0 : 3;
}

TEST(Worlds, TheChildOfAForkIsToldAndTheParentGoesOn) {
  const pid_t process = fork();
  if (process == 0) _exit(forked_use());
  EXPECT_EQ(exit_code_of(process), 0);
}

}  // namespace
}  // namespace vramlab::test

#endif
