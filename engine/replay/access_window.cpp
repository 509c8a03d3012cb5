#include "engine/replay/access_window.h"

#include <algorithm>
#include <deque>
#include <map>
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

/// What changes hands where a stretch is followed by itself: of what it left behind, each object takes the place of one
/// that it found and freed, of the same size and stream, both in the order of their allocation (the gradients of one
/// iteration are what the next one frees).
struct Seam {
  std::vector<std::pair<std::uint32_t, std::uint32_t>> successors;  ///< found and freed, left behind
  std::vector<std::uint32_t> missing, surplus;                      ///< found by none; left behind for none
};

Seam seam_of(const Trace& trace, std::size_t begin) {
  std::vector<bool> before(trace.object_count()), live(trace.object_count());
  for (std::size_t event = 0; event < trace.event_count(); ++event) {
    if (event == begin) before = live;
    if (trace.kinds[event] == EventKind::alloc) live[trace.subjects[event]] = true;
    if (trace.kinds[event] == EventKind::free_completed) live[trace.subjects[event]] = false;
  }
  Seam seam;
  std::map<std::pair<Bytes, StreamId>, std::deque<std::uint32_t>> left;
  const auto kind = [&](std::uint32_t object) { return std::pair(trace.sizes[object], trace.streams[object]); };
  for (std::uint32_t object = 0; object < live.size(); ++object)
    if (live[object] && !before[object]) left[kind(object)].push_back(object);
  for (std::uint32_t object = 0; object < live.size(); ++object) {
    if (!before[object] || live[object]) continue;
    std::deque<std::uint32_t>& heirs = left[kind(object)];
    if (heirs.empty()) {
      seam.missing.push_back(object);
      continue;
    }
    seam.successors.emplace_back(object, heirs.front());
    heirs.pop_front();
  }
  for (const auto& [of, heirs] : left) seam.surplus.insert(seam.surplus.end(), heirs.begin(), heirs.end());
  return seam;
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

  OperatorWindow make(std::uint32_t rounds_before) {
    const std::size_t begin = window_begin(trace_);
    const Seam seam = rounds_before > 0 ? seam_of(trace_, begin) : Seam();
    allocate_live(begin);
    std::uint64_t measured_from = 0;
    for (std::uint32_t round = 0; round <= rounds_before; ++round) {
      if (round > 0) begin_again(seam);
      measured_from = window_.event_count();
      take_stretch(begin);
    }
    return {std::move(window_), measured_from};
  }

 private:
  void take_stretch(std::size_t begin) {
    for (std::size_t event = begin; event < trace_.event_count(); ++event)
      if (carried(trace_.kinds[event])) take(trace_.kinds[event], trace_.subjects[event]);
    free_workspace();
    for (const std::uint32_t object : since_operator_) fresh_[object] = false;
    since_operator_.clear();
  }

  void begin_again(const Seam& seam) {
    for (const std::uint32_t object : seam.surplus) copy(EventKind::free_completed, object);
    for (const auto& [freed, heir] : seam.successors) number_[freed] = number_[heir];
    for (const std::uint32_t object : seam.missing) copy(EventKind::alloc, object);
  }

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

Trace operator_window(const Trace& trace) { return WindowMaker(trace).make(0).trace; }

OperatorWindow repeated_window(const Trace& trace, std::uint32_t rounds_before) {
  return WindowMaker(trace).make(rounds_before);
}

AccessProgram access_program(const Trace& window, const OperatorTiming& timing) {
  return ProgramMaker(window, timing).make();
}

}  // namespace vramlab
