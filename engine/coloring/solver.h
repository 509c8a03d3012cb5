#pragma once
// Offline placement: solvers of Instances, one file each, one line each in engine/coloring/registry.cpp.

#include <cstdint>
#include <functional>
#include <span>
#include <string_view>

#include "engine/core/instance.h"
#include "engine/core/option.h"

namespace vramlab {

/// What a solver tells while and after it works.
struct SolveResult {
  Plan plan;
  bool optimal = false;  ///< proven: the peak equals a lower bound
  bool stopped = false;  ///< by its limit of steps or time
};

struct SolverInfo {
  std::string_view name;
  std::string_view summary;
  std::span<const OptionSpec> options;
  SolveResult (*solve)(const Instance& instance, const OptionValues& options, std::uint64_t seed) = nullptr;
};

std::span<const SolverInfo> solvers();

/// Throws TraceError for zero sizes, upper <= lower, sums that overflow; names the buffer.
void check_instance(const Instance& instance);

/// Maximum load: the largest sum of sizes live at one time, and the first time it is reached.
struct Load {
  Bytes bytes{};
  std::uint64_t time = 0;
};
Load max_load(const Instance& instance);

/// Independent of every solver: "" when `plan` is valid, else what is wrong (first overlap found, by name; wrong
/// count; misaligned offset; wrong peak).
std::string check_plan(const Instance& instance, const Plan& plan);

}  // namespace vramlab
