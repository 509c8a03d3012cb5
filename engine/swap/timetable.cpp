#include "engine/swap/timetable.h"

namespace vramlab {

TimetablePolicy::TimetablePolicy(const SwapContext& context, const std::vector<TimetableEntry>& entries, bool on_demand)
    : DemandPolicy(context), on_demand_(on_demand) {
  for (const TimetableEntry& entry : entries) {
    outs_.emplace(entry.out, entry.object);
    if (entry.settle != TimetableEntry::when_needed) settles_.emplace(entry.settle, entry.object);
    ins_.emplace(entry.in, entry.object);
  }
}

// What finds no memory is asked for again before the next operator, unless it is back by then.
void TimetablePolicy::before_operator(std::uint32_t slot, std::span<const Operand> /*operands*/) {
  for (auto at = ins_.begin(); at != ins_.end() && at->first <= slot;) {
    const bool asked = away(at->second) && !departures().bring_in(at->second);
    at = asked ? std::next(at) : ins_.erase(at);
  }
}

void TimetablePolicy::after_operator(std::uint32_t slot, std::span<const Operand> operands) {
  DemandPolicy::after_operator(slot, operands);
  const auto settles = settles_.equal_range(slot + 1);
  for (auto at = settles.first; at != settles.second; ++at) departures().settle(at->second);
  const auto outs = outs_.equal_range(slot + 1);
  for (auto at = outs.first; at != outs.second; ++at)
    if (resident(at->second)) departures().send_out(at->second);
}

bool TimetablePolicy::make_room(Bytes bytes, std::span<const ObjectId> needed) {
  if (on_demand_) return DemandPolicy::make_room(bytes, needed);
  return departures().settle_oldest(bytes, needed) > Bytes(0);
}

}  // namespace vramlab
