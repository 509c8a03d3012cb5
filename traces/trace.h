#pragma once
// The Trace model: what a program asked of one device's memory, in order. Structure of arrays, dense ids.
//
// Readers of every format produce this, pools never see it: engine/replay drives them from it.

#include <cstdint>
#include <string>
#include <utility>
#include <vector>

#include "engine/core/types.h"

namespace vramlab {

/// Numbers are written to .vlt files: append only, never renumber.
enum class EventKind : std::uint8_t {
  alloc = 0,           ///< subject = object
  free_requested = 1,  ///< subject = object; the program let go, other streams may still use it
  free_completed = 2,  ///< subject = object; its memory may be used again
  op = 3,              ///< subject = operator
  iteration = 4,       ///< subject = the iteration's number; marks its beginning
  segment = 5,         ///< subject = index into segment_events
  oom = 6,             ///< subject = index into ooms
  snapshot = 7,        ///< the moment the snapshot was taken; subject unused
};

enum class SegmentAction : std::uint8_t { alloc = 0, free = 1, map = 2, unmap = 3 };

/// What the recorded allocator did with the device. Sizes are actual bytes.
struct SegmentEvent {
  SegmentAction action{};
  StreamId stream{0};
  Address address{};
  Bytes bytes{};
};

/// A recorded out-of-memory: what was asked and what the device had free.
struct OomEvent {
  Bytes requested{};
  Bytes device_free{};
};

/// A frame of a recorded stack; strings are indices into TraceStrings.
struct Frame {
  std::uint32_t function = 0;
  std::uint32_t file = 0;
  std::uint32_t line = 0;
  friend constexpr auto operator<=>(const Frame&, const Frame&) = default;
};

/// Lists of numbers of varying length, one after the other.
struct Lists {
  std::vector<std::uint64_t> ends;  ///< ends[i] = end of list i; it begins at ends[i-1] or 0
  std::vector<std::uint32_t> values;

  std::size_t size() const { return ends.size(); }
  std::uint64_t begin_of(std::size_t i) const { return i == 0 ? 0 : ends[i - 1]; }
  void close() { ends.push_back(values.size()); }  ///< ends the list that was being filled
};

/// Stack frames, interned. Stack 0 is the empty stack when present.
struct Stacks {
  std::vector<std::string> strings;
  std::vector<Frame> frames;
  Lists stacks;  ///< values = indices into frames, innermost first
};

/// Operators, in order of appearance.
struct Operators {
  std::vector<std::string> names;     ///< interned
  std::vector<std::uint32_t> name;    ///< per operator: index into names
  std::vector<Nanoseconds> gpu_time;  ///< per operator: time of its kernels
  Lists reads;                        ///< per operator: objects
  Lists writes;                       ///< per operator: objects
  std::size_t size() const { return name.size(); }
};

/// What a reader had to interpret or could not see; all zero for a complete recording.
struct TraceNotes {
  std::uint64_t ring_start_objects = 0;  ///< live before the recording began: added as allocations at its start
  std::uint64_t unseen_frees = 0;        ///< frees of objects whose allocation was not recorded (among those)
  std::uint64_t dropped_events = 0;      ///< recorded events that could not be tied to an object
  std::uint64_t unknown_actions = 0;     ///< actions of newer versions, passed over
  std::uint64_t zero_size_allocs = 0;    ///< allocations of 0 bytes, passed over with their frees
};

/// One device's recording.
/// INVARIANT: kinds.size() == subjects.size(); an object is allocated once, before all else that names it;
/// objects are numbered in the order of their alloc events; freed at most once. Operators likewise are numbered in the
/// order of their op events, one each; they name objects that are live then.
struct Trace {
  std::string name;    ///< file name without folders and compression; "#1" is appended for device 1
  std::string format;  ///< the reader's name

  // Per event.
  std::vector<EventKind> kinds;
  std::vector<std::uint32_t> subjects;
  std::vector<std::int64_t> times_us;  ///< microseconds since the Unix epoch; empty where not recorded

  // Per object, in order of appearance.
  std::vector<Bytes> sizes;             ///< requested
  std::vector<StreamId> streams;        ///< dense
  std::vector<Address> addresses;       ///< recorded; empty where not recorded
  std::vector<std::uint32_t> stack_of;  ///< index into stacks; empty where not recorded

  std::vector<std::uint64_t> stream_names;  ///< recorded number of each dense stream
  std::vector<SegmentEvent> segment_events;
  std::vector<OomEvent> ooms;
  Operators operators;
  Stacks stacks;

  /// Recorded allocator settings under the names of the pools' options ("max_split_size" -> "268435456").
  std::vector<std::pair<std::string, std::string>> settings;
  TraceNotes notes;

  std::size_t event_count() const { return kinds.size(); }
  std::size_t object_count() const { return sizes.size(); }
  bool has_addresses() const { return !addresses.empty(); }
  bool has_operators() const { return operators.size() > 0; }
};

/// Throws TraceError naming the first event that breaks an INVARIANT of Trace.
void validate(const Trace& trace);

}  // namespace vramlab
