#include "engine/device/forwarding_device.h"

#include <fmt/format.h>
#include <gtest/gtest.h>

#include <string>
#include <string_view>
#include <vector>

namespace vramlab {
namespace {

// Tells what it was asked, with every argument; answers yes, no, yes and so on.
class TellingDevice : public RunnableDevice {
 public:
  std::vector<std::string> told;

  bool take_segment(SegmentId id, Tier tier, Bytes bytes, StreamId stream) override {
    return tell("take", id.value, static_cast<int>(tier), bytes.value, stream.value);
  }
  void return_segment(SegmentId id, Tier tier, Bytes bytes) override {
    tell("return", id.value, static_cast<int>(tier), bytes.value);
  }
  bool reserve_range(SegmentId id, Bytes bytes) override { return tell("reserve", id.value, bytes.value); }
  void release_range(SegmentId id, Bytes bytes) override { tell("release", id.value, bytes.value); }
  bool create_pages(PageId first, std::uint32_t count, Bytes bytes) override {
    return tell("create", first.value, count, bytes.value);
  }
  void destroy_pages(PageId first, std::uint32_t count, Bytes bytes) override {
    tell("destroy", first.value, count, bytes.value);
  }
  bool map_pages(SegmentId range, Bytes offset, PageId first, std::uint32_t count, Bytes bytes) override {
    return tell("map", range.value, offset.value, first.value, count, bytes.value);
  }
  void unmap_pages(SegmentId range, Bytes offset, Bytes bytes) override {
    tell("unmap", range.value, offset.value, bytes.value);
  }
  void clear(const Extent& e, StreamId stream) override {
    tell("clear", e.segment.value, e.offset.value, e.bytes.value, stream.value);
  }
  void transfer(TokenId token, const Transfer& t, std::span<const TokenId> after) override {
    tell("transfer", token.value, t.from.segment.value, t.to.segment.value, t.bytes.value, after.size());
  }
  void record(TokenId token, StreamId stream) override { tell("record", token.value, stream.value); }
  void wait(StreamId stream, TokenId token) override { tell("wait", stream.value, token.value); }
  void launch(StreamId stream, const Work& work) override { tell("launch", stream.value, work.gpu_time.value); }
  bool next_completed(TokenId& token, Nanoseconds& duration) override {
    token = TokenId(70);
    duration = Nanoseconds(71);
    return tell("next");
  }
  void synchronize(TokenId token) override { tell("synchronize", token.value); }
  void synchronize() override { tell("synchronize"); }
  Nanoseconds now() const override { return Nanoseconds(72); }
  DeviceCounters counters() const override { return {.calls = 73}; }
  bool follow_timeline(std::vector<TimelineSpan>* spans) override {
    spans->emplace_back();
    return true;
  }

 private:
  template <class... Values>
  bool tell(std::string_view what, Values... values) {
    std::string line(what);
    ((line += fmt::format(" {}", values)), ...);
    told.push_back(line);
    return told.size() % 2 == 1;
  }
};

class Through final : public ForwardingDevice<Through> {
 public:
  mutable TellingDevice to, witness;

 private:
  friend ForwardingDevice;
  template <class Question>
  auto answer(Question&& question) const {
    return question(to);
  }
  template <class Command>
  void pass_on(Command&& command) const {
    command(to);
    command(witness);
  }
};

TEST(ForwardingDevice, QuestionsGoToOneAndItsAnswerComesBack) {
  Through device;
  EXPECT_TRUE(device.take_segment(SegmentId(1), Tier::host, 2_B, StreamId(3)));
  EXPECT_FALSE(device.reserve_range(SegmentId(4), 5_B));
  EXPECT_TRUE(device.create_pages(PageId(6), 7, 8_B));
  EXPECT_FALSE(device.map_pages(SegmentId(9), 10_B, PageId(11), 12, 13_B));
  TokenId token;
  Nanoseconds duration;
  EXPECT_TRUE(device.next_completed(token, duration));
  EXPECT_EQ(token, TokenId(70));
  EXPECT_EQ(duration, Nanoseconds(71));
  EXPECT_EQ(device.now(), Nanoseconds(72));
  EXPECT_EQ(device.counters().calls, 73u);
  std::vector<TimelineSpan> spans;
  EXPECT_TRUE(device.follow_timeline(&spans));
  EXPECT_EQ(spans.size(), 1u);
  EXPECT_EQ(device.to.told, (std::vector<std::string>{fmt::format("take 1 {} 2 3", static_cast<int>(Tier::host)),
                                                      "reserve 4 5", "create 6 7 8", "map 9 10 11 12 13", "next"}));
  EXPECT_TRUE(device.witness.told.empty());
}

TEST(ForwardingDevice, CommandsGoToAllThatAreToHearOfThem) {
  Through device;
  const std::vector<TokenId> after{TokenId(1), TokenId(2)};
  device.return_segment(SegmentId(1), Tier::device, 2_B);
  device.release_range(SegmentId(3), 4_B);
  device.destroy_pages(PageId(5), 6, 7_B);
  device.unmap_pages(SegmentId(8), 9_B, 10_B);
  device.clear({SegmentId(11), 12_B, 13_B}, StreamId(14));
  device.transfer(TokenId(15), {{SegmentId(16), Tier::device, 0_B}, {SegmentId(17), Tier::host, 0_B}, 18_B}, after);
  device.record(TokenId(19), StreamId(20));
  device.wait(StreamId(21), TokenId(22));
  device.launch(StreamId(23), Nanoseconds(24));
  device.synchronize(TokenId(25));
  device.synchronize();
  EXPECT_EQ(device.to.told,
            (std::vector<std::string>{fmt::format("return 1 {} 2", static_cast<int>(Tier::device)), "release 3 4",
                                      "destroy 5 6 7", "unmap 8 9 10", "clear 11 12 13 14", "transfer 15 16 17 18 2",
                                      "record 19 20", "wait 21 22", "launch 23 24", "synchronize 25", "synchronize"}));
  EXPECT_EQ(device.witness.told, device.to.told);
  EXPECT_EQ(device.contents(), nullptr) << "what it gives out would not be forwarded";
  EXPECT_EQ(device.timetable(), nullptr);
}

}  // namespace
}  // namespace vramlab
