#include "sim/simulated_device.h"

#include <gtest/gtest.h>

#include <utility>
#include <vector>

#include "small_machine.h"

namespace vramlab {
namespace {

using testing::small_machine;

constexpr StreamId s0{0}, s1{1};

// A device with 1 MiB of segment 0 on the device, 1 on the host, 2 on the disk and 3 on the peer; its clock counts
// from then on.
class Simulated : public ::testing::Test {
 protected:
  Simulated() {
    const Tier tiers[] = {Tier::device, Tier::host, Tier::disk, Tier::peer};
    for (std::uint32_t i = 0; i < 4; ++i) EXPECT_TRUE(device_->take_segment(SegmentId(i), tiers[i], 1_MiB, s0));
    begin_ = device_->now();
  }

  Nanoseconds now() const { return device_->now() - begin_; }
  static TransferEnd end(Tier tier) {
    constexpr std::uint32_t segment[] = {0, 3, 1, 2};
    return {SegmentId(segment[static_cast<std::size_t>(tier)]), tier, {}};
  }
  void copy(std::uint32_t token, Tier from, Tier to, std::uint64_t bytes, std::vector<TokenId> after = {}) {
    device_->transfer(TokenId(token), {end(from), end(to), Bytes(bytes)}, after);
  }
  // Tokens complete by now, in the order reported.
  std::vector<std::uint32_t> completed() {
    std::vector<std::uint32_t> tokens;
    TokenId token;
    while (device_->next_completed(token, duration_)) tokens.push_back(token.value);
    return tokens;
  }

