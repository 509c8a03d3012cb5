// How solvers scale: every one of the registry on instances of 10^3 to 10^6 buffers, and on a recording. best-fit comes
// first: `over_best_fit` is the ratio to its time in this run. A solver that searches is stopped after
// VRAMLAB_BENCH_TIME_LIMIT seconds (10 unless told otherwise); `stopped` is 1 then. Other instances are timed by the
// program itself: vramlab plan FILE.csv... --solver all --capacity N --format csv (field `seconds`).

#include <benchmark/benchmark.h>
#include <fmt/format.h>

#include <algorithm>
#include <chrono>
#include <cstdlib>
#include <string>

#include "engine/coloring/solver.h"
#include "engine/core/check.h"
#include "engine/core/registry.h"
#include "traces/generate.h"
#include "traces/reader.h"

namespace vramlab::bench {
namespace {

constexpr std::string_view reference_solver = "best-fit";

/// One way to make an instance; made when first asked for, kept for the solvers that follow.
struct Problem {
  std::string kind;
  std::size_t buffers = 0;  ///< 0: kind is the path of a recording
  std::string name() const { return fmt::format("{}/{}", kind, buffers); }
};

// The first `count` objects of a generated trace. Uniform keeps a tenth of them live, 250 at most.
Instance generated(const std::string& kind, std::size_t count) {
  const GeneratorInfo& generator = find_row(generators(), "generator", kind);
  OptionValues options("generator " + kind, generator.options);
  if (options.has("live")) options.set("live", std::to_string(std::min<std::size_t>(count / 10, 250)), "benchmark");
  Instance instance;
  for (std::uint64_t events = count; instance.buffers.size() < count; events *= 2)
    instance = to_instance(generate_trace(generator, {.events = events, .seed = 1, .options = &options}), Bytes(512));
  instance.buffers.resize(count);
  return instance;
}

const Instance& instance_of(const Problem& problem) {
  static std::string made;
  static Instance instance;
  if (made != problem.name()) {
    instance = problem.buffers > 0 ? generated(problem.kind, problem.buffers)
                                   : to_instance(read_traces(problem.kind).at(0), Bytes(512));
    made = problem.name();
  }
  return instance;
}

double time_limit_s() {
  const char* text = std::getenv("VRAMLAB_BENCH_TIME_LIMIT");
  return text != nullptr ? std::stod(text) : 10;
}

// Seconds of best-fit on the problem that was timed last.
struct Reference {
  std::string problem;
  double seconds = 0;
};

void tell(benchmark::State& state, const Instance& instance, const SolveResult& result, double seconds) {
  const std::string mistake = check_plan(instance, result.plan);
  VRAMLAB_CHECK(mistake.empty(), mistake);
  const auto buffers = static_cast<double>(instance.buffers.size());
  state.counters["buffers"] = buffers;
  state.counters["ns_per_buffer"] = seconds * 1e9 / buffers;
  state.counters["peak_over_max_load"] =
      static_cast<double>(result.plan.peak.value) / static_cast<double>(max_load(instance).bytes.value);
  state.counters["optimal"] = result.optimal;
  state.counters["stopped"] = result.stopped;
}

void solve_with(benchmark::State& state, const SolverInfo& solver, const Problem& problem) {
  static Reference reference;
  const Instance& instance = instance_of(problem);
  SolveRequest request = default_request(solver);
  request.time_limit_s = time_limit_s();
  SolveResult result;
  double seconds = 0;
  for ([[maybe_unused]] auto _ : state) {
    const auto begin = std::chrono::steady_clock::now();
    result = solve_instance(solver, instance, request);
    const double taken = std::chrono::duration<double>(std::chrono::steady_clock::now() - begin).count();
    state.SetIterationTime(taken);
    seconds += taken;
  }
  seconds /= static_cast<double>(state.iterations());
  tell(state, instance, result, seconds);
  if (solver.name == reference_solver) reference = {problem.name(), seconds};
  if (reference.problem == problem.name()) state.counters["over_best_fit"] = seconds / reference.seconds;
}

void add(const Problem& problem, const std::string& name) {
  const auto add_solver = [&](const SolverInfo& solver) {
    benchmark::RegisterBenchmark(fmt::format("coloring/{}/{}", name, solver.name).c_str(),
                                 [problem, &solver](benchmark::State& state) { solve_with(state, solver, problem); })
        ->UseManualTime()
        ->MinTime(0.1)
        ->Unit(benchmark::kMillisecond);
  };
  add_solver(find_row(solvers(), "solver", reference_solver));
  for (const SolverInfo& solver : solvers())
    if (solver.name != reference_solver) add_solver(solver);
}

const bool added = [] {
  for (const char* kind : {"transformer", "uniform"})
    for (const std::size_t buffers : {1'000, 10'000, 100'000, 1'000'000})
      add({kind, buffers}, fmt::format("{}/{}", kind, buffers));
  add({VRAMLAB_SOURCE_DIR "/traces/bundled/llama-generate-var.vlt"}, "llama-generate-var");
  return true;
}();

}  // namespace
}  // namespace vramlab::bench
