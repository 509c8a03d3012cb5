#include "traces/trace.h"

#include <gmock/gmock.h>

#include <functional>

#include "files.h"
#include "trace_values.h"
#include "traces/reader.h"

namespace vramlab {
namespace {

using test::error_of;
using test::random_trace;
using test::small_trace;
using ::testing::HasSubstr;

TEST(Validate, AcceptsWhatIsValid) {
  validate(Trace());
  validate(small_trace());
  for (std::uint64_t seed = 0; seed < 50; ++seed) validate(random_trace(seed, 200));
}

struct Broken {
  const char* message;
  std::function<void(Trace&)> damage;
};

// events: 0 alloc 0, 1 alloc 1, 2 op (reads 0, writes 1), 3 free_completed 0, 4 free_completed 1
const Broken broken[] = {
    {"subjects for", [](Trace& t) { t.subjects.pop_back(); }},
    {"times for", [](Trace& t) { t.times_us = {1, 2}; }},
    {"streams for", [](Trace& t) { t.streams.pop_back(); }},
    {"addresses for", [](Trace& t) { t.addresses = {Address(1)}; }},
    {"stacks for", [](Trace& t) { t.stack_of = {0}; }},
    {"object 1 has 0 bytes", [](Trace& t) { t.sizes[1] = Bytes(0); }},
    {"object 0 has 281474976710657 bytes", [](Trace& t) { t.sizes[0] = max_object_bytes + Bytes(1); }},
    {"stream 1 does not exist", [](Trace& t) { t.streams[1] = StreamId(1); }},
    {"stack 0 does not exist", [](Trace& t) { t.stack_of = {0, 0}; }},
    {"frame 0 does not exist", [](Trace& t) { t.stacks.stacks = {{1}, {0}}; }},
    {"values in lists of frame", [](Trace& t) { t.stacks.stacks = {{1}, {}}; }},
    {"a frame names strings 0 and 1",
     [](Trace& t) {
       t.stacks.strings = {"f"};
       t.stacks.frames = {{0, 1, 7}};
     }},
    {"lists of object overlap",
     [](Trace& t) {
       t.operators.name = {0, 0};
       t.operators.gpu_time = {Nanoseconds(0), Nanoseconds(0)};
       t.operators.reads = {{1, 0}, {0}};
     }},
    {"1 operator times for 2 rows", [](Trace& t) { t.operators.name.push_back(0); }},
    {"0 lists of object for 1 rows", [](Trace& t) { t.operators.reads = {}; }},
    {"2 values in lists of object that end at 1", [](Trace& t) { t.operators.reads.values.push_back(0); }},
    {"object 9 does not exist", [](Trace& t) { t.operators.writes.values[0] = 9; }},
    {"operator name 1 does not exist", [](Trace& t) { t.operators.name[0] = 1; }},
    {"an operator takes -1 ns", [](Trace& t) { t.operators.gpu_time[0] = Nanoseconds(-1); }},
    {"unknown segment action 4",
     [](Trace& t) { t.segment_events = {{static_cast<SegmentAction>(4), StreamId(0), Address(0), Bytes(1)}}; }},
    {"stream 3 does not exist",
     [](Trace& t) { t.segment_events = {{SegmentAction::alloc, StreamId(3), Address(0), Bytes(1)}}; }},
    {"event 1: unknown kind 8", [](Trace& t) { t.kinds[1] = static_cast<EventKind>(8); }},
    {"event 0: allocates object 1, but 0 is the next one", [](Trace& t) { std::swap(t.subjects[0], t.subjects[1]); }},
    {"event 4: allocates object 2, there are 2",
     [](Trace& t) {
       t.kinds[4] = EventKind::alloc;
       t.subjects[4] = 2;
     }},
    {"objects 2 to 3 are never allocated",
     [](Trace& t) {
       t.sizes.push_back(Bytes(1));
       t.streams.push_back(StreamId(0));
     }},
    {"event 3: object 2 does not exist", [](Trace& t) { t.subjects[3] = 2; }},
    {"event 1: frees object 1 before it is allocated", [](Trace& t) { t.kinds[1] = EventKind::free_completed; }},
    {"event 4: frees object 0 again", [](Trace& t) { t.subjects[4] = 0; }},
    {"event 4: frees object 0 again",
     [](Trace& t) {
       t.kinds[3] = t.kinds[4] = EventKind::free_requested;
       t.subjects[4] = 0;
     }},
    {"event 4: frees object 0 again",
     [](Trace& t) {
       t.kinds[4] = EventKind::free_requested;
       t.subjects[4] = 0;
     }},
    {"event 2: runs operator 1, there are 1", [](Trace& t) { t.subjects[2] = 1; }},
    {"operators 0 to 1 never run", [](Trace& t) { t.kinds[2] = EventKind::iteration; }},
    {"event 1: operator 0 uses object 1 before it is allocated",
     [](Trace& t) {
       std::swap(t.kinds[1], t.kinds[2]);
       std::swap(t.subjects[1], t.subjects[2]);
     }},
    {"event 3: operator 0 uses object 0 after it is freed", [](Trace& t) { std::swap(t.kinds[2], t.kinds[3]); }},
    {"event 2: segment event 0 does not exist", [](Trace& t) { t.kinds[2] = EventKind::segment; }},
    {"event 2: out-of-memory record 0 does not exist", [](Trace& t) { t.kinds[2] = EventKind::oom; }},
};

class BrokenTrace : public ::testing::TestWithParam<Broken> {};

TEST_P(BrokenTrace, IsRefusedWithTheFirstEventThatBreaksIt) {
  Trace trace = small_trace();
  GetParam().damage(trace);
  EXPECT_THAT(error_of([&] { validate(trace); }), HasSubstr(GetParam().message));
}

INSTANTIATE_TEST_SUITE_P(All, BrokenTrace, ::testing::ValuesIn(broken));

TEST(Validate, LettingGoBeforeTheFreeCompletesIsNotADoubleFree) {
  Trace trace = small_trace();
  trace.kinds[3] = EventKind::free_requested;
  trace.subjects[4] = 0;
  validate(trace);
}

TEST(ToInstance, BuffersLiveFromTheirAllocToTheirCompletedFree) {
  Trace trace = small_trace();
  const Instance instance = to_instance(trace);
  ASSERT_EQ(instance.buffers.size(), 2u);
  EXPECT_EQ(instance.name, "small");
  EXPECT_EQ(instance.buffers[0].lower, 0u);
  EXPECT_EQ(instance.buffers[0].upper, 3u);
  EXPECT_EQ(instance.buffers[1].lower, 1u);
  EXPECT_EQ(instance.buffers[1].upper, 4u);
}

TEST(ToInstance, SizesAreRoundedUpToTheGranule) {
  EXPECT_EQ(to_instance(small_trace()).buffers[0].size, Bytes(512));
  EXPECT_EQ(to_instance(small_trace()).buffers[1].size, Bytes(2048));
  EXPECT_EQ(to_instance(small_trace(), Bytes(1)).buffers[0].size, Bytes(100));
  EXPECT_THROW(to_instance(small_trace(), Bytes(0)), InvariantError);
}

TEST(ToInstance, WhatIsOnlyLetGoOrNeverFreedLivesToTheEnd) {
  Trace trace = small_trace();
  trace.kinds[3] = EventKind::free_requested;
  trace.kinds[4] = EventKind::iteration;
  EXPECT_EQ(to_instance(trace).buffers[0].upper, 5u);
  EXPECT_EQ(to_instance(trace).buffers[1].upper, 5u);
}

}  // namespace
}  // namespace vramlab