  std::unique_ptr<RunnableDevice> device_ = make_simulated_device(small_machine());
  Nanoseconds begin_{};
  Nanoseconds duration_{};
};

using Tokens = std::vector<std::uint32_t>;

TEST_F(Simulated, CallsCostTheHostWhatTheMachineSays) {
  EXPECT_EQ(device_->counters().call_time, Nanoseconds(1000 + 5000 + 0 + 1000));
  device_->take_segment(SegmentId(4), Tier::device, 4_MiB, s0);
  EXPECT_EQ(now(), 1000_ns);
  device_->reserve_range(SegmentId(5), 8_MiB);
  device_->create_pages(PageId(0), 3, 2_MiB);
  EXPECT_EQ(now(), Nanoseconds(1000 + 7 + 3 * 300));
  device_->map_pages(SegmentId(5), 2_MiB, PageId(0), 3, 2_MiB);
  device_->unmap_pages(SegmentId(5), 2_MiB, 6_MiB);
  EXPECT_EQ(now(), Nanoseconds(1907 + 3 * 500 + 3 * 600));
  device_->destroy_pages(PageId(0), 3, 2_MiB);
  device_->release_range(SegmentId(5), 8_MiB);
  device_->return_segment(SegmentId(4), Tier::device, 4_MiB);
  device_->return_segment(SegmentId(1), Tier::host, 1_MiB);
  EXPECT_EQ(now(), Nanoseconds(5207 + 3 * 400 + 8 + 2000 + 6000));
  EXPECT_EQ(device_->counters().calls, 4u + 9u);
  EXPECT_EQ(device_->counters().call_time, device_->now());
}

TEST_F(Simulated, AStreamRunsItsWorkInOrderAndTheHostRunsAhead) {
  device_->launch(s0, 1000_ns);
  device_->launch(s0, 500_ns);
  device_->record(TokenId(0), s0);
  EXPECT_EQ(now(), 21_ns);
  EXPECT_EQ(completed(), Tokens{});
  device_->synchronize(TokenId(0));
  EXPECT_EQ(now(), 1510_ns);
  EXPECT_EQ(completed(), Tokens{0});
  EXPECT_EQ(device_->counters().launches, 2u);
}

TEST_F(Simulated, TheHostBlocksWhereALaunchQueueIsFull) {
  for (int i = 0; i < 3; ++i) device_->launch(s0, 1000_ns);
  EXPECT_EQ(now(), 30_ns);
  device_->launch(s1, 1000_ns);  // another stream has its own queue
  EXPECT_EQ(now(), 40_ns);
  device_->launch(s0, 1000_ns);
  EXPECT_EQ(now(), 1010_ns);
  device_->synchronize();
  EXPECT_EQ(now(), 4010_ns);
}

TEST_F(Simulated, TheHostBlocksOnAFullQueueBehindATransferToo) {
  copy(0, Tier::host, Tier::device, 10'000);  // at 4, done at 4 + 200 + 10000
  device_->wait(s0, TokenId(0));
  for (int i = 0; i < 4; ++i) device_->launch(s0, 100_ns);
  EXPECT_EQ(now(), Nanoseconds(10'204 + 100));
}

TEST_F(Simulated, AWaitHoldsBackOnlyWhatComesAfterIt) {
  device_->launch(s0, 1000_ns);  // 10 to 1010
  device_->record(TokenId(0), s0);
  device_->launch(s1, 10_ns);
  device_->record(TokenId(1), s1);
  device_->wait(s1, TokenId(0));
  device_->launch(s1, 10_ns);  // from 1010 on
  device_->record(TokenId(2), s1);
  device_->synchronize(TokenId(1));
  EXPECT_LT(now(), 100_ns);
  device_->synchronize(TokenId(2));
  EXPECT_EQ(now(), 1020_ns);
  EXPECT_EQ(completed(), (Tokens{1, 0, 2}));
}

TEST_F(Simulated, StreamsBehindATransferGoOnWhenItIsDone) {
  copy(0, Tier::host, Tier::device, 1000);  // 4 to 1204
  device_->wait(s0, TokenId(0));
  device_->launch(s0, 50_ns);
  device_->record(TokenId(1), s0);
  device_->wait(s1, TokenId(1));
  device_->launch(s1, 7_ns);
  device_->record(TokenId(2), s1);
  copy(3, Tier::device, Tier::host, 10, {TokenId(2)});
  device_->synchronize(TokenId(3));
  EXPECT_EQ(now(), Nanoseconds(1204 + 50 + 7 + 100 + 10));
  EXPECT_EQ(completed(), (Tokens{0, 1, 2, 3}));
  EXPECT_EQ(duration_, 110_ns);  // a transfer's time runs from its start, not from its issue
}

TEST_F(Simulated, TransfersQueueInOrderOfReadinessNotOfIssue) {
  device_->launch(s0, 5000_ns);
  device_->record(TokenId(0), s0);  // done at 5010
  copy(1, Tier::device, Tier::host, 1000, {TokenId(0)});
  copy(2, Tier::device, Tier::host, 1000);
  device_->synchronize();
  EXPECT_EQ(completed(), (Tokens{2, 0, 1}));
  EXPECT_EQ(now(), Nanoseconds(5010 + 1100));
}

TEST_F(Simulated, TheDiskIsReachedThroughTheHost) {
  copy(0, Tier::device, Tier::disk, 1000);
  device_->synchronize(TokenId(0));
  EXPECT_EQ(now(), Nanoseconds(4 + 100 + 1000 + 10'000));
  copy(1, Tier::disk, Tier::device, 1000);
  device_->synchronize(TokenId(1));
  EXPECT_EQ(now(), Nanoseconds(11'104 + 4 + 5000 + 200 + 1000));
  EXPECT_EQ(device_->counters().transfers, 2u);
  EXPECT_EQ(device_->counters().transferred, Bytes(2000));
  EXPECT_EQ(device_->counters().transfer_time, Nanoseconds(11'100 + 6200));
}

TEST_F(Simulated, PeerAndDeviceCopiesHaveTheirOwnLinks) {
  copy(0, Tier::device, Tier::peer, 1000);
  copy(1, Tier::device, Tier::device, 1000);
  copy(2, Tier::device, Tier::host, 1000);
  device_->synchronize();
  EXPECT_EQ(completed(), (Tokens{1, 0, 2}));
  EXPECT_EQ(now(), Nanoseconds(12 + 1100));
}

TEST_F(Simulated, ReturningASegmentWaitsForEverythingAndUnmappingDoesNot) {
  device_->reserve_range(SegmentId(4), 2_MiB);
  device_->create_pages(PageId(0), 1, 2_MiB);
  device_->map_pages(SegmentId(4), {}, PageId(0), 1, 2_MiB);
  device_->launch(s1, 100'000_ns);
  const Nanoseconds launched = now();
  device_->unmap_pages(SegmentId(4), {}, 2_MiB);
  EXPECT_EQ(now(), launched + 600_ns);
  device_->return_segment(SegmentId(0), Tier::device, 1_MiB);
  EXPECT_EQ(now(), launched + 100'000_ns + 2000_ns);
}

TEST_F(Simulated, RefusesWhatDoesNotFitAndChangesNothing) {
  EXPECT_FALSE(device_->take_segment(SegmentId(4), Tier::device, 63_MiB + Bytes(1), s0));
  EXPECT_FALSE(device_->create_pages(PageId(0), 32, 2_MiB));
  EXPECT_TRUE(device_->take_segment(SegmentId(4), Tier::device, 63_MiB, s0));
  EXPECT_FALSE(device_->take_segment(SegmentId(5), Tier::device, Bytes(1), s0));
  EXPECT_FALSE(device_->take_segment(SegmentId(5), Tier::peer, 64_MiB, s0));
  EXPECT_TRUE(device_->take_segment(SegmentId(5), Tier::host, 1_GiB, s0));
  device_->return_segment(SegmentId(0), Tier::device, 1_MiB);
  EXPECT_TRUE(device_->take_segment(SegmentId(6), Tier::device, 1_MiB, s0));
}

TEST_F(Simulated, PhysicalMemoryMayBeSmallerThanTheModels) {
  const auto small = make_simulated_device(small_machine(), 3_MiB);
  EXPECT_FALSE(small->take_segment(SegmentId(0), Tier::device, 4_MiB, s0));
  EXPECT_TRUE(small->take_segment(SegmentId(0), Tier::device, 3_MiB, s0));
}

TEST_F(Simulated, CompletionsAreReportedOnceInOrderOfTimeThenToken) {
  for (std::uint32_t token = 0; token < 4; ++token) device_->record(TokenId(token), s0);
  device_->launch(s0, 100_ns);
  for (std::uint32_t token = 4; token < 7; ++token) device_->record(TokenId(token), s0);
  EXPECT_EQ(completed(), (Tokens{0, 1, 2, 3}));
  device_->synchronize();
  EXPECT_EQ(completed(), (Tokens{4, 5, 6}));
  EXPECT_EQ(completed(), Tokens{});
  device_->synchronize(TokenId(0));  // complete and reported: nothing to wait for
  device_->wait(s1, TokenId(0));
  copy(7, Tier::device, Tier::host, 1, {TokenId(0), TokenId(6)});
  device_->synchronize();
  EXPECT_EQ(completed(), Tokens{7});
}

// --- Figures that a model may lack ---------------------------------------------------------------------------------

std::unique_ptr<RunnableDevice> with_gap(Nanoseconds gap, Nanoseconds floor) {
  MachineModel machine = small_machine();
  machine.calls.launch_gap = gap;
  machine.calls.launch_floor = floor;
  return make_simulated_device(machine);
}

TEST(SimulatedGap, StandsBetweenOperatorsOfAStream) {
  const auto device = with_gap(30_ns, 0_ns);
  for (int i = 0; i < 3; ++i) device->launch(s0, 1000_ns);
  device->record(TokenId(0), s0);
  device->launch(s1, 1000_ns);
  device->record(TokenId(1), s1);
  device->synchronize(TokenId(1));
  EXPECT_EQ(device->now(), 1041_ns);  // the first of its stream: nothing before it
  device->synchronize(TokenId(0));
  EXPECT_EQ(device->now(), Nanoseconds(10 + 3 * 1000 + 2 * 30));
}

TEST(SimulatedGap, IsHiddenWhereTheStreamWasIdleForLonger) {
  const auto device = with_gap(30_ns, 0_ns);
  device->launch(s0, 5_ns);  // 10 to 15
  device->synchronize();
  for (int i = 0; i < 4; ++i) device->launch(s1, 0_ns);  // the host spends 40 and more
  const Nanoseconds put = device->now() + 10_ns;
  device->launch(s0, 100_ns);
  device->synchronize();
  EXPECT_EQ(device->now(), put + 100_ns);
}

TEST(SimulatedGap, StandsAfterWhatAStreamWaitedFor) {
  const auto device = with_gap(30_ns, 0_ns);
  device->launch(s0, 1000_ns);  // 10 to 1010
  device->record(TokenId(0), s0);
  device->wait(s1, TokenId(0));
  device->launch(s1, 1_ns);
  device->record(TokenId(1), s1);
  device->synchronize(TokenId(1));
  EXPECT_EQ(device->now(), Nanoseconds(1010 + 30 + 1));
}

TEST(SimulatedGap, NoOperatorIsShorterThanTheFloor) {
  const auto device = with_gap(0_ns, 50_ns);
  device->launch(s0, 1_ns);  // from 10
  device->launch(s0, 50_ns);
  device->launch(s0, 100_ns);
  device->synchronize();
  EXPECT_EQ(device->now(), Nanoseconds(10 + 50 + 50 + 100));
}

// The operator before ends at 1010, the record at 1017; another stream and the host pay nothing.
TEST(SimulatedGap, ARecordTakesItsStreamsTime) {
  MachineModel machine = small_machine();
  machine.calls.record_gap = 7_ns;
  const auto device = make_simulated_device(machine);
  device->launch(s0, 1000_ns);
  device->record(TokenId(0), s0);
  device->record(TokenId(1), s0);
  device->launch(s0, 100_ns);
  EXPECT_EQ(device->now(), Nanoseconds(10 + 1 + 1 + 10));
  device->launch(s1, 1000_ns);
  device->synchronize(TokenId(0));
  EXPECT_EQ(device->now(), 1017_ns);
  device->synchronize();
  EXPECT_EQ(device->now(), Nanoseconds(1010 + 2 * 7 + 100));
}

// Operator to 1010, copy from 1013 to 1123, the next operator from 1126; whoever comes later does not see it.
TEST(SimulatedGap, StreamsAndCopiesHandOver) {
  MachineModel machine = small_machine();
  machine.calls.handover = 3_ns;
  const auto device = make_simulated_device(machine);
  ASSERT_TRUE(device->take_segment(SegmentId(0), Tier::device, 1_KiB, s0));
  ASSERT_TRUE(device->take_segment(SegmentId(1), Tier::host, 1_KiB, s0));
  const Nanoseconds begin = device->now();
  device->launch(s0, 1000_ns);
  device->record(TokenId(0), s0);
  const TokenId after[] = {TokenId(0)};
  device->transfer(TokenId(1), {{SegmentId(0), Tier::device, {}}, {SegmentId(1), Tier::host, {}}, 10_B}, after);
  device->wait(s0, TokenId(0));  // its own
  device->wait(s0, TokenId(1));
  device->launch(s0, 100_ns);
  device->launch(s1, 5000_ns);
  device->wait(s1, TokenId(1));
  device->launch(s1, 1_ns);
  device->synchronize(TokenId(1));
  EXPECT_EQ(device->now() - begin, Nanoseconds(1010 + 3 + 110));
  device->record(TokenId(2), s0);
  device->record(TokenId(3), s1);
  device->synchronize(TokenId(2));
  EXPECT_EQ(device->now() - begin, Nanoseconds(1123 + 3 + 100));
  device->synchronize(TokenId(3));
  EXPECT_EQ(device->now() - begin, Nanoseconds(10 + 1 + 4 + 2 + 2 + 10 + 10 + 5000 + 1));
}

std::unique_ptr<RunnableDevice> keeping_pinned() {
  MachineModel machine = small_machine();
  machine.calls.pin_reuse = 3_ns;
  return make_simulated_device(machine);
}

TEST(SimulatedPinning, WhatIsKeptIsGivenOutAgain) {
  const auto device = keeping_pinned();
  const auto cost = [&](std::uint32_t id, Bytes bytes) {
    const Nanoseconds before = device->now();
    EXPECT_TRUE(device->take_segment(SegmentId(id), Tier::host, bytes, s0));
    return device->now() - before;
  };
  EXPECT_EQ(cost(0, 1_MiB), 5000_ns);
  EXPECT_EQ(cost(1, 1_MiB), 5000_ns);  // the other is in use
  device->return_segment(SegmentId(0), Tier::host, 1_MiB);
  EXPECT_EQ(cost(2, Bytes(512 * 1024 - 4096)), 5000_ns);  // less than half of what is kept
  EXPECT_EQ(cost(3, 1_MiB + Bytes(1)), 5000_ns);
  EXPECT_EQ(cost(4, 512_KiB), 3_ns);
  EXPECT_EQ(cost(5, 512_KiB), 5000_ns);
  device->return_segment(SegmentId(4), Tier::host, 512_KiB);
  EXPECT_EQ(cost(6, 1_MiB), 3_ns);  // it is still a piece of 1 MiB
}

TEST(SimulatedPinning, GivingItBackWaitsForNothing) {
  const auto device = keeping_pinned();
  device->take_segment(SegmentId(0), Tier::host, 1_MiB, s0);
  device->launch(s0, 100'000_ns);
  const Nanoseconds launched = device->now();
  device->return_segment(SegmentId(0), Tier::host, 1_MiB);
  EXPECT_EQ(device->now(), launched + 6000_ns);
}

}  // namespace
}  // namespace vramlab
