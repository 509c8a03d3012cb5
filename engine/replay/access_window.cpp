#include "engine/replay/access_window.h"

#include <algorithm>
#include <utility>
#include <vector>

#include "engine/core/error.h"
#include "engine/replay/load.h"

namespace vramlab {
namespace {

constexpr std::uint32_t none = ~std::uint32_t{0};
constexpr Bytes small_pool_bytes = 1_MiB;  // of PyTorch's allocator

// The last iteration marker before the first operator, or that operator.
std::size_t window_begin(const Trace& trace) {
  std::size_t marker = trace.event_count();
  for (std::size_t event = 0; event < trace.event_count(); ++event) {
    if (trace.kinds[event] == EventKind::iteration) marker = event;
    if (trace.kinds[event] == EventKind::op) return std::min(marker, event);
  }
  throw TraceError("the recording has no operators, so nothing says what is used when", {trace.name, {}, {}, {}},
                   "record it with traces/recorders/record_operators.py");
}

bool carried(EventKind kind) {
  return kind != EventKind::segment && kind != EventKind::oom && kind != EventKind::snapshot;
}

/// Copies events, with objects and operators numbered anew.
class WindowMaker {
 public:
  explicit WindowMaker(const Trace& trace)
      : trace_(trace), number_(trace.object_count(), none), fresh_(trace.object_count()) {
    window_.name = trace.name;
    window_.format = trace.format;
    window_.stream_names = trace.stream_names;
    window_.operators.names = trace.operators.names;
  }

  Trace make() {
    const std::size_t begin = window_begin(trace_);
    allocate_live(begin);
    for (std::size_t event = begin; event < trace_.event_count(); ++event)
      if (carried(trace_.kinds[event])) take(trace_.kinds[event], trace_.subjects[event]);
    free_workspace();
    return std::move(window_);
  }

 private:
  // A recorder hears of an operator when its call returns: the workspace of its kernels was given back by then, yet
  // they use it. So frees of what was allocated since the operator before wait until this one was put, unless something
  // large is allocated in between, which may have been put into that memory (small ones PyTorch takes from another
  // pool).
  void take(EventKind kind, std::uint32_t subject) {
    const bool free = kind == EventKind::free_requested || kind == EventKind::free_completed;
    if (free && fresh_[subject]) {
      workspace_.emplace_back(kind, subject);
      return;
    }
    const bool large = kind == EventKind::alloc && trace_.sizes[subject] > small_pool_bytes;
    if (large || kind == EventKind::iteration) free_workspace();
    copy(kind, subject);
    if (kind == EventKind::alloc) {
      fresh_[subject] = true;
      since_operator_.push_back(subject);
    }
    if (kind != EventKind::op) return;
    free_workspace();
    for (const std::uint32_t object : since_operator_) fresh_[object] = false;
    since_operator_.clear();
  }

  void free_workspace() {
    for (const auto& [kind, object] : workspace_) copy(kind, object);
    workspace_.clear();
  }

  void allocate_live(std::size_t begin) {
    std::vector<bool> live(trace_.object_count());
    for (std::size_t event = 0; event < begin; ++event) {
      if (trace_.kinds[event] == EventKind::alloc) live[trace_.subjects[event]] = true;
      if (trace_.kinds[event] == EventKind::free_completed) live[trace_.subjects[event]] = false;
    }
    for (std::uint32_t object = 0; object < live.size(); ++object)
      if (live[object]) copy(EventKind::alloc, object);
  }

  void copy(EventKind kind, std::uint32_t subject) {
    window_.kinds.push_back(kind);
    switch (kind) {
      case EventKind::alloc:
        number_[subject] = static_cast<std::uint32_t>(window_.object_count());
        window_.subjects.push_back(number_[subject]);
        window_.sizes.push_back(trace_.sizes[subject]);
        window_.streams.push_back(trace_.streams[subject]);
        return;
      case EventKind::free_requested:
      case EventKind::free_completed:
        window_.subjects.push_back(number_[subject]);
        return;
      case EventKind::op:
        window_.subjects.push_back(static_cast<std::uint32_t>(window_.operators.size()));
        return copy_operator(subject);
      default:
        window_.subjects.push_back(subject);
    }
  }

  void copy_operator(std::uint32_t op) {
    window_.operators.name.push_back(trace_.operators.name[op]);
    window_.operators.gpu_time.push_back(trace_.operators.gpu_time[op]);
    copy_list(trace_.operators.reads, op, window_.operators.reads);
    copy_list(trace_.operators.writes, op, window_.operators.writes);
  }

  void copy_list(const Lists& from, std::uint32_t op, Lists& to) {
    for (std::uint64_t i = from.begin_of(op); i < from.ends[op]; ++i) to.values.push_back(number_[from.values[i]]);
    to.close();
  }

