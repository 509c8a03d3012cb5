#pragma once
// Traces to test with: field-by-field comparison, random but valid traces, small ones written by hand.

#include <gtest/gtest.h>

#include <random>
#include <string>
#include <tuple>

#include "traces/trace.h"

namespace vramlab::test {

inline auto fields(const SegmentEvent& s) { return std::tie(s.action, s.stream, s.address, s.bytes); }
inline auto fields(const OomEvent& o) { return std::tie(o.requested, o.device_free); }
inline auto fields(const Lists& l) { return std::tie(l.ends, l.values); }
inline auto fields(const TraceNotes& n) {
  return std::tie(n.ring_start_objects, n.unseen_frees, n.dropped_events, n.unknown_actions, n.zero_size_allocs);
}

template <class Record>
bool same_records(const std::vector<Record>& a, const std::vector<Record>& b) {
  return std::equal(a.begin(), a.end(), b.begin(), b.end(),
                    [](const Record& x, const Record& y) { return fields(x) == fields(y); });
}

/// Every field of Trace.
inline void expect_same(const Trace& a, const Trace& b) {
  EXPECT_EQ(a.name, b.name);
  EXPECT_EQ(a.format, b.format);
  EXPECT_TRUE(a.kinds == b.kinds);
  EXPECT_TRUE(a.subjects == b.subjects);
  EXPECT_TRUE(a.times_us == b.times_us);
  EXPECT_TRUE(a.sizes == b.sizes);
  EXPECT_TRUE(a.streams == b.streams);
  EXPECT_TRUE(a.addresses == b.addresses);
  EXPECT_TRUE(a.stack_of == b.stack_of);
  EXPECT_TRUE(a.stream_names == b.stream_names);
  EXPECT_TRUE(same_records(a.segment_events, b.segment_events));
  EXPECT_TRUE(same_records(a.ooms, b.ooms));
  EXPECT_TRUE(a.operators.names == b.operators.names);
  EXPECT_TRUE(a.operators.name == b.operators.name);
  EXPECT_TRUE(a.operators.gpu_time == b.operators.gpu_time);
  EXPECT_TRUE(fields(a.operators.reads) == fields(b.operators.reads));
  EXPECT_TRUE(fields(a.operators.writes) == fields(b.operators.writes));
  EXPECT_TRUE(a.stacks.strings == b.stacks.strings);
  EXPECT_TRUE(a.stacks.frames == b.stacks.frames);
  EXPECT_TRUE(fields(a.stacks.stacks) == fields(b.stacks.stacks));
  EXPECT_TRUE(a.settings == b.settings);
  EXPECT_TRUE(fields(a.notes) == fields(b.notes));
}

/// A valid trace with everything in it, decided by the seed alone.
class RandomTrace {
 public:
  RandomTrace(std::uint64_t seed, std::size_t events) : random_(seed) {
    with_times_ = below(2) == 0;
    with_addresses_ = below(2) == 0;
    with_stacks_ = below(2) == 0;
    tables();
    for (std::size_t i = 0; i < events; ++i) event();
  }
  Trace take() { return std::move(trace_); }

 private:
  std::uint64_t below(std::uint64_t n) { return random_() % n; }
  std::uint64_t wild() { return random_() >> below(64); }
  std::string text() {
    std::string s(below(20), '\0');
    for (char& c : s) c = static_cast<char>(below(256));
    return s;
  }

  void tables() {
    trace_.name = "random " + std::to_string(below(1000));
    trace_.format = text();
    for (std::uint64_t i = 0; i <= below(5); ++i) trace_.stream_names.push_back(wild());
    for (std::uint64_t i = 0; i < below(4); ++i) trace_.settings.emplace_back(text(), text());
    for (std::uint64_t i = 0; i <= below(9); ++i) trace_.operators.names.push_back(text());
    for (std::uint64_t i = 0; i <= below(9); ++i) trace_.stacks.strings.push_back(text());
    for (std::uint64_t i = 0; i <= below(30); ++i)
      trace_.stacks.frames.push_back(
          {index(trace_.stacks.strings), index(trace_.stacks.strings), static_cast<std::uint32_t>(wild())});
    for (std::uint64_t i = 0; i <= below(9); ++i) {
      for (std::uint64_t k = below(5); k > 0; --k) trace_.stacks.stacks.values.push_back(index(trace_.stacks.frames));
      trace_.stacks.stacks.close();
    }
    if (below(2) == 0) trace_.notes = {wild(), wild(), wild(), wild(), wild()};
  }

