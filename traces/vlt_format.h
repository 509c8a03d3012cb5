#pragma once
// What traces/vlt.md specifies, as constants, and the one place that says which column holds what of a Trace.

#include <array>
#include <bit>
#include <cstddef>
#include <cstdint>
#include <functional>

#include "traces/trace.h"

namespace vramlab::vlt {

static_assert(std::endian::native == std::endian::little, "numbers of fixed width are written as they stand");

inline constexpr std::array<unsigned char, 8> magic{0x89, 'V', 'L', 'T', '\r', '\n', 0x1a, '\n'};
inline constexpr std::uint32_t version = 1;

struct FileHeader {
  std::array<unsigned char, 8> magic;
  std::uint32_t version;
  std::uint32_t zero;
};
static_assert(sizeof(FileHeader) == 16);

enum class ChunkKind : std::uint32_t { data = 1, end = 2 };

struct ChunkHeader {
  ChunkKind kind;
  std::uint32_t zero;
  std::uint64_t stored_bytes;
  std::uint64_t plain_bytes;
  std::uint64_t checksum;  ///< XXH3-64, seed = index of the chunk, over the 24 bytes before it and the stored bytes
};
static_assert(sizeof(ChunkHeader) == 32);
inline constexpr std::size_t checked_header_bytes = 24;

inline constexpr std::uint64_t most_plain_bytes = std::uint64_t{64} << 20;
inline constexpr std::uint64_t most_rows = std::uint64_t{1} << 20;  ///< of one column in one chunk, list values apart

/// Written in this order. Numbers are part of the format: append only.
enum class Column : std::uint8_t {
  trace_name = 1,
  format = 2,
  settings = 3,
  notes = 4,
  stream_names = 5,
  frame_strings = 6,
  frames = 7,  // and 8, 9: function, file, line
  stack_counts = 10,
  stack_frames = 11,
  operator_names = 12,
  segment_events = 13,  // and 14 to 16: action, stream, address, bytes
  ooms = 17,            // and 18: requested, device_free
  object_sizes = 19,
  object_streams = 20,
  object_addresses = 21,
  object_stacks = 22,
  operator_name = 23,
  operator_time = 24,
  read_counts = 25,
  reads = 26,
  write_counts = 27,
  writes = 28,
  event_kinds = 29,
  event_subjects = 30,
  event_times = 31,
};

enum class Coding : std::uint8_t { plain, delta, dictionary };

/// Rows [begin, end) of a table.
struct Range {
  std::size_t begin = 0;
  std::size_t end = 0;
  std::size_t size() const { return end - begin; }
};

/// The rows that one chunk holds. The reader does not know them beforehand and ignores them.
struct Slice {
  Range settings, stream_names, strings, frames, stacks, operator_names, segment_events, ooms;
  Range objects, operators, events;
};

/// Hands every column of `trace` to `visitor`, in the order of the format. Encoder and decoder are such visitors.
template <class AnyTrace, class Visitor>
void visit_columns(AnyTrace& trace, const Slice& rows, Visitor&& visitor) {
  auto& [strings, frames, stacks] = trace.stacks;
  auto& [names, name, gpu_time, reads, writes] = trace.operators;
  visitor.pairs(Column::settings, trace.settings, rows.settings);
  visitor.numbers(Column::stream_names, Coding::plain, trace.stream_names, rows.stream_names);
  visitor.texts(Column::frame_strings, strings, rows.strings);
  visitor.records(Column::frames, frames, rows.frames, &Frame::function, &Frame::file, &Frame::line);
  visitor.lists(Column::stack_counts, Column::stack_frames, stacks, rows.stacks);
  visitor.texts(Column::operator_names, names, rows.operator_names);
  visitor.records(Column::segment_events, trace.segment_events, rows.segment_events, &SegmentEvent::action,
                  &SegmentEvent::stream, &SegmentEvent::address, &SegmentEvent::bytes);
  visitor.records(Column::ooms, trace.ooms, rows.ooms, &OomEvent::requested, &OomEvent::device_free);
  visitor.numbers(Column::object_sizes, Coding::dictionary, trace.sizes, rows.objects);
  visitor.numbers(Column::object_streams, Coding::plain, trace.streams, rows.objects);
  visitor.numbers(Column::object_addresses, Coding::dictionary, trace.addresses, rows.objects);
  visitor.numbers(Column::object_stacks, Coding::plain, trace.stack_of, rows.objects);
  visitor.numbers(Column::operator_name, Coding::plain, name, rows.operators);
  visitor.numbers(Column::operator_time, Coding::dictionary, gpu_time, rows.operators);
  visitor.lists(Column::read_counts, Column::reads, reads, rows.operators);
  visitor.lists(Column::write_counts, Column::writes, writes, rows.operators);
  visitor.events(trace, rows.events);
  visitor.numbers(Column::event_times, Coding::delta, trace.times_us, rows.events);
}

/// How many rows each table has; the end chunk holds the whole file's.
struct Totals {
  std::uint64_t chunks = 0;
  std::uint64_t events = 0, times = 0;
  std::uint64_t objects = 0, addresses = 0, stack_of = 0;
  std::uint64_t operators = 0, operator_names = 0;
  std::uint64_t segment_events = 0, ooms = 0;
  std::uint64_t stream_names = 0, strings = 0, frames = 0, stacks = 0;
  friend bool operator==(const Totals&, const Totals&) = default;
};
static_assert(sizeof(Totals) == 14 * sizeof(std::uint64_t));

/// Table by table.
constexpr Totals combine(const Totals& a, const Totals& b, auto&& operation) {
  auto rows = std::bit_cast<std::array<std::uint64_t, 14>>(a);
  const auto others = std::bit_cast<std::array<std::uint64_t, 14>>(b);
  for (std::size_t i = 0; i < rows.size(); ++i) rows[i] = operation(rows[i], others[i]);
  return std::bit_cast<Totals>(rows);
}
constexpr Totals operator+(const Totals& a, const Totals& b) { return combine(a, b, std::plus<>()); }
constexpr Totals operator-(const Totals& a, const Totals& b) { return combine(a, b, std::minus<>()); }

/// What is recorded for one object or event is recorded for all.
constexpr bool columns_are_complete(const Totals& t) {
  return (t.times == 0 || t.times == t.events) && (t.addresses == 0 || t.addresses == t.objects) &&
         (t.stack_of == 0 || t.stack_of == t.objects);
}

/// Numbers of 64 bits for what columns hold, and back.
template <class T>
constexpr std::uint64_t to_word(T value) {
  if constexpr (requires { value.value; }) {
    return static_cast<std::uint64_t>(value.value);
  } else {
    return static_cast<std::uint64_t>(value);
  }
}

/// REQUIRES: fits_word<T>(word)
template <class T>
constexpr T from_word(std::uint64_t word) {
  if constexpr (requires(T value) { value.value; }) {
    return T(static_cast<decltype(T::value)>(word));
  } else {
    return static_cast<T>(word);
  }
}

template <class T>
constexpr bool fits_word(std::uint64_t word) {
  return to_word(from_word<T>(word)) == word;
}

constexpr std::uint64_t zigzag(std::uint64_t difference) { return (difference << 1) ^ (0 - (difference >> 63)); }
constexpr std::uint64_t unzigzag(std::uint64_t coded) { return (coded >> 1) ^ (0 - (coded & 1)); }

/// What the subjects that are not implied would be if nothing surprising happened; their difference to it is written.
/// Writer and reader keep one while a chunk lasts.
class Foresight {
 public:
  /// `allocated` = objects allocated before this chunk.
  explicit Foresight(std::uint64_t allocated) : newest_(allocated - 1), completes_(newest_) {}

  void allocated() { completes_ = ++newest_; }

  /// REQUIRES: kind is neither alloc nor op, whose subjects are implied
  std::uint64_t subject(EventKind kind) const {
    if (kind == EventKind::free_requested) return newest_;
    if (kind == EventKind::free_completed) return completes_;
    return next_[static_cast<std::size_t>(kind)];
  }

  void seen(EventKind kind, std::uint64_t subject) {
    if (kind == EventKind::free_requested) {
      completes_ = subject;
    } else if (kind == EventKind::free_completed) {
      completes_ = newest_;
    } else {
      next_[static_cast<std::size_t>(kind)] = subject + 1;
    }
  }

 private:
  std::uint64_t newest_;
  std::uint64_t completes_;
  std::array<std::uint64_t, 8> next_{};
};

}  // namespace vramlab::vlt
