#include "experiments/limit_search.h"

#include <gtest/gtest.h>
#include <rapidcheck/gtest.h>

#include <set>
#include <vector>

#include "experiments/limit.h"

namespace vramlab {
namespace {

constexpr LimitRange range{.low = 100_B, .high = 1123_B, .step = 4_B};

TEST(LimitSearch, FindsTheLeastLimitThatSuffices) {
  const FoundLimit found = least_limit(range, [](Bytes limit) { return limit >= 642_B; });
  EXPECT_EQ(found.least, 644_B);  // the first of low + k * 4 that does
}

TEST(LimitSearch, TakesTheLowestWhereItSufficesAndNothingWhereNoneDoes) {
  EXPECT_EQ(least_limit(range, [](Bytes) { return true; }).least, range.low);
  const FoundLimit none = least_limit(range, [](Bytes) { return false; });
  EXPECT_FALSE(none.least.has_value());
  EXPECT_LE(none.trials, 1u + 8u);
  EXPECT_EQ(none.highest, range.high);
}

TEST(LimitSearch, LooksBelowWhereTheHighestDoesNotSuffice) {
  EXPECT_EQ(least_limit(range, [](Bytes limit) { return limit >= 400_B && limit < 900_B; }).least, 400_B);
}

TEST(LimitSearch, TriesTheHighestEvenOffTheGrid) {
  const FoundLimit found = least_limit(range, [](Bytes limit) { return limit >= 1122_B; });
  EXPECT_EQ(found.least, range.high);
}

TEST(LimitSearch, ARangeOfOneLimitIsTriedOnce) {
  const LimitRange one{.low = 50_B, .high = 50_B, .step = 4_B};
  const FoundLimit found = least_limit(one, [](Bytes) { return true; });
  EXPECT_EQ(found.least, 50_B);
  EXPECT_EQ(found.trials, 1u);
}

TEST(LimitSearch, LooksBelowALimitThatBisectionTakesForTheLeast) {
  // 600 and up suffice, and so does an island below: bisection alone ends at 600.
  const auto suffices = [](Bytes limit) { return limit >= 600_B || (limit >= 560_B && limit <= 568_B); };
  EXPECT_EQ(least_limit(range, suffices).least, 560_B);
}

TEST(LimitSearch, TriesNoLimitTwiceAndFewInAll) {
  std::set<Bytes> tried;
  const FoundLimit found = least_limit(range, [&](Bytes limit) {
    EXPECT_TRUE(tried.insert(limit).second) << limit.value;
    return limit >= 333_B;
  });
  EXPECT_EQ(found.trials, tried.size());
  EXPECT_LE(found.trials, 2u + 8u + 8u);
}

TEST(LimitSearch, ProgressRisesToAtMostOne) {
  std::vector<double> told;
  least_limit(range, [](Bytes limit) { return limit >= 900_B; }, [&](double fraction) { told.push_back(fraction); });
  ASSERT_FALSE(told.empty());
  EXPECT_TRUE(std::is_sorted(told.begin(), told.end()));
  EXPECT_LE(told.back(), 1.0);
}

RC_GTEST_PROP(LimitSearch, WhatItFindsSufficesAndItsNeighbourBelowDoesNot, ()) {
  const auto good = *rc::gen::container<std::vector<bool>>(257, rc::gen::arbitrary<bool>());
  const LimitRange points{.low = 0_B, .high = 256_B, .step = 1_B};
  const auto suffices = [&good](Bytes limit) { return static_cast<bool>(good[limit.value]); };
  const FoundLimit found = least_limit(points, suffices);
  if (!found.least) {
    for (std::uint64_t distance = 2; distance < 256; distance *= 2) RC_ASSERT(!suffices(Bytes(256 - distance)));
    return RC_ASSERT(!suffices(256_B));
  }
  RC_ASSERT(suffices(*found.least));
  for (std::uint64_t distance = 1; distance < found.least->value; distance *= 2)
    RC_ASSERT(!suffices(*found.least - Bytes(distance)));
}

TEST(Limit, OverheadIsAShareOrAPercentage) {
  EXPECT_DOUBLE_EQ(parse_overhead("0.01"), 0.01);
  EXPECT_DOUBLE_EQ(parse_overhead("2.5%"), 0.025);
  EXPECT_DOUBLE_EQ(parse_overhead("0"), 0.0);
  for (const char* wrong : {"", "%", "-1", "1%%", "nan", "much"}) EXPECT_ANY_THROW(parse_overhead(wrong)) << wrong;
}

}  // namespace
}  // namespace vramlab
