// Bytes per second of the readers, on what a clone holds; generated text where a recording would be too small.

#include <benchmark/benchmark.h>
#include <fmt/format.h>

#include <algorithm>
#include <span>
#include <string>

#include "traces/instance_csv.h"
#include "traces/operator_trace.h"
#include "traces/reader.h"
#include "traces/vlt.h"

namespace vramlab {
namespace {

std::string bundled(const std::string& name) { return std::string(VRAMLAB_SOURCE_DIR) + "/traces/bundled/" + name; }

void count(benchmark::State& state, std::size_t bytes, std::size_t events) {
  const auto runs = static_cast<std::int64_t>(state.iterations());
  state.SetBytesProcessed(runs * static_cast<std::int64_t>(bytes));
  state.SetItemsProcessed(runs * static_cast<std::int64_t>(events));
}

void read_bundled(benchmark::State& state, const std::string& name) {
  const InputFile file = InputFile::open(bundled(name));
  std::size_t events = 0;
  for (auto _ : state) events = read_traces(file.bytes(), file.name()).at(0).event_count();
  count(state, file.bytes().size(), events);
}

void decompress_bundled(benchmark::State& state, const std::string& name) {
  std::size_t bytes = 0;
  for (auto _ : state) bytes = InputFile::open(bundled(name)).bytes().size();
  count(state, bytes, 0);
}

void read_vlt_parts(benchmark::State& state) {
  const InputFile file = InputFile::open(bundled("llama-generate-var.vlt"));
  std::size_t events = 0;
  for (auto _ : state) {
    events = 0;
    stream_vlt(file.bytes(), file.name(), [&events](Trace&& part) { events += part.event_count(); });
  }
  count(state, file.bytes().size(), events);
}

/// Lives of 16 allocations, with an operator for each.
std::string operator_text(int lives) {
  std::string text;
  for (int i = 0; i < lives; ++i) {
    text += fmt::format("alloc,{},{},0\nop,aten.add.Tensor,{}.25,{};{},{}\n", i, 512 * (i % 1000 + 1),
                        std::max(i - 8, 0), std::max(i - 1, 0), i, i);
    if (i >= 16) text += fmt::format("free,{}\n", i - 16);
  }
  return text;
}

void read_operator_text(benchmark::State& state) {
  const std::string text = operator_text(200'000);
  std::size_t events = 0;
  for (auto _ : state) {
    events = read_operator_trace(std::as_bytes(std::span(text)), "generated").at(0).event_count();
  }
  count(state, text.size(), events);
}

void read_instance_text(benchmark::State& state) {
  std::string text = "id,lower,upper,size\n";
  for (int i = 0; i < 100'000; ++i) text += fmt::format("b{},{},{},{}\n", i, i, i + 1 + i % 997, 512 * (i % 1000 + 1));
  for (auto _ : state) benchmark::DoNotOptimize(read_instance_csv(std::as_bytes(std::span(text)), "generated"));
  count(state, text.size(), 100'000);
}

BENCHMARK_CAPTURE(read_bundled, snapshot_bert, "bert-train-var-tuned.pickle.xz")->Unit(benchmark::kMillisecond);
BENCHMARK_CAPTURE(read_bundled, operators_resnet50, "resnet50-train-b64.ops.csv.xz")->Unit(benchmark::kMillisecond);
BENCHMARK_CAPTURE(read_bundled, vlt_llama_generate, "llama-generate-var.vlt")->Unit(benchmark::kMillisecond);
BENCHMARK_CAPTURE(decompress_bundled, xz_bert, "bert-train-var-tuned.pickle.xz")->Unit(benchmark::kMillisecond);
BENCHMARK(read_vlt_parts)->Unit(benchmark::kMillisecond);
BENCHMARK(read_operator_text)->Unit(benchmark::kMillisecond);
BENCHMARK(read_instance_text)->Unit(benchmark::kMillisecond);

}  // namespace
}  // namespace vramlab
