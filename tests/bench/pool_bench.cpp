// What a call costs: every pool of the registry driven directly, and the thread-safe allocator in front of some, beside
// the `pytorch` model and a std::map best fit, which come first in each scenario. An allocation and a free count one
// call each.
//
// ns_per_call: the fastest of several runs over all calls, each with a fresh pool, total processor time of the thread
// over calls; threads are measured by the wall clock.
// p99_ns: one more run that reads the time stamp counter before and after every call; the least that two readings
// differ by is taken off. Without that counter, the steady clock.
// over_pytorch, over_map_set: their ns_per_call in this run over this one's.

#include <benchmark/benchmark.h>

#include <barrier>
#include <ctime>
#include <map>
#include <thread>

#include "call_clock.h"
#include "engine/core/error.h"
#include "engine/pool/allocator.h"
#include "map_set_best_fit.h"
#include "pool_scenarios.h"
#include "scripted_device.h"

namespace vramlab::bench {
namespace {

constexpr int runs = 5;

// --- Clocks ----------------------------------------------------------------------------------------------------------

double processor_seconds() {
  timespec time;
  clock_gettime(CLOCK_THREAD_CPUTIME_ID, &time);
  return static_cast<double>(time.tv_sec) + static_cast<double>(time.tv_nsec) * 1e-9;
}

// --- What is measured ------------------------------------------------------------------------------------------------

struct Subject {
  std::string name;
  const PoolInfo* pool;
  bool front;  ///< through an Allocator
};

/// Everything below the calls. The device carries out every command at once, and every token is complete.
struct World {
  World(const PoolInfo& info, Bytes capacity) : port(device, log, capacity) {
    pool = info.make(port, OptionValues(info.name, info.options), {.device_memory = device_memory});
  }
  template <class Completed>
  void deliver(Completed&& completed) {
    while (reported < port.tokens_issued()) [[unlikely]]
      completed(TokenId(reported++));
  }

  testing::ScriptedDevice device;
  DecisionLog log;
  Port port;
  std::unique_ptr<Pool> pool;
  std::uint32_t reported = 0;
};

class Direct {
 public:
  Direct(World& world, std::uint32_t) : world_(world) {}
  void allocate(std::uint32_t place, Bytes bytes) {
    const BlockId block(place);
    const ObjectId object(next_++);
    world_.port.bind(block, object);
    world_.pool->allocate({.block = block, .object = object, .bytes = bytes, .stream = StreamId(0), .hints = {}});
    deliver();
  }
  void free(std::uint32_t place) {
    world_.pool->release(BlockId(place));
    deliver();
  }

 private:
  void deliver() {
    world_.deliver([this](TokenId token) { world_.pool->completed(token); });
  }
  World& world_;
  std::uint32_t next_ = 0;
};

class Front {
 public:
  Front(World& world, std::uint32_t places) : world_(world), allocator_(*world.pool, world.port), at_(places) {}
  void allocate(std::uint32_t place, Bytes bytes) {
    at_[place] = allocator_.allocate(bytes, StreamId(0));
    deliver();
  }
  void free(std::uint32_t place) {
    allocator_.free(at_[place]);
    deliver();
  }
  double hit_rate() const { return allocator_.statistics().efficiency_score(); }

 private:
  void deliver() {
    world_.deliver([this](TokenId token) { allocator_.process_completed(token); });
  }
  World& world_;
  Allocator allocator_;
  std::vector<Address> at_;
};

/// Calls that found no memory, and the frees that they make void.
class Failed {
 public:
  explicit Failed(std::uint32_t places) : failed_(places) {}
  template <class Calls>
  void perform(Calls& calls, const Call& call) {
    if (call.bytes == 0) {
      if (!failed_[call.place]) [[likely]]
        calls.free(call.place);
      return;
    }
    try {
      failed_[call.place] = 0;
      calls.allocate(call.place, Bytes(call.bytes));
    } catch (const OutOfMemory&) {
      failed_[call.place] = 1;
      ++count;
    }
  }
  std::uint64_t count = 0;

