#include "traces/snapshot.h"

#include <gmock/gmock.h>

#include "snapshot_reading.h"

namespace vramlab {
namespace {

using test::bytes_of;
using test::end_block;
using test::end_segment;
using test::entry;
using test::Py;
using test::read_both_ways;
using test::read_one;
using test::snapshot_error;
using test::snapshot_of;
using ::testing::ElementsAre;
using ::testing::HasSubstr;
using enum EventKind;

constexpr std::uint64_t A = 0x7f98'0000'0000;

TEST(Snapshot, AnyBinaryPickleIsRecognised) {
  EXPECT_TRUE(recognise_snapshot(bytes_of("\x80\x02}")));
  EXPECT_TRUE(recognise_snapshot(bytes_of("\x80\x05")));
  EXPECT_TRUE(recognise_snapshot(bytes_of("\x80\x06")));
  EXPECT_FALSE(recognise_snapshot(bytes_of("")));
  EXPECT_FALSE(recognise_snapshot(bytes_of("\x80")));
  EXPECT_FALSE(recognise_snapshot(bytes_of("\x80VLT")));
  EXPECT_FALSE(recognise_snapshot(bytes_of("alloc,0,1,0")));
}

TEST(Snapshot, EntriesBecomeEventsInOrder) {
  const Trace t = read_one(snapshot_of({{entry("segment_alloc", A, 2 << 20, 0, 10), entry("alloc", A, 100, 0, 11),
                                         entry("alloc", A + 512, 300, 0, 12), entry("free_requested", A, 100, 0, 13),
                                         entry("free_completed", A, 100, 0, 14), entry("alloc", A, 50, 0, 15)}}));
  EXPECT_THAT(t.kinds, ElementsAre(segment, alloc, alloc, free_requested, free_completed, alloc));
  EXPECT_THAT(t.subjects, ElementsAre(0, 0, 1, 0, 0, 2));
  EXPECT_THAT(t.times_us, ElementsAre(10, 11, 12, 13, 14, 15));
  EXPECT_THAT(t.sizes, ElementsAre(Bytes(100), Bytes(300), Bytes(50)));
  EXPECT_THAT(t.addresses, ElementsAre(Address(A), Address(A + 512), Address(A)));
  EXPECT_EQ(t.name, "x.pickle");
  EXPECT_EQ(t.format, "snapshot");
  EXPECT_TRUE(t.stack_of.empty());
}

TEST(Snapshot, EverySegmentActionIsKept) {
  const Trace t = read_one(
      snapshot_of({{entry("segment_alloc", A, 2 << 20, 3), entry("segment_map", 2 * A, 4 << 20),
                    entry("segment_unmap", 2 * A + (2 << 20), 2 << 20), entry("segment_free", A, 2 << 20, 3)}}));
  ASSERT_EQ(t.segment_events.size(), 4u);
  const auto is = [&t](std::size_t i, SegmentAction action, std::uint64_t address, std::uint64_t bytes) {
    const SegmentEvent& e = t.segment_events[i];
    return e.action == action && e.address == Address(address) && e.bytes == Bytes(bytes);
  };
  EXPECT_TRUE(is(0, SegmentAction::alloc, A, 2 << 20));
  EXPECT_TRUE(is(1, SegmentAction::map, 2 * A, 4 << 20));
  EXPECT_TRUE(is(2, SegmentAction::unmap, 2 * A + (2 << 20), 2 << 20));
  EXPECT_TRUE(is(3, SegmentAction::free, A, 2 << 20));
  EXPECT_EQ(t.segment_events[1].stream, StreamId(1));
  EXPECT_THAT(t.stream_names, ElementsAre(3, 0));
}

TEST(Snapshot, OutOfMemoryKeepsWhatWasAskedAndWhatWasFree) {
  const Trace t =
      read_one(snapshot_of({{entry("oom", ~std::uint64_t{0}, std::int64_t{1} << 62), entry("snapshot", 0, 9)}}));
  EXPECT_THAT(t.kinds, ElementsAre(oom, EventKind::snapshot));
  EXPECT_EQ(t.ooms.at(0).requested, Bytes(std::uint64_t{1} << 62));
  EXPECT_EQ(t.ooms.at(0).device_free, Bytes(~std::uint64_t{0}));
}

TEST(Snapshot, StreamsAreNumberedInOrderOfAppearance) {
  const Trace t = read_one(snapshot_of(
      {{entry("alloc", A, 1, 446'197'552), entry("alloc", A + 512, 1, 0), entry("alloc", A + 1024, 1, 446'197'552)}}));
  EXPECT_THAT(t.stream_names, ElementsAre(446'197'552, 0));
  EXPECT_THAT(t.streams, ElementsAre(StreamId(0), StreamId(1), StreamId(0)));
}

TEST(Snapshot, EachDeviceWithAHistoryIsATrace) {
  const std::vector<Trace> traces =
      read_both_ways(snapshot_of({{entry("alloc", A, 1)}, {}, {entry("alloc", A, 2), entry("snapshot", 0, 0)}}));
  ASSERT_EQ(traces.size(), 2u);
  EXPECT_EQ(traces[0].name, "x.pickle");
  EXPECT_EQ(traces[1].name, "x.pickle#2");
  EXPECT_THAT(traces[1].sizes, ElementsAre(Bytes(2)));
}

TEST(Snapshot, SegmentsCountForTheirOwnDeviceOnly) {
  const std::vector<Trace> traces = read_both_ways(snapshot_of(
      {{entry("snapshot", 0, 0)}, {entry("snapshot", 0, 0)}},
      {end_segment(1, A, 2 << 20, {end_block(A, 512, 7, "active_allocated")}), end_segment(7, A, 2 << 20, {})}));
  ASSERT_EQ(traces.size(), 2u);
  EXPECT_EQ(traces[0].object_count(), 0u);
  EXPECT_THAT(traces[1].sizes, ElementsAre(Bytes(7)));
}

TEST(Snapshot, ADeviceThatStandsAloneKeepsItsNumber) {
  EXPECT_EQ(read_one(snapshot_of({{}, {entry("alloc", A, 1)}})).name, "x.pickle#1");
}

TEST(Snapshot, OneListMayStandForTwoDevices) {
  Py snapshot = snapshot_of({{entry("alloc", A, 1), entry("alloc", A + 512, 2)}});
  Py& devices = snapshot.pairs()[1].second;
  devices.items().push_back(devices.items()[0]);
  EXPECT_FALSE(test::can_be_streamed(snapshot));
  const std::vector<Trace> traces = read_both_ways(snapshot);
  ASSERT_EQ(traces.size(), 2u);
  EXPECT_TRUE(traces[0].sizes == traces[1].sizes);
}

TEST(Snapshot, OneEntryMayStandInAHistoryTwice) {
  const Py moment = entry("snapshot", 0, 0);
  const Py snapshot = snapshot_of({{moment, moment, entry("alloc", A, 1)}});
  EXPECT_THAT(read_one(snapshot).kinds, ElementsAre(EventKind::snapshot, EventKind::snapshot, alloc));
}

TEST(Snapshot, AnEntryThatIsUsedElsewhereTooIsReadAllTheSame) {
  Py snapshot = snapshot_of({{entry("alloc", A, 1), entry("alloc", A + 512, 2)}});
  snapshot.pairs().emplace_back("the_first", snapshot.pairs()[1].second.items()[0].items()[0]);
  EXPECT_FALSE(test::can_be_streamed(snapshot));
  EXPECT_THAT(read_one(snapshot).sizes, ElementsAre(Bytes(1), Bytes(2)));
}

TEST(Snapshot, HistoriesOfAllLengthsAreReadWhileTheyAreParsed) {
  for (const int entries : {1, 2, 999, 1000, 1001, 2000, 2001, 3500}) {
    test::PyItems history;
    for (int i = 0; i < entries; ++i) history.push_back(entry("alloc", A + 512 * static_cast<unsigned>(i), i + 1));
    const Py snapshot = snapshot_of({history});
    EXPECT_TRUE(test::can_be_streamed(snapshot));
    const Trace t = read_one(snapshot);
    ASSERT_EQ(t.object_count(), static_cast<std::size_t>(entries));
    EXPECT_EQ(t.sizes.back(), Bytes(static_cast<std::uint64_t>(entries)));
  }
}

TEST(Snapshot, AllProtocolsGiveTheSameTrace) {
  const Py snapshot = snapshot_of({{entry("alloc", A, 100'000), entry("free_requested", A, 100'000)}});
  const Trace expected = read_one(snapshot);
  for (const int protocol : {2, 3, 4, 5})
    test::expect_same(read_both_ways(pickled(snapshot, protocol)).at(0), expected);
}

TEST(Snapshot, UnknownKeysArePassedOverEverywhere) {
  const Py odd = Py::list({Py::dict({{"action", 5}, {"x", Py::tuple({1, 2})}}), Py::dict({{"action", "alloc"}})});
  const auto more = [&odd](const Py& py) { return py.with("new_key", odd); };
  Py snapshot = more(snapshot_of({{more(entry("alloc", A, 1)), more(entry("free_requested", A, 1))}},
                                 {more(end_segment(0, A, 512, {more(end_block(A, 512, 1, "inactive"))}))},
                                 more(test::default_settings())));
  test::expect_same(read_one(snapshot),
                    read_one(snapshot_of({{entry("alloc", A, 1), entry("free_requested", A, 1)}},
                                         {end_segment(0, A, 512, {end_block(A, 512, 1, "inactive")})})));
}

TEST(Snapshot, AListUnderAnUnknownKeyMayLookLikeAnImpossibleHistory) {
  const Py twice = Py::list({entry("alloc", A, 1), entry("alloc", A, 1)});
  const Py snapshot = snapshot_of({{entry("alloc", A, 1)}}).with("host_traces", Py::list({twice}));
  EXPECT_EQ(read_one(snapshot).event_count(), 1u);
}

TEST(Snapshot, UnknownActionsAreCounted) {
  const Trace t = read_one(snapshot_of({{entry("alloc", A, 1), Py::dict({{"action", "teleport"}, {"time_us", 0}}),
                                         Py::dict({{"action", "segments"}, {"time_us", 0}})}}));
  EXPECT_EQ(t.event_count(), 1u);
  EXPECT_EQ(t.notes.unknown_actions, 2u);
}

TEST(Snapshot, AllocationsOfNothingAndTheirFreesArePassedOver) {
  const Trace t = read_one(snapshot_of({{entry("alloc", 0, 0), entry("alloc", 0, 0), entry("free_requested", 0, 0),
                                         entry("free_completed", 0, 0), entry("alloc", A, 1)}}));
  EXPECT_EQ(t.event_count(), 1u);
  EXPECT_EQ(t.notes.zero_size_allocs, 2u);
  EXPECT_EQ(t.notes.ring_start_objects, 0u);
}

TEST(Snapshot, AFreeMayStayPendingAndMayCompleteWithoutARequest) {
  const Trace t = read_one(snapshot_of({{entry("alloc", A, 1), entry("free_requested", A, 1),
                                         entry("alloc", A + 512, 2), entry("free_completed", A + 512, 2)}},
                                       {end_segment(0, A, 2 << 20, {end_block(A, 512, 1, "active_pending_free")})}));
  EXPECT_THAT(t.kinds, ElementsAre(segment, alloc, free_requested, alloc, free_completed));
  EXPECT_EQ(t.notes.ring_start_objects, 0u);
}

TEST(Snapshot, TimesAreLeftOutWhereTheyWereNotRecorded) {
  const Trace t =
      read_one(snapshot_of({{entry("alloc", A, 1).without("time_us"), entry("snapshot", 0, 0).without("time_us")}}));
  EXPECT_TRUE(t.times_us.empty());
  EXPECT_EQ(t.event_count(), 2u);
}

TEST(Snapshot, NoHistoryIsAnErrorThatSaysHowToRecordOne) {
  EXPECT_THAT(snapshot_error(snapshot_of({{}, {}})), HasSubstr("torch.cuda.memory._record_memory_history"));
  EXPECT_THAT(snapshot_error(snapshot_of({})), HasSubstr("torch.cuda.memory._record_memory_history"));
}

}  // namespace
}  // namespace vramlab
