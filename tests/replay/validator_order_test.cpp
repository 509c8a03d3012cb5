#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "decision_script.h"

namespace vramlab {
namespace {

using test::complaint;
using test::Script;
using test::TraceBuilder;
using testing::HasSubstr;

Trace used_by_stream_0_then_1() { return TraceBuilder().alloc(512).free(0).alloc(512, 1).free(1).alloc(512).build(); }

Script after_use_on_stream_0() {
  Script script(used_by_stream_0_then_1());
  script.segment(0, 4096).next().place(0, 0, 0, 512).next().release(0);
  return script;
}

TEST(ValidatorOrder, AWaitOrdersWhatWasRecordedBefore) {
  const auto reuse = [](Script& script) { script.place(1, 0, 0, 512, 1).next().release(1).end(); };
  const char* unordered = "uses on stream 1 what stream 0 used last, without a wait for it";
  EXPECT_THAT(complaint([&] {
                Script s = after_use_on_stream_0();
                s.next();
                reuse(s);
              }),
              HasSubstr(unordered));
  EXPECT_EQ(complaint([&] {
              Script s = after_use_on_stream_0();
              s.record(0, 0).next().wait(1, 0);
              reuse(s);
            }),
            "");
  EXPECT_EQ(complaint([&] {
              Script s = after_use_on_stream_0();
              s.next().place(1, 0, 0, 512, 1).record(0, 0).wait(1, 0).next();
            }),
            "")
      << "the wait may follow within the event";
  EXPECT_THAT(complaint([&] {
                Script s = after_use_on_stream_0();
                s.record(0, 1).next().wait(1, 0);
                reuse(s);
              }),
              HasSubstr(unordered));
  EXPECT_THAT(complaint([&] {
                Script s = after_use_on_stream_0();
                s.record(0, 0).next().wait(2, 0);
                reuse(s);
              }),
              HasSubstr(unordered));
}

TEST(ValidatorOrder, OrderPassesThroughAThirdStream) {
  EXPECT_EQ(complaint([] {
              Script s = after_use_on_stream_0();
              s.record(0, 0).wait(2, 0).record(1, 2).next().wait(1, 1).place(1, 0, 0, 512, 1).next();
            }),
            "");
}

TEST(ValidatorOrder, ATokenRecordedBeforeTheUseOrdersNothing) {
  Script s(used_by_stream_0_then_1());
  s.segment(0, 4096).next().place(0, 0, 0, 512).record(0, 0).next().release(0).next().wait(1, 0).place(1, 0, 0, 512, 1);
  EXPECT_THAT(complaint([&] { s.next(); }), HasSubstr("event 2 (alloc of object 1)"));
}

TEST(ValidatorOrder, PartOfTheMemoryIsEnoughToBeUnordered) {
  Script s(TraceBuilder().alloc(1024).free(0).alloc(512, 1).build());
  s.segment(0, 4096).next().place(0, 0, 0, 1024).next().release(0).next().place(1, 0, 1023, 512, 1);
  EXPECT_THAT(complaint([&] { s.end(); }), HasSubstr("bytes 1023 to 1535"));
}

TEST(ValidatorOrder, ReturningASegmentWaitsForEverything) {
  Script s(used_by_stream_0_then_1());
  s.segment(0, 4096).segment(1, 512).next().place(0, 0, 0, 512).next().release(0).return_segment(1, 512);
  s.next().place(1, 0, 0, 512, 1);
  EXPECT_EQ(complaint([&] { s.next(); }), "");
}

}  // namespace
}  // namespace vramlab
