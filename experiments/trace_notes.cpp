#include "experiments/trace_notes.h"

#include <fmt/format.h>

namespace vramlab {

std::vector<std::string> trace_notes(const Trace& trace) {
  const TraceNotes& n = trace.notes;
  std::vector<std::string> notes;
  const auto note = [&notes](std::uint64_t count, const char* text) {
    if (count > 0) notes.push_back(fmt::format(fmt::runtime(text), count));
  };
  note(n.ring_start_objects,
       "{} objects were live before the recording began; "
       "they are allocated at its start");
  note(n.unseen_frees,
       "{} frees of objects whose allocation was not recorded "
       "(the history is a ring)");
  note(n.dropped_events, "{} events could not be tied to an object and were left out");
  note(n.unknown_actions, "{} events of unknown kinds were left out");
  note(n.zero_size_allocs, "{} allocations of 0 bytes were left out");
  return notes;
}

}  // namespace vramlab
