// What swapping costs to decide: the on-line score of 10,000 objects, recording an access, and a plan of the published
// AutoSwap and of our planner for one iteration of 5000 operators. Planning is of a made-up training step: a forward
// half, each operator with an activation that the backward half uses in the opposite order, and a weight that both use.

#include <benchmark/benchmark.h>

#include <random>

#include "engine/swap/doa_scorer.h"
#include "engine/swap/planner.h"
#include "engine/swap/published_plan.h"

namespace vramlab::bench {
namespace {

// --- On line
// -----------------------------------------------------------------------------------------------------------

constexpr std::uint32_t objects = 10'000;

/// Objects of 512 B to 256 MiB, ten accesses each.
DOAScorer full_scorer() {
  std::mt19937_64 random(1);
  DOAScorer scorer;
  for (std::uint32_t i = 0; i < objects; ++i)
    scorer.add(ObjectId(i), Bytes(512ULL << random() % 20), static_cast<SwapPriority>(1 + random() % 4));
  for (std::uint64_t position = 0; position < 10 * objects; ++position)
    scorer.record_access(ObjectId(static_cast<std::uint32_t>(random() % objects)), Bytes(0), Bytes(0), position);
  return scorer;
}

/// Scores all and gives the best that make up `wanted` together.
void score_all(benchmark::State& state) {
  const DOAScorer scorer = full_scorer();
  const Bytes wanted = Bytes(static_cast<std::uint64_t>(state.range(0)) << 20);
  std::size_t chosen = 0;
  for ([[maybe_unused]] auto _ : state) chosen = scorer.candidates(wanted, PressureLevel::extreme, 10 * objects).size();
  state.counters["objects"] = objects;
  state.counters["chosen"] = static_cast<double>(chosen);
}
BENCHMARK(score_all)->Name("score/wanted_MiB")->Arg(100)->Arg(10'000)->Arg(1 << 30)->Unit(benchmark::kMicrosecond);

void record_access(benchmark::State& state) {
  DOAScorer scorer = full_scorer();
  std::uint64_t position = 10 * objects;
  for ([[maybe_unused]] auto _ : state) {
    const auto object = static_cast<std::uint32_t>(position * 2'654'435'761 % objects);
    scorer.record_access(ObjectId(object), Bytes(0), Bytes(0), position++);
  }
}
BENCHMARK(record_access)->Name("record_access");

// --- Planning
// ------------------------------------------------------------------------------------------------------------

ProgramObject object_of(std::uint32_t id, std::uint64_t bytes, std::uint32_t first, std::uint32_t last) {
  ProgramObject object;
  object.id = ObjectId(id);
  object.bytes = Bytes(bytes);
  object.birth = first;
  object.death = last + 1;
  object.accesses = {{first, true}, {last, false}};
  return object;
}

AccessProgram training_step(std::uint32_t operators) {
  std::mt19937_64 random(1);
  AccessProgram program;
  program.iterations = {0};
  for (std::uint32_t i = 0; i < operators; ++i) {
    program.begin.push_back(program.duration);
    program.duration += Nanoseconds(static_cast<std::int64_t>(20'000 + random() % 200'000));
    program.end.push_back(program.duration);
  }
  for (std::uint32_t i = 0; i < operators / 2; ++i) {
    const std::uint32_t last = operators - 1 - i;
    program.objects.push_back(object_of(2 * i, (1 + random() % 64) << 20, i, last));
    ProgramObject weight = object_of(2 * i + 1, (1 + random() % 16) << 20, i, last);
    weight.birth = 0;
    weight.death = operators;
    weight.before = weight.after = true;
    program.objects.push_back(weight);
  }
  complete(program);
  return program;
}

SwapMachine pcie5(Bytes limit) {
  SwapMachine machine;
  SwapLink& link = machine.links[static_cast<std::size_t>(Tier::host)];
  link.out = link.in = {.latency = 3_us, .bytes_per_second = 55'500'000'000};
  machine.limit = limit;
  return machine;
}

/// Arguments: AbsenceScoreKind, PublishedMode, limit in percent of the peak.
void plan(benchmark::State& state) {
  static const AccessProgram program = training_step(5000);
  const Bytes peak = *std::max_element(program.load.begin(), program.load.end());
  const SwapMachine machine = pcie5(Bytes(peak.value / 100 * static_cast<std::uint64_t>(state.range(2))));
  const PublishedSettings settings{.score = static_cast<AbsenceScoreKind>(state.range(0)),
                                   .mode = static_cast<PublishedMode>(state.range(1)),
                                   .candidates = {}};
  SwapPlan made;
  for ([[maybe_unused]] auto _ : state) made = published_plan(program, machine, settings);
  state.counters["absences"] = static_cast<double>(made.absences.size());
  state.counters["peak_over_load"] = static_cast<double>(made.peak.value) / static_cast<double>(peak.value);
}
BENCHMARK(plan)
    ->Name("plan_5000/score/mode/limit_percent")
    ->ArgsProduct({{0, 1, 2, 3, 4}, {0, 1}, {50, 90}})
    ->Unit(benchmark::kMillisecond);

/// Our planner. Arguments: allowed overhead in thousandths, limit in percent of the peak; 0 = the least that is found.
void plan_least(benchmark::State& state) {
  static const AccessProgram program = training_step(5000);
  const Bytes peak = *std::max_element(program.load.begin(), program.load.end());
  const SwapMachine machine = pcie5({});
  const PlannerRequest request{.max_overhead = static_cast<double>(state.range(0)) / 1000};
  const Bytes limit(peak.value / 100 * static_cast<std::uint64_t>(state.range(1)));
  SwapPlan made;
  for ([[maybe_unused]] auto _ : state)
    made = limit == Bytes(0) ? least_plan(program, machine, request) : plan_swaps(program, machine, limit, request);
  state.counters["absences"] = static_cast<double>(made.absences.size());
  state.counters["peak_over_load"] = static_cast<double>(made.peak.value) / static_cast<double>(peak.value);
}
BENCHMARK(plan_least)
    ->Name("plan_least_5000/overhead_thousandths/limit_percent")
    ->ArgsProduct({{0, 10}, {0, 90}})
    ->Unit(benchmark::kMillisecond);

}  // namespace
}  // namespace vramlab::bench
