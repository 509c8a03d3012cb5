#include "traces/info.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "generated.h"

namespace vramlab {
namespace {

using namespace vramlab::test;

/// Builds a trace event by event.
class TraceScript {
 public:
  explicit TraceScript(std::uint16_t streams = 1) {
    trace_.name = "script";
    for (std::uint16_t stream = 0; stream < streams; ++stream) trace_.stream_names.push_back(stream * 1000u);
  }
  TraceScript& alloc(std::uint64_t bytes, std::uint16_t stream = 0) {
    event(EventKind::alloc, static_cast<std::uint32_t>(trace_.sizes.size()));
    trace_.sizes.emplace_back(bytes);
    trace_.streams.emplace_back(stream);
    return *this;
  }
  TraceScript& event(EventKind kind, std::uint32_t subject) {
    trace_.kinds.push_back(kind);
    trace_.subjects.push_back(subject);
    return *this;
  }
  TraceScript& free(std::uint32_t object) { return event(EventKind::free_completed, object); }
  TraceScript& let_go(std::uint32_t object) { return event(EventKind::free_requested, object); }
  TraceScript& segment(SegmentAction action, std::uint64_t bytes) {
    event(EventKind::segment, static_cast<std::uint32_t>(trace_.segment_events.size()));
    trace_.segment_events.push_back({.action = action, .bytes = Bytes(bytes)});
    return *this;
  }
  TraceScript& op() {
    event(EventKind::op, static_cast<std::uint32_t>(trace_.operators.size()));
    Operators& operators = trace_.operators;
    if (operators.names.empty()) operators.names.emplace_back("work");
    operators.name.push_back(0);
    operators.gpu_time.emplace_back(1);
    operators.reads.close();
    operators.writes.close();
    return *this;
  }
  TraceScript& oom() {
    event(EventKind::oom, static_cast<std::uint32_t>(trace_.ooms.size()));
    trace_.ooms.push_back({});
    return *this;
  }
  TraceScript& times(std::vector<std::int64_t> times) {
    trace_.times_us = std::move(times);
    return *this;
  }
  TraceInfo info() const {
    validate(trace_);
    return trace_info(trace_);
  }

