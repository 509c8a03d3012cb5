#include "engine/replay/allocation_trace.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <filesystem>

#include "allocator_harness.h"
#include "engine/core/error.h"
#include "engine/replay/replay.h"
#include "first_fit_pool.h"
#include "traces/reader.h"

namespace vramlab {
namespace {

using testing::AllocatorHarness;
using ::testing::ElementsAre;
using ::testing::HasSubstr;

constexpr StreamId first{3}, second{9};

// Two streams, a block that outlives the recording and one that another stream kept.
void use(AllocatorHarness& h) {
  const Address a = h.allocator.allocate(1000_B, first), b = h.allocator.allocate(20_MiB, second);
  h.allocator.record_stream(a, second);
  h.allocator.free(a);
  h.allocator.free(b);
  h.allocator.poll(h.device);
  h.allocator.allocate(1000_B, first);
}

TEST(AllocationTrace, HasWhatWasAskedInOrder) {
  AllocatorHarness h(1_GiB, {{"debug_history", "true"}});
  use(h);
  const Trace trace = to_trace(h.allocator.history()->events(), "t");
  EXPECT_THAT(trace.kinds, ElementsAre(EventKind::alloc, EventKind::alloc, EventKind::free_requested,
                                       EventKind::free_completed, EventKind::free_completed, EventKind::alloc));
  EXPECT_THAT(trace.subjects, ElementsAre(0u, 1u, 0u, 1u, 0u, 2u));
  EXPECT_THAT(trace.sizes, ElementsAre(1000_B, 20_MiB, 1000_B));
  EXPECT_THAT(trace.stream_names, ElementsAre(3u, 9u));
  EXPECT_EQ(trace.addresses[0], trace.addresses[2]);
  EXPECT_EQ(trace.notes.unseen_frees, 0u);
}

TEST(AllocationTrace, IsReadBackAndReplays) {
  AllocatorHarness h(1_GiB, {{"debug_history", "true"}});
  use(h);
  const std::string path = ::testing::TempDir() + "vramlab_allocation_trace.vlt";
  dump_allocation_trace(*h.allocator.history(), path);
  const Trace trace = read_traces(path).at(0);
  std::filesystem::remove(path);
  const PoolInfo pool = test::first_fit();
  ReplayRequest request = test::request_for(pool);
  request.verify = true;
  const Report report = replay(trace, request);
  EXPECT_EQ(report.events, 6u);
  EXPECT_EQ(report.peak_requested, 20_MiB + 1000_B);
}

TEST(AllocationTrace, BlocksWhoseAllocationWasForgottenAreLiveAtTheStart) {
  AllocatorHarness h(1_GiB, {{"debug_history", "true"}, {"history_events", "3"}});
  use(h);  // keeps both frees' ends and the last allocation
  const Trace trace = to_trace(h.allocator.history()->events(), "t");
  EXPECT_EQ(trace.notes.ring_start_objects, 2u);
  EXPECT_EQ(trace.notes.unseen_frees, 2u);
  EXPECT_THAT(trace.kinds, ElementsAre(EventKind::alloc, EventKind::alloc, EventKind::free_completed,
                                       EventKind::free_completed, EventKind::alloc));
}

// --- Replays that fail -----------------------------------------------------------------------------------------------

std::string failure(const Trace& trace, bool debug_history) {
  const PoolInfo pool = test::first_fit();
  ReplayRequest request = test::request_for(pool);
  request.capacity = 4_MiB;
  request.debug_history = debug_history;
  try {
    replay(trace, request);
  } catch (const OutOfMemory& error) {
    return error.what();
  }
  return "nothing was thrown";
}

TEST(DebugHistory, TellsTheLastUseOfTheSlotAndTheLargestLiveObjects) {
  const Trace trace = test::TraceBuilder().alloc(100).alloc(3 << 20).alloc(500).free(2).alloc(3 << 20).build();
  const std::string text = failure(trace, true);
  EXPECT_THAT(text, HasSubstr("slot 2 last allocated at event 2 (500 B, stream 0), freed at event 3"));
  EXPECT_THAT(text, HasSubstr("largest live: 3.00 MiB since event 1, 100 B since event 0"));
  EXPECT_THAT(failure(trace, false), ::testing::Not(HasSubstr("slot")));
}

TEST(DebugHistory, SaysWhenASlotIsNew) {
  EXPECT_THAT(failure(test::TraceBuilder().alloc(8 << 20).build(), true),
              HasSubstr("slot 0 never used before; nothing live"));
}

}  // namespace
}  // namespace vramlab
