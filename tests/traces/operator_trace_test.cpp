#include "traces/operator_trace.h"

#include <gmock/gmock.h>

#include "files.h"

namespace vramlab {
namespace {

using test::bytes_of;
using test::trace_error;
using ::testing::ElementsAre;
using ::testing::HasSubstr;

Trace read(std::string_view text) { return read_operator_trace(bytes_of(text), "x.csv").at(0); }

std::string name_of(const Trace& trace, std::size_t op) { return trace.operators.names[trace.operators.name[op]]; }

TEST(OperatorTrace, EveryRecordBecomesItsEvent) {
  const Trace t = read(
      "alloc,0,92928,0\n"
      "alloc,1,256,0\n"
      "iteration,3\n"
      "op,aten.add,1.60,0;1,1\n"
      "free,0\n");
  using enum EventKind;
  EXPECT_THAT(t.kinds, ElementsAre(alloc, alloc, iteration, op, free_completed));
  EXPECT_THAT(t.subjects, ElementsAre(0, 1, 3, 0, 0));
  EXPECT_THAT(t.sizes, ElementsAre(Bytes(92928), Bytes(256)));
  EXPECT_THAT(t.operators.reads.values, ElementsAre(0, 1));
  EXPECT_THAT(t.operators.writes.values, ElementsAre(1));
  EXPECT_THAT(t.operators.gpu_time, ElementsAre(Nanoseconds(1600)));
  EXPECT_EQ(name_of(t, 0), "aten.add");
  EXPECT_EQ(t.format, "operator");
  EXPECT_EQ(t.name, "x.csv");
  EXPECT_TRUE(t.times_us.empty());
  EXPECT_FALSE(t.has_addresses());
}

TEST(OperatorTrace, IdsMayBeAny64BitNumberAndBecomeDense) {
  const Trace t = read("alloc,18446744073709551615,8,0\nalloc,5,8,0\nfree,18446744073709551615\nop,x,0,5,\n");
  EXPECT_THAT(t.subjects, ElementsAre(0, 1, 0, 0));
  EXPECT_THAT(t.operators.reads.values, ElementsAre(1));
}

TEST(OperatorTrace, AnIdAllocatedAgainIsANewObject) {
  const Trace t = read("alloc,7,8,0\nfree,7\nalloc,7,16,0\nfree,7\n");
  EXPECT_THAT(t.subjects, ElementsAre(0, 0, 1, 1));
  EXPECT_THAT(t.sizes, ElementsAre(Bytes(8), Bytes(16)));
}

TEST(OperatorTrace, StreamsBecomeDenseAndKeepTheirNumbers) {
  const Trace t = read("alloc,0,8,140\nalloc,1,8,0\nalloc,2,8,140\n");
  EXPECT_THAT(t.streams, ElementsAre(StreamId(0), StreamId(1), StreamId(0)));
  EXPECT_THAT(t.stream_names, ElementsAre(140, 0));
}

TEST(OperatorTrace, OperatorNamesAreInterned) {
  const Trace t = read("op,a,1,,\nop,b,1,,\nop,a,1,,\n");
  EXPECT_THAT(t.operators.names, ElementsAre("a", "b"));
  EXPECT_THAT(t.operators.name, ElementsAre(0, 1, 0));
}

TEST(OperatorTrace, TimesAreExactToTheNanosecond) {
  const Trace t =
      read("op,a,0.001,,\nop,a,12,,\nop,a,9007199254740.991,,\nop,a,0.1,,\nop,a,1.0005,,\nop,a,1.00049,,\n");
  EXPECT_THAT(t.operators.gpu_time, ElementsAre(Nanoseconds(1), Nanoseconds(12000), Nanoseconds(9007199254740991),
                                                Nanoseconds(100), Nanoseconds(1001), Nanoseconds(1000)));
}

TEST(OperatorTrace, ZeroByteAllocationsArePassedOverWithTheirFreesAndUses) {
  const Trace t = read("alloc,0,0,0\nalloc,1,8,0\nop,x,1,0;1,0\nfree,0\nalloc,0,4,0\n");
  EXPECT_EQ(t.notes.zero_size_allocs, 1u);
  EXPECT_THAT(t.sizes, ElementsAre(Bytes(8), Bytes(4)));
  EXPECT_THAT(t.operators.reads.values, ElementsAre(0));
  EXPECT_TRUE(t.operators.writes.values.empty());
  EXPECT_EQ(t.event_count(), 3u);
}

TEST(OperatorTrace, CarriageReturnsBlankLinesAndAMissingLastNewlineAreAccepted) {
  const Trace t = read("\r\nalloc,0,8,0\r\n\r\nop,x,1,0,\r\nfree,0");
  EXPECT_EQ(t.event_count(), 3u);
  EXPECT_EQ(t.operators.writes.size(), 1u);
}

struct Bad {
  const char* text;
  std::uint64_t line;
  const char* message;
};

class BadOperatorTrace : public ::testing::TestWithParam<Bad> {};

TEST_P(BadOperatorTrace, IsRefusedWithItsLine) {
  const TraceError error = trace_error([] { read(GetParam().text); });
  EXPECT_THAT(error.what(), HasSubstr(GetParam().message));
  EXPECT_EQ(error.where().line, GetParam().line);
  EXPECT_EQ(error.where().file, "x.csv");
}

INSTANTIATE_TEST_SUITE_P(
    All, BadOperatorTrace,
    ::testing::Values(Bad{"alloc,0,8,0\nmalloc,1,8,0\n", 2, "unknown record 'malloc'"},
                      Bad{"alloc,0,8\n", 1, "column stream is missing"}, Bad{"alloc,0,8,0,1\n", 1, "too many columns"},
                      Bad{"free\n", 1, "column id is missing"}, Bad{"op,x,1,\n", 1, "column writes is missing"},
                      Bad{"iteration\n", 1, "column iteration is missing"},
                      Bad{"alloc,0,8,0\n\nalloc,0,8,0\n", 3, "alloc of id 0, which is live"},
                      Bad{"alloc,0,0,0\nalloc,0,8,0\n", 2, "which is live"},
                      Bad{"free,3\n", 1, "free of id 3, which was never allocated"},
                      Bad{"free,18446744073709551615\n", 1, "which was never allocated"},
                      Bad{"alloc,3,8,0\nfree,3\nfree,3\n", 3, "free of id 3, which was freed before"},
                      Bad{"alloc,3,8,0\nfree,3\nop,x,1,3,\n", 3, "op of id 3, which was freed before"},
                      Bad{"op,x,1,,9\n", 1, "op of id 9, which was never allocated"},
                      Bad{"alloc,0,-8,0\n", 1, "size '-8' is negative"},
                      Bad{"alloc,0,281474976710657,0\n", 1, "size 281474976710657 is not from 0 to 281474976710656"},
                      Bad{"alloc,0,99999999999999999999999,0\n", 1, "is not from"},
                      Bad{"alloc,0,8.5,0\n", 1, "is not a whole number"}, Bad{"alloc,0,,0\n", 1, "size is empty"},
                      Bad{"alloc, 0,8,0\n", 1, "is not a whole number"},
                      Bad{"alloc,18446744073709551616,8,0\n", 1, "id 18446744073709551616"},
                      Bad{"iteration,4294967296\n", 1, "iteration 4294967296"}, Bad{"op,x,-1,,\n", 1, "is negative"},
                      Bad{"op,x,1e5,,\n", 1, "GPU time '1e5' is not a whole number"},
                      Bad{"op,x,1.2x,,\n", 1, "is not a whole number"}, Bad{"op,x,nan,,\n", 1, "is not a whole number"},
                      Bad{"op,,1,,\n", 1, "name is empty"}, Bad{"op,a\x01,1,,\n", 1, "name is empty or not printable"},
                      Bad{"alloc,1,8,0\nop,x,1,1;,\n", 2, "ends with ';'"}, Bad{"op,x,1,;,\n", 1, "is empty"}));

TEST(OperatorTraceHead, IsToldByItsFirstRecord) {
  EXPECT_TRUE(recognise_operator_trace(bytes_of("alloc,0,8,0\n")));
  EXPECT_TRUE(recognise_operator_trace(bytes_of("\n\r\niteration,0")));
  EXPECT_TRUE(recognise_operator_trace(bytes_of("op,x,1,,\n")));
  EXPECT_TRUE(recognise_operator_trace(bytes_of("free,1\n")));
  EXPECT_FALSE(recognise_operator_trace(bytes_of("allocate,0\n")));
  EXPECT_FALSE(recognise_operator_trace(bytes_of("\n\n")));
  EXPECT_FALSE(recognise_operator_trace({}));
}

}  // namespace
}  // namespace vramlab
