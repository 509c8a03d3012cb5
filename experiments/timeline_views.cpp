#include "experiments/timeline_views.h"

#include <fmt/format.h>

#include "engine/replay/access_window.h"

namespace vramlab {
namespace {

std::string_view name_of(const Operators& operators, std::uint64_t op) { return operators.names[operators.name[op]]; }

std::vector<std::string_view> names_of_operators(const Operators& operators) {
  std::vector<std::string_view> names;
  names.reserve(operators.size());
  for (std::size_t op = 0; op < operators.size(); ++op) names.push_back(name_of(operators, op));
  return names;
}

}  // namespace

TimelineViews::TimelineViews(const std::string& gantt) {
  if (!gantt.empty()) picture_.emplace(gantt);
}

void TimelineViews::ask(ReplayRequest& request) {
  request.timeline = &timeline_;
  request.watchers.push_back(&memory_);
  request.watchers.push_back(&objects_);
}

StallReport TimelineViews::stall_report(const Trace& window, std::span<const Stall> stalls) const {
  StallReport report;
  const auto sums = sum_stalls(stalls);
  for (std::size_t cause = 0; cause < stall_causes; ++cause) {
    StallLine& line = report[cause];
    line.time = sums[cause].time;
    line.count = sums[cause].count;
    if (!sums[cause].worst) continue;
    const Stall& worst = *sums[cause].worst;
    line.worst = worst.duration();
    line.op = worst.order;
    line.op_name = name_of(window.operators, worst.order);
    line.object = objects_.moved_by(worst.token);
    line.bytes = worst.bytes;
  }
  return report;
}

void TimelineViews::tell(const Trace& trace, const ReplayRequest& request, const std::string& title,
                         ReplayOutcome& outcome) {
  const Trace window = repeated_window(trace, request.swap.rounds_before).trace;
  const std::vector<Stall> stalls = find_stalls(timeline_, request.swap);
  outcome.stalls = stall_report(window, stalls);
  if (!picture_) return;
  const AccessProgram program = access_program(window, request.swap.timing);
  const std::vector<std::string_view> names = names_of_operators(window.operators);
  GanttModel model{.title = title,
                   .timeline = &timeline_,
                   .stalls = stalls,
                   .memory = memory_.memory(),
                   .load = program.load,
                   .names = names,
                   .iterations = program.iterations,
                   .limit = {},
                   .overhead = {}};
  if (request.capacity != unlimited_bytes) model.limit = request.capacity;
  model.overhead = outcome.report.overhead;
  picture_->write(model);
}

}  // namespace vramlab
