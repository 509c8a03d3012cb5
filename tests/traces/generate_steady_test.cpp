#include "traces/generate.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <rapidcheck/gtest.h>

#include <array>
#include <cmath>
#include <deque>
#include <set>
#include <string>

#include "engine/core/error.h"
#include "generated.h"
#include "traces/generate_normal.h"
#include "traces/generate_support.h"

namespace vramlab {
namespace {

using namespace vramlab::test;

TEST(SeededNumbers, AreThoseOfTheReferenceImplementation) {
  Prng prng(0);
  EXPECT_EQ(prng.next(), 0x99ec5f36cb75f2b4u);  // xoshiro256** seeded by splitmix64(0)
  EXPECT_EQ(prng.next(), 0xbf6e1f784956452au);
}

RC_GTEST_PROP(SeededNumbers, StayWithinTheirBounds, (std::uint64_t seed)) {
  Prng prng(seed);
  const auto low = *rc::gen::inRange<std::uint64_t>(0, 1000);
  const auto high = low + *rc::gen::inRange<std::uint64_t>(0, 1000);
  for (int i = 0; i < 100; ++i) {
    const std::uint64_t drawn = prng.between(low, high);
    RC_ASSERT(drawn >= low && drawn <= high);
  }
}

TEST(SeededNumbers, ReachEveryValueOfASmallSpanAboutEquallyOften) {
  Prng prng(9);
  std::array<int, 7> counts{};
  for (int i = 0; i < 70'000; ++i) ++counts[prng.below(7)];
  for (const int count : counts) EXPECT_NEAR(count, 10'000, 400);
}

TEST(NormalNumbers, ComeFromATableOfTheDistributionsQuantiles) {
  for (std::size_t index = 0; index <= 176; ++index) {
    const double tail = std::ldexp(2.0 - static_cast<double>(index % 8) / 8, -2 - static_cast<int>(index / 8));
    const double found = 0.5 * std::erfc(normal_quantile(index) / 65536.0 / std::sqrt(2.0));
    EXPECT_NEAR(found / tail, 1.0, 1e-4) << index;
  }
}

TEST(NormalNumbers, HaveTheMomentsOfTheDistribution) {
  Prng prng(4);
  const int n = 400'000;
  double sum = 0, squares = 0, fourths = 0;
  for (int i = 0; i < n; ++i) {
    const double z = draw_normal(prng) / 65536.0;
    sum += z;
    squares += z * z;
    fourths += z * z * z * z;
  }
  EXPECT_NEAR(sum / n, 0, 0.01);
  EXPECT_NEAR(squares / n, 1, 0.01);
  EXPECT_NEAR(fourths / n, 3, 0.08);
}

RC_GTEST_PROP(PowersOfTwo, ScaleAsTheLibraryDoes, ()) {
  const auto value = *rc::gen::inRange<std::uint64_t>(1 << 20, std::uint64_t{1} << 30);
  const auto exponent = *rc::gen::inRange<std::int64_t>(-(10 << 20), 30 << 20);
  const double expected = static_cast<double>(value) * std::exp2(static_cast<double>(exponent) / (1 << 20));
  const auto found = static_cast<double>(scale_by_power_of_two(value, exponent));
  RC_ASSERT(std::abs(found - expected) <= expected * 2e-5 + 1);
}

RC_GTEST_PROP(SteadyState, HoldsTheLiveObjectsSizesAndStreamsAskedFor, (std::uint64_t seed)) {
  const auto name = *rc::gen::element<std::string>("uniform", "lognormal");
  const auto live = *rc::gen::inRange<std::uint64_t>(1, 200);
  const auto burst = *rc::gen::inRange<std::uint64_t>(1, live + 1);
  const auto streams = *rc::gen::inRange<std::uint64_t>(1, 5);
  const auto low = *rc::gen::inRange<std::uint64_t>(1, 100'000);
  const auto high = low + *rc::gen::inRange<std::uint64_t>(0, 100'000);
  const auto order = *rc::gen::element<std::string>("random", "oldest", "youngest");
  const Trace trace = made(name, 3000, seed,
                           {{"live", std::to_string(live)},
                            {"burst", std::to_string(burst)},
                            {"streams", std::to_string(streams)},
                            {"min_size", std::to_string(low)},
                            {"max_size", std::to_string(high)},
                            {"order", order}});
  std::size_t event = 0;
  walk(trace, [&](EventKind, std::uint32_t, std::size_t now) {
    RC_ASSERT(now <= live);
    if (event++ >= live) RC_ASSERT(now >= live - burst);
  });
  for (const Bytes size : trace.sizes) RC_ASSERT(size.value >= low && size.value <= high);
  RC_ASSERT(trace.stream_names.size() == streams);
  RC_ASSERT(std::set<StreamId>(trace.streams.begin(), trace.streams.end()).size() == streams);
}

/// The objects in the order of their frees, and those expected of a queue or a stack.
void expect_order(const std::string& order, std::size_t burst) {
  const Trace trace = made("uniform", 5000, 2, {{"live", "50"}, {"burst", std::to_string(burst)}, {"order", order}});
  std::deque<std::uint32_t> live;
  walk(trace, [&](EventKind kind, std::uint32_t object, std::size_t) {
    if (kind == EventKind::alloc) {
      live.push_back(object);
      return;
    }
    const std::uint32_t expected = order == "oldest" ? live.front() : live.back();
    order == "oldest" ? live.pop_front() : live.pop_back();
    ASSERT_EQ(object, expected);
  });
}

TEST(SteadyState, FreesTheOldestFirstWhereAsked) { expect_order("oldest", 7); }
TEST(SteadyState, FreesTheYoungestFirstWhereAsked) { expect_order("youngest", 7); }

TEST(SteadyState, FreesObjectsOfEveryAgeByDefault) {
  const Trace trace = made("uniform", 40'000, 2, {{"live", "100"}});
  std::uint64_t ages = 0, frees = 0;
  std::uint32_t youngest = 0;
  walk(trace, [&](EventKind kind, std::uint32_t object, std::size_t) {
    if (kind == EventKind::alloc) youngest = object;
    if (kind == EventKind::free_completed) ages += youngest - object, ++frees;
  });
  EXPECT_NEAR(static_cast<double>(ages) / static_cast<double>(frees), 99, 5);  // the mean of a geometric distribution
}

TEST(Uniform, ReachesBothEndsOfItsSpan) {
  const Trace trace = made("uniform", 5000, 1, {{"min_size", "10"}, {"max_size", "19"}});
  const auto [low, high] = std::minmax_element(trace.sizes.begin(), trace.sizes.end());
  EXPECT_EQ(*low, Bytes(10));
  EXPECT_EQ(*high, Bytes(19));
}

TEST(LogNormal, HasTheMedianAndTheDeviationAskedFor) {
  const Trace trace = made("lognormal", 200'000, 1, {{"median", "100000"}, {"sigma", "100"}, {"max_size", "1GiB"}});
  const auto share_below = [&](double bytes) {
    const auto below = [=](Bytes size) { return static_cast<double>(size.value) < bytes; };
    return static_cast<double>(std::count_if(trace.sizes.begin(), trace.sizes.end(), below)) /
           static_cast<double>(trace.object_count());
  };
  EXPECT_NEAR(share_below(100'000), 0.5, 0.005);
  EXPECT_NEAR(share_below(100'000 * std::exp(1.0)), 0.8413, 0.005);
  EXPECT_NEAR(share_below(100'000 * std::exp(-2.0)), 0.0228, 0.002);
}

TEST(LogNormal, OfNoDeviationIsItsMedian) {
  const Trace trace = made("lognormal", 1000, 1, {{"median", "12345"}, {"sigma", "0"}});
  EXPECT_THAT(trace.sizes, ::testing::Each(Bytes(12345)));
}

}  // namespace
}  // namespace vramlab