  const Trace& trace_;
  Trace window_;
  std::vector<std::uint32_t> number_;                           // in the window, by object of the trace
  std::vector<bool> fresh_;                                     // by object: allocated since the last operator
  std::vector<std::uint32_t> since_operator_;                   // those
  std::vector<std::pair<EventKind, std::uint32_t>> workspace_;  // frees that wait
};

/// One pass over a window's events. The load of a slot is its largest at any event, so objects that come and go between
/// two operators (workspace of a kernel) count in it.
class ProgramMaker {
 public:
  ProgramMaker(const Trace& window, const OperatorTiming& timing) : trace_(window), timing_(timing) {
    program_.objects.resize(window.object_count());
    freed_at_.resize(window.object_count());
  }

  AccessProgram make() {
    for (event_ = 0; event_ < trace_.event_count(); ++event_) take(trace_.kinds[event_], trace_.subjects[event_]);
    if (!slot_peaks_.empty()) close();
    return std::move(program_);
  }

 private:
  void take(EventKind kind, std::uint32_t subject) {
    if (kind == EventKind::alloc) return allocate(subject);
    if (kind == EventKind::free_completed) return free(subject);
    if (kind == EventKind::iteration) return iterate();
    if (kind == EventKind::op) launch(subject);
  }

  void allocate(std::uint32_t number) {
    ProgramObject& object = program_.objects[number];
    object.id = ObjectId(number);
    object.bytes = round_up(trace_.sizes[number], load_granule);
    object.stream = trace_.streams[number];
    object.birth = slot();
    object.before = !begun_;
    object.after = true;
    load_ += object.bytes;
    if (load_ >= peak_.load) peak_ = {load_, event_};
  }

  void free(std::uint32_t number) {
    ProgramObject& object = program_.objects[number];
    object.after = false;
    object.death = slot();
    freed_at_[number] = event_;
    load_ -= object.bytes;
  }

  // The program reads its loss here, so the host waits.
  void iterate() {
    begun_ = true;
    program_.iterations.push_back(slot());
    host_ = std::max(host_, device_);
  }

  void launch(std::uint32_t op) {
    begun_ = true;
    if (program_.iterations.empty()) program_.iterations.push_back(0);
    host_ += timing_.launch;
    const Nanoseconds begin = std::max(host_, device_ + timing_.gap);
    device_ = begin + std::max(trace_.operators.gpu_time[op], timing_.floor);
    note(trace_.operators.reads, op, false);
    note(trace_.operators.writes, op, true);
    program_.begin.push_back(begin);
    program_.end.push_back(device_);
    if (load_ >= peak_.load) peak_ = {load_, event_};
    slot_peaks_.push_back(peak_);
    peak_ = {};  // what is live right after an operator is what was live with it
  }

  void note(const Lists& lists, std::uint32_t op, bool writes) {
    for (std::uint64_t i = lists.begin_of(op); i < lists.ends[op]; ++i) {
      std::vector<Access>& accesses = program_.objects[lists.values[i]].accesses;
      if (accesses.empty() || accesses.back().slot != slot()) accesses.push_back({slot(), writes});
      accesses.back().writes |= writes;
    }
  }

  void close() {
    for (std::uint32_t number = 0; number < program_.objects.size(); ++number) settle_death(number);
    complete(program_);
    for (std::uint32_t k = 0; k < slot(); ++k) program_.load[k] = slot_peaks_[k].load;
    program_.duration = device_;
  }

  // What is freed after its slot's peak takes memory in that slot too.
  void settle_death(std::uint32_t number) {
    ProgramObject& object = program_.objects[number];
    const std::uint32_t slots = slot();
    if (object.after || object.death >= slots) {
      object.death = slots;
    } else if (freed_at_[number] > slot_peaks_[object.death].event) {
      ++object.death;
    }
    object.birth = std::min(object.birth, object.death);
  }

  std::uint32_t slot() const { return static_cast<std::uint32_t>(program_.begin.size()); }

  struct Peak {
    Bytes load{};
    std::size_t event = 0;
  };

  const Trace& trace_;
  OperatorTiming timing_;
  AccessProgram program_;
  std::vector<std::size_t> freed_at_;
  std::vector<Peak> slot_peaks_;
  Peak peak_;
  Bytes load_{};
  Nanoseconds host_{}, device_{};
  std::size_t event_ = 0;
  bool begun_ = false;
};

}  // namespace

Trace operator_window(const Trace& trace) { return WindowMaker(trace).make(); }

AccessProgram access_program(const Trace& window, const OperatorTiming& timing) {
  return ProgramMaker(window, timing).make();
}

}  // namespace vramlab
