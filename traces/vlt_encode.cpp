#include "traces/vlt_encode.h"

#include <fmt/format.h>

#include <algorithm>

#include "engine/core/error.h"

namespace vramlab::vlt {

void Encoder::end_column(Column column, std::size_t rows) {
  if (rows == 0) return;
  out_.push_back(static_cast<std::uint8_t>(column));
  put(out_, rows);
  put(out_, body_.size());
  out_.insert(out_.end(), body_.begin(), body_.end());
}

void Encoder::heading(const std::string& trace_name, const std::string& format, const TraceNotes& notes) {
  texts(Column::trace_name, {trace_name}, {0, trace_name.empty() ? 0u : 1u});
  texts(Column::format, {format}, {0, format.empty() ? 0u : 1u});
  const std::vector<std::uint64_t> counts{notes.ring_start_objects, notes.unseen_frees, notes.dropped_events,
                                          notes.unknown_actions, notes.zero_size_allocs};
  const bool any = std::any_of(counts.begin(), counts.end(), [](std::uint64_t count) { return count != 0; });
  numbers(Column::notes, Coding::plain, counts, {0, any ? counts.size() : 0});
}

void Encoder::put_text(std::string_view text) {
  put(body_, text.size());
  body_.insert(body_.end(), text.begin(), text.end());
}

void Encoder::texts(Column column, const std::vector<std::string>& values, Range rows) {
  begin_column();
  for (std::size_t i = rows.begin; i < rows.end; ++i) put_text(values[i]);
  end_column(column, rows.size());
}

void Encoder::pairs(Column column, const std::vector<std::pair<std::string, std::string>>& values, Range rows) {
  begin_column();
  for (std::size_t i = rows.begin; i < rows.end; ++i) {
    put_text(values[i].first);
    put_text(values[i].second);
  }
  end_column(column, rows.size() * 2);
}

void Encoder::lists(Column counts, Column values, const Lists& lists, Range rows) {
  words(counts, Coding::plain, rows, [&lists](std::size_t i) { return lists.ends[i] - lists.begin_of(i); });
  const Range value_rows{lists.begin_of(rows.begin), lists.begin_of(rows.end)};
  words(values, Coding::delta, value_rows, [&lists](std::size_t i) { return to_word(lists.values[i]); });
}

void Encoder::events(const Trace& trace, Range rows) {
  begin_column();
  for (std::size_t i = rows.begin; i < rows.end; ++i) body_.push_back(static_cast<std::uint8_t>(trace.kinds[i]));
  end_column(Column::event_kinds, rows.size());

  begin_column();
  Foresight foresight(allocated_);
  std::size_t written = 0;
  for (std::size_t i = rows.begin; i < rows.end; ++i) {
    const EventKind kind = trace.kinds[i];
    const std::uint64_t subject = trace.subjects[i];
    if (kind == EventKind::alloc || kind == EventKind::op) {
      std::uint64_t& next = kind == EventKind::alloc ? allocated_ : operators_;
      if (subject != next)
        throw TraceError(fmt::format("event {} names {} where {} is the next one", i, subject, next));
      ++next;
      if (kind == EventKind::alloc) foresight.allocated();
      continue;
    }
    put(body_, zigzag(foresight.subject(kind) - subject));
    foresight.seen(kind, subject);
    ++written;
  }
  end_column(Column::event_subjects, written);
}

}  // namespace vramlab::vlt
