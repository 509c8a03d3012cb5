#include "engine/replay/load.h"

namespace vramlab {

void LoadMeter::restart() {
  load_before_ = max_load();
  window_load_ = rounded_;
  window_reserved_ = reserved_;
}

void LoadMeter::reserved_changed(const Port& port, std::uint64_t events) {
  reserved_ = port.reserved();
  window_reserved_ = std::max(window_reserved_, reserved_);
  if (port.peak_reserved() == peak_reserved_) return;
  peak_reserved_ = port.peak_reserved();
  window_reserved_ = peak_reserved_;  // may lie inside the event, above what is held after it
  requested_at_peak_ = requested_ - away_;
  events_to_peak_ = events;
}

LoadMeter load_of(const Trace& trace) {
  LoadMeter load;
  for (std::size_t i = 0; i < trace.event_count(); ++i) {
    if (trace.kinds[i] == EventKind::alloc) load.on_alloc(trace.sizes[trace.subjects[i]]);
    if (trace.kinds[i] == EventKind::free_completed) load.on_free(trace.sizes[trace.subjects[i]]);
  }
  return load;
}

std::optional<Bytes> recorded_peak_reserved(const Trace& trace) {
  if (trace.segment_events.empty()) return std::nullopt;
  std::int64_t held = 0, peak = 0;
  for (const SegmentEvent& event : trace.segment_events) {
    const bool gains = event.action == SegmentAction::alloc || event.action == SegmentAction::map;
    const auto bytes = static_cast<std::int64_t>(event.bytes.value);
    held += gains ? bytes : -bytes;
    peak = std::max(peak, held);
  }
  return Bytes(static_cast<std::uint64_t>(peak));
}

std::uint64_t events_to_peak_requested(const Trace& trace) {
  std::uint64_t events = 0;
  Bytes live{}, peak{};
  for (std::size_t i = 0; i < trace.event_count(); ++i) {
    if (trace.kinds[i] == EventKind::free_completed) live -= trace.sizes[trace.subjects[i]];
    if (trace.kinds[i] == EventKind::alloc) live += trace.sizes[trace.subjects[i]];
    if (live <= peak) continue;
    peak = live;
    events = i + 1;
  }
  return events;
}

std::uint64_t counted_events(const Trace& trace) {
  return static_cast<std::uint64_t>(std::count_if(trace.kinds.begin(), trace.kinds.end(), [](EventKind kind) {
    return kind == EventKind::alloc || kind == EventKind::free_requested || kind == EventKind::free_completed ||
           kind == EventKind::op;
  }));
}

}  // namespace vramlab
