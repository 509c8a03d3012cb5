#include "engine/device/port.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <string>
#include <vector>

#include "engine/core/error.h"
#include "recorded_decisions.h"
#include "scripted_device.h"

namespace vramlab {
namespace {

using ::testing::ElementsAre;
using ::testing::HasSubstr;
using testing::RecordedDecisions;
using testing::ScriptedDevice;

constexpr StreamId s0{0}, s3{3};

// Throws at the commands that may not fail, as a device does whose contract was broken.
class ThrowingDevice : public ScriptedDevice {
 public:
  void return_segment(SegmentId, Tier, Bytes) override { fail(); }
  void release_range(SegmentId, Bytes) override { fail(); }
  void destroy_pages(PageId, std::uint32_t, Bytes) override { fail(); }
  void unmap_pages(SegmentId, Bytes, Bytes) override { fail(); }
  void transfer(TokenId, const Transfer&, std::span<const TokenId>) override { fail(); }
  void record(TokenId, StreamId) override { fail(); }
  void wait(StreamId, TokenId) override { fail(); }

 private:
  [[noreturn]] static void fail() { throw DeviceError("refused"); }
};

class PortTest : public ::testing::Test {
 protected:
  ScriptedDevice device_;
  DecisionLog log_;
  RecordedDecisions seen_{log_};
  Port port_{device_, log_, 64_MiB};
};

TEST_F(PortTest, EveryCommandIsOneRecordWithItsFields) {
  const Space segment = *port_.take_segment(20_MiB, s3);
  port_.bind(BlockId(5), ObjectId(77));
  port_.place(BlockId(5), segment.id, 512_B, 1024_B, s3);
  port_.release(BlockId(5));
  const Space host = *port_.take_segment(1_MiB, s0, Tier::host);
  const Space range = *port_.reserve_range(32_MiB);
  const PageId pages = *port_.create_pages(2, 2_MiB);
  ASSERT_TRUE(port_.map_pages(range, 4_MiB, pages, 2, 2_MiB));
  ASSERT_TRUE(port_.alias_pages(range, 8_MiB, pages, 1, 2_MiB));
  const TokenId recorded = port_.record(s3);
  const TokenId after[] = {recorded};
  const TokenId moved = port_.transfer({{segment.id, Tier::device, 4_KiB}, {host.id, Tier::host, 8_KiB}, 512_B}, after);
  port_.wait(s3, moved);
  port_.unmap_pages(range, 4_MiB, 6_MiB);
  port_.destroy_pages(pages, 2, 2_MiB);
  port_.release_range(range);
  port_.return_segment(segment);
  port_.return_segment(host, Tier::host);
  EXPECT_THAT(
      seen_.lines(),
      ElementsAre("version d s0 o0 seg0 +0 1", "segment_take d s3 o0 seg0 +17592186044416 20971520",
                  "place d s3 o77 seg0 +512 1024", "release d s0 o77 seg0 +0 0", "segment_take h s0 o0 seg1 +0 1048576",
                  "range_reserve d s0 o0 seg2 +17592207015936 33554432", "pages_create d s0 o0 seg0 +2097152 4194304",
                  "map d s0 o0 seg2 +4194304 4194304", "alias d s0 o0 seg2 +8388608 2097152",
                  "record d s3 o0 seg0 +0 0", "after d s0 o0 seg0 +0 0", "transfer_from d s0 o1 seg0 +4096 512",
                  "transfer_to h s0 o1 seg1 +8192 512", "wait d s3 o1 seg0 +0 0", "unmap d s0 o0 seg2 +4194304 6291456",
                  "pages_destroy d s0 o0 seg0 +2097152 4194304", "range_release d s0 o0 seg2 +0 33554432",
                  "segment_return d s0 o0 seg0 +0 20971520", "segment_return h s0 o0 seg1 +0 1048576"));
}

TEST_F(PortTest, CapacityLimitsSegmentsAndPagesOfTheDeviceTogether) {
  const auto segment = port_.take_segment(40_MiB, s0);
  ASSERT_TRUE(segment);
  EXPECT_FALSE(port_.take_segment(25_MiB, s0));
  EXPECT_FALSE(port_.create_pages(13, 2_MiB));
  const auto pages = port_.create_pages(12, 2_MiB);
  ASSERT_TRUE(pages);
  EXPECT_EQ(port_.reserved(), 64_MiB);
  EXPECT_FALSE(port_.take_segment(Bytes(1), s0));
  EXPECT_TRUE(port_.take_segment(1_GiB, s0, Tier::host));
  port_.return_segment(*segment);
  EXPECT_EQ(port_.reserved(), 24_MiB);
  EXPECT_EQ(port_.peak_reserved(), 64_MiB);
  EXPECT_TRUE(port_.take_segment(40_MiB, s0));
  EXPECT_EQ(port_.counts().segments_taken, 2u);
  EXPECT_EQ(port_.counts().segments_held, 1u);
}

TEST_F(PortTest, ReachingTheCapacityAsksNoDeviceAndLeavesNoRecord) {
  const std::size_t before = seen_.lines().size();
  EXPECT_FALSE(port_.take_segment(65_MiB, s0));
  EXPECT_FALSE(port_.take_segment(Bytes(~std::uint64_t{0}), s0));
  EXPECT_EQ(device_.commands, 0u);
  EXPECT_EQ(seen_.lines().size(), before);
}

TEST_F(PortTest, ARefusedCommandChangesNothingAndItsIdIsUsedNext) {
  device_.refused = {0, 2, 4, 6};
  EXPECT_FALSE(port_.take_segment(1_MiB, s0));
  EXPECT_EQ(port_.take_segment(1_MiB, s0)->id, SegmentId(0));
  EXPECT_FALSE(port_.reserve_range(4_MiB));
  const auto range = port_.reserve_range(4_MiB);
  EXPECT_EQ(range->id, SegmentId(1));
  EXPECT_FALSE(port_.create_pages(1, 2_MiB));
  EXPECT_EQ(port_.create_pages(1, 2_MiB), PageId(0));
  const std::size_t before = seen_.lines().size();
  EXPECT_FALSE(port_.map_pages(*range, {}, PageId(0), 1, 2_MiB));
  EXPECT_EQ(seen_.lines().size(), before);
  EXPECT_EQ(port_.reserved(), 3_MiB);
  EXPECT_EQ(port_.counts().map_calls, 0u);
}

TEST_F(PortTest, RefusalsAreRecordedWithTheirPositionAndCommand) {
  InputLog log;
  std::uint64_t position = 7;
  port_.record_inputs(log, position);
  device_.refused = {1, 2};
  EXPECT_TRUE(port_.take_segment(1_MiB, s0));
  EXPECT_FALSE(port_.take_segment(1_MiB, s0));
  position = 9;
  EXPECT_FALSE(port_.reserve_range(2_MiB));
  EXPECT_FALSE(port_.take_segment(65_MiB, s0));  // the capacity is no input: every device knows it
  EXPECT_THAT(log.inputs, ElementsAre(Input{InputKind::failed, 7, 1, 0}, Input{InputKind::failed, 9, 2, 0}));
}

TEST_F(PortTest, ReplayedFailuresGiveTheSameDecisionsOnADeviceThatRefusesNothing) {
  const auto policy = [](Port& port) {
    for (int i = 0; i < 6; ++i)
      if (const auto segment = port.take_segment(2_MiB, s0))
        port.record(s0);
      else
        port.create_pages(1, 2_MiB);
  };
  InputLog log;
  const std::uint64_t position = 0;
  port_.record_inputs(log, position);
  device_.refused = {1, 4, 5};
  policy(port_);

  ScriptedDevice willing;
  DecisionLog second_log;
  RecordedDecisions second(second_log);
  Port port(willing, second_log, 64_MiB);
  port.replay_failures(log);
  policy(port);
  EXPECT_EQ(second.lines(), seen_.lines());
  EXPECT_EQ(willing.commands, device_.commands - 3);  // a failed command is not carried out
}

TEST_F(PortTest, ARefusalThatTheLogDoesNotKnowIsAnError) {
  port_.replay_failures({});
  device_.refused = {1};
  EXPECT_TRUE(port_.take_segment(1_MiB, s0));
  try {
    port_.take_segment(1_MiB, s0);
    FAIL();
  } catch (const DeviceError& e) {
    EXPECT_THAT(e.what(), HasSubstr("command 1"));
  }
}

TEST_F(PortTest, RecordedAddressesAreTakenInOrder) {
  port_.use_recorded_addresses({{Address(1000 << 20), 2_MiB}, {Address(500 << 20), 20_MiB}});
  EXPECT_EQ(port_.take_segment(2_MiB, s0)->base, Address(1000 << 20));
  EXPECT_EQ(port_.take_segment(1_MiB, s0, Tier::host)->base, Address(0));  // not the device's: the book is not asked
  EXPECT_EQ(port_.take_segment(20_MiB, s0)->base, Address(500 << 20));
  EXPECT_FALSE(port_.counts().left_address_book);
  EXPECT_GE(port_.take_segment(2_MiB, s0)->base, Address(std::uint64_t{1} << 44));
  EXPECT_TRUE(port_.counts().left_address_book);
}

TEST_F(PortTest, ADifferentSizeLeavesTheAddressBookForGood) {
  port_.use_recorded_addresses({{Address(1000 << 20), 2_MiB}, {Address(500 << 20), 2_MiB}});
  EXPECT_GE(port_.take_segment(4_MiB, s0)->base, Address(std::uint64_t{1} << 44));
  EXPECT_TRUE(port_.counts().left_address_book);
  EXPECT_GE(port_.take_segment(2_MiB, s0)->base, Address(std::uint64_t{1} << 44));
}

TEST_F(PortTest, ARecordedAddressIsUsedAgainOnlyAfterItsReturn) {
  port_.use_recorded_addresses(
      {{Address(1000 << 20), 2_MiB}, {Address(1000 << 20), 2_MiB}, {Address(1001 << 20), 2_MiB}});
  const auto first = port_.take_segment(2_MiB, s0);
  port_.return_segment(*first);
  EXPECT_EQ(port_.take_segment(2_MiB, s0)->base, Address(1000 << 20));
  EXPECT_FALSE(port_.counts().left_address_book);
  EXPECT_GE(port_.take_segment(2_MiB, s0)->base, Address(std::uint64_t{1} << 44));  // would overlap
  EXPECT_TRUE(port_.counts().left_address_book);
}

TEST_F(PortTest, ARefusedTakeLeavesItsRecordedAddressForTheNext) {
  port_.use_recorded_addresses({{Address(1000 << 20), 2_MiB}});
  device_.refused = {0};
  EXPECT_FALSE(port_.take_segment(2_MiB, s0));
  EXPECT_EQ(port_.take_segment(2_MiB, s0)->base, Address(1000 << 20));
}

TEST_F(PortTest, ARangeBeginsAtItsFirstRecordedMap) {
  port_.use_recorded_addresses({{Address(1000 << 20), 2_MiB}, {Address(1002 << 20), 2_MiB}});
  const auto range = port_.reserve_range(8_MiB);
  EXPECT_EQ(range->base, Address(1000 << 20));
  const auto pages = port_.create_pages(3, 2_MiB);
  EXPECT_TRUE(port_.map_pages(*range, {}, *pages, 1, 2_MiB));
  EXPECT_TRUE(port_.map_pages(*range, 2_MiB, PageId(1), 1, 2_MiB));
  EXPECT_FALSE(port_.counts().left_address_book);
  EXPECT_TRUE(port_.map_pages(*range, 4_MiB, PageId(2), 1, 2_MiB));
  EXPECT_TRUE(port_.counts().left_address_book);  // the run outlived its recording
}

TEST_F(PortTest, AMapBeyondTheRangeIsABugOfThePolicy) {
  const auto range = port_.reserve_range(4_MiB);
  const auto pages = port_.create_pages(2, 2_MiB);
  EXPECT_THROW(port_.map_pages(*range, 2_MiB, *pages, 2, 2_MiB), InvariantError);
}

TEST(Port, ACommandThatThrowsLeavesNoRecordAndNoToken) {
  ThrowingDevice device;
  DecisionLog log;
  RecordedDecisions seen(log);
  Port port(device, log);
  const Space segment = *port.take_segment(2_MiB, s0);
  const Space range = *port.reserve_range(2_MiB);
  const PageId page = *port.create_pages(1, 2_MiB);
  const std::vector<std::string> before = seen.lines();
  const TransferEnd end{segment.id, Tier::device, {}};
  EXPECT_THROW(port.return_segment(segment), DeviceError);
  EXPECT_THROW(port.release_range(range), DeviceError);
  EXPECT_THROW(port.destroy_pages(page, 1, 2_MiB), DeviceError);
  EXPECT_THROW(port.unmap_pages(range, {}, 2_MiB), DeviceError);
  EXPECT_THROW(port.transfer({end, end, Bytes(1)}), DeviceError);
  EXPECT_THROW(port.record(s0), DeviceError);
  EXPECT_THROW(port.wait(s0, TokenId(0)), DeviceError);
  EXPECT_EQ(seen.lines(), before);
  EXPECT_EQ(port.tokens_issued(), 0u);
  EXPECT_EQ(port.reserved(), 4_MiB);
  EXPECT_EQ(port.counts().unmap_calls, 0u);
}

}  // namespace
}  // namespace vramlab
