#include "engine/replay/access_window.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <span>
#include <string>
#include <vector>

#include "engine/core/error.h"
#include "traces/reader.h"

namespace vramlab {
namespace {

using ::testing::ElementsAre;

Trace trace_of(const std::string& text) { return read_traces(std::as_bytes(std::span(text)), "hand.csv").at(0); }

// Object 0 is there before, 1 goes before the first operator's iteration.
const std::string recording =
    "alloc,0,2097152,0\nalloc,1,512,0\niteration,0\nfree,1\niteration,3\n"
    "alloc,2,4194304,0\nalloc,3,8388608,0\nfree,3\nalloc,4,512,0\nop,a,10,0,2\n"
    "alloc,5,4194304,0\nfree,5\nalloc,6,4194304,0\nop,b,20,2,6;4\nfree,2\n"
    "iteration,4\nop,c,5,6,0\nfree,6\nfree,4\n";

std::vector<std::string> words(const Trace& trace) {
  std::vector<std::string> words;
  for (std::size_t i = 0; i < trace.event_count(); ++i) {
    const std::string subject = std::to_string(trace.subjects[i]);
    if (trace.kinds[i] == EventKind::alloc) words.push_back("alloc " + subject);
    if (trace.kinds[i] == EventKind::free_completed) words.push_back("free " + subject);
    if (trace.kinds[i] == EventKind::op) words.push_back("op " + subject);
    if (trace.kinds[i] == EventKind::iteration) words.push_back("iteration");
  }
  return words;
}

TEST(OperatorWindow, BeginsAtTheFirstIterationWithOperatorsAndWithWhatIsLiveThen) {
  const Trace window = operator_window(trace_of(recording));
  EXPECT_EQ(words(window).at(0), "alloc 0");
  EXPECT_EQ(words(window).at(1), "iteration");
  EXPECT_EQ(window.operators.size(), 3u);
  validate(window);
}

TEST(OperatorWindow, WorkspaceIsFreedBehindItsOperatorUnlessItsMemoryMayHaveBeenTaken) {
  EXPECT_THAT(words(operator_window(trace_of(recording))),
              ElementsAre("alloc 0", "iteration", "alloc 1", "alloc 2", "alloc 3", "op 0", "free 2", "alloc 4",
                          "free 4", "alloc 5", "op 1", "free 1", "iteration", "op 2", "free 5", "free 3"));
}

TEST(OperatorWindow, ATraceWithoutOperatorsIsRefused) {
  EXPECT_THROW(operator_window(trace_of("alloc,0,512,0\niteration,3\nfree,0\n")), TraceError);
}

// Object 1 is found and freed, and 3 of its kind left behind; 2 is found and freed, and 4 of another size left behind.
const std::string handing_on =
    "alloc,0,2097152,0\nalloc,1,512,0\nalloc,2,1024,0\niteration,3\nop,a,10,0;1;2,0\nfree,1\nfree,2\n"
    "alloc,3,512,0\nalloc,4,4096,0\nop,b,10,0,3;4\n";

TEST(RepeatedWindow, FindsWhatTheRoundBeforeLeftBehind) {
  const OperatorWindow window = repeated_window(trace_of(handing_on), 1);
  EXPECT_THAT(words(window.trace),
              ElementsAre("alloc 0", "alloc 1", "alloc 2", "iteration", "op 0", "free 1", "free 2", "alloc 3",
                          "alloc 4", "op 1",    // the first round
                          "free 4", "alloc 5",  // 4 is of no use to the next one, which wants another 2
                          "iteration", "op 2", "free 3", "free 5", "alloc 6", "alloc 7", "op 3"));
  const Lists& reads = window.trace.operators.reads;
  EXPECT_THAT(std::vector(reads.values.begin() + 4, reads.values.begin() + 7), ElementsAre(0u, 3u, 5u));
  EXPECT_EQ(window.measured_from, 12u);
  validate(window.trace);
}

TEST(RepeatedWindow, WithoutRoundsBeforeIsTheStretchItself) {
  const OperatorWindow window = repeated_window(trace_of(recording), 0);
  EXPECT_EQ(words(window.trace), words(operator_window(trace_of(recording))));
  EXPECT_EQ(window.measured_from, 1u);
}

TEST(AccessProgramOfAWindow, SlotsHoldLoadsLivesAndUses) {
  const AccessProgram program = access_program(operator_window(trace_of(recording)), {});
  ASSERT_EQ(program.slots(), 3u);
  EXPECT_THAT(program.iterations, ElementsAre(0u, 2u));
  EXPECT_EQ(program.load[0], Bytes(2097152 + 4194304 + 8388608 + 512));
  EXPECT_EQ(program.load[1], Bytes(2097152 + 4194304 + 512 + 4194304));
  EXPECT_TRUE(program.objects[0].persistent());
  EXPECT_THAT(program.objects[0].accesses, ElementsAre(Access{0, false}, Access{2, true}));
  EXPECT_EQ(program.objects[1].birth, 0u);
  EXPECT_EQ(program.objects[1].death, 2u);
  EXPECT_EQ(program.objects[2].death, 1u);
  EXPECT_EQ(program.duration, Nanoseconds(35'000));
}

TEST(AccessProgramOfAWindow, OperatorsWaitForTheHostAndForEachOther) {
  const AccessProgram program =
      access_program(operator_window(trace_of(recording)), {.launch = 3_us, .gap = 1_us, .floor = 6_us});
  EXPECT_THAT(program.begin, ElementsAre(3_us, 14_us, 37_us));
  EXPECT_THAT(program.end, ElementsAre(13_us, 34_us, 43_us));
}

TEST(Gaps, OfAPersistentObjectBeginAndEndWithTheStretch) {
  const AccessProgram program = access_program(operator_window(trace_of(recording)), {});
  const std::vector<SwapGap> gaps = gaps_of(program, 0);
  ASSERT_EQ(gaps.size(), 1u);
  EXPECT_EQ(gaps[0].from, 1u);
  EXPECT_EQ(gaps[0].to, 2u);
  EXPECT_TRUE(gaps[0].returns);
  EXPECT_EQ(working_set(program, 0), program.load[0]);
}

}  // namespace
}  // namespace vramlab
