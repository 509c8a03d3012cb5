// Replays one recording with every pool, beside a plain std::map + std::set best fit, which comes first: `over_map_set`
// is the ratio to its speed in this run. VRAMLAB_BENCH_TRACE names another trace than the bundled one.

#include <benchmark/benchmark.h>
#include <cstdlib>
#include <string>
#include <vector>

#include "engine/replay/replay.h"
#include "map_set_best_fit.h"
#include "sim/simulated_device.h"
#include "traces/reader.h"

namespace vramlab::bench {
namespace {

const Trace& the_trace() {
  static const Trace trace = [] {
    const char* path = std::getenv("VRAMLAB_BENCH_TRACE");
    return read_traces(path != nullptr ? path : VRAMLAB_SOURCE_DIR "/traces/bundled/llama-generate-var.vlt").at(0);
  }();
  return trace;
}

ReplayRequest request_for(const PoolInfo& pool) {
  static const MachineModel machine = load_machine("h200");
  ReplayRequest request;
  request.pool = &pool;
  request.pool_options = OptionValues("pool " + std::string(pool.name), pool.options);
  request.machine_name = machine.name;
  request.device_memory = machine.device_memory;
  request.make_device = [] { return make_simulated_device(machine, machine.device_memory); };
  request.min_seconds = 0.2;
  return request;
}

// Time is that of the replay loop alone, as the report gives it: making pools is not what is compared.
void replay_with(benchmark::State& state, const PoolInfo& pool) {
  static double map_set_rate = 0;
  const ReplayRequest request = request_for(pool);
  double rate = 0;
  for ([[maybe_unused]] auto _ : state) {
    const Report report = replay(the_trace(), request);
    state.SetIterationTime(report.wall_ns_per_event * static_cast<double>(report.events) * 1e-9);
    rate = 1e9 / report.wall_ns_per_event;
  }
  if (pool.name == map_set_best_fit.name) map_set_rate = rate;
  state.counters["events_per_second"] = rate;
  state.counters["ns_per_event"] = 1e9 / rate;
  if (map_set_rate > 0) state.counters["over_map_set"] = rate / map_set_rate;
}

void add(const PoolInfo& pool) {
  benchmark::RegisterBenchmark(("replay/" + std::string(pool.name)).c_str(),
                               [&pool](benchmark::State& state) { replay_with(state, pool); })
      ->UseManualTime()
      ->Iterations(3)
      ->Unit(benchmark::kMillisecond);
}

const bool added = [] {
  add(map_set_best_fit);
  for (const PoolInfo& pool : pools()) add(pool);
  return true;
}();

}  // namespace
}  // namespace vramlab::bench
