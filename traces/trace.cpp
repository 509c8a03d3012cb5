#include "traces/trace.h"

#include <fmt/format.h>

#include <algorithm>
#include <optional>

#include "engine/core/error.h"

namespace vramlab {

namespace {

/// Checks one trace in one pass over its tables and one over its events.
class Validation {
 public:
  explicit Validation(const Trace& trace) : trace_(trace), states_(trace.object_count(), State::unborn) {}

  void run() {
    tables_agree();
    objects_are_sound();
    stacks_are_sound();
    operators_are_sound();
    device_events_are_sound();
    for (event_ = 0; *event_ < trace_.event_count(); ++*event_) check_event();
    require(born_ == trace_.object_count(), "objects {} to {} are never allocated", born_, trace_.object_count());
    require(ops_ == trace_.operators.size(), "operators {} to {} never run", ops_, trace_.operators.size());
  }

 private:
  enum class State : std::uint8_t { unborn, live, let_go, gone };

  template <class... Parts>
  void require(bool holds, fmt::format_string<Parts...> what, Parts&&... parts) const {
    if (holds) [[likely]]
      return;
    const std::string text = fmt::format(what, std::forward<Parts>(parts)...);
    throw TraceError(event_ ? fmt::format("event {}: {}", *event_, text) : text, Where{trace_.name, {}, {}, {}});
  }

  void is_list_table(const Lists& lists, std::size_t rows, std::size_t known, std::string_view what) const {
    require(lists.size() == rows, "{} lists of {} for {} rows", lists.size(), what, rows);
    require(std::is_sorted(lists.ends.begin(), lists.ends.end()), "lists of {} overlap", what);
    require(lists.begin_of(rows) == lists.values.size(), "{} values in lists of {} that end at {}", lists.values.size(),
            what, lists.begin_of(rows));
    all_below(lists.values, known, what);
  }

  template <class Number>
  void all_below(const std::vector<Number>& values, std::size_t known, std::string_view what) const {
    for (const Number value : values) require(value < known, "{} {} does not exist, there are {}", what, value, known);
  }

  void fits(std::size_t rows, std::size_t wanted, bool optional, std::string_view what) const {
    require(rows == wanted || (optional && rows == 0), "{} {} for {} rows", rows, what, wanted);
  }

  void tables_agree() const {
    fits(trace_.subjects.size(), trace_.kinds.size(), false, "subjects");
    fits(trace_.times_us.size(), trace_.kinds.size(), true, "times");
    fits(trace_.streams.size(), trace_.sizes.size(), false, "streams");
    fits(trace_.addresses.size(), trace_.sizes.size(), true, "addresses");
    fits(trace_.stack_of.size(), trace_.sizes.size(), true, "stacks");
    require(trace_.sizes.size() < ObjectId::none_value, "too many objects: {}", trace_.sizes.size());
    require(trace_.stream_names.size() <= StreamId::none_value, "too many streams: {}", trace_.stream_names.size());
  }

  void stream_exists(StreamId stream) const {
    require(stream.value < trace_.stream_names.size(), "stream {} does not exist, there are {}", stream.value,
            trace_.stream_names.size());
  }

  void objects_are_sound() const {
    for (std::size_t i = 0; i < trace_.sizes.size(); ++i)
      require(trace_.sizes[i] > Bytes(0) && trace_.sizes[i] <= max_object_bytes, "object {} has {} bytes", i,
              trace_.sizes[i].value);
    for (const StreamId stream : trace_.streams) stream_exists(stream);
    all_below(trace_.stack_of, trace_.stacks.stacks.size(), "stack");
  }

  void stacks_are_sound() const {
    const Stacks& stacks = trace_.stacks;
    is_list_table(stacks.stacks, stacks.stacks.size(), stacks.frames.size(), "frame");
    for (const Frame& frame : stacks.frames)
      require(frame.function < stacks.strings.size() && frame.file < stacks.strings.size(),
              "a frame names strings {} and {}, there are {}", frame.function, frame.file, stacks.strings.size());
  }

  void operators_are_sound() const {
    const Operators& operators = trace_.operators;
    fits(operators.gpu_time.size(), operators.size(), false, "operator times");
    is_list_table(operators.reads, operators.size(), trace_.object_count(), "object");
    is_list_table(operators.writes, operators.size(), trace_.object_count(), "object");
    all_below(operators.name, operators.names.size(), "operator name");
    for (const Nanoseconds time : operators.gpu_time)
      require(time >= Nanoseconds(0), "an operator takes {} ns", time.value);
  }

  void device_events_are_sound() const {
    for (const SegmentEvent& segment : trace_.segment_events) {
      require(segment.action <= SegmentAction::unmap, "unknown segment action {}", static_cast<int>(segment.action));
      stream_exists(segment.stream);
    }
  }

  void check_event() {
    const std::uint32_t subject = trace_.subjects[*event_];
    switch (trace_.kinds[*event_]) {
      case EventKind::alloc:
        return check_alloc(subject);
      case EventKind::free_requested:
        return check_free(subject, State::let_go);
      case EventKind::free_completed:
        return check_free(subject, State::gone);
      case EventKind::op:
        return check_op(subject);
      case EventKind::segment:
        return index_exists(subject, trace_.segment_events.size(), "segment event");
      case EventKind::oom:
        return index_exists(subject, trace_.ooms.size(), "out-of-memory record");
      case EventKind::iteration:
      case EventKind::snapshot:
        return;
    }
    require(false, "unknown kind {}", static_cast<int>(trace_.kinds[*event_]));
  }

  void index_exists(std::uint32_t index, std::size_t known, std::string_view what) const {
    require(index < known, "{} {} does not exist, there are {}", what, index, known);
  }

  void check_alloc(std::uint32_t object) {
    require(born_ < trace_.object_count(), "allocates object {}, there are {}", object, trace_.object_count());
    require(object == born_, "allocates object {}, but {} is the next one", object, born_);
    states_[born_++] = State::live;
  }

  void check_free(std::uint32_t object, State next) {
    index_exists(object, trace_.object_count(), "object");
    State& state = states_[object];
    require(state != State::unborn, "frees object {} before it is allocated", object);
    require(state < next, "frees object {} again", object);
    state = next;
  }

  void check_op(std::uint32_t op) {
    require(op < trace_.operators.size(), "runs operator {}, there are {}", op, trace_.operators.size());
    require(op == ops_, "runs operator {}, but {} is the next one", op, ops_);
    ++ops_;
    check_uses(trace_.operators.reads, op);
    check_uses(trace_.operators.writes, op);
  }

  void check_uses(const Lists& lists, std::uint32_t op) const {
    for (std::uint64_t i = lists.begin_of(op); i < lists.ends[op]; ++i) {
      const State state = states_[lists.values[i]];
      require(state != State::unborn, "operator {} uses object {} before it is allocated", op, lists.values[i]);
      require(state != State::gone, "operator {} uses object {} after it is freed", op, lists.values[i]);
    }
  }

  const Trace& trace_;
  std::vector<State> states_;
  std::size_t born_ = 0;
  std::size_t ops_ = 0;
  std::optional<std::size_t> event_;  // none while the tables are checked
};

}  // namespace

void validate(const Trace& trace) { Validation(trace).run(); }

}  // namespace vramlab
