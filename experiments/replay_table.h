#pragma once
// What replay shows to people.

#include <string>
#include <vector>

#include "engine/replay/report.h"
#include "experiments/stall_table.h"

namespace vramlab {

/// One trace under one pool and one swap policy.
struct ReplayOutcome {
  Report report{};
  std::size_t trace = 0;                ///< counts traces in order of the command line
  std::optional<Bytes> limit{};         ///< what it had to get by with; null: all that the cap leaves
  std::optional<StallReport> stalls{};  ///< where they were asked for
  bool failed = false;                  ///< only the identifying fields of the report hold, and `verified`
};

/// The contract's fields; of a failed run all but the identifying ones are
/// null.
Row outcome_row(const ReplayOutcome& outcome);

/// One line an outcome. Marks the pool that reserves least of each trace that
/// several pools replayed. Where somebody swaps, the columns are those of swapping, and below stands why computation
/// waited, where that was asked for. Runs on a real device add a table of what the model predicted and what was
/// measured.
std::string replay_table(const std::vector<ReplayOutcome>& outcomes, bool colour);

}  // namespace vramlab