 private:
  Trace trace_;
};

TEST(TraceInfo, CountsEventsByKindAndMarksNotAmongThem) {
  const TraceInfo info = TraceScript()
                             .event(EventKind::iteration, 0)
                             .alloc(100)
                             .alloc(200)
                             .op()
                             .let_go(0)
                             .free(0)
                             .segment(SegmentAction::alloc, 2048)
                             .oom()
                             .event(EventKind::snapshot, 0)
                             .info();
  EXPECT_EQ(info.allocs, 2u);
  EXPECT_EQ(info.frees_requested, 1u);
  EXPECT_EQ(info.frees_completed, 1u);
  EXPECT_EQ(info.ops, 1u);
  EXPECT_EQ(info.segment_events, 1u);
  EXPECT_EQ(info.ooms, 1u);
  EXPECT_EQ(info.events, 5u);
  EXPECT_EQ(info.live_at_end, 1u);
}

TEST(TraceInfo, TakesThePeakAtItsFirstEventAndMaxLoadFromRoundedSizes) {
  const TraceInfo info = TraceScript().alloc(1).alloc(1000).free(0).alloc(1).free(1).alloc(513).info();
  EXPECT_EQ(info.peak_requested, Bytes(1001));
  EXPECT_EQ(info.peak_event, 1u);
  EXPECT_EQ(info.max_load, Bytes(1536));
  EXPECT_EQ(info.peak_live_objects, 2u);
}

TEST(TraceInfo, CountsAnObjectAsLiveUntilItsFreeIsComplete) {
  const TraceInfo info = TraceScript().alloc(512).let_go(0).alloc(512).free(0).info();
  EXPECT_EQ(info.peak_requested, Bytes(1024));
  EXPECT_EQ(info.peak_event, 2u);
}

TEST(TraceInfo, SortsSizesIntoPowersOfTwo) {
  const TraceInfo info = TraceScript().alloc(1).alloc(2).alloc(3).alloc(4).alloc(5).alloc(1ull << 47).info();
  EXPECT_EQ(info.sizes[0].count, 1u);
  EXPECT_EQ(info.sizes[1].count, 1u);
  EXPECT_EQ(info.sizes[2].count, 2u);
  EXPECT_EQ(info.sizes[2].bytes, Bytes(7));
  EXPECT_EQ(info.sizes[3].count, 1u);
  EXPECT_EQ(info.sizes[47].count, 1u);
}

TEST(TraceInfo, SortsLifetimesByTheirLogarithmAndKeepsWhatIsNeverFreedApart) {
  // Lifetimes of 1, 2, 3 and 4 events; two objects stay.
  const TraceInfo info =
      TraceScript().alloc(1).free(0).alloc(1).alloc(1).free(1).alloc(1).free(2).alloc(1).alloc(1).free(3).info();
  EXPECT_EQ(info.lifetimes[0], 1u);
  EXPECT_EQ(info.lifetimes[1], 2u);
  EXPECT_EQ(info.lifetimes[2], 1u);
  EXPECT_EQ(info.lifetimes.back(), 2u);
}

TEST(TraceInfo, DescribesEachStreamUnderItsRecordedNumber) {
  const TraceInfo info = TraceScript(2).alloc(10, 0).alloc(20, 1).alloc(30, 1).info();
  ASSERT_EQ(info.streams.size(), 2u);
  EXPECT_EQ(info.streams[0].recorded, 0u);
  EXPECT_EQ(info.streams[0].objects, 1u);
  EXPECT_EQ(info.streams[1].recorded, 1000u);
  EXPECT_EQ(info.streams[1].objects, 2u);
  EXPECT_EQ(info.streams[1].bytes, Bytes(50));
}

TEST(TraceInfo, FollowsTheRecordedReservedBytes) {
  const TraceInfo info = TraceScript()
                             .segment(SegmentAction::free, 1 << 20)  // taken before the recording began
                             .segment(SegmentAction::alloc, 100)
                             .segment(SegmentAction::map, 50)
                             .segment(SegmentAction::unmap, 50)
                             .segment(SegmentAction::free, 100)
                             .segment(SegmentAction::alloc, 120)
                             .info();
  EXPECT_EQ(info.recorded_peak_reserved, Bytes(150));
}

TEST(TraceInfo, TakesTheDurationFromTheFirstToTheLastRecordedTime) {
  EXPECT_EQ(TraceScript().alloc(1).alloc(1).alloc(1).times({0, 1'000'000, 1'000'250}).info().duration_us, 250);
  EXPECT_EQ(TraceScript().alloc(1).info().duration_us, 0);
}

TEST(TraceInfo, OfAnEmptyTraceIsAllZero) {
  const TraceInfo info = TraceScript().info();
  EXPECT_EQ(info.events, 0u);
  EXPECT_EQ(info.peak_requested, Bytes(0));
  EXPECT_EQ(info.iterations, 0u);
}

TEST(TraceInfo, TrustsMarkedIterations) {
  const TraceInfo info =
      TraceScript().alloc(1).event(EventKind::iteration, 0).alloc(2).event(EventKind::iteration, 1).alloc(2).info();
  EXPECT_TRUE(info.iterations_marked);
  EXPECT_EQ(info.iterations, 2u);
  EXPECT_EQ(info.iterations_begin, 1u);
  EXPECT_EQ(info.iteration_allocs, 0u);
}

TEST(TraceInfo, FindsUnmarkedIterationsAndTheEventAtWhichTheyBegin) {
  const TraceInfo info = TraceScript().alloc(7).free(0).alloc(1).alloc(2).free(1).alloc(1).alloc(2).alloc(1).info();
  EXPECT_FALSE(info.iterations_marked);
  EXPECT_EQ(info.iterations, 2u);
  EXPECT_EQ(info.iteration_allocs, 2u);
  EXPECT_EQ(info.iterations_begin, 2u);
}

Trace without_marks(const Trace& trace) {
  Trace unmarked = trace;
  unmarked.kinds.clear();
  unmarked.subjects.clear();
  for (std::size_t i = 0; i < trace.event_count(); ++i) {
    if (trace.kinds[i] == EventKind::iteration) continue;
    unmarked.kinds.push_back(trace.kinds[i]);
    unmarked.subjects.push_back(trace.subjects[i]);
  }
  return unmarked;
}

TEST(TraceInfo, FindsTheStepsOfGeneratedTrainingWhoseShapeIsFixed) {
  for (const char* name : {"transformer", "cnn"}) {
    const Trace trace = made(name, 40'000, 1);
    const TraceInfo found = trace_info(without_marks(trace));
    EXPECT_EQ(found.iterations, trace_info(trace).iterations - 1) << name;  // the first step warms up
    EXPECT_EQ(found.iteration_allocs, steps_of(trace)[1].alloc_sizes.size()) << name;
  }
}

TEST(TraceInfo, FindsNoStepsWhereShapesChange) {
  for (const char* name : {"variable-length", "moe", "uniform", "lognormal"})
    EXPECT_EQ(trace_info(without_marks(made(name, 40'000, 1))).iterations, 0u) << name;
}

}  // namespace
}  // namespace vramlab
