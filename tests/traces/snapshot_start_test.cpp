#include <gmock/gmock.h>

#include "snapshot_reading.h"
#include "traces/snapshot_ranges.h"

namespace vramlab {
namespace {

using snapshot::Range;
using snapshot::RangeSet;
using test::end_block;
using test::end_segment;
using test::entry;
using test::Py;
using test::read_one;
using test::snapshot_error;
using test::snapshot_of;
using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::IsEmpty;
using enum EventKind;

constexpr std::uint64_t A = 0x7f98'0000'0000;
constexpr std::uint64_t B = 0x7f99'0000'0000;
constexpr std::int64_t mib = 1 << 20;

TEST(SnapshotStart, BlocksThatAreFreedUnseenWereLiveAtTheStart) {
  const Trace t =
      read_one(snapshot_of({{entry("alloc", A, 10, 5, 100), entry("free_requested", B + 512, 77, 6, 101),
                             entry("free_completed", B + 512, 77, 6, 102), entry("free_completed", B, 55, 5, 103)}}));
  EXPECT_THAT(t.kinds, ElementsAre(alloc, alloc, alloc, free_requested, free_completed, free_completed));
  EXPECT_THAT(t.subjects, ElementsAre(0, 1, 2, 1, 1, 0));
  EXPECT_THAT(t.times_us, ElementsAre(100, 100, 100, 101, 102, 103));
  EXPECT_THAT(t.addresses, ElementsAre(Address(B), Address(B + 512), Address(A)));
  EXPECT_THAT(t.sizes, ElementsAre(Bytes(55), Bytes(77), Bytes(10)));
  EXPECT_THAT(t.stream_names, ElementsAre(5, 6));
  EXPECT_THAT(t.streams, ElementsAre(StreamId(0), StreamId(1), StreamId(0)));
  EXPECT_EQ(t.notes.ring_start_objects, 2u);
  EXPECT_EQ(t.notes.unseen_frees, 2u);
}

TEST(SnapshotStart, BlocksThatAreActiveAtTheEndUnseenWereLiveAtTheStart) {
  const Trace t = read_one(snapshot_of(
      {{entry("alloc", A, 10)}},
      {end_segment(0, A, 2 * mib,
                   {end_block(A, 512, 10, "active_allocated"), end_block(A + 512, 512, 300, "active_pending_free"),
                    end_block(A + 1024, 512, 400, "inactive"), end_block(A + 1536, 512, 200, "active_allocated")},
                   9)}));
  EXPECT_THAT(t.kinds, ElementsAre(segment, alloc, free_requested, alloc, alloc));
  EXPECT_THAT(t.subjects, ElementsAre(0, 0, 0, 1, 2));
  EXPECT_THAT(t.sizes, ElementsAre(Bytes(300), Bytes(200), Bytes(10)));
  EXPECT_THAT(t.stream_names, ElementsAre(9, 0));
  EXPECT_EQ(t.notes.ring_start_objects, 2u);
  EXPECT_EQ(t.notes.unseen_frees, 0u);
}

TEST(SnapshotStart, BlocksAtTheEndKeepTheirStackAndMayLackAnAddress) {
  const Py frames = Py::list({Py::dict({{"name", "f"}, {"filename", "a.py"}, {"line", 3}})});
  const Trace t = read_one(snapshot_of(
      {{entry("alloc", B, 10)}},
      {end_segment(0, A, 2 * mib,
                   {end_block(0, 1024, 1000, "inactive").without("address"),
                    end_block(0, 512, 400, "active_allocated").without("address").with("frames", frames)})}));
  EXPECT_THAT(t.addresses, ElementsAre(Address(A + 1024), Address(B)));
  EXPECT_THAT(t.stack_of, ElementsAre(1, 0));
}

TEST(SnapshotStart, SegmentsUnseenComeFirstInAddressOrder) {
  const Trace t = read_one(snapshot_of(
      {{entry("alloc", B, 10), entry("segment_free", 2 * B, 4 * mib, 3), entry("segment_alloc", 3 * B, 2 * mib)}},
      {end_segment(0, B, 2 * mib, {end_block(B, 512, 10, "active_allocated")}), end_segment(0, A, 6 * mib, {}, 0, true),
       end_segment(0, 3 * B, 2 * mib, {})}));
  EXPECT_THAT(t.kinds, ElementsAre(segment, segment, segment, alloc, segment, segment));
  EXPECT_THAT(t.subjects, ElementsAre(0, 1, 2, 0, 3, 4));
  ASSERT_EQ(t.segment_events.size(), 5u);
  EXPECT_EQ(t.segment_events[0].address, Address(A));
  EXPECT_EQ(t.segment_events[0].action, SegmentAction::map);
  EXPECT_EQ(t.segment_events[1].address, Address(B));
  EXPECT_EQ(t.segment_events[1].action, SegmentAction::alloc);
  EXPECT_EQ(t.segment_events[2].address, Address(2 * B));
  EXPECT_EQ(t.segment_events[2].bytes, Bytes(4 << 20));
  EXPECT_EQ(t.segment_events[3].action, SegmentAction::free);
  EXPECT_THAT(t.stream_names, ElementsAre(0, 3));
}

TEST(SnapshotStart, TheMappedPartThatWasNotSeenWasMappedBefore) {
  // [A, A + 4) MiB was mapped before; its end is unmapped, then [A + 2, A + 6) is mapped.
  const Trace t =
      read_one(snapshot_of({{entry("segment_unmap", A + 2 * mib, 2 * mib), entry("segment_map", A + 2 * mib, 4 * mib)}},
                           {end_segment(0, A, 6 * mib, {}, 0, true)}));
  ASSERT_EQ(t.segment_events.size(), 4u);
  EXPECT_EQ(t.segment_events[0].address, Address(A));
  EXPECT_EQ(t.segment_events[0].bytes, Bytes(2 << 20));
  EXPECT_EQ(t.segment_events[1].address, Address(A + 2 * mib));
  EXPECT_EQ(t.segment_events[1].bytes, Bytes(2 << 20));
  EXPECT_THAT(t.subjects, ElementsAre(0, 1, 2, 3));
}

TEST(SnapshotStart, BlocksAllocatedAfterTheLastEntryAreCountedOnly) {
  const Trace t = read_one(
      snapshot_of({{entry("segment_alloc", A, 2 * mib), entry("alloc", B, 10), entry("free_completed", B, 10)}},
                  {end_segment(0, A, 2 * mib, {end_block(A, 512, 10, "active_allocated")}),
                   end_segment(0, B, 2 * mib, {end_block(B, 512, 10, "active_allocated")})}));
  EXPECT_EQ(t.notes.dropped_events, 2u);
  EXPECT_EQ(t.notes.ring_start_objects, 0u);
  EXPECT_EQ(t.object_count(), 1u);
}

TEST(SnapshotStart, ASecondFreeOfTheSameBlockIsAnErrorEvenInARing) {
  const Py free = entry("free_requested", B, 10), done = entry("free_completed", B, 10);
  EXPECT_THAT(snapshot_error(snapshot_of({{free, entry("free_requested", B, 10)}})), HasSubstr("requested twice"));
  EXPECT_THAT(snapshot_error(snapshot_of({{free, done, entry("free_requested", B, 10)}})), HasSubstr("is freed twice"));
  EXPECT_THAT(snapshot_error(snapshot_of({{done, entry("free_completed", B, 10)}})), HasSubstr("is freed twice"));
}

TEST(SnapshotStart, AFreeInASegmentThatWasSeenIsAnError) {
  const Py snapshot = snapshot_of({{entry("segment_alloc", A, 2 * mib), entry("free_requested", A + 512, 10)}});
  EXPECT_THAT(snapshot_error(snapshot), HasSubstr("where nothing was allocated"));
}

TEST(SnapshotStart, SegmentsTakenOrReturnedTwiceAreErrors) {
  const Py take = entry("segment_alloc", A, 2 * mib), back = entry("segment_free", A, 2 * mib);
  EXPECT_THAT(snapshot_error(snapshot_of({{take, entry("segment_map", A + mib, 2 * mib)}})),
              HasSubstr("exists already"));
  EXPECT_THAT(snapshot_error(snapshot_of({{take, back, entry("segment_free", A, 2 * mib)}})),
              HasSubstr("does not exist"));
  EXPECT_THAT(snapshot_error(snapshot_of({{back, entry("segment_unmap", A + mib, mib)}})), HasSubstr("does not exist"));
}

TEST(RangeSet, AddedRangesJoinAndRemovedOnesSplit) {
  RangeSet set;
  set.add({10, 20});
  set.add({30, 40});
  set.add({20, 25});
  EXPECT_THAT(set.missing({0, 50}), ElementsAre(Range{0, 10}, Range{25, 30}, Range{40, 50}));
  set.remove({12, 32});
  EXPECT_THAT(set.missing({0, 50}), ElementsAre(Range{0, 10}, Range{12, 32}, Range{40, 50}));
  EXPECT_EQ(set.overlap({11, 35}), 4u);
  EXPECT_TRUE(set.contains(11));
  EXPECT_FALSE(set.contains(12));
  EXPECT_FALSE(set.contains(40));
  EXPECT_THAT(set.missing({33, 39}), IsEmpty());
}

TEST(RangeSet, EmptyRangesChangeNothing) {
  RangeSet set;
  set.add({5, 5});
  EXPECT_FALSE(set.contains(5));
  set.add({1, 9});
  set.remove({4, 4});
  EXPECT_EQ(set.overlap({0, 10}), 8u);
  EXPECT_THAT(set.missing({20, 20}), IsEmpty());
}

TEST(RangeSet, AgreesWithASetOfSingleAddresses) {
  std::mt19937_64 random(7);
  RangeSet set;
  std::vector<bool> model(64);
  for (int step = 0; step < 20'000; ++step) {
    const std::uint64_t begin = random() % 64, end = begin + random() % (65 - begin);
    const bool add = random() % 2 == 0;
    add ? set.add({begin, end}) : set.remove({begin, end});
    std::fill(model.begin() + static_cast<long>(begin), model.begin() + static_cast<long>(end), add);
    const std::uint64_t at = random() % 64;
    ASSERT_EQ(set.contains(at), model[at]);
    ASSERT_EQ(set.overlap({at, 64}),
              static_cast<std::uint64_t>(std::count(model.begin() + static_cast<long>(at), model.end(), true)));
  }
}

}  // namespace
}  // namespace vramlab
