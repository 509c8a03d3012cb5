#include <gmock/gmock.h>

#include "snapshot_reading.h"

namespace vramlab {
namespace {

using test::entry;
using test::Py;
using test::read_both_ways;
using test::read_one;
using test::snapshot_error;
using test::snapshot_of;
using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::IsEmpty;
using ::testing::Pair;

constexpr std::uint64_t A = 0x7f98'0000'0000;

TEST(SnapshotSettings, ArePoolOptions) {
  Py settings = test::default_settings();
  const auto read = [&settings] { return read_one(snapshot_of({{entry("alloc", A, 1)}}, {}, settings)).settings; };
  EXPECT_THAT(read(), ElementsAre(Pair("max_split_size", "unlimited"), Pair("expandable_segments", "false")));
  Py divisions = Py::dict({{"2", 8}, {"1", 0}, {"32768", 4}});
  settings = Py::dict({{"roundup_power2_divisions", divisions},
                       {"max_split_size", std::int64_t{256} << 20},
                       {"expandable_segments", true},
                       {"garbage_collection_threshold", 0.8}});
  EXPECT_THAT(read(),
              ElementsAre(Pair("max_split_size", "268435456"), Pair("roundup_power2_divisions", "1:0,2:8,32768:4"),
                          Pair("garbage_collection_threshold", "0.8"), Pair("expandable_segments", "true")));
  settings = Py::dict({{"max_split_size", Py::wide(~std::uint64_t{0})}, {"garbage_collection_threshold", 0.0000001}});
  EXPECT_THAT(read(),
              ElementsAre(Pair("max_split_size", "unlimited"), Pair("garbage_collection_threshold", "0.0000001")));
  const Trace none = read_one(snapshot_of({{entry("alloc", A, 1)}}).without("allocator_settings"));
  EXPECT_THAT(none.settings, IsEmpty());
}

TEST(SnapshotSettings, OfTheWrongTypeAreRefused) {
  const auto error = [](Py settings) { return snapshot_error(snapshot_of({{entry("alloc", A, 1)}}, {}, settings)); };
  EXPECT_THAT(error(5), HasSubstr("'allocator_settings' is 5, but must be a dictionary"));
  EXPECT_THAT(error(Py::dict({{"max_split_size", -2}})), HasSubstr("'max_split_size' is -2"));
  EXPECT_THAT(error(Py::dict({{"expandable_segments", 1}})), HasSubstr("'expandable_segments' is 1"));
  EXPECT_THAT(error(Py::dict({{"garbage_collection_threshold", -0.5}})), HasSubstr("not in 0 to 1"));
  EXPECT_THAT(error(Py::dict({{"roundup_power2_divisions", Py::dict({{"4", "8"}})}})),
              HasSubstr("'4' is the text '8'"));
}

Py frame(const char* name, const char* file, int line) {
  return Py::dict({{"name", name}, {"filename", file}, {"line", line}});
}

std::string stack_text(const Trace& t, std::size_t object) {
  std::string out;
  const Lists& lists = t.stacks.stacks;
  for (std::uint64_t i = lists.begin_of(t.stack_of[object]); i < lists.ends[t.stack_of[object]]; ++i) {
    const Frame& f = t.stacks.frames[lists.values[i]];
    out += t.stacks.strings[f.function] + "@" + t.stacks.strings[f.file] + ":" + std::to_string(f.line) + " ";
  }
  return out;
}

TEST(SnapshotStacks, EachAllocationKeepsItsStack) {
  const Py f = frame("f", "a.py", 1), g = frame("g", "a.py", 2);
  const Py shared = Py::list({f, g});
  const Trace t = read_one(snapshot_of(
      {{entry("alloc", A, 1), entry("alloc", A + 512, 1).with("frames", shared),
        entry("free_requested", A, 1).with("frames", Py::list({g})), entry("alloc", A + 1024, 1).with("frames", shared),
        entry("alloc", A + 1536, 1).with("frames", Py::list({frame("f", "a.py", 1), g})),
        entry("alloc", A + 2048, 1).with("frames", Py::list({g, f}))}}));
  EXPECT_THAT(t.stack_of, ElementsAre(0, 1, 1, 1, 2));
  EXPECT_EQ(stack_text(t, 0), "");
  EXPECT_EQ(stack_text(t, 1), "f@a.py:1 g@a.py:2 ");
  EXPECT_EQ(stack_text(t, 4), "g@a.py:2 f@a.py:1 ");
  EXPECT_EQ(t.stacks.stacks.size(), 3u);
  EXPECT_EQ(t.stacks.frames.size(), 2u);
  EXPECT_THAT(t.stacks.strings, ElementsAre("f", "a.py", "g"));
}

TEST(SnapshotStacks, DevicesThatShareFramesHaveTablesOfTheirOwn) {
  const Py f = Py::list({frame("f", "a.py", 1)}), g = Py::list({frame("g", "b.py", 2)});
  const auto with = [](std::uint64_t address, const Py& frames) {
    return entry("alloc", address, 1).with("frames", frames);
  };
  const std::vector<Trace> traces =
      read_both_ways(snapshot_of({{with(A, f), with(2 * A, g)}, {with(A, g), with(2 * A, f)}}));
  ASSERT_EQ(traces.size(), 2u);
  EXPECT_THAT(traces[1].stack_of, ElementsAre(1, 2));
  EXPECT_EQ(stack_text(traces[1], 0), "g@b.py:2 ");
  EXPECT_EQ(stack_text(traces[1], 1), "f@a.py:1 ");
  EXPECT_THAT(traces[1].stacks.strings, ElementsAre("g", "b.py", "f", "a.py"));
}

TEST(SnapshotStacks, FramesOfTheWrongTypeAreRefused) {
  const auto error = [](Py frames) {
    return snapshot_error(snapshot_of({{entry("alloc", A, 1).with("frames", frames)}}));
  };
  EXPECT_THAT(error(Py()), HasSubstr("'frames' is None, but must be a list"));
  EXPECT_THAT(error(Py::list({5})), HasSubstr("'frames' holds 5, not dictionaries"));
  EXPECT_THAT(error(Py::list({frame("f", "a", -1)})), HasSubstr("'line' is -1, but must not be negative"));
  EXPECT_THAT(error(Py::list({Py::dict({{"name", 1}, {"filename", "a"}, {"line", 1}})})), HasSubstr("'name' is 1"));
  EXPECT_THAT(error(Py::list({Py::dict({{"name", "f"}, {"line", 1}})})), HasSubstr("without 'filename'"));
  EXPECT_THAT(error(Py::list({frame("f", "a", 1).with("line", Py::wide(std::uint64_t{1} << 32))})),
              HasSubstr("beyond 2^32"));
}

}  // namespace
}  // namespace vramlab
