// Which tokens say that everything in a stream is done, and when a record is needed for it.

#include "engine/swap/stream_order.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "swap_world.h"

namespace vramlab {
namespace {

using ::testing::ElementsAre;
using testing::SwapWorld;
using ::testing::UnorderedElementsAre;

const StreamId home(0), side(1);
const ObjectId a(0), b(1), c(2);

struct Streams {
  std::vector<TokenId> follow(StreamId stream) {
    std::vector<TokenId> after;
    order.follow(stream, after);
    return after;
  }

  testing::HostDevice device{{}};
  DecisionLog log;
  Port port{device, log};
  StreamOrder order{port, log};
};

TEST(StreamOrder, ARecordServesUntilSomethingIsLaunched) {
  Streams streams;
  EXPECT_THAT(streams.follow(home), ElementsAre(TokenId(0)));
  EXPECT_THAT(streams.follow(home), ElementsAre(TokenId(0)));
  EXPECT_THAT(streams.follow(side), ElementsAre(TokenId(1)));
  streams.order.launched();
  EXPECT_THAT(streams.follow(home), ElementsAre(TokenId(2)));
  EXPECT_THAT(streams.follow(side), ElementsAre(TokenId(3)));
}

TEST(StreamOrder, WhatTheStreamWaitedForSinceComesWithTheRecord) {
  Streams streams;
  const TokenId other = streams.port.record(side);
  EXPECT_THAT(streams.follow(home), ElementsAre(TokenId(1)));
  streams.port.wait(home, other);
  streams.port.wait(home, other);
  EXPECT_THAT(streams.follow(home), UnorderedElementsAre(TokenId(1), other));
  EXPECT_THAT(streams.follow(side), ElementsAre(other));
}

TEST(StreamOrder, AnybodysRecordServes) {
  Streams streams;
  const TokenId before = streams.port.record(home);
  streams.order.launched();
  const TokenId now = streams.port.record(home);
  EXPECT_NE(before, now);
  EXPECT_THAT(streams.follow(home), ElementsAre(now));
}

TEST(StreamOrder, AClearNeedsANewRecord) {
  Streams streams;
  const Space space = streams.port.take_segment(4_KiB, home).value();
  const auto first = streams.follow(home);
  streams.port.clear({space.id, Bytes(0), 4_KiB}, home);
  EXPECT_NE(streams.follow(home), first);
}

// Whoever gets its memory follows what used it to the last.
TEST(StreamOrder, AReleaseNeedsANewRecord) {
  Streams streams;
  const auto first = streams.follow(home);
  streams.port.bind(BlockId(0), a);
  streams.port.place(BlockId(0), SegmentId(0), Bytes(0), 4_KiB, home);
  EXPECT_EQ(streams.follow(home), first);
  streams.port.release(BlockId(0));
  EXPECT_NE(streams.follow(home), first);
}

TEST(StreamOrder, ManyWaitsAreWorthARecord) {
  Streams streams;
  const auto first = streams.follow(home);
  for (int i = 0; i < 100; ++i) streams.port.wait(home, streams.port.record(side));
  const auto second = streams.follow(home);
  EXPECT_EQ(second.size(), 1u);
  EXPECT_NE(first, second);
}

TEST(StreamOrder, UnseenEveryCallTakesARecord) {
  Streams streams;
  StreamOrder unseen(streams.port);
  std::vector<TokenId> after;
  unseen.follow(home, after);
  unseen.follow(home, after);
  EXPECT_EQ(after.size(), 2u);
}

// Three objects leave behind one operator, and what comes back into their memory follows them with no other record.
TEST(StreamOrder, TransfersBetweenTwoOperatorsShareARecord) {
  SwapWorld world({.memory = 192_KiB, .eager_streams = true});
  for (const ObjectId object : {a, b, c}) ASSERT_TRUE(world.allocate(object, 64_KiB));
  const std::uint64_t records = world.count(DecisionKind::record);
  for (const ObjectId object : {a, b}) ASSERT_TRUE(world.swapper.swap_out(object, Tier::host));
  for (const ObjectId object : {a, b}) world.swapper.settle(object);
  ASSERT_TRUE(world.swapper.swap_in(a));
  EXPECT_EQ(world.count(DecisionKind::record), records + 1);
  ASSERT_TRUE(world.read(a, home));
  ASSERT_TRUE(world.swapper.swap_in(b));
  EXPECT_EQ(world.count(DecisionKind::record), records + 2);
  const auto mismatch = world.mismatch_at_the_end();
  EXPECT_FALSE(mismatch.has_value());
}

}  // namespace
}  // namespace vramlab
