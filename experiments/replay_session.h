#pragma once
// Everything that one `vramlab replay` does: traces times pools times swap policies, one outcome each.

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
#include "experiments/swap_choice.h"
#include "sim/machine.h"

namespace vramlab {

struct ReplayArguments {
  std::vector<std::string> traces;
  std::string map;    ///< "" = none
  std::string log;    ///< "" = none
  std::string gantt;  ///< "" = none
  bool explain_stalls = false;
  bool debug_history = false;
  std::uint64_t repeat = 1;   ///< timed runs at least
  std::uint32_t warm_up = 0;  ///< rounds of the stretch with operators before the one that is measured
};

/// One of them.
struct ReplayCase {
  const Trace& trace;
  const PoolInfo& pool;
  const SwapChoice& swap;
  std::string choice;  ///< pool, and swap policy where there are several: for names of files
  bool several = false;
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
  ReplayOutcome replay_one(const ReplayCase& run);
  ReplayOutcome carry_out(const ReplayCase& run, ReplayRequest& request);
  ReplayRequest request_for(const ReplayCase& run) const;
  void choose_device(ReplayRequest& request) const;
  void check_operators(const Trace& trace, const std::string& path) const;
  std::optional<Bytes> limit_for(const ReplayCase& run, const ReplayRequest& request);

  const ReplayArguments& arguments_;
  const Settings& settings_;
  std::vector<const PoolInfo*> pools_;
  std::vector<SwapChoice> swaps_;
  MachineModel machine_;
  SwapRequest swap_setup_;         ///< what all policies get
  std::optional<CudaWorld> cuda_;  ///< with --device cuda
  double max_overhead_ = 0;
  InputsMode inputs_ = InputsMode::model;
  std::optional<InputLog> input_log_;
  ProgressBar progress_{""};
  OutputNames names_;
  std::vector<ReplayOutcome> outcomes_;
  std::size_t traces_done_ = 0;
};

}  // namespace vramlab
