#pragma once
// Everything that one `vramlab plan` does: instances times solvers, one outcome each; or the check of one plan that
// somebody made.

#include <optional>
#include <string>
#include <vector>

#include "engine/coloring/solver.h"
#include "engine/replay/picture.h"
#include "experiments/output_names.h"
#include "experiments/plan_input.h"
#include "experiments/plan_table.h"
#include "experiments/progress.h"
#include "experiments/settings.h"

namespace vramlab {

struct PlanArguments {
  std::vector<std::string> inputs;
  std::vector<std::string> heaps;  ///< NAME=BYTES
  std::string out;                 ///< "" = none
  std::string map;                 ///< "" = none
  std::string check;               ///< plan to check, "" = make plans
  bool explain = false;
};

class PlanSession {
 public:
  /// Reads what the settings name. Throws ConfigError for what contradicts itself, TraceError for missing files.
  PlanSession(const PlanArguments& arguments, const Settings& settings);

  /// Plans all. A run that fails is logged and leaves an outcome that says so; the others go on. Throws TraceError for
  /// a bad instance, and ConfigError for a capacity below a lower bound.
  const std::vector<PlanOutcome>& run();
  /// Whether every plan is valid and within the capacity.
  bool good() const;

 private:
  void plan_file(const std::string& path);
  void plan_instance(const PlanInput& input, bool several);
  std::optional<Plan> search(const Instance& instance, const SolverInfo& solver, PlanOutcome& outcome);
  PlanOutcome plan_one(const PlanInput& input, const PlanOutcome& known, const SolverInfo& solver, bool several);
  PlanOutcome check_one(const PlanInput& input, const PlanOutcome& known);
  SolveRequest request_for(const SolverInfo& solver, Bytes capacity);
  PlanOutcome known_of(const Instance& instance) const;
  void describe(const PlanInput& input, const Plan& plan, PlanOutcome& outcome) const;
  void draw(const PlanInput& input, const Plan& plan, const PlanOutcome& outcome, MapPicture& picture) const;

  const PlanArguments& arguments_;
  const Settings& settings_;
  std::vector<const SolverInfo*> solvers_;
  std::vector<Heap> heaps_;
  ProgressBar progress_{""};
  OutputNames names_;
  std::vector<PlanOutcome> outcomes_;
  std::size_t instances_done_ = 0;
};

}  // namespace vramlab
