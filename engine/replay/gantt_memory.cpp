#include <algorithm>

#include "engine/replay/gantt.h"

namespace vramlab {
namespace {

Bytes& at(std::vector<Bytes>& list, std::uint32_t index) {
  if (index >= list.size()) list.resize(std::size_t{index} + 1);
  return list[index];
}

}  // namespace

void GanttMemoryWatcher::on_event(const Trace& trace, std::uint64_t position) {
  if (at_operator_) close_operator();
  at_operator_ = trace.kinds[position] == EventKind::op;
}

void GanttMemoryWatcher::on_decisions(std::span<const Decision> batch) {
  for (const Decision& decision : batch) {
    apply(decision);
    most_ = {std::max(most_.reserved, reserved_), std::max(most_.placed, placed_)};
  }
}

void GanttMemoryWatcher::on_end(const Trace&) {
  if (at_operator_) close_operator();
  at_operator_ = false;
}

void GanttMemoryWatcher::close_operator() {
  memory_.push_back(most_);
  most_ = {reserved_, placed_};
}

void GanttMemoryWatcher::apply(const Decision& decision) {
  switch (decision.kind) {
    case DecisionKind::segment_take:
      if (decision.tier != Tier::device) return;
      reserved_ += at(taken_, decision.segment) = Bytes(decision.bytes);
      return;
    case DecisionKind::segment_return:
      reserved_ -= at(taken_, decision.segment);
      at(taken_, decision.segment) = {};
      return;
    case DecisionKind::pages_create:
      reserved_ += Bytes(decision.bytes);
      return;
    case DecisionKind::pages_destroy:
      reserved_ -= Bytes(decision.bytes);
      return;
    case DecisionKind::place:
      return place(decision);
    case DecisionKind::release:
      placed_ -= at(placed_of_, decision.object);
      at(placed_of_, decision.object) = {};
      return;
    default:
      return;
  }
}

// An object may be placed anew, where it moves.
void GanttMemoryWatcher::place(const Decision& decision) {
  Bytes& bytes = at(placed_of_, decision.object);
  placed_ -= bytes;
  bytes = Bytes(decision.bytes);
  placed_ += bytes;
}

}  // namespace vramlab
