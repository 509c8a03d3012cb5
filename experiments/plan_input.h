#pragma once
// What `vramlab plan` places: instances, or the lifetimes of recordings.

#include <optional>
#include <span>
#include <string>
#include <vector>

#include "engine/core/instance.h"
#include "experiments/settings.h"
#include "traces/trace.h"

namespace vramlab {

struct PlanInput {
  Instance instance;
  std::optional<Trace> trace;  ///< that it was made from
};

/// "NAME=BYTES" each, in order of preference. Throws ConfigError for bad and repeated names and bad sizes.
std::vector<Heap> parse_heaps(std::span<const std::string> texts);

/// The instance of a CSV file, or one for each chosen device (setting `gpu`) of a recording, sizes rounded up to the
/// setting `granule`. Each has the heaps, and passed check_instance(). Throws TraceError, also where nothing is to be
/// placed.
std::vector<PlanInput> read_plan_inputs(const std::string& path, const Settings& settings,
                                        const std::vector<Heap>& heaps);

}  // namespace vramlab
