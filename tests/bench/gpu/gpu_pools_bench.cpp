// What a call costs on the real GPU, C++ against C++ in one process: our allocator over its pools, PyTorch's caching
// allocator, cudaMallocAsync and cudaMalloc, in the scenarios of pool_scenarios.h. The subjects take turns in every
// repetition, each beginning empty and alone on the GPU, so that memory is that of one.
//
//   gpu_pools_bench [--calls N] [--repetitions N] [--only SCENARIO,...] [--json FILE]
//
// VRAMLAB_BENCH_TRACE names the recording of the scenario `transformer`.

#include <fmt/format.h>

#include <cstring>
#include <fstream>
#include <functional>
#include <iostream>

#include "engine/core/error.h"
#include "engine/pool/pool.h"
#include "measure.h"
#include "subjects.h"

namespace vramlab::bench {
namespace {

struct Options {
  std::size_t calls = 200'000;
  int repetitions = 5;
  std::string only, json;
};

constexpr std::size_t calls_of_the_driver = 4'000;  // those of cudaMalloc take microseconds
constexpr double pass_seconds = 1.5;

struct Subject {
  std::string name;
  std::size_t most_calls;
  std::function<void(const Scenario&, PassLimits, bool, Row&)> repeat;
};

template <class Kind>
Subject other(std::string name, std::size_t most_calls) {
  return {std::move(name), most_calls, [](const Scenario& scenario, PassLimits limits, bool last, Row& row) {
            Kind subject(scenario.capacity);
            repeat(subject, scenario, limits, last, row);
          }};
}

Subject ours(std::string_view name) {
  const PoolInfo& pool = find_row(pools(), "pool", name);
  return {"vramlab " + std::string(name), ~std::size_t{0},
          [&pool](const Scenario& scenario, PassLimits limits, bool last, Row& row) {
            OurAllocator subject(pool, scenario.capacity);
            repeat(subject, scenario, limits, last, row);
          }};
}

std::vector<Subject> subjects() {
  std::vector<Subject> all;
#ifdef VRAMLAB_HAS_PYTORCH
  all.push_back(other<PytorchAllocator>("pytorch", ~std::size_t{0}));
#endif
  for (const char* pool : {"segment-block", "vmm", "smartpool"}) all.push_back(ours(pool));
  all.push_back(other<AsyncAllocator>("cudaMallocAsync", ~std::size_t{0}));
  all.push_back(other<PlainAllocator>("cudaMalloc", calls_of_the_driver));
  return all;
}

/// The first calls only, on no more memory than the GPU has.
Scenario fitted(const Scenario& scenario, std::size_t calls, Bytes memory) {
  Scenario cut = scenario;
  cut.calls.resize(std::min(calls, cut.calls.size()));
  cut.capacity = std::min(scenario.capacity, memory);
  cut.peak_requested = peak_requested(cut);
  return cut;
}

void repeat_all(const std::vector<Subject>& all, const Scenario& scenario, const Options& options,
                std::vector<Row>& rows) {
  for (int repetition = 0; repetition < options.repetitions; ++repetition)
    for (std::size_t i = 0; i < all.size(); ++i) {
      const std::size_t turn = (i + static_cast<std::size_t>(repetition)) % all.size();
      const PassLimits limits{std::min(options.calls, all[turn].most_calls), pass_seconds};
      try {
        all[turn].repeat(scenario, limits, repetition + 1 == options.repetitions, rows[turn]);
      } catch (const std::exception& error) {
        std::cerr << scenario.name << ", " << all[turn].name << ": " << error.what() << '\n';
      }
    }
}

std::vector<Row> measure(const std::vector<Subject>& all, const Scenario& scenario, const Options& options) {
  std::vector<Row> rows;
  for (const Subject& subject : all)
    rows.push_back(
        {.scenario = scenario.name,
         .subject = subject.name,
         .calls = 0,
         .ns = {},
         .first_ns = {},
         .p99_ns = 0,
         .failed = 0,
         .peak_reserved = std::nullopt,
         .peak_requested =
             fitted(scenario, std::min(options.calls, subject.most_calls), scenario.capacity).peak_requested});
  repeat_all(all, scenario, options, rows);
  return rows;
}

// --- Telling -------------------------------------------------------------------------------------------------------

double pytorch_ns(const std::vector<Row>& rows, const std::string& scenario) {
  for (const Row& row : rows)
    if (row.scenario == scenario && row.subject == "pytorch") return median(row.ns);
  return 0;
}

std::string number_or_null(double value, bool known) { return known ? fmt::format("{}", value) : "null"; }

double reserved_ratio(const Row& row) {
  return static_cast<double>(row.peak_reserved->value) / static_cast<double>(row.peak_requested.value);
}

std::string json_of(const Row& row, double pytorch, const std::string& gpu) {
  const double ns = median(row.ns);
  const bool known = row.peak_reserved && row.peak_requested.value > 0;
  return fmt::format(
      R"({{"scenario": "{}", "subject": "{}", "gpu": "{}", "calls": {}, "repetitions": {}, "ns_per_call": {}, )"
      R"("least_ns": {}, "most_ns": {}, "first_pass_ns": {}, "p99_ns": {}, "failed": {}, )"
      R"("peak_requested_bytes": {}, "peak_reserved_bytes": {}, "reserved_over_requested": {}, "over_pytorch": {}}})",
      row.scenario, row.subject, gpu, row.calls, row.ns.size(), number_or_null(ns, !row.ns.empty()),
      number_or_null(row.ns.empty() ? 0 : std::ranges::min(row.ns), !row.ns.empty()),
      number_or_null(row.ns.empty() ? 0 : std::ranges::max(row.ns), !row.ns.empty()),
      number_or_null(median(row.first_ns), !row.first_ns.empty()), number_or_null(row.p99_ns, row.p99_ns > 0),
      row.failed, row.peak_requested.value, row.peak_reserved ? fmt::format("{}", row.peak_reserved->value) : "null",
      number_or_null(known ? reserved_ratio(row) : 0, known), number_or_null(pytorch / ns, pytorch > 0 && ns > 0));
}

std::string line_of(const Row& row, double pytorch) {
  if (row.ns.empty()) return fmt::format("| {} | {} | failed | | | | | | |\n", row.scenario, row.subject);
  const double ns = median(row.ns);
  return fmt::format("| {} | {} | {:.1f} | {} | {:.0f} | {:.1f} | {} | {:.1f} | {} |\n", row.scenario, row.subject, ns,
                     pytorch > 0 ? fmt::format("{:.2f}", pytorch / ns) : "-", row.p99_ns, median(row.first_ns),
                     row.peak_reserved ? fmt::format("{:.4f}", reserved_ratio(row)) : "-",
                     static_cast<double>(row.peak_requested.value) / (1 << 20), row.failed);
}

void tell(const std::vector<Row>& rows, const std::string& gpu, const Options& options) {
  std::string table =
      "| scenario | allocator | ns/call | pytorch's over it | p99 ns | first pass ns | reserved/requested | "
      "requested MiB | failed |\n|---|---|---|---|---|---|---|---|---|\n";
  std::string json = "[\n";
  for (const Row& row : rows) {
    const double pytorch = pytorch_ns(rows, row.scenario);
    table += line_of(row, pytorch);
    json += (json.size() > 2 ? ",\n" : "") + json_of(row, pytorch, gpu);
  }
  std::cout << table << "\n"
            << gpu << ", " << options.calls << " calls a pass, " << options.repetitions << " repetitions\n";
  if (!options.json.empty()) std::ofstream(options.json) << json << "\n]\n";
}

// --- Options -------------------------------------------------------------------------------------------------------

bool wanted(const Options& options, const std::string& scenario) {
  return options.only.empty() || ("," + options.only + ",").find("," + scenario + ",") != std::string::npos;
}

Options parse(int argc, char** argv) {
  Options options;
  for (int i = 1; i < argc; i += 2) {
    const std::string name = argv[i], value = i + 1 < argc ? argv[i + 1] : "";
    if (value.empty()) throw ConfigError(name + " needs a value");
    if (name == "--calls")
      options.calls = std::stoul(value);
    else if (name == "--repetitions")
      options.repetitions = std::stoi(value);
    else if (name == "--only")
      options.only = value;
    else if (name == "--json")
      options.json = value;
    else
      throw ConfigError(name + " is no option: --calls, --repetitions, --only, --json");
  }
  return options;
}

int run(int argc, char** argv) {
  const Options options = parse(argc, argv);
  const CudaInfo gpu = cuda_devices().at(0);
  const Bytes memory(gpu.free.value / 100 * 95);
  const std::vector<Subject> all = subjects();
  std::vector<Row> rows;
  for (const Scenario& scenario : scenarios()) {
    if (!wanted(options, scenario.name)) continue;
    std::cerr << "measuring " << scenario.name << '\n';
    const std::vector<Row> more = measure(all, fitted(scenario, options.calls, memory), options);
    rows.insert(rows.end(), more.begin(), more.end());
  }
  tell(rows, gpu.name + ", driver " + gpu.driver, options);
  return 0;
}

}  // namespace
}  // namespace vramlab::bench

int main(int argc, char** argv) {
  try {
    return vramlab::bench::run(argc, argv);
  } catch (const vramlab::Error& error) {
    std::cerr << "gpu_pools_bench: " << error.what() << '\n';
    return error.exit_code();
  } catch (const std::exception& error) {
    std::cerr << "gpu_pools_bench: " << error.what() << '\n';
    return 2;
  }
}
