#include <gmock/gmock.h>

#include "snapshot_reading.h"

namespace vramlab {
namespace {

using test::bytes_of;
using test::end_block;
using test::end_segment;
using test::entry;
using test::Py;
using test::snapshot_error;
using test::snapshot_of;
using ::testing::HasSubstr;

constexpr std::uint64_t A = 0x7f98'0000'0000;

std::string entry_error(const Py& wrong) { return snapshot_error(snapshot_of({{entry("snapshot", 0, 0), wrong}})); }

TEST(SnapshotRefusal, ErrorsNameTheByteOfTheEntry) {
  const std::string bytes = pickled(snapshot_of({{entry("alloc", A, 1), entry("alloc", A, 2)}}));
  // The second entry's dictionary begins after the SETITEMS of the first.
  const std::size_t first = bytes.find("action");
  const std::size_t second = bytes.find("u}\x94(", first) + 1;
  const TraceError error = test::trace_error([&] { read_snapshot(bytes_of(bytes), "x.pickle"); });
  EXPECT_EQ(error.where().byte, second) << error.what();
  EXPECT_THAT(error.what(), HasSubstr("x.pickle: byte " + std::to_string(second) + ": "));
  EXPECT_THAT(error.what(), HasSubstr("an allocation at 0x7f9800000000, where a block is still live"));
  EXPECT_EQ(error.exit_code(), 2);
}

TEST(SnapshotRefusal, DoubleFreesAreErrors) {
  const Py take = entry("alloc", A, 1), ask = entry("free_requested", A, 1), done = entry("free_completed", A, 1);
  EXPECT_THAT(snapshot_error(snapshot_of({{take, ask, entry("free_requested", A, 1)}})), HasSubstr("requested twice"));
  EXPECT_THAT(snapshot_error(snapshot_of({{take, ask, done, entry("free_completed", A, 1)}})),
              HasSubstr("freed twice"));
  EXPECT_THAT(snapshot_error(snapshot_of({{take, done, entry("free_requested", A, 1)}})), HasSubstr("freed twice"));
  EXPECT_THAT(snapshot_error(snapshot_of({{take, ask, entry("alloc", A, 1)}})), HasSubstr("still live"));
}

TEST(SnapshotRefusal, WhatIsNoSnapshotIsToldSo) {
  EXPECT_THAT(snapshot_error(Py::list({1})), HasSubstr("not a dictionary, so no memory snapshot"));
  EXPECT_THAT(snapshot_error(Py::dict({{"segments", Py::list()}})), HasSubstr("without 'device_traces'"));
  EXPECT_THAT(snapshot_error(std::string("\x80\x02"
                                         "cos\nsystem\n.")),
              HasSubstr("opcode GLOBAL would run code"));
}

TEST(SnapshotRefusal, ListsAndDictionariesMustBeWhereTheyBelong) {
  const Py good = snapshot_of({{entry("alloc", A, 1)}});
  EXPECT_THAT(snapshot_error(good.with("device_traces", 5)), HasSubstr("'device_traces' is 5, but must be a list"));
  EXPECT_THAT(snapshot_error(good.with("device_traces", Py::list({5}))),
              HasSubstr("'device_traces' holds 5, not lists"));
  EXPECT_THAT(snapshot_error(good.with("device_traces", Py::list({Py::list({"x"})}))),
              HasSubstr("a history holds the text 'x', not dictionaries"));
  EXPECT_THAT(snapshot_error(good.with("segments", "none")), HasSubstr("'segments' is the text 'none'"));
  EXPECT_THAT(snapshot_error(good.with("segments", Py::list({Py()}))), HasSubstr("'segments' holds None"));
}

TEST(SnapshotRefusal, FieldsOfTheWrongTypeAreNamed) {
  const Py good = entry("alloc", A, 1);
  EXPECT_THAT(entry_error(good.with("addr", "x")), HasSubstr("'addr' is the text 'x', but must be an integer"));
  EXPECT_THAT(entry_error(good.with("size", Py())), HasSubstr("'size' is None"));
  EXPECT_THAT(entry_error(good.with("size", 1.5)), HasSubstr("'size' is the number 1.5"));
  EXPECT_THAT(entry_error(good.with("size", true)), HasSubstr("'size' is True"));
  EXPECT_THAT(entry_error(good.with("stream", Py::list())), HasSubstr("'stream' is a list"));
  EXPECT_THAT(entry_error(good.with("time_us", Py::tuple({}))), HasSubstr("'time_us' is a tuple"));
  EXPECT_THAT(entry_error(good.with("action", 3)), HasSubstr("'action' is 3, but must be a text"));
  EXPECT_THAT(entry_error(good.without("addr")), HasSubstr("a dictionary without 'addr'"));
  EXPECT_THAT(entry_error(good.without("action")), HasSubstr("a dictionary without 'action'"));
  EXPECT_THAT(entry_error(entry("oom", 5, 5).without("device_free")), HasSubstr("a dictionary without 'device_free'"));
  EXPECT_THAT(entry_error(good.without("time_us")), HasSubstr("an entry without 'time_us' after entries with"));
}

TEST(SnapshotRefusal, NumbersOutOfRangeAreNamed) {
  const Py good = entry("alloc", A, 1);
  EXPECT_THAT(entry_error(good.with("size", -1)), HasSubstr("'size' is -1, but must not be negative"));
  EXPECT_THAT(entry_error(good.with("stream", -7)), HasSubstr("'stream' is -7"));
  EXPECT_THAT(entry_error(good.with("addr", std::numeric_limits<std::int64_t>::min())),
              HasSubstr("'addr' is -9223372036854775808, but must not be negative"));
  EXPECT_THAT(entry_error(good.with("size", (std::int64_t{1} << 48) + 1)), HasSubstr("more than 2^48"));
  EXPECT_THAT(entry_error(good.with("size", Py::wide(~std::uint64_t{0}))), HasSubstr("more than 2^48"));
  EXPECT_THAT(entry_error(good.with("time_us", Py::wide(std::uint64_t{1} << 63))), HasSubstr("beyond 2^63"));
  EXPECT_THAT(entry_error(good.with("addr", Py::wide(~std::uint64_t{0})).with("size", 2)),
              HasSubstr("beyond the address space"));
  for (const char* action : {"free_requested", "free_completed", "segment_alloc", "segment_free", "segment_map"})
    EXPECT_THAT(entry_error(entry(action, A, -5)), HasSubstr("'size' is -5")) << action;
  EXPECT_EQ(test::read_one(snapshot_of({{entry("alloc", 0, std::int64_t{1} << 48)}})).object_count(), 1u);
}

TEST(SnapshotRefusal, SegmentsAreCheckedToo) {
  const auto error = [](const Py& segment) { return snapshot_error(snapshot_of({{entry("alloc", 1, 1)}}, {segment})); };
  const Py good = end_segment(0, A, 1024, {end_block(A, 512, 5, "active_allocated")});
  EXPECT_THAT(error(good.with("device", -1)), HasSubstr("'device' is -1"));
  EXPECT_THAT(error(good.with("blocks", Py())), HasSubstr("'blocks' is None"));
  EXPECT_THAT(error(good.with("blocks", Py::list({7}))), HasSubstr("'blocks' holds 7"));
  EXPECT_THAT(error(good.with("total_size", -4)), HasSubstr("'total_size' is -4"));
  EXPECT_THAT(error(good.with("address", Py::wide(~std::uint64_t{0}))), HasSubstr("beyond the address space"));
  const auto block_error = [&](const Py& block) { return error(good.with("blocks", Py::list({block}))); };
  EXPECT_THAT(block_error(end_block(A, 512, -5, "active_allocated")), HasSubstr("'requested_size' is -5"));
  EXPECT_THAT(block_error(end_block(A, 512, 5, "x").with("state", 1)), HasSubstr("'state' is 1"));
}

TEST(SnapshotRefusal, ListsThatSharingMakesLongerThanTheFileAreRefused) {
  test::PyItems history(2000, entry("snapshot", 0, 0));
  const Py list = Py::list(history);
  const Py many_devices = snapshot_of({}).with("device_traces", Py::list(test::PyItems(1000, list)));
  EXPECT_THAT(snapshot_error(many_devices), HasSubstr("share more items than the file has bytes"));
  const Py too_many = snapshot_of({}).with("device_traces", Py::list(test::PyItems(2000, Py::list())));
  EXPECT_THAT(snapshot_error(too_many), HasSubstr("more than 1024 devices"));
}

TEST(SnapshotRefusal, ListsThatHoldThemselvesAreRefused) {
  const Py loop = Py::list();
  loop.items().push_back(loop);
  EXPECT_THAT(snapshot_error(Py::dict({{"device_traces", loop}})), HasSubstr("a history holds a list"));
  EXPECT_THAT(entry_error(entry("alloc", A, 1).with("frames", loop)), HasSubstr("'frames' holds a list"));
  loop.items().clear();
}

TEST(SnapshotRefusal, MoreStreamsThanIdsAreRefused) {
  test::PyItems history;
  for (unsigned i = 0; i < 65'536; ++i) history.push_back(entry("alloc", A + 512 * i, 1, i));
  EXPECT_THAT(snapshot_error(snapshot_of({history})), HasSubstr("more than 65535 streams"));
}

TEST(SnapshotRefusal, EveryTruncationOfASnapshotIsOneError) {
  const std::string whole = pickled(snapshot_of({{entry("alloc", A, 1), entry("free_requested", A, 1)}},
                                                {end_segment(0, A, 512, {end_block(A, 512, 1, "inactive")})}));
  for (std::size_t length = 0; length < whole.size(); ++length)
    EXPECT_THROW(read_snapshot(bytes_of(whole.substr(0, length)), "x"), TraceError) << length;
}

}  // namespace
}  // namespace vramlab
