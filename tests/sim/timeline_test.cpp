// What a simulated device tells of its streams and links to whoever follows.

#include <gtest/gtest.h>

#include <vector>

#include "sim/simulated_device.h"
#include "small_machine.h"

namespace vramlab {
namespace {

using Kind = TimelineSpan::Kind;

class Timeline : public ::testing::Test {
 protected:
  Timeline() : device_(make_simulated_device(testing::small_machine())) {
    for (const auto& [id, tier] : {std::pair(0u, Tier::device), {1u, Tier::host}, {2u, Tier::disk}})
      device_->take_segment(SegmentId(id), tier, Bytes(4096), StreamId(0));
  }
  void copy(TokenId token, std::uint32_t to, Tier tier, CodecFigures codec = {}) {
    const Transfer transfer{{SegmentId(0), Tier::device, {}}, {SegmentId(to), tier, {}}, Bytes(1000), codec};
    device_->transfer(token, transfer, {});
  }

  std::unique_ptr<RunnableDevice> device_;
  std::vector<TimelineSpan> spans_;
};

TEST_F(Timeline, ALaunchIsASpanOfItsStreamWithItsNumber) {
  device_->launch(StreamId(0), 50_ns);
  const Nanoseconds begin = device_->now();
  EXPECT_TRUE(device_->follow_timeline(&spans_));
  device_->clear({SegmentId(0), {}, Bytes(512)}, StreamId(1));
  device_->launch(StreamId(1), 70_ns);
  ASSERT_EQ(spans_.size(), 2u);
  EXPECT_EQ(spans_[0].kind, Kind::clear);
  EXPECT_EQ(spans_[1].kind, Kind::launch);
  EXPECT_EQ(spans_[1].order, 1u);  // clears are no operators
  EXPECT_EQ(spans_[1].stream, StreamId(1));
  EXPECT_GE(spans_[1].begin, begin);
  EXPECT_EQ(spans_[1].end - spans_[1].begin, 70_ns);
}

TEST_F(Timeline, ATransferIsASpanOfEachLinkItPasses) {
  device_->follow_timeline(&spans_);
  copy(TokenId(0), 2, Tier::disk);
  device_->synchronize();
  ASSERT_EQ(spans_.size(), 2u);
  for (const TimelineSpan& span : spans_) {
    EXPECT_EQ(span.kind, Kind::transfer);
    EXPECT_EQ(span.token, TokenId(0));
    EXPECT_EQ(span.bytes, Bytes(1000));
  }
  EXPECT_EQ(std::pair(spans_[0].from, spans_[0].to), std::pair(Tier::device, Tier::host));
  EXPECT_EQ(std::pair(spans_[1].from, spans_[1].to), std::pair(Tier::host, Tier::disk));
  EXPECT_EQ(spans_[0].end, spans_[1].begin);
  EXPECT_EQ(spans_[0].end - spans_[0].begin, Nanoseconds(100 + 1000));
}

TEST_F(Timeline, PackedBytesKeepALinkBusyForLessTime) {
  device_->follow_timeline(&spans_);
  copy(TokenId(0), 1, Tier::host, {.ratio_per_mille = 2000});
  device_->synchronize();
  ASSERT_EQ(spans_.size(), 1u);
  EXPECT_EQ(spans_[0].bytes, Bytes(1000));
  EXPECT_EQ(spans_[0].end - spans_[0].begin, Nanoseconds(100 + 500));
}

TEST_F(Timeline, EndsWhenNobodyFollows) {
  device_->follow_timeline(&spans_);
  device_->launch(StreamId(0), 50_ns);
  device_->follow_timeline(nullptr);
  device_->launch(StreamId(0), 50_ns);
  copy(TokenId(0), 1, Tier::host);
  device_->synchronize();
  EXPECT_EQ(spans_.size(), 1u);
}

}  // namespace
}  // namespace vramlab
