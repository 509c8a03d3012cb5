// Bytes per second of the snapshot reader: a generated history of a million entries in the protocols that PyTorch
// writes, with and without stacks, and a recording (VRAMLAB_BENCH_SNAPSHOT names another than the bundled one).

#include <benchmark/benchmark.h>

#include <cstdlib>
#include <span>
#include <string>
#include <vector>

#include "pickle_writer.h"
#include "traces/reader.h"
#include "traces/snapshot.h"
#include "traces/snapshot_reader.h"

namespace vramlab {
namespace {

using test::entry;
using test::Py;

constexpr std::size_t entries = 1'000'000;
constexpr std::uint64_t base = 0x7f00'0000'0000;
constexpr std::uint64_t blocks = 5000;  // live at a time

/// Blocks are allocated and freed in turn; every stack has 20 frames of 400.
Py generated(bool stacks) {
  std::vector<Py> frames, lists;
  for (int i = 0; i < 400; ++i)
    frames.push_back(Py::dict({{"name", "function_" + std::to_string(i)}, {"filename", "file.py"}, {"line", i}}));
  for (std::size_t i = 0; i < 400; ++i) {
    lists.push_back(Py::list());
    for (std::size_t k = 0; k < 20; ++k) lists.back().items().push_back(frames[(i * 7 + k * 13) % frames.size()]);
  }
  test::PyItems history;
  for (std::uint64_t i = 0; history.size() < entries; ++i) {
    const std::uint64_t address = base + i % blocks * 0x10'0000;
    const auto size = static_cast<std::int64_t>(1 + i * 0x9e37 % 0x10'0000);
    const auto time = static_cast<std::int64_t>(1'795'157'570'000'000 + i * 11);
    const auto add = [&](const char* action) {
      const Py plain = entry(action, address, size, 0, time);
      history.push_back(stacks ? plain.with("frames", lists[i % lists.size()]) : plain);
    };
    add(i / blocks % 2 == 0 ? "alloc" : "free_requested");
    if (i / blocks % 2 == 1) add("free_completed");
  }
  return test::snapshot_of({std::move(history)});
}

void read_generated(benchmark::State& state, int protocol, bool stacks, snapshot::Way way) {
  const std::string bytes = pickled(generated(stacks), protocol);
  for (auto _ : state) {
    const auto traces = snapshot::read(std::as_bytes(std::span(bytes)), "generated", way);
    benchmark::DoNotOptimize(traces.data());
  }
  state.SetBytesProcessed(static_cast<std::int64_t>(state.iterations() * bytes.size()));
  state.SetItemsProcessed(static_cast<std::int64_t>(state.iterations() * entries));
}
BENCHMARK_CAPTURE(read_generated, protocol_2, 2, false, snapshot::Way::streamed)->Unit(benchmark::kMillisecond);
BENCHMARK_CAPTURE(read_generated, protocol_4, 4, false, snapshot::Way::streamed)->Unit(benchmark::kMillisecond);
BENCHMARK_CAPTURE(read_generated, protocol_4_stacks, 4, true, snapshot::Way::streamed)->Unit(benchmark::kMillisecond);
BENCHMARK_CAPTURE(read_generated, protocol_4_whole, 4, false, snapshot::Way::whole)->Unit(benchmark::kMillisecond);

void read_recording(benchmark::State& state) {
  const char* path = std::getenv("VRAMLAB_BENCH_SNAPSHOT");
  const InputFile file =
      InputFile::open(path != nullptr ? path : VRAMLAB_SOURCE_DIR "/traces/bundled/alexnet-train-b256.pickle.xz");
  for (auto _ : state) {
    const auto traces = read_snapshot(file.bytes(), file.name());
    benchmark::DoNotOptimize(traces.data());
  }
  state.SetBytesProcessed(static_cast<std::int64_t>(state.iterations() * file.bytes().size()));
}
BENCHMARK(read_recording)->Unit(benchmark::kMillisecond);

}  // namespace
}  // namespace vramlab
