#include <gmock/gmock.h>

#include "snapshot_reading.h"
#include "traces/reader.h"

namespace vramlab {
namespace {

using ::testing::ElementsAre;
using ::testing::Pair;

// The figures were counted with Python's own unpickler.
TEST(SnapshotBundled, ARealRecordingIsReadInFull) {
  const InputFile file = InputFile::open(VRAMLAB_SOURCE_DIR "/traces/bundled/alexnet-train-b256.pickle.xz");
  EXPECT_EQ(file.bytes().size(), 83'201u);
  ASSERT_TRUE(recognise_snapshot(file.bytes().first(64)));
  const std::vector<Trace> traces = test::read_both_ways(test::text_of(file.bytes()));
  ASSERT_EQ(traces.size(), 1u);
  const Trace& t = traces[0];
  const auto count = [&t](EventKind kind) { return std::count(t.kinds.begin(), t.kinds.end(), kind); };
  EXPECT_EQ(count(EventKind::alloc), 521);
  EXPECT_EQ(count(EventKind::free_requested), 470);
  EXPECT_EQ(count(EventKind::free_completed), 470);
  EXPECT_EQ(count(EventKind::segment), 22);
  EXPECT_EQ(t.event_count(), 1483u);
  std::uint64_t bytes = 0, addresses = 0;
  for (const Bytes size : t.sizes) bytes += size.value;
  for (const Address address : t.addresses) addresses += address.value;
  EXPECT_EQ(bytes, 28'705'878'048u);
  EXPECT_EQ(addresses, 73'091'673'898'599'936u);
  EXPECT_EQ(t.times_us.front(), 1'795'157'570'311'691);
  EXPECT_THAT(t.stream_names, ElementsAre(0));
  EXPECT_THAT(t.settings, ElementsAre(Pair("max_split_size", "unlimited"), Pair("expandable_segments", "false")));
  EXPECT_EQ(t.notes.ring_start_objects + t.notes.dropped_events + t.notes.unknown_actions, 0u);
}

TEST(SnapshotBundled, EveryTruncationOfARealRecordingIsOneError) {
  const InputFile file = InputFile::open(VRAMLAB_SOURCE_DIR "/traces/bundled/alexnet-train-b256.pickle.xz");
  for (std::size_t length = 0; length < file.bytes().size(); length += 97)
    EXPECT_THROW(read_snapshot(file.bytes().first(length), "x"), TraceError) << length;
}

}  // namespace
}  // namespace vramlab
