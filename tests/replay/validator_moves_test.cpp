// The one way in which a live object may move, and every step of it left out.

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "decision_script.h"

namespace vramlab {
namespace {

using test::complaint;
using test::Script;
using test::TraceBuilder;
using testing::HasSubstr;

constexpr std::uint64_t half = 512;

Decision end_of(DecisionKind kind, std::uint32_t token, std::uint64_t offset, std::uint64_t bytes = half) {
  return {.kind = kind, .object = token, .segment = 0, .offset = offset, .bytes = bytes};
}

/// What a pool says that moves object 0, of stream 0, from offset 0 to `to` in the event of another object. Token 0 is
/// of its stream, token 1 the copy. Steps can be left out or changed.
struct Move {
  std::uint64_t to = half;
  std::uint64_t copied = half;
  bool records = true;
  bool after = true;
  bool waits = true;
  bool copies = true;
  std::uint32_t placed = 0;
  std::uint64_t placed_at = half;
  std::uint16_t stream = 0;

  void say(Script& s) const {
    if (records) s.record(0, 0);
    if (after) s.say({.kind = DecisionKind::after, .object = 0});
    const std::uint32_t copy = records ? 1 : 0;
    if (copies) s.say(end_of(DecisionKind::transfer_from, copy, 0, copied));
    if (copies) s.say(end_of(DecisionKind::transfer_to, copy, to, copied));
    if (waits) s.wait(0, copy);
    s.release(0);
    s.place(placed, 0, placed_at, half, stream);
  }
};

/// Object 0 at the low end of a segment of four halves; the move comes in the event that frees object 1.
std::string verdict(const Move& move) {
  return complaint([&] {
    Script s(TraceBuilder().alloc(half).alloc(half).free(1).free(0).build());
    s.segment(0, 4 * half).next().place(0, 0, 0, half).next().place(1, 0, 3 * half, half).next().release(1);
    move.say(s);
    s.next().release(0).end();
  });
}

TEST(ValidatorMoves, ALiveObjectMayMoveByACopyInOrder) { EXPECT_EQ(verdict({}), ""); }

TEST(ValidatorMoves, EveryStepOfItIsNeeded) {
  EXPECT_THAT(verdict({.waits = false, .copies = false}), HasSubstr("object 0 is released, but its program still"));
  EXPECT_THAT(verdict({.copied = half / 2}), HasSubstr("object 0 is released, but its program still"));
  EXPECT_THAT(verdict({.after = false}), HasSubstr("copied without waiting for the work of its stream 0"));
  EXPECT_THAT(verdict({.waits = false}), HasSubstr("object 0 moves, but its stream 0 does not wait for the copy"));
  EXPECT_THAT(verdict({.placed = 1}), HasSubstr("object 0 has left its place and is not placed again"));
  EXPECT_THAT(verdict({.placed_at = 2 * half}), HasSubstr("object 0 moves to where it was not copied"));
  EXPECT_THAT(verdict({.stream = 1}), HasSubstr("object 0 moves to another stream"));
}

TEST(ValidatorMoves, ATokenOfAnEarlierEventIsNoneOfTheWorkSinceThen) {
  EXPECT_THAT(complaint([&] {
                Script s(TraceBuilder().alloc(half).alloc(half).build());
                s.segment(0, 4 * half).next().place(0, 0, 0, half).record(0, 0).next().place(1, 0, 3 * half, half);
                s.say({.kind = DecisionKind::after, .object = 0});
                s.say(end_of(DecisionKind::transfer_from, 1, 0)).say(end_of(DecisionKind::transfer_to, 1, half));
                s.wait(0, 1).release(0);
              }),
              HasSubstr("copied without waiting"));
}

TEST(ValidatorMoves, TheDestinationMustBeFree) {
  EXPECT_THAT(complaint([&] {
                Script s(TraceBuilder().alloc(half).alloc(half).build());
                s.segment(0, 4 * half).next().place(0, 0, 0, half).next().place(1, 0, half, half);
                Move{}.say(s);
              }),
              HasSubstr("overlaps live object 1"));
}

// Stream 1 used the destination last: the copy must follow a token of it, too.
TEST(ValidatorMoves, TheCopyComesAfterThoseWhoHadTheDestination) {
  const auto moved = [](bool waits) {
    return complaint([&] {
      Script s(TraceBuilder().alloc(half).alloc(half, 1).free(1).build());
      s.segment(0, 4 * half).next().place(0, 0, 0, half).next().place(1, 0, half, half, 1).next().release(1);
      s.record(0, 0).record(1, 1).say({.kind = DecisionKind::after, .object = 0});
      if (waits) s.say({.kind = DecisionKind::after, .object = 1});
      s.say(end_of(DecisionKind::transfer_from, 2, 0)).say(end_of(DecisionKind::transfer_to, 2, half));
      s.wait(0, 2).release(0).place(0, 0, half, half).end();
    });
  };
  EXPECT_EQ(moved(true), "");
  EXPECT_THAT(moved(false), HasSubstr("object 0 is copied over what stream 1 used last, without a wait for it"));
}

// Whoever gets the old place on another stream waits for a token recorded after the owner began to wait for the copy.
TEST(ValidatorMoves, TheOldPlaceIsReusedAfterTheCopy) {
  const auto reused = [](bool waits) {
    return complaint([&] {
      Script s(TraceBuilder().alloc(half).alloc(half).free(1).alloc(half, 1).build());
      s.segment(0, 4 * half).next().place(0, 0, 0, half).next().place(1, 0, 3 * half, half).next().release(1);
      Move{}.say(s);
      s.next();
      if (waits) s.record(2, 0).wait(1, 2);
      s.place(2, 0, 0, half, 1).end();
    });
  };
  EXPECT_EQ(reused(true), "");
  EXPECT_THAT(reused(false), HasSubstr("uses on stream 1 what stream 0 used last"));
}

TEST(ValidatorMoves, AnObjectThatLeftMustArriveInItsEvent) {
  EXPECT_THAT(complaint([&] {
                Script s(TraceBuilder().alloc(half).alloc(half).build());
                s.segment(0, 4 * half).next().place(0, 0, 0, half).next().place(1, 0, 3 * half, half);
                s.record(0, 0).say({.kind = DecisionKind::after, .object = 0});
                s.say(end_of(DecisionKind::transfer_from, 1, 0)).say(end_of(DecisionKind::transfer_to, 1, half));
                s.wait(0, 1).release(0).end();
              }),
              HasSubstr("object 0 has left its place and is not placed again"));
}

}  // namespace
}  // namespace vramlab
