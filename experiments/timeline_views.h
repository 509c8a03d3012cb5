#pragma once
// What replay shows of a run in time: why computation waited, and the Gantt picture.

#include <optional>
#include <string>

#include "engine/replay/gantt.h"
#include "engine/replay/replay.h"
#include "engine/replay/transfer_objects.h"
#include "experiments/replay_table.h"

namespace vramlab {

/// Of one run. What it asks of the request points into it.
class TimelineViews {
 public:
  /// `gantt`: "" = no picture. Throws ConfigError for a path that cannot be written or is no picture.
  explicit TimelineViews(const std::string& gantt);

  void ask(ReplayRequest& request);
  /// After the run: fills the outcome's stalls and writes the picture.
  void tell(const Trace& trace, const ReplayRequest& request, const std::string& title, ReplayOutcome& outcome);

 private:
  StallReport stall_report(const Trace& window, std::span<const Stall> stalls) const;

  std::optional<GanttPicture> picture_;
  ReplayTimeline timeline_;
  GanttMemoryWatcher memory_;
  TransferObjects objects_;
};

}  // namespace vramlab
