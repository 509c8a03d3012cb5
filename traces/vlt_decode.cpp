#include "traces/vlt_decode.h"

#include <algorithm>

namespace vramlab::vlt {

std::uint64_t ColumnData::long_word() {
  std::uint64_t value = 0;
  for (unsigned shift = 0; shift < 64; shift += 7) {
    if (at == end) corrupt("a number is cut off");
    const std::uint64_t byte = *at++;
    if (shift == 63 && byte > 1) break;
    value |= (byte & 0x7f) << shift;
    if (byte < 0x80) return value;
  }
  corrupt("a number has more than 64 bits");
}

std::string_view ColumnData::text() {
  const std::uint64_t length = word();
  if (length > left()) corrupt("a text is cut off");
  const auto* begin = reinterpret_cast<const char*>(at);
  at += length;
  return {begin, static_cast<std::size_t>(length)};
}

void Decoder::read_column() {
  next_ = ColumnData{};
  if (rest_.empty()) return;
  ColumnData header{static_cast<Column>(rest_[0]), 0, rest_.data() + 1, rest_.data() + rest_.size(), &place_};
  const std::uint64_t rows = header.word();
  const std::uint64_t bytes = header.word();
  const bool is_values =
      header.column == Column::stack_frames || header.column == Column::reads || header.column == Column::writes;
  if (rows == 0 || (rows > most_rows && !is_values)) header.corrupt(fmt::format("{} rows", rows));
  if (bytes > header.left() || rows > bytes) header.corrupt(fmt::format("{} rows in {} bytes", rows, bytes));
  next_ = {header.column, static_cast<std::size_t>(rows), header.at, header.at + bytes, &place_};
  rest_ = rest_.last(header.left() - bytes);
}

void Decoder::done() const {
  if (next_.place != nullptr) next_.corrupt("unknown, or not where it belongs");
}

void Decoder::heading(Trace& trace) {
  const auto text = [this](Column column, std::string& value) {
    std::vector<std::string> values;
    texts(column, values, {});
    if (values.size() > 1) place_.corrupt(fmt::format("column {}: more than one text", static_cast<int>(column)));
    if (!values.empty()) value = std::move(values[0]);
  };
  text(Column::trace_name, trace.name);
  text(Column::format, trace.format);
  std::vector<std::uint64_t> counts;
  numbers(Column::notes, Coding::plain, counts, {});
  const std::array<std::uint64_t*, 5> notes{&trace.notes.ring_start_objects, &trace.notes.unseen_frees,
                                            &trace.notes.dropped_events, &trace.notes.unknown_actions,
                                            &trace.notes.zero_size_allocs};
  if (!counts.empty() && counts.size() != notes.size()) place_.corrupt(fmt::format("{} notes", counts.size()));
  for (std::size_t i = 0; i < counts.size(); ++i) *notes[i] += counts[i];
}

void Decoder::texts(Column column, std::vector<std::string>& values, Range) {
  if (!is_next(column)) return;
  for (std::size_t i = 0; i < next_.rows; ++i) values.emplace_back(next_.text());
  next_.done();
  read_column();
}

void Decoder::pairs(Column column, std::vector<std::pair<std::string, std::string>>& values, Range) {
  if (!is_next(column)) return;
  if (next_.rows % 2 != 0) next_.corrupt("a name without a value");
  for (std::size_t i = 0; i < next_.rows; i += 2) {
    const std::string_view name = next_.text();
    values.emplace_back(name, next_.text());
  }
  next_.done();
  read_column();
}

void Decoder::lists(Column counts, Column values, Lists& lists, Range) {
  if (!is_next(counts)) return;
  const std::size_t base = lists.ends.size();
  const std::size_t values_before = lists.values.size();
  lists.ends.resize(base + next_.rows);
  std::uint64_t end = values_before;
  words(Coding::plain, [&lists, &end, base](std::size_t i, std::uint64_t count) {
    lists.ends[base + i] = end += std::min(count, most_plain_bytes);  // a larger one cannot be met by the values
    return true;
  });
  numbers(values, Coding::delta, lists.values, {});
  if (lists.values.size() != end)
    place_.corrupt(fmt::format("column {}: {} values, but lists for {}", static_cast<int>(values),
                               lists.values.size() - values_before, end - values_before));
}

void Decoder::read_dictionary() {
  const std::uint64_t entries = next_.word();
  if (entries > next_.rows || entries + next_.rows > next_.left()) next_.corrupt("the dictionary is too long");
  dictionary_.resize(static_cast<std::size_t>(entries));
  std::uint64_t word = 0;
  for (std::uint64_t& entry : dictionary_) entry = word += unzigzag(next_.word());
}

std::uint32_t Decoder::read_subject(EventKind kind, Foresight& foresight, ColumnData& subjects) {
  if (kind == EventKind::alloc) {
    foresight.allocated();
    return static_cast<std::uint32_t>(allocated_++);
  }
  if (kind == EventKind::op) return static_cast<std::uint32_t>(operators_++);
  if (kind > EventKind::snapshot) place_.corrupt(fmt::format("unknown event kind {}", static_cast<int>(kind)));
  if (subjects.rows-- == 0) place_.corrupt("fewer subjects than events");
  const std::uint64_t subject = foresight.subject(kind) - unzigzag(subjects.word());
  const bool is_free = kind == EventKind::free_requested || kind == EventKind::free_completed;
  if (subject > 0xffff'ffff || (is_free && subject >= allocated_))
    subjects.corrupt(fmt::format("an event names {}, which is not there yet", subject));
  foresight.seen(kind, subject);
  return static_cast<std::uint32_t>(subject);
}

void Decoder::events(Trace& trace, Range) {
  if (!is_next(Column::event_kinds)) return;
  ColumnData kinds = next_;
  if (kinds.rows != kinds.left()) kinds.corrupt("one byte for each event is expected");
  read_column();
  ColumnData subjects;
  if (is_next(Column::event_subjects)) {
    subjects = next_;
    read_column();
  }
  const std::size_t base = trace.kinds.size();
  trace.kinds.resize(base + kinds.rows);
  trace.subjects.resize(base + kinds.rows);
  std::memcpy(trace.kinds.data() + base, kinds.at, kinds.rows);
  Foresight foresight(allocated_);
  for (std::size_t i = base; i < trace.kinds.size(); ++i)
    trace.subjects[i] = read_subject(trace.kinds[i], foresight, subjects);
  if (subjects.rows != 0 || subjects.at != subjects.end) place_.corrupt("more subjects than events");
}

}  // namespace vramlab::vlt
