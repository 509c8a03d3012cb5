#include "sim/fit.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <rapidcheck.h>

#include <algorithm>
#include <cmath>
#include <span>
#include <vector>

#include "properties.h"

namespace vramlab {
namespace {

using ::testing::HasSubstr;
using testing::holds_for;
using testing::pick;

std::string error_of(const std::function<void()>& fit) {
  try {
    fit();
  } catch (const FitError& e) {
    return e.what();
  }
  return "no error";
}

LinkDirection drawn_link() {
  return {Nanoseconds(pick<std::int64_t>(1'000, 50'000)), pick<std::uint64_t>(2, 3'000) * 1'000'000'000};
}

// Sizes of a probe, each time off by at most `per_mille`.
std::vector<LinkSample> noisy_samples(const LinkDirection& link, int per_mille) {
  std::vector<LinkSample> samples;
  for (int shift = 12; shift <= 30; shift += 2) {
    const Bytes bytes(std::uint64_t{1} << shift);
    const std::int64_t exact = link_time(link, bytes).value;
    samples.push_back({bytes, Nanoseconds(exact + exact * pick(-per_mille, per_mille + 1) / 1000)});
  }
  return samples;
}

// Root mean square of (line's time / measured time - 1).
double relative_misfit(const LinkDirection& line, std::span<const LinkSample> samples) {
  double sum = 0;
  for (const LinkSample& s : samples) {
    const double off = static_cast<double>(link_time(line, s.bytes).value) / static_cast<double>(s.time.value) - 1;
    sum += off * off;
  }
  return std::sqrt(sum / static_cast<double>(samples.size()));
}

TEST(FitLink, NoLineIsNearerToNoisyTimes) {
  constexpr double rounding = 1e-3;  // of a nanosecond up or down in times from a microsecond on
  EXPECT_TRUE(holds_for(300, [] {
    const LinkDirection link = drawn_link();
    const std::vector<LinkSample> samples = noisy_samples(link, 20);
    RC_ASSERT(relative_misfit(fit_link(samples), samples) <= relative_misfit(link, samples) + rounding);
  }));
}

// Of a link of which both are in the times: at 4 KiB latency is most of it, at 1 GiB bandwidth is. (At 2 GB/s and 1 us
// only the smallest copy tells of latency, in a third of its time: there 2% of noise can be 10% of latency.)
LinkDirection drawn_link_told_by_its_times() {
  const std::int64_t latency = pick<std::int64_t>(1'000, 50'000);
  const auto least = static_cast<std::uint64_t>(std::ceil(10.0 * 4096 / static_cast<double>(latency)));
  const auto most = static_cast<std::uint64_t>(0.1 * 1073741824 / static_cast<double>(latency));
  const std::uint64_t bytes_per_ns =
      pick<std::uint64_t>(std::max<std::uint64_t>(least, 2), std::min<std::uint64_t>(most, 3'000));
  return {Nanoseconds(latency), bytes_per_ns * 1'000'000'000};
}

TEST(FitLink, RecoversLatencyAndBandwidthFromNoisyTimes) {
  EXPECT_TRUE(holds_for(300, [] {
    const LinkDirection link = drawn_link_told_by_its_times();
    const LinkDirection fitted = fit_link(noisy_samples(link, 20));
    const auto off = [](auto a, auto b) { return std::abs(static_cast<double>(a) / static_cast<double>(b) - 1); };
    RC_ASSERT(off(fitted.latency.value, link.latency.value) < 0.04);
    RC_ASSERT(off(fitted.bytes_per_second, link.bytes_per_second) < 0.04);
  }));
}

TEST(FitLink, IsExactWhereTimesAre) {
  EXPECT_TRUE(rc::check([] {
    const LinkDirection link = drawn_link();
    const LinkDirection fitted = fit_link(noisy_samples(link, 0));
    RC_ASSERT(std::abs(fitted.latency.value - link.latency.value) <= 2);
    const double ratio = static_cast<double>(fitted.bytes_per_second) / static_cast<double>(link.bytes_per_second);
    RC_ASSERT(std::abs(ratio - 1) < 1e-3);
  }));
}

// The measurement behind h200.yaml, whose figures were fitted elsewhere.
TEST(FitLink, FindsTheFiguresOfTheH200) {
  const LinkSample out[] = {{4_KiB, 2980_ns},     {64_KiB, 4000_ns},     {256_KiB, 7650_ns},
                            {1_MiB, 21820_ns},    {4_MiB, 78560_ns},     {16_MiB, 305020_ns},
                            {64_MiB, 1211170_ns}, {256_MiB, 4843620_ns}, {1_GiB, 19369410_ns}};
  const LinkDirection fitted = fit_link(out);
  EXPECT_NEAR(static_cast<double>(fitted.latency.value), 2880, 15);
  EXPECT_NEAR(static_cast<double>(fitted.bytes_per_second), 55.47e9, 0.05e9);
}

TEST(FitLink, ALatencyBelowZeroIsZero) {
  const LinkSample samples[] = {{1_MiB, 900'000_ns}, {10_MiB, 10'500'000_ns}, {100_MiB, 104'000'000_ns}};
  const LinkDirection fitted = fit_link(samples);
  EXPECT_EQ(fitted.latency, 0_ns);
  EXPECT_NEAR(static_cast<double>(fitted.bytes_per_second), 1.05e9, 0.1e9);
}

TEST(FitLink, RefusesWhatIsNoLink) {
  const LinkSample one[] = {{1_MiB, 20_us}};
  const LinkSample same[] = {{1_MiB, 20_us}, {1_MiB, 21_us}};
  const LinkSample negative[] = {{1_MiB, 20_us}, {2_MiB, Nanoseconds(-40)}};
  const LinkSample falling[] = {{1_KiB, 20_us}, {1_MiB, 10_us}};
  const LinkSample flat[] = {{1_KiB, 20_us}, {1_MiB, 20_us}};
  const LinkSample slow[] = {{1_KiB, 2'000'000_us}, {2_KiB, 4'000'000_us}};
  EXPECT_THAT(error_of([&] { fit_link({}); }), HasSubstr("0 copies"));
  EXPECT_THAT(error_of([&] { fit_link(one); }), HasSubstr("at least two sizes"));
  EXPECT_THAT(error_of([&] { fit_link(same); }), HasSubstr("2 copies of one size"));
  EXPECT_THAT(error_of([&] { fit_link(negative); }), HasSubstr("2097152 bytes was measured as -40 ns"));
  EXPECT_THAT(error_of([&] { fit_link(falling); }), HasSubstr("no bandwidth"));
  EXPECT_THAT(error_of([&] { fit_link(flat); }), HasSubstr("no bandwidth"));
  EXPECT_THAT(error_of([&] { fit_link(slow); }), HasSubstr("no bandwidth"));
}

// Two links that move bytes together at a known total, as sim/links.h has it.
TEST(FitDuplex, FindsTheTotalThatBothShared) {
  const LinkDirection out{1_us, 60'000'000'000}, in{1_us, 40'000'000'000};
  // Together 80 GB/s: 48 out, 32 in. 48 MB out end after 1 ms, when 16 of 48 MB in are left, alone at 40 GB/s.
  const DuplexSample sample{Bytes(48'000'000), Nanoseconds(1'001'000), Nanoseconds(1'401'000)};
  EXPECT_NEAR(static_cast<double>(fit_duplex(out, in, sample)), 80e9, 1e6);
}

TEST(FitDuplex, StaysWithinWhatAModelMayHold) {
  const LinkDirection link{1_us, 50'000'000'000};
  EXPECT_EQ(fit_duplex(link, link, {1_MiB, 1_us, 1_us}), 100'000'000'000u);
  EXPECT_EQ(fit_duplex(link, link, {1_MiB, 1'000_us, 1'000_us}), 50'000'000'000u);
  EXPECT_THAT(error_of([&] { fit_duplex(link, link, {1_MiB, 0_ns, 1_us}); }), HasSubstr("no time"));
}

TEST(FitCurve, PassesThroughItsPointsInOrderOfSize) {
  const CostCurve curve = fit_curve({{2_MiB, 30_us}, {64_KiB, 40_us}, {1_GiB, 90_us}});
  ASSERT_EQ(curve.points.size(), 3u);
  EXPECT_EQ(curve.at(64_KiB), 40_us);
  EXPECT_EQ(curve.at(2_MiB), 30_us);
  EXPECT_EQ(curve.at(1_GiB), 90_us);
}

TEST(FitCurve, DoesNotFallBeyondItsEnd) {
  const CostCurve curve = fit_curve({{2_MiB, 90_us}, {1_GiB, 70_us}});
  EXPECT_EQ(curve.at(2_MiB), 90_us);
  EXPECT_EQ(curve.at(100_GiB), 90_us);
}

TEST(FitCurve, RefusesWhatIsNoCurve) {
  EXPECT_THAT(error_of([] { fit_curve({}); }), HasSubstr("without a point"));
  EXPECT_THAT(error_of([] { fit_curve({{1_MiB, 1_us}, {1_MiB, 2_us}}); }), HasSubstr("two costs of 1048576"));
  EXPECT_THAT(error_of([] { fit_curve({{1_MiB, Nanoseconds(-1)}}); }), HasSubstr("-1 ns"));
}

TEST(FitEach, LiesBetweenTheCostsOfSmallAndLargeBatches) {
  const BatchSample proportional[] = {{1, 7_us}, {16, 112_us}, {128, 896_us}};
  EXPECT_EQ(fit_each(proportional), 7_us);
  const BatchSample falling[] = {{1, 20_us}, {100, 1'000_us}};
  EXPECT_GT(fit_each(falling), 10_us);
  EXPECT_LT(fit_each(falling), 20_us);
  const BatchSample none[] = {{0, 20_us}};
  EXPECT_THAT(error_of([&] { fit_each(none); }), HasSubstr("over 0 things"));
  EXPECT_THAT(error_of([] { fit_each({}); }), HasSubstr("without a measurement"));
}

TEST(FitCall, PartsTheCallFromItsThings) {
  const BatchSample exact[] = {{1, 32_us}, {2, 52_us}, {16, 332_us}, {64, 1'292_us}};
  EXPECT_EQ(fit_call(exact).call, 12_us);
  EXPECT_EQ(fit_call(exact).each, 20_us);
}

TEST(FitCall, IsNeverBelowZero) {
  const BatchSample growing[] = {{1, 10_us}, {2, 30_us}, {16, 400_us}};  // would be less than nothing for no things
  EXPECT_EQ(fit_call(growing).call, 0_ns);
  EXPECT_EQ(fit_call(growing).each, fit_each(growing));
  const BatchSample flat[] = {{1, 40_us}, {2, 38_us}, {16, 30_us}};
  EXPECT_EQ(fit_call(flat).each, 0_ns);
  EXPECT_GT(fit_call(flat).call, 30_us);
  const BatchSample same[] = {{4, 40_us}, {4, 44_us}};
  EXPECT_EQ(fit_call(same).call, 0_ns);
  EXPECT_THAT(error_of([] { fit_call({}); }), HasSubstr("without a measurement"));
}

TEST(Typical, IsTheMeanWithoutWhatIsFarOff) {
  EXPECT_EQ(typical({10_us, 12_us, 14_us, 16_us}), 13_us);
  EXPECT_EQ(typical({10_us, 10_us, 10_us, 10_us, 5'000_us}), 16_us) << "counts as four times the median";
  EXPECT_THAT(error_of([] { typical({}); }), HasSubstr("no measurement"));
}

TEST(FitLaunch, SeparatesTheGapFromTheLeastDuration) {
  // 1.5 us between operators, none shorter than 2 us.
  std::vector<LaunchSample> samples;
  for (const std::int64_t ns : {0, 1'000, 5'000, 20'000, 50'000})
    samples.push_back({Nanoseconds(ns), Nanoseconds(std::max<std::int64_t>(ns, 2'000) + 1'500)});
  const LaunchFit fit = fit_launch(samples, 5_us);
  EXPECT_EQ(fit.gap, 1'500_ns);
  EXPECT_EQ(fit.floor, 2'000_ns);
}

TEST(FitLaunch, IsNothingWhereOperatorsFollowAtOnce) {
  const LaunchSample samples[] = {{0_ns, 0_ns}, {5_us, 4'990_ns}, {50_us, 50_us}};
  const LaunchFit fit = fit_launch(samples, 5_us);
  EXPECT_EQ(fit.gap, 0_ns);
  EXPECT_EQ(fit.floor, 0_ns);
  EXPECT_THAT(error_of([&] { fit_launch(std::span(samples, 1), 5_us); }), HasSubstr("long enough"));
}

TEST(Median, IsTheMiddleOne) {
  EXPECT_EQ(median({5_ns, 1_ns, 100_ns}), 5_ns);
  EXPECT_EQ(median({4_ns, 1_ns}), 1_ns);
  EXPECT_THAT(error_of([] { median({}); }), HasSubstr("no measurement"));
}

}  // namespace
}  // namespace vramlab
