#include "engine/device/paced_device.h"

#include <gtest/gtest.h>

#include "fake_device.h"
#include "host_device.h"

namespace vramlab {
namespace {

using test::FakeDevice;
using testing::HostDevice;
using testing::HostDeviceOptions;

constexpr StreamId stream{0};

struct Completion {
  std::uint32_t token = 0;
  std::int64_t ns = 0;
  friend bool operator==(const Completion&, const Completion&) = default;
};

std::vector<Completion> completions(RunnableDevice& device) {
  std::vector<Completion> all;
  TokenId token;
  Nanoseconds duration;
  while (device.next_completed(token, duration)) all.push_back({token.value, duration.value});
  return all;
}

// The fake's calls cost 1 us, its records take their time from the stream.
struct Bench {
  explicit Bench(std::unique_ptr<RunnableDevice> real) {
    auto fake = std::make_unique<FakeDevice>();
    model = fake.get();
    device = std::make_unique<PacedDevice>(std::move(fake), std::move(real));
  }
  FakeDevice* model;
  std::unique_ptr<PacedDevice> device;
};

TEST(PacedDevice, ReportsWhenTheModelDoesAndWaitsForWhatIsLate) {
  Bench b(std::make_unique<HostDevice>());  // carries out nothing that nobody waits for
  b.device->launch(stream, Nanoseconds(5000));
  b.device->record(TokenId(0), stream);
  EXPECT_TRUE(completions(*b.device).empty());
  const Nanoseconds before = b.device->now();
  b.model->synchronize();
  EXPECT_EQ(completions(*b.device), (std::vector<Completion>{{0, 1000}})) << "the model's duration, not the device's";
  EXPECT_EQ(b.device->pacing().late, 1u);
  EXPECT_GE(b.device->pacing().late_time, HostDeviceOptions().wait_cost);
  EXPECT_GE(b.device->now() - before, b.device->pacing().late_time);
  EXPECT_EQ(b.device->pacing().held, 0u);
}

TEST(PacedDevice, HoldsBackWhatIsEarly) {
  Bench b(std::make_unique<HostDevice>(HostDeviceOptions{.polls_to_complete = 1}));
  b.device->record(TokenId(0), StreamId(1));
  b.device->launch(stream, Nanoseconds(5000));
  b.device->record(TokenId(1), stream);
  EXPECT_EQ(completions(*b.device).size(), 1u);  // asks the device, which has done token 1 too
  b.device->launch(stream, Nanoseconds(1));
  b.model->synchronize();
  EXPECT_EQ(completions(*b.device), (std::vector<Completion>{{1, 1000}}));
  EXPECT_EQ(b.device->pacing().late, 0u);
  EXPECT_EQ(b.device->pacing().held, 2u);
  EXPECT_GT(b.device->pacing().held_time, Nanoseconds(0));
}

TEST(PacedDevice, TheModelIsNotDelayedByTheDevice) {
  FakeDevice alone;
  Bench b(std::make_unique<HostDevice>(HostDeviceOptions{.call_cost = Nanoseconds(1'000'000)}));
  for (RunnableDevice* device : {static_cast<RunnableDevice*>(&alone), static_cast<RunnableDevice*>(b.device.get())}) {
    ASSERT_TRUE(device->take_segment(SegmentId(0), Tier::device, 1_MiB, stream));
    device->launch(stream, Nanoseconds(700));
    device->record(TokenId(0), stream);
    device->synchronize();
  }
  EXPECT_EQ(b.device->timetable()->now(), alone.now());
  EXPECT_EQ(b.device->timetable()->counters().call_time, alone.counters().call_time);
  EXPECT_GT(b.device->now(), alone.now());
  EXPECT_EQ(b.device->counters().calls, 2u) << "counters are the device's: its segment and its token";
  EXPECT_NE(b.device->contents(), nullptr);
}

// Both sides refuse everything there is to refuse; afterwards both hold nothing.
TEST(PacedDevice, WhatOneSideRefusesTheOtherDoesNotKeep) {
  for (const bool model_is_small : {false, true}) {
    SCOPED_TRACE(model_is_small);
    Bench b(std::make_unique<HostDevice>(HostDeviceOptions{.memory = model_is_small ? 64_MiB : 4_MiB}));
    b.model->physical = model_is_small ? 4_MiB : 64_MiB;
    EXPECT_FALSE(b.device->take_segment(SegmentId(0), Tier::device, 8_MiB, stream));
    EXPECT_FALSE(b.device->create_pages(PageId(0), 4, 2_MiB));
    EXPECT_TRUE(b.device->take_segment(SegmentId(0), Tier::device, 4_MiB, stream)) << "all of it is free";
    b.device->return_segment(SegmentId(0), Tier::device, 4_MiB);
    EXPECT_TRUE(b.device->create_pages(PageId(0), 2, 2_MiB));
    ASSERT_TRUE(b.device->reserve_range(SegmentId(1), 8_MiB));
    EXPECT_TRUE(b.device->map_pages(SegmentId(1), 0_B, PageId(0), 2, 2_MiB));
    b.device->unmap_pages(SegmentId(1), 0_B, 4_MiB);
    b.device->release_range(SegmentId(1), 8_MiB);
    b.device->destroy_pages(PageId(0), 2, 2_MiB);
    EXPECT_TRUE(b.device->take_segment(SegmentId(2), Tier::device, 4_MiB, stream));
  }
}

}  // namespace
}  // namespace vramlab
