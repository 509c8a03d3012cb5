#include "engine/replay/stall_causes.h"

#include <gtest/gtest.h>

#include "engine/core/error.h"

namespace vramlab {
namespace {

constexpr Nanoseconds gap{10};

/// Three operators of 100 ns that the ideal runs 10 ns apart; the last one of the run begins `late` ns later.
struct Made {
  ReplayTimeline timeline;
  SwapRequest request;

  explicit Made(std::int64_t late) {
    request.timing.gap = gap;
    for (std::uint64_t k = 0; k < 3; ++k) {
      timeline.ideal.push_back(launch(at(k), k));
      timeline.swapped.push_back(launch(at(k) + (k == 2 ? late : 0), k));
    }
  }
  static std::int64_t at(std::uint64_t k) { return static_cast<std::int64_t>(10 + k * 110); }
  static TimelineSpan launch(std::int64_t begin, std::uint64_t order) {
    TimelineSpan span{.kind = TimelineSpan::Kind::launch, .begin = Nanoseconds(begin), .end = Nanoseconds(begin + 100)};
    span.order = order;
    return span;
  }
  void transfer(std::int64_t begin, std::int64_t end, Tier from, Tier to, std::uint32_t token) {
    TimelineSpan span{.kind = TimelineSpan::Kind::transfer, .begin = Nanoseconds(begin), .end = Nanoseconds(end)};
    span.from = from;
    span.to = to;
    span.token = TokenId(token);
    span.bytes = Bytes(end - begin);
    timeline.swapped.push_back(span);
  }
  void in(std::int64_t begin, std::int64_t end, std::uint32_t token) {
    transfer(begin, end, Tier::host, Tier::device, token);
  }
  void out(std::int64_t begin, std::int64_t end, std::uint32_t token) {
    transfer(begin, end, Tier::device, Tier::host, token);
  }
  std::vector<Stall> stalls() const { return find_stalls(timeline, request); }
  Stall only() const {
    const std::vector<Stall> found = stalls();
    EXPECT_EQ(found.size(), 1u);
    return found.empty() ? Stall() : found.front();
  }
};

// The last operator of the ideal begins at 230, after one that ends at 220.

TEST(StallCauses, ARunLikeItsIdealHasNone) { EXPECT_TRUE(Made(0).stalls().empty()); }

TEST(StallCauses, PausesOfTheIdealAreNoStalls) {
  Made made(70);
  const Stall stall = made.only();
  EXPECT_EQ(stall.order, 2u);
  EXPECT_EQ(stall.begin, Nanoseconds(230));
  EXPECT_EQ(stall.end, Nanoseconds(300));
}

TEST(StallCauses, WithoutATransferTheHostWasLate) {
  Made made(70);
  made.in(100, 250, 1);  // ended before, but not when the operator could begin
  EXPECT_EQ(made.only().cause, StallCause::host);
  EXPECT_FALSE(made.only().token.valid());
}

TEST(StallCauses, AnOperandOnItsWayBeforeIsNotBackInTime) {
  Made made(70);
  made.in(150, 290, 1);
  const Stall stall = made.only();
  EXPECT_EQ(stall.cause, StallCause::operand);
  EXPECT_EQ(stall.token, TokenId(1));
  EXPECT_EQ(stall.bytes, Bytes(140));
}

TEST(StallCauses, ACopyThatBeganOnlyThenHadNoPrefetch) {
  Made made(70);
  made.in(220, 250, 1);
  made.in(250, 290, 2);
  EXPECT_EQ(made.only().cause, StallCause::no_prefetch);
}

TEST(StallCauses, ACopyBehindEarlierOnesFoundItsLinkBusy) {
  Made made(70);
  made.in(150, 240, 1);
  made.in(240, 290, 2);
  EXPECT_EQ(made.only().cause, StallCause::link_busy);
}

TEST(StallCauses, TheOtherDirectionIsAnotherLink) {
  Made made(70);
  made.out(150, 225, 1);
  made.in(226, 290, 2);
  EXPECT_EQ(made.only().cause, StallCause::no_prefetch);
}

TEST(StallCauses, MemoryIsNotFreeUntilItsCopyOutEnds) {
  Made made(70);
  made.out(150, 290, 1);
  EXPECT_EQ(made.only().cause, StallCause::memory);
  Made behind(70);  // a copy in that waits for one out
  behind.out(150, 240, 1);
  behind.in(240, 290, 2);
  EXPECT_EQ(behind.only().cause, StallCause::memory);
}

TEST(StallCauses, WhatGoesByBeforeATransferBeginsIsTheHosts) {
  Made made(70);
  made.out(260, 290, 1);
  const std::vector<Stall> stalls = made.stalls();
  ASSERT_EQ(stalls.size(), 2u);
  EXPECT_EQ(stalls[0].cause, StallCause::host);
  EXPECT_EQ(stalls[0].begin, Nanoseconds(230));
  EXPECT_EQ(stalls[0].end, Nanoseconds(260));
  EXPECT_EQ(stalls[1].cause, StallCause::memory);
  EXPECT_EQ(stalls[1].end, Nanoseconds(300));
}

TEST(StallCauses, AnObjectThatIsUnpackedIsThereOnlyThen) {
  Made made(70);
  made.request.machine.codec = {.ratio_per_mille = 2000, .decompress_bytes_per_second = 6'000'000'000};
  made.in(150, 270, 1);  // 120 bytes: 20 ns to unpack
  EXPECT_EQ(made.only().cause, StallCause::operand);
  made.request.machine.codec = {};
  EXPECT_EQ(made.only().cause, StallCause::host);
}

TEST(StallCauses, TheWayFromTheDiskIsOneTransfer) {
  Made made(70);
  made.transfer(150, 240, Tier::disk, Tier::host, 1);
  made.transfer(240, 290, Tier::host, Tier::device, 1);
  EXPECT_EQ(made.only().cause, StallCause::operand);
}

TEST(StallCauses, StreamsPauseEachForItself) {
  Made made(0);
  TimelineSpan other = Made::launch(400, 3);
  other.stream = StreamId(1);
  made.timeline.ideal.push_back(other);
  made.timeline.swapped.push_back(other);
  EXPECT_TRUE(made.stalls().empty());
}

TEST(StallCauses, SumsTellTheLongest) {
  const std::vector<Stall> stalls{
      {.begin = Nanoseconds(0), .end = Nanoseconds(5), .cause = StallCause::memory},
      {.begin = Nanoseconds(10), .end = Nanoseconds(18), .cause = StallCause::memory, .order = 7},
      {.begin = Nanoseconds(20), .end = Nanoseconds(28), .cause = StallCause::memory}};
  const auto sums = sum_stalls(stalls);
  const StallSum& sum = sums[static_cast<std::size_t>(StallCause::memory)];
  EXPECT_EQ(sum.time, Nanoseconds(21));
  EXPECT_EQ(sum.count, 3u);
  EXPECT_EQ(sum.worst->order, 7u);
  EXPECT_EQ(sums[static_cast<std::size_t>(StallCause::host)].count, 0u);
}

TEST(StallCauses, RunsOfDifferentOperatorsAreRefused) {
  Made made(0);
  made.timeline.ideal.pop_back();
  EXPECT_THROW(made.stalls(), InvariantError);
}

}  // namespace
}  // namespace vramlab
