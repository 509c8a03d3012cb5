// What the plug-in adds to a call: the allocator alone, and a world with it behind streams by handle and exact
// accounts, on a device without memory. An iteration is one allocation and one free, with 100 others live.

#include <benchmark/benchmark.h>

#if __has_include("engine/cuda/plugin/world.h")

#include <array>
#include <bit>
#include <vector>

#include "engine/cuda/plugin/world.h"
#include "fake_device.h"

namespace vramlab::bench {
namespace {

constexpr Bytes memory = 64_GiB;
constexpr std::size_t others = 100;

plugin::WorldSettings settings(bool compare) {
  return plugin::WorldSettings::from([compare](const char* name) -> const char* {
    return compare && name == std::string_view("VRAMLAB_COMPARE") ? "1" : nullptr;
  });
}

void* handle(std::size_t stream) { return std::bit_cast<void*>(stream * 4096); }

/// Blocks take turns: the oldest of a ring goes for each new one.
template <class Allocate, class Free>
void turn(benchmark::State& state, Allocate&& allocate, Free&& free) {
  std::array<decltype(allocate()), others> live;
  for (auto& block : live) block = allocate();
  std::size_t at = 0;
  for (auto _ : state) {
    free(live[at]);
    live[at] = allocate();
    at = (at + 1) % others;
  }
  for (auto& block : live) free(block);
}

void allocator_alone(benchmark::State& state) {
  const Bytes bytes(static_cast<std::uint64_t>(state.range(0)));
  test::FakeDevice device;
  DecisionLog log;
  Port port(device, log, memory);
  const plugin::WorldSettings chosen = settings(false);
  const std::unique_ptr<Pool> pool = chosen.pool->make(port, chosen.pool_options, {.device_memory = memory});
  Allocator allocator(*pool, port, chosen.allocator);
  turn(state, [&] { return allocator.allocate(bytes, StreamId(0)); }, [&](Address block) { allocator.free(block); });
}

void in_world(benchmark::State& state, bool compare) {
  const auto bytes = static_cast<std::size_t>(state.range(0));
  plugin::World world(0, {test::make_fake_device(), nullptr, memory, "fake", {}}, settings(compare));
  void* const stream = handle(static_cast<std::size_t>(state.range(1)));
  turn(state, [&] { return world.allocate(bytes, stream); }, [&](void* block) { world.free(block, bytes); });
}
void world_alone(benchmark::State& state) { in_world(state, false); }
void world_that_follows_pytorch(benchmark::State& state) { in_world(state, true); }

constexpr std::int64_t small = 4096, medium = 1 << 20, large = 100 << 20;

BENCHMARK(allocator_alone)->Arg(small)->Arg(medium)->Arg(large);
BENCHMARK(world_alone)->Args({small, 0})->Args({small, 7})->Args({medium, 0})->Args({large, 0});
BENCHMARK(world_that_follows_pytorch)->Args({small, 0})->Args({medium, 0});

}  // namespace
}  // namespace vramlab::bench

#endif
