#include "engine/swap/priority_swapper.h"

#include <gtest/gtest.h>

#include <array>
#include <string_view>

#include "engine/core/error.h"
#include "swap_world.h"

namespace vramlab {
namespace {

using testing::SwapWorld;
using testing::SwapWorldOptions;

constexpr ObjectId a{0}, b{1}, c{2}, d{3};
constexpr StreamId home{0}, side{1};

std::string_view text(const char* obstacle) { return obstacle == nullptr ? "" : obstacle; }

void expect_all_bytes(SwapWorld& world) {
  const std::optional<Mismatch> mismatch = world.mismatch_at_the_end();
  EXPECT_FALSE(mismatch.has_value()) << "object " << mismatch->tag << " at byte " << mismatch->offset.value;
}

TEST(PrioritySwapper, AnObjectLeavesIsSettledAndComesBack) {
  SwapWorld world;
  ASSERT_TRUE(world.allocate(a, 64_KiB));
  ASSERT_TRUE(world.swapper.swap_out(a, Tier::host));
  EXPECT_EQ(world.swapper.state(a), SwapState::leaving);
  EXPECT_EQ(world.swapper.leaving_bytes(), 64_KiB);
  EXPECT_TRUE(world.places.placed(a));
  world.swapper.settle(a);
  EXPECT_EQ(world.swapper.state(a), SwapState::away);
  EXPECT_EQ(world.swapper.tier_of(a), Tier::host);
  EXPECT_FALSE(world.places.placed(a));
  ASSERT_TRUE(world.swapper.swap_in(a));
  EXPECT_EQ(world.swapper.state(a), SwapState::arriving);
  ASSERT_TRUE(world.read(a, home));
  EXPECT_EQ(world.swapper.state(a), SwapState::resident);
  expect_all_bytes(world);
}

TEST(PrioritySwapper, ImmediateSwapsSettleAtOnceInBothDirections) {
  SwapWorld world({.strategy = SwapStrategy::immediate});
  ASSERT_TRUE(world.allocate(a, 64_KiB));
  ASSERT_TRUE(world.swapper.swap_out(a, Tier::disk));
  EXPECT_EQ(world.swapper.state(a), SwapState::away);
  ASSERT_TRUE(world.swapper.swap_in(a));
  EXPECT_EQ(world.swapper.state(a), SwapState::resident);
  expect_all_bytes(world);
}

TEST(PrioritySwapper, ABatchTakesOneRecordAStream) {
  SwapWorld world({.strategy = SwapStrategy::batch});
  for (const ObjectId object : {a, b, c}) ASSERT_TRUE(world.allocate(object, 16_KiB, object == c ? side : home));
  const std::uint64_t before = world.count(DecisionKind::record);
  EXPECT_EQ(world.swapper.swap_out_batch(std::array{a, b, c}, Tier::host), 3U);
  EXPECT_EQ(world.count(DecisionKind::record) - before, 2U);
  expect_all_bytes(world);
}

TEST(PrioritySwapper, WhatIsUsedOnItsWayOutStays) {
  SwapWorld world;
  ASSERT_TRUE(world.allocate(a, 64_KiB) && world.allocate(b, 64_KiB));
  ASSERT_TRUE(world.swapper.swap_out(a, Tier::host) && world.swapper.swap_out(b, Tier::host));
  ASSERT_TRUE(world.read(a, side) && world.write(b, side));
  EXPECT_EQ(world.swapper.state(a), SwapState::resident);
  EXPECT_EQ(world.swapper.stats().cancelled, 2U);
  EXPECT_EQ(world.swapper.leaving_bytes(), Bytes(0));
  EXPECT_EQ(world.swapper.stats().held[2], 64_KiB);  // what was read kept its copy, what was written has none
  expect_all_bytes(world);
}

TEST(PrioritySwapper, AWriteWaitsUntilTheCopyOutHasReadIt) {
  SwapWorld world({.eager_streams = true});
  ASSERT_TRUE(world.allocate(a, 64_KiB));
  ASSERT_TRUE(world.swapper.copy_out(a, Tier::host));
  const std::uint64_t waits = world.count(DecisionKind::wait);
  ASSERT_TRUE(world.read(a, home));
  EXPECT_EQ(world.count(DecisionKind::wait), waits);
  ASSERT_TRUE(world.write(a, home));
  EXPECT_EQ(world.count(DecisionKind::wait), waits + 1);
  expect_all_bytes(world);
}

TEST(PrioritySwapper, ACleanCopySparesTheTransferUntilItIsWritten) {
  SwapWorld world;
  ASSERT_TRUE(world.allocate(a, 64_KiB));
  ASSERT_TRUE(world.swapper.copy_out(a, Tier::host));
  EXPECT_EQ(world.swapper.state(a), SwapState::resident);
  ASSERT_TRUE(world.read(a, side));
  ASSERT_TRUE(world.swapper.swap_out(a, Tier::host));
  world.swapper.settle(a);
  EXPECT_EQ(world.swapper.stats().spared_outs, 1U);
  EXPECT_EQ(world.swapper.stats().out_bytes, 64_KiB);
  EXPECT_EQ(world.swapper.operations().back().packed, Bytes(0));
  EXPECT_TRUE(world.swapper.operations().back().succeeded);
  ASSERT_TRUE(world.write(a, home));
  ASSERT_TRUE(world.swapper.swap_out(a, Tier::host));
  EXPECT_EQ(world.swapper.stats().out_bytes, 128_KiB);
  expect_all_bytes(world);
}

TEST(PrioritySwapper, WithoutCleanCopiesEveryTransferIsMade) {
  SwapWorld world({.keep_clean_copies = false});
  ASSERT_TRUE(world.allocate(a, 64_KiB));
  for (int i = 0; i < 2; ++i) {
    ASSERT_TRUE(world.swapper.swap_out(a, Tier::host));
    world.swapper.settle(a);
    ASSERT_TRUE(world.read(a, home));
    EXPECT_EQ(world.swapper.stats().held[2], Bytes(0));
  }
  EXPECT_EQ(world.swapper.stats().out_bytes, 128_KiB);
  expect_all_bytes(world);
}

TEST(PrioritySwapper, EveryObstacleIsNamedAndChangesNothing) {
  SwapWorld world({.memory = 4_MiB, .limit_host = 64_KiB, .limit_disk = Bytes(0)});
  ASSERT_TRUE(world.allocate(a, Bytes(256)) && world.allocate(b, 1_MiB) && world.allocate(c, 64_KiB) &&
              world.allocate(d, 64_KiB));
  world.swapper.pin(d);
  EXPECT_EQ(text(world.swapper.obstacle(a, Tier::host)), "is smaller than the least that is swapped");
  EXPECT_EQ(text(world.swapper.obstacle(b, Tier::host)), "is larger than the most that is swapped");
  EXPECT_EQ(text(world.swapper.obstacle(c, Tier::disk)), "the tier is not used");
  EXPECT_EQ(text(world.swapper.obstacle(c, Tier::device)), "the tier is not used");
  EXPECT_EQ(text(world.swapper.obstacle(d, Tier::host)), "is pinned");
  const std::size_t decided = world.decided().size();
  for (const ObjectId object : {a, b, d}) EXPECT_FALSE(world.swapper.swap_out(object, Tier::host));
  EXPECT_EQ(world.swapper.stats().refused, 3U);
  EXPECT_EQ(world.decided().size(), decided);
  ASSERT_TRUE(world.swapper.swap_out(c, Tier::host));
  EXPECT_EQ(text(world.swapper.obstacle(c, Tier::host)), "is not resident");
  world.swapper.unpin(d);
  EXPECT_EQ(text(world.swapper.obstacle(d, Tier::host)), "the tier is full");
  EXPECT_THROW(world.swapper.unpin(d), InvariantError);
  expect_all_bytes(world);
}

TEST(PrioritySwapper, ATierWithoutALinkIsAnObstacle) {
  SwapWorld world;
  ASSERT_TRUE(world.allocate(a, 64_KiB));
  world.machine.links[2] = {};
  EXPECT_EQ(text(world.swapper.obstacle(a, Tier::host)), "the machine has no link to the tier");
}

TEST(PrioritySwapper, ATierThatIsFullMidwayRefusesTheRest) {
  SwapWorld world({.limit_host = 100_KiB});
  for (const ObjectId object : {a, b, c}) ASSERT_TRUE(world.allocate(object, 40_KiB));
  EXPECT_EQ(world.swapper.swap_out_batch(std::array{a, b, c}, Tier::host), 2U);
  EXPECT_EQ(world.swapper.state(c), SwapState::resident);
  EXPECT_EQ(world.swapper.stats().refused, 1U);
  EXPECT_TRUE(world.swapper.swap_out(c, Tier::disk));
  expect_all_bytes(world);
}

TEST(PrioritySwapper, SpareCopiesMakeRoomForOnesThatAreNeeded) {
  SwapWorld world({.limit_host = 100_KiB});
  for (const ObjectId object : {a, b, c}) ASSERT_TRUE(world.allocate(object, 40_KiB));
  ASSERT_TRUE(world.swapper.copy_out(a, Tier::host) && world.swapper.copy_out(b, Tier::host));
  EXPECT_EQ(text(world.swapper.obstacle(c, Tier::host)), "");
  ASSERT_TRUE(world.swapper.swap_out(c, Tier::host) && world.swapper.swap_out(b, Tier::host));
  EXPECT_EQ(text(world.swapper.obstacle(a, Tier::host)), "the tier is full");
  EXPECT_EQ(world.swapper.stats().held[2], 80_KiB);
  expect_all_bytes(world);
}

TEST(PrioritySwapper, BytesOfATierFollowTheTransferThatUsedThemLast) {
  SwapWorld world({.limit_host = 64_KiB});
  ASSERT_TRUE(world.allocate(a, 64_KiB) && world.allocate(b, 64_KiB));
  ASSERT_TRUE(world.swapper.swap_out(a, Tier::host));
  world.swapper.settle(a);
  ASSERT_TRUE(world.swapper.swap_in(a));
  const TokenId in = world.swapper.operations().back().token;
  ASSERT_TRUE(world.write(a, side));
  ASSERT_TRUE(world.swapper.swap_out(b, Tier::host));
  bool follows = false;
  for (const Decision& decision : world.decided())
    follows = follows || (decision.kind == DecisionKind::after && decision.object == in.value);
  EXPECT_TRUE(follows);
  expect_all_bytes(world);
}

TEST(PrioritySwapper, FreeingInEveryStateLeavesNothingBehind) {
  SwapWorld world;
  for (const ObjectId object : {a, b, c, d}) ASSERT_TRUE(world.allocate(object, 32_KiB));
  for (const ObjectId object : {a, b, c}) ASSERT_TRUE(world.swapper.swap_out(object, Tier::host));
  world.swapper.settle(a);
  world.swapper.settle(b);
  ASSERT_TRUE(world.swapper.swap_in(b));
  ASSERT_TRUE(world.swapper.copy_out(d, Tier::host));
  for (const ObjectId object : {a, b, c, d}) {
    const std::size_t waits = world.count(DecisionKind::wait);
    world.free(object);
    EXPECT_EQ(world.count(DecisionKind::wait) - waits, object == a ? 0U : 1U) << object.value;
    world.swapper.validate();
  }
  EXPECT_EQ(world.swapper.stats().held[2], Bytes(0));
  EXPECT_EQ(world.swapper.leaving_bytes(), Bytes(0));
  EXPECT_THROW(static_cast<void>(world.swapper.state(a)), InvariantError);
  ASSERT_TRUE(world.allocate(ObjectId(4), 512_KiB));
  expect_all_bytes(world);
}

TEST(PrioritySwapper, WithoutMemoryAnAwayObjectStaysAway) {
  SwapWorld world({.memory = 64_KiB});
  ASSERT_TRUE(world.allocate(a, 64_KiB));
  ASSERT_TRUE(world.swapper.swap_out(a, Tier::host));
  world.swapper.settle(a);
  ASSERT_TRUE(world.allocate(b, 64_KiB));
  const std::size_t decided = world.decided().size();
  EXPECT_FALSE(world.swapper.swap_in(a));
  EXPECT_FALSE(world.swapper.use(a, home, true));
  EXPECT_EQ(world.swapper.state(a), SwapState::away);
  EXPECT_EQ(world.decided().size(), decided);
  EXPECT_THROW(world.swapper.bring_home([](ObjectId) {}), OutOfMemory);
  EXPECT_EQ(world.swapper.state(a), SwapState::away);
  ASSERT_TRUE(world.swapper.swap_out(b, Tier::host));
  world.swapper.bring_home([&](ObjectId object) { world.check(object, home); });  // settles what is leaving
  expect_all_bytes(world);
}

TEST(PrioritySwapper, OldestLeaveFirst) {
  SwapWorld world;
  for (const ObjectId object : {a, b, c}) ASSERT_TRUE(world.allocate(object, 32_KiB));
  for (const ObjectId object : {b, c, a}) ASSERT_TRUE(world.swapper.swap_out(object, Tier::host));
  EXPECT_EQ(world.swapper.settle_oldest(33_KiB), 64_KiB);
  EXPECT_EQ(world.swapper.state(a), SwapState::leaving);
  EXPECT_EQ(world.swapper.settle_oldest(64_KiB), 32_KiB);
  EXPECT_EQ(world.swapper.settle_oldest(64_KiB), Bytes(0));
  expect_all_bytes(world);
}

TEST(PrioritySwapper, PinningKeepsWhatIsLeaving) {
  SwapWorld world;
  ASSERT_TRUE(world.allocate(a, 32_KiB));
  ASSERT_TRUE(world.swapper.swap_out(a, Tier::host));
  world.swapper.pin(a);
  world.swapper.pin(a);
  EXPECT_EQ(world.swapper.state(a), SwapState::resident);
  world.swapper.unpin(a);
  EXPECT_FALSE(world.swapper.swap_out(a, Tier::host));
  world.swapper.unpin(a);
  EXPECT_TRUE(world.swapper.swap_out(a, Tier::host));
  expect_all_bytes(world);
}

TEST(PrioritySwapper, OperationsSayWhatPassedTheLinkAndHowLongItTook) {
  SwapWorld world({.codec = {.ratio_per_mille = 2000}});
  ASSERT_TRUE(world.allocate(a, 64_KiB));
  ASSERT_TRUE(world.swapper.swap_out(a, Tier::host));
  const SwapOperation out = world.swapper.operations().back();
  EXPECT_EQ(out.packed, 32_KiB);
  EXPECT_EQ(out.operator_index, 1U);
  EXPECT_FALSE(out.succeeded);
  world.swapper.measured(out.token, 700_ns);
  world.swapper.measured(out.token, 900_ns);  // reported twice: the first counts
  world.swapper.measured(TokenId(12345), 900_ns);
  EXPECT_TRUE(world.swapper.operations().back().succeeded);
  EXPECT_EQ(world.swapper.operations().back().time, 700_ns);
  EXPECT_EQ(world.swapper.stats().transfer_time, 700_ns);
  EXPECT_EQ(world.swapper.stats().measured, 1U);
  EXPECT_EQ(world.swapper.stats().packed_bytes, 32_KiB);
}

TEST(PrioritySwapper, TheReserveIsTakenInOneSegmentAtTheFirstUse) {
  SwapWorld world;
  SwapperSettings settings = testing::small_settings({});
  settings.reserve_now[2] = 512_KiB;
  PrioritySwapper swapper(world.port, world.places, world.machine, settings);
  ASSERT_TRUE(world.allocate(a, 64_KiB));
  swapper.allocated(a, 64_KiB, home);
  EXPECT_EQ(world.count(DecisionKind::segment_take), 1U);  // the device's
  ASSERT_TRUE(swapper.swap_out(a, Tier::host));
  EXPECT_EQ(world.count(DecisionKind::segment_take), 2U);
  Bytes taken{};
  for (const Decision& decision : world.decided())
    if (decision.kind == DecisionKind::segment_take && decision.tier == Tier::host) taken = Bytes(decision.bytes);
  EXPECT_EQ(taken, 512_KiB);
}

TEST(PrioritySwapper, TheReserveIsTakenOnRequestAndOnceOnly) {
  SwapWorld world;
  SwapperSettings settings = testing::small_settings({});
  settings.reserve_now[2] = 512_KiB;
  PrioritySwapper swapper(world.port, world.places, world.machine, settings);
  swapper.reserve();
  swapper.reserve();
  EXPECT_EQ(world.count(DecisionKind::segment_take), 2U);  // the device's and the reserve
  EXPECT_EQ(world.count(DecisionKind::transfer_from), 0U);
  ASSERT_TRUE(world.allocate(a, 64_KiB));
  swapper.allocated(a, 64_KiB, home);
  ASSERT_TRUE(swapper.swap_out(a, Tier::host));
  EXPECT_EQ(world.count(DecisionKind::segment_take), 2U);
}

/// Refuses or fails the next transfer or segment.
class FailingDevice : public testing::HostDevice {
 public:
  bool take_segment(SegmentId id, Tier tier, Bytes bytes, StreamId stream) override {
    return (tier == Tier::device || bytes <= most) && HostDevice::take_segment(id, tier, bytes, stream);
  }
  void transfer(TokenId token, const Transfer& transfer, std::span<const TokenId> after) override {
    if (fail) throw DeviceError("the link is down");
    HostDevice::transfer(token, transfer, after);
  }
  Bytes most{~std::uint64_t{0}};
  bool fail = false;
};

TEST(PrioritySwapper, ATransferThatFailsChangesNothing) {
  FailingDevice device;
  DecisionLog log;
  Port port(device, log);
  testing::FirstFitPlaces places(port, 1_MiB);
  const SwapMachine machine = testing::linked_machine();
  PrioritySwapper swapper(port, places, machine, testing::small_settings({}));
  places.add(a, 64_KiB, home);
  ASSERT_TRUE(places.place(a));
  swapper.allocated(a, 64_KiB, home);
  device.fail = true;
  EXPECT_THROW(swapper.swap_out(a, Tier::host), DeviceError);
  EXPECT_EQ(swapper.state(a), SwapState::resident);
  EXPECT_EQ(swapper.stats().held[2], Bytes(0));
  swapper.validate();
  device.fail = false;
  ASSERT_TRUE(swapper.swap_out(a, Tier::host));
  swapper.settle(a);
  device.fail = true;
  EXPECT_THROW(swapper.swap_in(a), DeviceError);
  EXPECT_EQ(swapper.state(a), SwapState::away);
  EXPECT_FALSE(places.placed(a));
  swapper.validate();
  device.fail = false;
  EXPECT_TRUE(swapper.use(a, home, false));
}

TEST(PrioritySwapper, ATierThatTheDeviceRefusesIsFullAndNotAskedForAgain) {
  FailingDevice device;
  device.most = 100_KiB;
  DecisionLog log;
  Port port(device, log);
  testing::FirstFitPlaces places(port, 1_MiB);
  const SwapMachine machine = testing::linked_machine();
  PrioritySwapper swapper(port, places, machine, testing::small_settings({}));
  for (const ObjectId object : {a, b}) {
    places.add(object, object == a ? 64_KiB : 128_KiB, home);
    ASSERT_TRUE(places.place(object));
    swapper.allocated(object, object == a ? 64_KiB : 128_KiB, home);
  }
  EXPECT_TRUE(swapper.swap_out(a, Tier::host));  // less is asked for than the tier grows by
  EXPECT_FALSE(swapper.swap_out(b, Tier::host));
  EXPECT_EQ(text(swapper.obstacle(b, Tier::host)), "the tier is full");
  EXPECT_EQ(swapper.state(b), SwapState::resident);
  swapper.validate();
}

}  // namespace
}  // namespace vramlab
