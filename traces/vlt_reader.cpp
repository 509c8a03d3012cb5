#include <fmt/format.h>

#include <algorithm>

#include "engine/core/error.h"
#include "traces/vlt.h"
#include "traces/vlt_decode.h"
#include "traces/vlt_file.h"
#include "traces/vlt_slices.h"

namespace vramlab {

namespace {

using vlt::Place;
using vlt::Totals;

constexpr std::uint64_t most_reserved_rows = std::uint64_t{1} << 22;  // whatever the file claims
constexpr std::uint64_t most_whole_bytes = std::uint64_t{16} << 30;

/// Memory that a trace of this many rows takes at least.
std::uint64_t least_memory(const Totals& rows) {
  return rows.events * (sizeof(EventKind) + sizeof(std::uint32_t)) + rows.times * sizeof(std::int64_t) +
         rows.objects * (sizeof(Bytes) + sizeof(StreamId)) + rows.addresses * sizeof(Address) +
         rows.operators * (sizeof(Nanoseconds) + 20) + (rows.strings + rows.operator_names) * sizeof(std::string) +
         rows.segment_events * sizeof(SegmentEvent) + rows.frames * sizeof(Frame);
}

template <class T>
void all_below(const std::vector<T>& values, std::uint64_t begin, std::uint64_t limit, const Place& place,
               std::string_view what) {
  std::uint64_t most = 0;
  for (std::size_t i = begin; i < values.size(); ++i) most = std::max(most, vlt::to_word(values[i]));
  if (begin < values.size() && most >= limit)
    place.corrupt(fmt::format("{} {} is named, but there are {}", what, most, limit));
}

/// Appends the chunks of a file to traces, and knows how much came before.
class VltReader {
 public:
  VltReader(std::span<const std::byte> bytes, const std::string& name) : chunks_(bytes, name), name_(name) {}

  /// False at the end of the file.
  bool next(Trace& into) {
    std::span<const std::uint8_t> plain;
    if (!chunks_.next(plain)) {
      check_end();
      return false;
    }
    const Totals before = vlt::totals_of(into);
    const Place place{name_, chunks_.offset()};
    decode(plain, place, into);
    ++seen_.chunks;
    seen_ = seen_ + (vlt::totals_of(into) - before);
    check_chunk(into, before, place);
    return true;
  }

  /// Takes memory for the whole file at once where it is not large: growing costs as much as decoding.
  void reserve(Trace& whole) const {
    const Totals rows = chunks_.foretold_totals();
    const auto reserve_rows = [](auto& values, std::uint64_t count) {
      values.reserve(std::min(count, most_reserved_rows));
    };
    reserve_rows(whole.kinds, rows.events);
    reserve_rows(whole.subjects, rows.events);
    reserve_rows(whole.times_us, rows.times);
    reserve_rows(whole.sizes, rows.objects);
    reserve_rows(whole.streams, rows.objects);
    reserve_rows(whole.addresses, rows.addresses);
  }

  const Totals& seen() const { return seen_; }
  Place place() const { return {name_, chunks_.offset()}; }

 private:
  void decode(std::span<const std::uint8_t> plain, const Place& place, Trace& into) {
    vlt::Decoder decoder(plain, place, allocated_, operators_);
    decoder.heading(into);
    vlt::visit_columns(into, {}, decoder);
    decoder.done();
    allocated_ = decoder.allocated();
    operators_ = decoder.operators();
  }

  void check_chunk(const Trace& trace, const Totals& before, const Place& place) const {
    if (allocated_ != seen_.objects)
      place.corrupt(fmt::format("{} allocations of {} objects", allocated_, seen_.objects));
    if (operators_ != seen_.operators)
      place.corrupt(fmt::format("{} runs of {} operators", operators_, seen_.operators));
    if (seen_.objects >= ObjectId::none_value) place.corrupt("more objects than numbers for them");
    if (trace.streams.size() != trace.sizes.size() || trace.operators.gpu_time.size() != trace.operators.size() ||
        trace.operators.reads.size() != trace.operators.size() ||
        trace.operators.writes.size() != trace.operators.size())
      place.corrupt("columns of one table differ in length");
    check_objects(trace, before, place);
    check_tables(trace, before, place);
  }

  void check_objects(const Trace& trace, const Totals& before, const Place& place) const {
    all_below(trace.streams, before.objects, seen_.stream_names, place, "stream");
    all_below(trace.stack_of, before.stack_of, seen_.stacks, place, "stack");
    all_below(trace.operators.name, before.operators, seen_.operator_names, place, "operator name");
  }

  void check_tables(const Trace& trace, const Totals& before, const Place& place) const {
    const Operators& operators = trace.operators;
    const Stacks& stacks = trace.stacks;
    all_below(operators.reads.values, operators.reads.begin_of(before.operators), seen_.objects, place, "object");
    all_below(operators.writes.values, operators.writes.begin_of(before.operators), seen_.objects, place, "object");
    all_below(stacks.stacks.values, stacks.stacks.begin_of(before.stacks), seen_.frames, place, "frame");
    for (std::size_t i = before.frames; i < stacks.frames.size(); ++i)
      if (std::max(stacks.frames[i].function, stacks.frames[i].file) >= seen_.strings)
        place.corrupt("a frame names a text that is not there");
    for (std::size_t i = before.segment_events; i < trace.segment_events.size(); ++i)
      if (trace.segment_events[i].action > SegmentAction::unmap ||
          trace.segment_events[i].stream.value >= seen_.stream_names)
        place.corrupt("a segment event names an action or stream that is not there");
    for (std::size_t i = before.events; i < trace.kinds.size(); ++i)
      if ((trace.kinds[i] == EventKind::segment && trace.subjects[i] >= seen_.segment_events) ||
          (trace.kinds[i] == EventKind::oom && trace.subjects[i] >= seen_.ooms))
        place.corrupt("an event names a record that is not there");
  }

  void check_end() const {
    if (!(seen_ == chunks_.totals())) place().corrupt("it holds other counts than its end mark says");
    if (!vlt::columns_are_complete(seen_)) place().corrupt("times, addresses or stacks stand in some parts only");
  }

  vlt::ChunkReader chunks_;
  const std::string& name_;
  std::uint64_t allocated_ = 0;
  std::uint64_t operators_ = 0;
  Totals seen_;
};

}  // namespace

bool is_vlt(std::span<const std::byte> head) {
  return head.size() >= vlt::magic.size() && std::equal(vlt::magic.begin(), vlt::magic.end(), head.begin(),
                                                        [](unsigned char a, std::byte b) { return std::byte{a} == b; });
}

std::vector<Trace> read_vlt(std::span<const std::byte> bytes, const std::string& name) {
  VltReader reader(bytes, name);
  std::vector<Trace> traces(1);
  reader.reserve(traces[0]);
  while (reader.next(traces[0])) {
    if (least_memory(reader.seen()) > most_whole_bytes)
      throw TraceError(fmt::format("more than {} bytes in memory", most_whole_bytes), Where{name, {}, {}, {}},
                       "read it part by part instead");
  }
  if (traces[0].name.empty()) traces[0].name = name;
  return traces;
}

void stream_vlt(std::span<const std::byte> bytes, const std::string& name, const std::function<void(Trace&&)>& each) {
  VltReader reader(bytes, name);
  std::string trace_name = name;
  std::string format;
  for (Trace part; reader.next(part); part = Trace()) {
    if (part.name.empty()) part.name = trace_name;
    if (part.format.empty()) part.format = format;
    trace_name = part.name;
    format = part.format;
    each(std::move(part));
  }
}

}  // namespace vramlab