 private:
  std::vector<char> failed_;
};

struct Figures {
  double ns = 1e300;
  double p99 = 0;
  double hits = 0;
  double reserved_over_requested = 0;
  std::uint64_t failed = 0;
};

template <class Calls>
void run_once(const PoolInfo& pool, const Scenario& scenario, Figures& figures) {
  World world(pool, scenario.capacity);
  Calls calls(world, scenario.places);
  Failed failed(scenario.places);
  const double begin = processor_seconds();
  for (const Call& call : scenario.calls) failed.perform(calls, call);
  const double taken = processor_seconds() - begin;
  figures.ns = std::min(figures.ns, taken * 1e9 / static_cast<double>(scenario.calls.size()));
  figures.failed = failed.count;
  figures.reserved_over_requested =
      static_cast<double>(world.port.peak_reserved().value) / static_cast<double>(scenario.peak_requested.value);
  if constexpr (requires { calls.hit_rate(); }) figures.hits = calls.hit_rate();
}

template <class Calls>
double percentile(const PoolInfo& pool, const Scenario& scenario) {
  World world(pool, scenario.capacity);
  Calls calls(world, scenario.places);
  Failed failed(scenario.places);
  const std::uint64_t overhead = tick_overhead();
  std::vector<std::uint64_t> taken(scenario.calls.size());
  const double begin_seconds = seconds_now();
  const std::uint64_t begin_ticks = ticks();
  for (std::size_t i = 0; i < taken.size(); ++i) {
    const std::uint64_t begin = ticks();
    failed.perform(calls, scenario.calls[i]);
    taken[i] = ticks() - begin;
  }
  const double ns_per_tick = (seconds_now() - begin_seconds) * 1e9 / static_cast<double>(ticks() - begin_ticks);
  return percentile_99(taken, overhead, ns_per_tick);
}

template <class Calls>
Figures measure(const PoolInfo& pool, const Scenario& scenario) {
  Figures figures;
  for (int run = 0; run < runs; ++run) run_once<Calls>(pool, scenario, figures);
  figures.p99 = percentile<Calls>(pool, scenario);
  return figures;
}

void bench_calls(benchmark::State& state, const Subject& subject, std::size_t index) {
  static std::map<std::size_t, double> pytorch, map_set;  // by scenario
  const Scenario& scenario = scenarios()[index];
  Figures figures;
  for ([[maybe_unused]] auto _ : state) {
    figures = subject.front ? measure<Front>(*subject.pool, scenario) : measure<Direct>(*subject.pool, scenario);
    state.SetIterationTime(figures.ns * 1e-9);
  }
  if (subject.name == "pytorch") pytorch[index] = figures.ns;
  if (subject.name == map_set_best_fit.name) map_set[index] = figures.ns;
  state.counters["ns_per_call"] = figures.ns;
  state.counters["p99_ns"] = figures.p99;
  state.counters["failed"] = static_cast<double>(figures.failed);
  state.counters["reserved_over_requested"] = figures.reserved_over_requested;
  if (subject.front) state.counters["hits"] = figures.hits;
  if (pytorch.contains(index)) state.counters["over_pytorch"] = pytorch[index] / figures.ns;
  if (map_set.contains(index)) state.counters["over_map_set"] = map_set[index] / figures.ns;
}

// --- Threads ---------------------------------------------------------------------------------------------------------

struct Span {
  double begin = 0, end = 0;
};

Span make_calls(Allocator& allocator, const Scenario& scenario, StreamId stream, std::barrier<>& together) {
  std::vector<Address> at(scenario.places);
  together.arrive_and_wait();
  Span span{seconds_now(), 0};
  for (const Call& call : scenario.calls) {
    if (call.bytes != 0) {
      at[call.place] = allocator.allocate(Bytes(call.bytes), stream);
    } else {
      allocator.free(at[call.place]);
    }
  }
  span.end = seconds_now();
  return span;
}

/// Seconds from the first call of any thread to the last, each thread making all calls on a stream of its own.
double run_threads(const PoolInfo& pool, const Scenario& scenario, std::uint16_t threads) {
  World world(pool, scenario.capacity);
  Allocator allocator(*world.pool, world.port);
  std::barrier<> together(threads);
  std::vector<Span> spans(threads);
  {
    std::vector<std::jthread> workers;
    for (std::uint16_t t = 0; t < threads; ++t)
      workers.emplace_back([&, t] { spans[t] = make_calls(allocator, scenario, StreamId(t), together); });
  }
  Span all = spans[0];
  for (const Span& span : spans) all = {std::min(all.begin, span.begin), std::max(all.end, span.end)};
  return all.end - all.begin;
}

void bench_threads(benchmark::State& state, const PoolInfo& pool, std::size_t index) {
  const Scenario& scenario = scenarios()[index];
  double one = 1e300, two = 1e300;
  for ([[maybe_unused]] auto _ : state) {
    for (int run = 0; run < 2 * runs; ++run) {
      one = std::min(one, run_threads(pool, scenario, 1));
      two = std::min(two, run_threads(pool, scenario, 2));
    }
    state.SetIterationTime(two);
  }
  state.counters["one_thread_ns"] = one * 1e9 / static_cast<double>(scenario.calls.size());
  state.counters["throughput_ratio"] = 2 * one / two;
}

// --- The table -------------------------------------------------------------------------------------------------------

bool in_front(std::string_view pool) { return pool == "segment-block" || pool == "vmm" || pool == "smartpool"; }

std::vector<Subject> subjects() {
  std::vector<Subject> subjects{{"pytorch", &find_row(pools(), "pool", "pytorch"), false},
                                {std::string(map_set_best_fit.name), &map_set_best_fit, false}};
  for (const PoolInfo& pool : pools())
    if (!pool.needs_instance && pool.name != "pytorch") subjects.push_back({std::string(pool.name), &pool, false});
  for (const PoolInfo& pool : pools())
    if (in_front(pool.name)) subjects.push_back({"allocator+" + std::string(pool.name), &pool, true});
  return subjects;
}

const bool added = [] {
  for (std::size_t index = 0; index < scenarios().size(); ++index)
    for (const Subject& subject : subjects())
      benchmark::RegisterBenchmark(("calls/" + scenarios()[index].name + "/" + subject.name).c_str(),
                                   [subject, index](benchmark::State& state) { bench_calls(state, subject, index); })
          ->UseManualTime()
          ->Iterations(1);
  for (std::size_t index = 0; index < scenarios().size(); ++index) {
    const std::string& name = scenarios()[index].name;
    if (name != "same-size" && name != "variable" && name != "many" && name != "transformer") continue;
    for (const PoolInfo& pool : pools())
      if (in_front(pool.name))
        benchmark::RegisterBenchmark(("threads/" + name + "/allocator+" + std::string(pool.name)).c_str(),
                                     [&pool, index](benchmark::State& state) { bench_threads(state, pool, index); })
            ->UseManualTime()
            ->Iterations(1);
  }
  return true;
}();

}  // namespace
}  // namespace vramlab::bench