  template <class T>
  std::uint32_t index(const std::vector<T>& table) {
    return static_cast<std::uint32_t>(below(table.size()));
  }
  StreamId stream() { return StreamId(static_cast<std::uint16_t>(below(trace_.stream_names.size()))); }

  void event() {
    switch (below(10)) {
      case 0:
        return op();
      case 1:
        return rare();
      case 2:
      case 3:
        return free(false);
      case 4:
      case 5:
        return free(true);
      default:
        return alloc();
    }
  }

  void add(EventKind kind, std::size_t subject) {
    trace_.kinds.push_back(kind);
    trace_.subjects.push_back(static_cast<std::uint32_t>(subject));
    if (with_times_) trace_.times_us.push_back(static_cast<std::int64_t>(wild()));
  }

  void alloc() {
    add(EventKind::alloc, trace_.sizes.size());
    live_.push_back({static_cast<std::uint32_t>(trace_.sizes.size()), false});
    trace_.sizes.push_back(Bytes(1 + wild() % max_object_bytes.value));
    trace_.streams.push_back(stream());
    if (with_addresses_) trace_.addresses.push_back(Address(wild()));
    if (with_stacks_) trace_.stack_of.push_back(static_cast<std::uint32_t>(below(trace_.stacks.stacks.size())));
  }

  void free(bool completed) {
    if (live_.empty()) return alloc();
    const std::size_t i = below(live_.size());
    if (completed) {
      add(EventKind::free_completed, live_[i].object);
      live_[i] = live_.back();
      live_.pop_back();
    } else if (!live_[i].let_go) {
      add(EventKind::free_requested, live_[i].object);
      live_[i].let_go = true;
    }
  }

  void op() {
    Operators& operators = trace_.operators;
    add(EventKind::op, operators.size());
    operators.name.push_back(index(operators.names));
    operators.gpu_time.push_back(Nanoseconds(static_cast<std::int64_t>(wild() >> 1)));
    for (Lists* lists : {&operators.reads, &operators.writes}) {
      for (std::uint64_t k = live_.empty() ? 0 : below(6); k > 0; --k)
        lists->values.push_back(live_[below(live_.size())].object);
      lists->close();
    }
  }

  void rare() {
    switch (below(4)) {
      case 0:
        return add(EventKind::iteration, wild() & 0xffff'ffff);
      case 1:
        return add(EventKind::snapshot, wild() & 0xffff'ffff);
      case 2:
        add(EventKind::oom, trace_.ooms.size());
        trace_.ooms.push_back({Bytes(wild()), Bytes(wild())});
        return;
      default:
        add(EventKind::segment, trace_.segment_events.size());
        trace_.segment_events.push_back(
            {static_cast<SegmentAction>(below(4)), stream(), Address(wild()), Bytes(wild())});
    }
  }

  struct Live {
    std::uint32_t object;
    bool let_go;
  };
  std::mt19937_64 random_;  // its sequence is fixed by the standard
  Trace trace_;
  std::vector<Live> live_;
  bool with_times_ = false, with_addresses_ = false, with_stacks_ = false;
};

inline Trace random_trace(std::uint64_t seed, std::size_t events) { return RandomTrace(seed, events).take(); }

/// alloc 0, alloc 1, op(reads 0, writes 1), free 0, free 1.
inline Trace small_trace() {
  Trace t;
  t.name = "small";
  t.format = "hand";
  t.kinds = {EventKind::alloc, EventKind::alloc, EventKind::op, EventKind::free_completed, EventKind::free_completed};
  t.subjects = {0, 1, 0, 0, 1};
  t.sizes = {Bytes(100), Bytes(2000)};
  t.streams = {StreamId(0), StreamId(0)};
  t.stream_names = {7};
  t.operators.names = {"add"};
  t.operators.name = {0};
  t.operators.gpu_time = {Nanoseconds(1500)};
  t.operators.reads = {{1}, {0}};
  t.operators.writes = {{1}, {1}};
  return t;
}

}  // namespace vramlab::test
