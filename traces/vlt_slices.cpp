#include "traces/vlt_slices.h"

namespace vramlab::vlt {

namespace {

constexpr auto weighs_one = [](std::size_t) { return std::uint64_t{1}; };

std::uint64_t list_weight(const Lists& lists, std::size_t row) { return 1 + (lists.ends[row] - lists.begin_of(row)); }
std::uint64_t text_weight(const std::string& text) { return 1 + text.size() / 32; }

}  // namespace

template <class WeightOf>
void Slicer::take(Range& rows, std::size_t all, WeightOf&& weight_of) {
  rows.begin = rows.end;
  while (rows.end < all && weight_ < chunk_weight) weight_ += weight_of(rows.end++);
}

void Slicer::take_events() {
  rows_.objects.begin = rows_.objects.end;
  rows_.operators.begin = rows_.operators.end;
  take(rows_.events, part_.event_count(), [this](std::size_t i) {
    if (part_.kinds[i] == EventKind::alloc) ++rows_.objects.end;
    if (part_.kinds[i] != EventKind::op) return std::uint64_t{1};
    const std::size_t op = rows_.operators.end++;
    return list_weight(part_.operators.reads, op) + list_weight(part_.operators.writes, op);
  });
}

bool Slicer::next(Slice& slice) {
  weight_ = 0;
  take(rows_.settings, part_.settings.size(),
       [this](std::size_t i) { return text_weight(part_.settings[i].first) + text_weight(part_.settings[i].second); });
  take(rows_.stream_names, part_.stream_names.size(), weighs_one);
  take(rows_.strings, part_.stacks.strings.size(),
       [this](std::size_t i) { return text_weight(part_.stacks.strings[i]); });
  take(rows_.frames, part_.stacks.frames.size(), weighs_one);
  take(rows_.stacks, part_.stacks.stacks.size(), [this](std::size_t i) { return list_weight(part_.stacks.stacks, i); });
  take(rows_.operator_names, part_.operators.names.size(),
       [this](std::size_t i) { return text_weight(part_.operators.names[i]); });
  take(rows_.segment_events, part_.segment_events.size(), weighs_one);
  take(rows_.ooms, part_.ooms.size(), weighs_one);
  take_events();
  slice = rows_;
  const bool any = weight_ > 0 || first_;
  first_ = false;
  return any;
}

Totals totals_of(const Trace& trace) {
  Totals totals;
  totals.events = trace.kinds.size();
  totals.times = trace.times_us.size();
  totals.objects = trace.sizes.size();
  totals.addresses = trace.addresses.size();
  totals.stack_of = trace.stack_of.size();
  totals.operators = trace.operators.size();
  totals.operator_names = trace.operators.names.size();
  totals.segment_events = trace.segment_events.size();
  totals.ooms = trace.ooms.size();
  totals.stream_names = trace.stream_names.size();
  totals.strings = trace.stacks.strings.size();
  totals.frames = trace.stacks.frames.size();
  totals.stacks = trace.stacks.stacks.size();
  return totals;
}

}  // namespace vramlab::vlt
