#pragma once
// Everything that one `vramlab replay` does: traces times pools, one outcome
// each.

#include <cstdint>
#include <functional>
#include <optional>
#include <string>
#include <vector>

#include "engine/replay/replay.h"
#include "experiments/cuda_world.h"
#include "experiments/output_names.h"
#include "experiments/progress.h"
#include "experiments/replay_table.h"
#include "experiments/settings.h"
#include "sim/machine.h"

namespace vramlab {

struct ReplayArguments {
  std::vector<std::string> traces;
  std::string map;  ///< "" = none
  std::string log;  ///< "" = none
  bool debug_history = false;
  std::uint64_t repeat = 1;  ///< timed runs at least
};

class ReplaySession {
 public:
  /// Reads names and files that the settings give. Throws ConfigError,
  /// TraceError, HardwareMissing.
  ReplaySession(const ReplayArguments& arguments, const Settings& settings);

  /// Replays all. A run that fails is logged and leaves a failed outcome; the
  /// others go on. Throws TraceError for a file that is no trace.
  const std::vector<ReplayOutcome>& run();
  bool failed() const;

 private:
  void replay_file(const std::string& path);
  void replay_trace(const Trace& trace, bool several);
  ReplayOutcome replay_one(const Trace& trace, const PoolInfo& pool, bool several);
  ReplayRequest request_for(const Trace& trace, const PoolInfo& pool) const;
  void choose_device(ReplayRequest& request) const;
  Bytes capacity_for(const Trace& trace) const;

  const ReplayArguments& arguments_;
  const Settings& settings_;
  std::vector<const PoolInfo*> pools_;
  MachineModel machine_;
  std::optional<CudaWorld> cuda_;  ///< with --device cuda
  InputsMode inputs_ = InputsMode::model;
  std::optional<InputLog> input_log_;
  ProgressBar progress_{""};
  OutputNames names_;
  std::vector<ReplayOutcome> outcomes_;
  std::size_t traces_done_ = 0;
};

}  // namespace vramlab
