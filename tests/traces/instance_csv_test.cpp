#include "traces/instance_csv.h"

#include <gmock/gmock.h>
#include <rapidcheck/gtest.h>

#include <algorithm>

#include "files.h"
#include "traces/reader.h"

namespace vramlab {
namespace {

using test::bytes_of;
using test::trace_error;
using ::testing::ElementsAre;
using ::testing::HasSubstr;

Instance read(std::string_view text) { return read_instance_csv(bytes_of(text), "x.csv"); }

/// Highest sum of sizes over all positions, by looking at every buffer's first position.
std::uint64_t max_load(const Instance& instance) {
  std::uint64_t most = 0;
  for (const Buffer& at : instance.buffers) {
    std::uint64_t load = 0;
    for (const Buffer& b : instance.buffers)
      if (b.lower <= at.lower && at.lower < b.upper) load += b.size.value;
    most = std::max(most, load);
  }
  return most;
}

TEST(InstanceCsv, RowsBecomeBuffers) {
  const Instance instance = read("id,lower,upper,size\nb1,0,3,4\nb2,3,9,4\n");
  ASSERT_EQ(instance.buffers.size(), 2u);
  EXPECT_THAT(instance.names, ElementsAre("b1", "b2"));
  EXPECT_EQ(instance.buffers[1].lower, 3u);
  EXPECT_EQ(instance.buffers[1].upper, 9u);
  EXPECT_EQ(instance.buffers[1].size, Bytes(4));
  EXPECT_EQ(instance.buffers[1].alignment, Bytes(1));
  EXPECT_EQ(instance.name, "x.csv");
}

TEST(InstanceCsv, TheHeaderDecidesTheOrder) {
  const Instance instance = read("size,alignment,upper,id,lower\r\n40,8,9,x y,3\r\n");
  EXPECT_EQ(instance.buffers[0].lower, 3u);
  EXPECT_EQ(instance.buffers[0].upper, 9u);
  EXPECT_EQ(instance.buffers[0].size, Bytes(40));
  EXPECT_EQ(instance.buffers[0].alignment, Bytes(8));
  EXPECT_EQ(instance.names[0], "x y");
}

TEST(InstanceCsv, TheOtherNamesOfColumnsAreKnown) {
  EXPECT_EQ(read("buffer,begin,upper,size\n0,1,2,3\n").buffers[0].lower, 1u);
  EXPECT_EQ(read("buffer_id,start,upper,size\n0,1,2,3\n").buffers[0].lower, 1u);
}

TEST(InstanceCsv, AnEndIsTheLastPositionOfTheLifetime) {
  const Instance instance = read("buffer,start,end,size\n0,1,1,3\n");
  EXPECT_EQ(instance.buffers[0].upper, 2u);
}

TEST(InstanceCsv, GapsAreStretchesWithoutSpace) {
  const Instance instance = read("id,lower,upper,size,gaps\na,0,9,4,\nb,2,20,4,3-5 7-12\nc,0,9,4, 1-2\n");
  ASSERT_EQ(instance.gaps.size(), 3u);
  EXPECT_EQ(instance.gaps[0].buffer, 1u);
  EXPECT_EQ(instance.gaps[0].lower, 3u);
  EXPECT_EQ(instance.gaps[0].upper, 5u);
  EXPECT_EQ(instance.gaps[1].upper, 12u);
  EXPECT_EQ(instance.gaps[2].buffer, 2u);
}

TEST(InstanceCsv, AnEndColumnCountsTheEndsOfGapsTheSameWay) {
  const Instance instance = read("id,lower,end,size,gaps\na,0,9,4,3-5\n");
  EXPECT_EQ(instance.buffers[0].upper, 10u);
  EXPECT_EQ(instance.gaps[0].upper, 6u);
}

TEST(InstanceCsv, PinnedBuffersHaveAnOffsetAndTheOthersNone) {
  const Instance instance = read("id,lower,upper,size,pinned\na,0,9,4,\nb,0,9,4,0\nc,0,9,4,3000000000\n");
  ASSERT_EQ(instance.pins.size(), 2u);
  EXPECT_EQ(instance.pins[0].buffer, 1u);
  EXPECT_EQ(instance.pins[0].offset, Bytes(0));
  EXPECT_EQ(instance.pins[1].buffer, 2u);
  EXPECT_EQ(instance.pins[1].offset, Bytes(3'000'000'000));
}

TEST(InstanceCsv, PrioritiesMayBeNegative) {
  EXPECT_THAT(read("id,lower,upper,size,priority\na,0,9,4,7\nb,0,9,4,-2\n").priorities, ElementsAre(7, -2));
  EXPECT_TRUE(read("id,lower,upper,size\na,0,9,4\n").priorities.empty());
}

TEST(InstanceCsv, EmptyGapsAreNoGaps) { EXPECT_EQ(read("id,lower,upper,size,gaps\n0,1,2,3,\n").buffers.size(), 1u); }

struct Bad {
  const char* text;
  std::uint64_t line;
  const char* message;
};

class BadInstance : public ::testing::TestWithParam<Bad> {};

TEST_P(BadInstance, IsRefusedWithItsLine) {
  const TraceError error = trace_error([] { read(GetParam().text); });
  EXPECT_THAT(error.what(), HasSubstr(GetParam().message));
  EXPECT_EQ(error.where().line, GetParam().line);
}

INSTANTIATE_TEST_SUITE_P(
    All, BadInstance,
    ::testing::Values(Bad{"lower,upper,size\n1,2,3\n", 1, "column 'id' is missing"},
                      Bad{"id,upper,size\n", 1, "column 'lower' is missing"},
                      Bad{"id,lower,size\n", 1, "column 'upper' is missing"},
                      Bad{"id,lower,upper\n", 1, "column 'size' is missing"},
                      Bad{"id,lower,upper,size,colour\n", 1, "unknown column 'colour'"},
                      Bad{"id,lower,upper,size,offset\n", 1, "this is a plan"},
                      Bad{"id,lower,upper,size,heap\n", 1, "this is a plan"},
                      Bad{"id,lower,upper,size,id\n", 1, "says what another one says"},
                      Bad{"id,lower,upper,end,size\n", 1, "says what another one says"},
                      Bad{"id,lower,end,upper,size\n", 1, "says what another one says"},
                      Bad{"id,lower,start,upper,size\n", 1, "says what another one says"},
                      Bad{"id,lower,upper,size,\n", 1, "is empty"}, Bad{"id,lower,upper,size\n", 1, "no buffers"},
                      Bad{"id,lower,upper,size\n0,1,2\n", 2, "column size is missing"},
                      Bad{"id,lower,upper,size\n0,1,2,3,4\n", 2, "too many columns"},
                      Bad{"id,lower,upper,size\n0,1,2,3\n1,2,2,3\n", 3, "upper 2 is not above lower 2"},
                      Bad{"id,lower,upper,size\n0,5,2,3\n", 2, "upper 2 is not above lower 5"},
                      Bad{"id,lower,end,size\n0,5,4,3\n", 2, "upper 5 is not above lower 5"},
                      Bad{"id,lower,upper,size\n0,1,2,0\n", 2, "size 0 is not from 1"},
                      Bad{"id,lower,upper,size\n0,1,2,-3\n", 2, "is negative"},
                      Bad{"id,lower,upper,size\n0,-1,2,3\n", 2, "is negative"},
                      Bad{"id,lower,upper,size\n0,1,2,281474976710657\n", 2, "is not from"},
                      Bad{"id,lower,upper,size\n0,1,9223372036854775808,3\n", 2, "is not from"},
                      Bad{"id,lower,upper,size\n0,1,99999999999999999999,3\n", 2, "is not from"},
                      Bad{"id,lower,upper,size,alignment\n0,1,2,3,0\n", 2, "alignment 0"},
                      Bad{"id,lower,upper,size,gaps\n0,1,9,3,2-3@0:4\n", 2, "a window of a gap"},
                      Bad{"id,lower,upper,size,gaps\n0,1,9,3,2\n", 2, "'2' is not LOWER-UPPER"},
                      Bad{"id,lower,upper,size,gaps\n0,1,9,3,-2\n", 2, "'-2' is not LOWER-UPPER"},
                      Bad{"id,lower,upper,size,gaps\n0,1,9,3,2-3-4\n", 2, "is not LOWER-UPPER"},
                      Bad{"id,lower,upper,size,gaps\n0,1,9,3,2-99999999999999999999\n", 2, "is not LOWER-UPPER"},
                      Bad{"id,lower,upper,size,gaps\n0,1,9,3,3-3\n", 2, "gap 3-3 is empty"},
                      Bad{"id,lower,upper,size,gaps\n0,1,9,3,1-3\n", 2, "gap 1-3 is not inside the lifetime"},
                      Bad{"id,lower,upper,size,gaps\n0,1,9,3,3-9\n", 2, "gap 3-9 is not inside the lifetime"},
                      Bad{"id,lower,upper,size,gaps\n0,1,9,3,2-3 3-4\n", 2, "gap 3-4 is not inside the lifetime"},
                      Bad{"id,lower,upper,size,gaps\n0,1,9,3,5-6 2-3\n", 2, "gap 2-3 is not inside the lifetime"},
                      Bad{"id,lower,upper,size,pinned\n0,1,9,3,-1\n", 2, "pinned '-1' is not a whole number"},
                      Bad{"id,lower,upper,size,pinned\n0,1,9,3,9223372036854775808\n", 2,
                          "pinned '9223372036854775808'"},
                      Bad{"id,lower,upper,size,priority\n0,1,9,3,\n", 2, "priority '' is not a whole number"},
                      Bad{"id,lower,upper,size,priority\n0,1,9,3,2147483648\n", 2, "priority '2147483648'"},
                      Bad{"id,lower,upper,size\na,1,2,3\nb,1,2,3\na,1,2,3\n", 4, "id 'a' occurs twice"},
                      Bad{"id,lower,upper,size\n,1,2,3\n", 2, "id is empty"},
                      Bad{"id,lower,upper,size\na\tb,1,2,3\n", 2, "control characters"},
                      Bad{"id,lower,upper,size\n\xc0\x80,1,2,3\n", 2, "not UTF-8"},
                      Bad{"id,lower,upper,size\nx,one,2,3\n", 2, "lower 'one' is not a whole number"}));

TEST(InstanceTrace, FreesComeBeforeAllocsAtEqualTimesThenTheFilesOrder) {
  const Trace t = read_instance_trace(bytes_of("id,lower,upper,size\na,5,7,1\nb,0,5,2\nc,5,6,3\nd,0,5,4\n"), "x").at(0);
  using enum EventKind;
  EXPECT_THAT(t.sizes, ElementsAre(Bytes(2), Bytes(4), Bytes(1), Bytes(3)));
  EXPECT_THAT(t.kinds,
              ElementsAre(alloc, alloc, free_completed, free_completed, alloc, alloc, free_completed, free_completed));
  EXPECT_THAT(t.subjects, ElementsAre(0, 1, 0, 1, 2, 3, 3, 2));
}

TEST(InstanceTrace, IsNoneForGapsAndPinsBecauseAPoolWouldAnswerAnotherQuestion) {
  const auto replay = [](std::string_view text) {
    return std::string(trace_error([&] { read_instance_trace(bytes_of(text), "x.csv"); }).what());
  };
  EXPECT_THAT(replay("id,lower,upper,size,gaps\na,0,9,4,2-3\n"), HasSubstr("x.csv: buffer a has a gap"));
  EXPECT_THAT(replay("id,lower,upper,size,pinned\na,0,9,4,2\n"), HasSubstr("x.csv: buffer a is pinned"));
}

RC_GTEST_PROP(InstanceTrace, HasTheLoadOfItsInstance, ()) {
  Instance instance;
  const auto count = *rc::gen::inRange(1, 40);
  for (int i = 0; i < count; ++i) {
    const auto lower = *rc::gen::inRange<std::uint64_t>(0, 50);
    const auto upper = *rc::gen::inRange<std::uint64_t>(lower + 1, 60);
    instance.buffers.push_back({lower, upper, Bytes(*rc::gen::inRange<std::uint64_t>(1, 1000)), Bytes(1)});
  }
  const Trace trace = instance_to_trace(instance);
  validate(trace);
  RC_ASSERT(max_load(to_instance(trace, Bytes(1))) == max_load(instance));
}

TEST(InstanceHead, IsToldByItsHeader) {
  EXPECT_TRUE(recognise_instance_csv(bytes_of("id,lower,upper,size\n")));
  EXPECT_TRUE(recognise_instance_csv(bytes_of("size,id\r\n")));
  EXPECT_FALSE(recognise_instance_csv(bytes_of("Thread,Time,Action,Pointer,Size,Stream\n")));
  EXPECT_FALSE(recognise_instance_csv(bytes_of("id\n")));
  EXPECT_FALSE(recognise_instance_csv(bytes_of("\n\n")));
  EXPECT_FALSE(recognise_instance_csv({}));
}

}  // namespace
}  // namespace vramlab
