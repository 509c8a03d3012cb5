#pragma once
// What programs ask of an allocator, as lists of calls: the rows that the Genesis document compares with PyTorch, and
// the two that it lacks. Sizes are drawn evenly over their logarithm; which block is freed is drawn evenly.

#include <algorithm>
#include <bit>
#include <cmath>
#include <cstdint>
#include <cstdlib>
#include <string>
#include <vector>

#include "engine/core/registry.h"
#include "engine/replay/program.h"
#include "traces/generate.h"
#include "traces/reader.h"

namespace vramlab::bench {

/// An allocation of `bytes`, or, with 0 bytes, a free of what `place` holds.
struct Call {
  std::uint64_t bytes = 0;
  std::uint32_t place = 0;
};

struct Scenario {
  std::string name;
  std::vector<Call> calls;
  std::uint32_t places = 0;
  Bytes capacity{};
  Bytes peak_requested{};
};

inline constexpr std::size_t calls_of_a_scenario = 1'000'000;
inline constexpr Bytes device_memory = 141_GiB;

class Draw {
 public:
  explicit Draw(std::uint64_t seed) : state_(seed) {}
  std::uint64_t below(std::uint64_t end) {  // splitmix64
    std::uint64_t x = state_ += 0x9e3779b97f4a7c15;
    x = (x ^ x >> 30) * 0xbf58476d1ce4e5b9;
    x = (x ^ x >> 27) * 0x94d049bb133111eb;
    return (x ^ x >> 31) % end;
  }
  Bytes size(Bytes low, Bytes high) {
    const double share = static_cast<double>(below(1u << 30)) / (1u << 30);
    const double ratio = static_cast<double>(high.value) / static_cast<double>(low.value);
    return Bytes(static_cast<std::uint64_t>(static_cast<double>(low.value) * std::pow(ratio, share)));
  }

 private:
  std::uint64_t state_;
};

inline Bytes peak_requested(const Scenario& scenario) {
  std::vector<std::uint64_t> held(scenario.places);
  std::uint64_t now = 0, peak = 0;
  for (const Call& call : scenario.calls) {
    now += call.bytes - held[call.place] * (call.bytes == 0);
    held[call.place] = call.bytes;
    peak = std::max(peak, now);
  }
  return Bytes(peak);
}

/// Fills `live` places, then frees one and allocates anew, over and over.
inline Scenario steady(std::string name, std::uint32_t live, Bytes low, Bytes high, std::uint64_t seed) {
  Scenario scenario{std::move(name), {}, live, device_memory, {}};
  Draw draw(seed);
  for (std::uint32_t place = 0; place < live; ++place) scenario.calls.push_back({draw.size(low, high).value, place});
  while (scenario.calls.size() < calls_of_a_scenario) {
    const auto place = static_cast<std::uint32_t>(draw.below(live));
    scenario.calls.push_back({0, place});
    scenario.calls.push_back({draw.size(low, high).value, place});
  }
  scenario.peak_requested = peak_requested(scenario);
  return scenario;
}

/// 95% of 4 GiB live all the time, in powers of two from 256 KiB to 4 MiB.
inline Scenario pressure() {
  Scenario scenario{"pressure", {}, 16384, 4_GiB, {}};
  const std::uint64_t most = (4_GiB).value / 100 * 95;
  std::vector<std::uint32_t> unused, used;
  std::vector<std::uint64_t> held(scenario.places);
  for (std::uint32_t place = scenario.places; place-- > 0;) unused.push_back(place);
  std::uint64_t now = 0;
  Draw draw(6);
  while (scenario.calls.size() < calls_of_a_scenario) {
    const std::uint64_t bytes = std::uint64_t{1} << (18 + draw.below(5));
    while (now + bytes > most) {
      const auto victim = static_cast<std::size_t>(draw.below(used.size()));
      now -= held[used[victim]];
      scenario.calls.push_back({0, used[victim]});
      unused.push_back(used[victim]);
      used[victim] = used.back();
      used.pop_back();
    }
    held[unused.back()] = bytes;
    now += bytes;
    scenario.calls.push_back({bytes, unused.back()});
    used.push_back(unused.back());
    unused.pop_back();
  }
  scenario.peak_requested = peak_requested(scenario);
  return scenario;
}

inline Trace training_trace() {
  if (const char* path = std::getenv("VRAMLAB_BENCH_TRACE")) return read_traces(path).at(0);
  const GeneratorInfo& generator = find_row(generators(), "generator", "transformer");
  return generate_trace(generator, {.events = calls_of_a_scenario, .seed = 1, .options = nullptr});
}

/// The allocations and frees of a recording, again from its beginning until there are enough.
inline Scenario recorded() {
  const Trace trace = training_trace();
  Scenario scenario{"transformer", {}, 0, device_memory, {}};
  std::vector<Call> once;
  std::vector<bool> live;
  Program program(trace);
  for (std::span<const Step> steps = program.next(); !steps.empty(); steps = program.next())
    for (const Step& step : steps) {
      const bool alloc = step.kind == EventKind::alloc;
      if (!alloc && step.kind != EventKind::free_completed) continue;
      live.resize(std::max<std::size_t>(live.size(), step.block().value + 1));
      live[step.block().value] = alloc;
      once.push_back({alloc ? step.bytes().value : 0, step.block().value});
    }
  for (std::uint32_t place = 0; place < live.size(); ++place)
    if (live[place]) once.push_back({0, place});
  while (scenario.calls.size() < calls_of_a_scenario)
    scenario.calls.insert(scenario.calls.end(), once.begin(), once.end());
  scenario.places = static_cast<std::uint32_t>(live.size());
  scenario.peak_requested = peak_requested(scenario);
  return scenario;
}

inline const std::vector<Scenario>& scenarios() {
  static const std::vector<Scenario> all{steady("same-size", 100, 64_KiB, 64_KiB, 1),
                                         steady("one", 1, 1_MiB, 1_MiB, 2),
                                         steady("large", 64, 1_MiB, 256_MiB, 3),
                                         recorded(),
                                         pressure(),
                                         steady("variable", 500, 512_B, 16_MiB, 4),
                                         steady("many", 5000, 512_B, 1_MiB, 5)};
  return all;
}

}  // namespace vramlab::bench
