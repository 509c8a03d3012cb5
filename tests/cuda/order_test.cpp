// Streams, transfers and tokens: what comes after what, and what is told of it.

#include <gtest/gtest.h>

#include <vector>

#include "gpu.h"

namespace vramlab {
namespace {

class Order : public testing::Gpu {
 protected:
  static constexpr StreamId other{7};
  static constexpr Nanoseconds long_time{20'000'000};
  static constexpr Bytes size = 4_MiB;

  struct Reported {
    std::uint32_t token;
    Nanoseconds duration;
  };
  std::vector<Reported> reported() {
    std::vector<Reported> all;
    TokenId token;
    Nanoseconds duration{};
    while (device().next_completed(token, duration)) all.push_back({token.value, duration});
    return all;
  }
};

TEST_F(Order, ATokenIsReportedOnceItsStreamsWorkIsDone) {
  device().launch(stream, Work(long_time));
  const TokenId token = record(stream);
  EXPECT_TRUE(reported().empty());
  device().synchronize(token);
  EXPECT_GE(device().now(), long_time);
  const auto all = reported();
  ASSERT_EQ(all.size(), 1U);
  EXPECT_EQ(all[0].token, token.value);
  EXPECT_EQ(all[0].duration, 0_ns);
  EXPECT_TRUE(reported().empty());
  device().synchronize(token);  // of a token that was reported: returns
  device().wait(other, token);  // nothing to wait for
  device().synchronize();
}

TEST_F(Order, RecordsAreReportedInTheOrderOfTheirStreamAndTheEarlierTokenFirst) {
  const TokenId warm = record(other);
  device().launch(stream, Work(long_time));
  const TokenId late = record(stream);
  device().launch(other, Work(long_time / 4));
  const TokenId early = record(other);
  const TokenId as_early = record(other);
  device().synchronize(as_early);
  std::vector<std::uint32_t> order;
  for (const Reported& r : reported()) order.push_back(r.token);
  EXPECT_EQ(order, (std::vector<std::uint32_t>{warm.value, early.value, as_early.value}));
  device().synchronize();
  ASSERT_EQ(reported().at(0).token, late.value);
}

TEST_F(Order, TransfersAreReportedInOrderOfCompletion) {
  const Bytes large = 64_MiB;
  const SegmentId near = take(large), far = take(large, Tier::host), small = take(size, Tier::host);
  const TokenId late = copy({near, Tier::device, 0_B}, {far, Tier::host, 0_B}, large, {});
  const TokenId early = copy({small, Tier::host, 0_B}, {near, Tier::device, 0_B}, size, {});
  device().synchronize();
  const auto all = reported();
  ASSERT_EQ(all.size(), 2U);
  EXPECT_EQ(all[0].token, early.value);
  EXPECT_EQ(all[1].token, late.value);
}

TEST_F(Order, AWaitHoldsAStreamBackUntilTheToken) {
  const SegmentId segment = take(size);
  const Extent all{segment, 0_B, size};
  contents().fill(stream, all, 1);
  device().launch(stream, Work(long_time));
  contents().fill(stream, all, 2);
  device().wait(other, record(stream));
  contents().check(other, all, 2, 1);
  EXPECT_FALSE(contents().first_mismatch());
}

TEST_F(Order, AnOrderOfTheProgramHoldsAStreamBackToo) {
  const SegmentId segment = take(size);
  const Extent all{segment, 0_B, size};
  for (std::uint64_t round = 0; round < 10; ++round) {
    device().launch(stream, Work(long_time / 20));
    contents().fill(stream, all, round);
    contents().order(stream, other);
    contents().check(other, all, round, round);
    contents().order(other, stream);
  }
  EXPECT_FALSE(contents().first_mismatch());
}

TEST_F(Order, ATransferStartsAfterItsTokens) {
  const SegmentId segment = take(size), back = take(size), host = take(size, Tier::host);
  contents().fill(stream, {segment, 0_B, size}, 1);
  device().launch(stream, Work(long_time));
  contents().fill(stream, {segment, 0_B, size}, 2);
  const TokenId out = copy({segment, Tier::device, 0_B}, {host, Tier::host, 0_B}, size, {record(stream)});
  const TokenId in = copy({host, Tier::host, 0_B}, {back, Tier::device, 0_B}, size, {out});
  device().wait(other, in);
  contents().check(other, {back, 0_B, size}, 2, 1);
  EXPECT_FALSE(contents().first_mismatch());
  EXPECT_GE(device().now(), long_time);
  EXPECT_EQ(device().counters().transfers, 2U);
  EXPECT_EQ(device().counters().transferred, size * 2);
  const Nanoseconds counted = device().counters().transfer_time;
  Nanoseconds sum{};
  for (const Reported& r : reported()) sum += r.duration;
  EXPECT_EQ(counted, sum);
  EXPECT_GT(sum, 0_ns);
  EXPECT_LT(sum, long_time);  // without the wait before them
  EXPECT_EQ(device().counters().transfer_time, sum);
}

TEST_F(Order, BytesGoToEveryTierAndBack) {
  open({.peer = device().info().peers.empty() ? std::optional<int>() : device().info().peers.front()});
  const Bytes large = 40_MiB + 12345_B;  // more than the buffer before the disk
  std::vector<Tier> tiers{Tier::device, Tier::host, Tier::disk};
  if (!device().info().peers.empty()) tiers.push_back(Tier::peer);
  const SegmentId start = take(large), end = take(large);
  std::uint64_t pattern = 0;
  for (const Tier first : tiers)
    for (const Tier second : tiers) {
      const SegmentId a = take(large, first), b = take(large, second);
      contents().fill(stream, {start, 0_B, large}, ++pattern);
      const TokenId one = copy({start, Tier::device, 0_B}, {a, first, 0_B}, large, {record(stream)});
      const TokenId two = copy({a, first, 0_B}, {b, second, 0_B}, large, {one});
      const TokenId three = copy({b, second, 0_B}, {end, Tier::device, 0_B}, large, {two});
      device().wait(stream, three);
      contents().check(stream, {end, 0_B, large}, pattern,
                       static_cast<std::uint64_t>(first) * 10 + static_cast<std::uint64_t>(second));
      device().synchronize();
      device().return_segment(a, first, large);
      device().return_segment(b, second, large);
    }
  const auto wrong = contents().first_mismatch();
  EXPECT_FALSE(wrong) << "tiers " << wrong->tag;
}

// cudaFree once unmapped memory of one GPU under a copy that the other one carried out.
TEST_F(Order, MemoryOfEitherGpuGoesBackAfterItsCopies) {
  if (device().info().peers.empty()) GTEST_SKIP() << "one GPU here";
  open({.peer = device().info().peers.front()});
  const Bytes large = 512_MiB;
  for (int round = 0; round < 8; ++round) {
    const SegmentId first = take(large), there = take(large, Tier::peer), second = take(large);
    contents().fill(stream, {first, 0_B, large}, 5);
    const TokenId out = copy({first, Tier::device, 0_B}, {there, Tier::peer, 0_B}, large, {record(stream)});
    device().return_segment(first, Tier::device, large);
    const TokenId in = copy({there, Tier::peer, 0_B}, {second, Tier::device, 0_B}, large, {out});
    device().return_segment(there, Tier::peer, large);
    device().wait(stream, in);
    contents().check(stream, {second, 0_B, large}, 5, 0);
    device().return_segment(second, Tier::device, large);
  }
  EXPECT_FALSE(contents().first_mismatch());
}

TEST_F(Order, AStreamOfTheCallersOwnIsUsed) {
  cudaStream_t lent = nullptr;
  ASSERT_EQ(cudaStreamCreateWithFlags(&lent, cudaStreamNonBlocking), cudaSuccess);
  device().use_stream(other, lent);
  device().launch(other, Work(long_time));
  EXPECT_EQ(cudaStreamQuery(lent), cudaErrorNotReady);
  static_cast<void>(cudaGetLastError());
  device().synchronize(record(other));
  EXPECT_EQ(cudaStreamQuery(lent), cudaSuccess);
  device().use_stream(other, nullptr);  // the default stream is one, too
  device().launch(other, Work(1000_ns));
  device().synchronize();
  EXPECT_EQ(cudaStreamDestroy(lent), cudaSuccess);
}

TEST_F(Order, AnotherCurrentGpuOfTheCallerIsNoneOfOurBusiness) {
  if (testing::gpu_count() < 2) GTEST_SKIP() << "one GPU here";
  ASSERT_EQ(cudaSetDevice(1), cudaSuccess);
  const SegmentId segment = take(size);
  contents().fill(stream, {segment, 0_B, size}, 4);
  contents().check(stream, {segment, 0_B, size}, 4, 1);
  EXPECT_FALSE(contents().first_mismatch());
  int current = -1;
  ASSERT_EQ(cudaGetDevice(&current), cudaSuccess);
  EXPECT_EQ(current, 1);
  cudaPointerAttributes attributes{};
  ASSERT_EQ(cudaPointerGetAttributes(&attributes, device().pointer(segment, 0_B)), cudaSuccess);
  EXPECT_EQ(attributes.device, 0);
  ASSERT_EQ(cudaSetDevice(0), cudaSuccess);
}

TEST_F(Order, ThousandsOfTokensAreEachReportedOnce) {
  std::vector<int> times(5000);
  std::uint32_t seen = 0;
  const auto take_all = [&] {
    for (const Reported& r : reported()) {
      ++times[r.token];
      ++seen;
    }
  };
  for (std::uint32_t i = 0; i < times.size(); ++i) {
    const StreamId at(static_cast<std::uint16_t>(i % 5));
    if (i % 11 == 0) device().launch(at, Work(3000_ns));
    record(at);
    if (i % 97 == 0) take_all();
  }
  device().synchronize();
  take_all();
  EXPECT_EQ(seen, times.size());
  for (const int count : times) EXPECT_EQ(count, 1);
}

}  // namespace
}  // namespace vramlab
