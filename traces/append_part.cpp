#include <fmt/format.h>

#include <iterator>
#include <utility>

#include "engine/core/error.h"
#include "traces/generate.h"

namespace vramlab {
namespace {

template <class T>
void append(std::vector<T>& whole, std::vector<T>&& part) {
  whole.insert(whole.end(), std::make_move_iterator(part.begin()), std::make_move_iterator(part.end()));
}

void append(Lists& whole, Lists&& part) {
  const std::uint64_t base = whole.values.size();
  for (const std::uint64_t end : part.ends) whole.ends.push_back(base + end);
  append(whole.values, std::move(part.values));
}

void append(Operators& whole, Operators&& part) {
  append(whole.names, std::move(part.names));
  append(whole.name, std::move(part.name));
  append(whole.gpu_time, std::move(part.gpu_time));
  append(whole.reads, std::move(part.reads));
  append(whole.writes, std::move(part.writes));
}

void append(Stacks& whole, Stacks&& part) {
  append(whole.strings, std::move(part.strings));
  append(whole.frames, std::move(part.frames));
  append(whole.stacks, std::move(part.stacks));
}

void append(TraceNotes& whole, const TraceNotes& part) {
  whole.ring_start_objects += part.ring_start_objects;
  whole.unseen_frees += part.unseen_frees;
  whole.dropped_events += part.dropped_events;
  whole.unknown_actions += part.unknown_actions;
  whole.zero_size_allocs += part.zero_size_allocs;
}

void require_all_or_none(std::size_t recorded, std::size_t all, std::string_view what, const std::string& name) {
  if (recorded != 0 && recorded != all)
    throw TraceError(fmt::format("{} are recorded in some parts and not in others", what), Where{name, {}, {}, {}},
                     "write every part with the same columns");
}

}  // namespace

void append_part(Trace& whole, Trace&& part) {
  if (whole.name.empty()) whole.name = std::move(part.name);
  if (whole.format.empty()) whole.format = std::move(part.format);
  append(whole.kinds, std::move(part.kinds));
  append(whole.subjects, std::move(part.subjects));
  append(whole.times_us, std::move(part.times_us));
  append(whole.sizes, std::move(part.sizes));
  append(whole.streams, std::move(part.streams));
  append(whole.addresses, std::move(part.addresses));
  append(whole.stack_of, std::move(part.stack_of));
  append(whole.stream_names, std::move(part.stream_names));
  append(whole.segment_events, std::move(part.segment_events));
  append(whole.ooms, std::move(part.ooms));
  append(whole.operators, std::move(part.operators));
  append(whole.stacks, std::move(part.stacks));
  append(whole.settings, std::move(part.settings));
  append(whole.notes, part.notes);
  require_all_or_none(whole.times_us.size(), whole.event_count(), "times", whole.name);
  require_all_or_none(whole.addresses.size(), whole.object_count(), "addresses", whole.name);
  require_all_or_none(whole.stack_of.size(), whole.object_count(), "stacks", whole.name);
}

}  // namespace vramlab
