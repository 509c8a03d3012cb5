#include "engine/swap/access_pattern.h"

#include <gtest/gtest.h>

#include <vector>

#include "properties.h"

namespace vramlab {
namespace {

using Ranges = std::vector<std::pair<std::uint64_t, std::uint64_t>>;  // offset, length

AccessRecord recorded(const Ranges& ranges) {
  AccessRecord record;
  std::uint64_t position = 0;
  for (const auto& [offset, length] : ranges) record.record({position++, Bytes(offset), Bytes(length)});
  return record;
}

TEST(AccessPattern, ReadingOnWhereTheLastAccessEndedIsSequential) {
  const AccessFigures figures = recorded({{0, 100}, {100, 50}, {150, 4096}, {4246, 1}}).figures();
  EXPECT_EQ(figures.pattern, AccessPattern::sequential);
  EXPECT_EQ(figures.sequential_per_mille, 1000U);
  EXPECT_EQ(figures.spatial_per_mille, 1000U);
  EXPECT_EQ(figures.temporal_per_mille, 0U);
}

TEST(AccessPattern, EqualStepsWithGapsAreStrided) {
  const std::uint64_t far = 1 << 20;
  const AccessFigures figures = recorded({{0, 4}, {far, 4}, {2 * far, 4}, {3 * far, 4}}).figures();
  EXPECT_EQ(figures.pattern, AccessPattern::strided);
  EXPECT_EQ(figures.strided_per_mille, 1000U);
  EXPECT_EQ(figures.spatial_per_mille, 0U);
}

TEST(AccessPattern, EqualStepsBackwardsAreStridedToo) {
  EXPECT_EQ(recorded({{900'000, 4}, {600'000, 4}, {300'000, 4}, {0, 4}}).figures().pattern, AccessPattern::strided);
}

TEST(AccessPattern, UsingTheSameBytesAgainIsTemporal) {
  const AccessFigures figures = recorded({{0, 4096}, {0, 4096}, {0, 4096}}).figures();
  EXPECT_EQ(figures.pattern, AccessPattern::temporal);
  EXPECT_EQ(figures.temporal_per_mille, 1000U);
  EXPECT_EQ(figures.spatial_per_mille, 0U);
  EXPECT_EQ(figures.strided_per_mille, 0U);
}

TEST(AccessPattern, StayingInOnePlaceIsSpatial) {
  const AccessFigures figures = recorded({{0, 64}, {30'000, 64}, {9'000, 64}, {60'000, 64}, {1'000, 64}}).figures();
  EXPECT_EQ(figures.pattern, AccessPattern::spatial);
  EXPECT_EQ(figures.spatial_per_mille, 1000U);
}

TEST(AccessPattern, NoRuleIsRandom) {
  const std::uint64_t far = 1 << 20;
  EXPECT_EQ(recorded({{9 * far, 64}, {far, 64}, {77 * far, 64}, {30 * far, 64}}).figures().pattern,
            AccessPattern::random);
}

TEST(AccessPattern, TwoAccessesForetellNothing) {
  const AccessFigures figures = recorded({{0, 100}, {100, 100}}).figures();
  EXPECT_EQ(figures.pattern, AccessPattern::random);
  EXPECT_EQ(figures.sequential_per_mille, 0U);
}

TEST(AccessPattern, SharesAreOfTheStepsInTheWindow) {
  // Steps: sequential, apart by 65536 (nearby), apart by 65537 (not), back to the second access.
  const AccessFigures figures = recorded({{0, 10}, {10, 10}, {65'556, 10}, {131'103, 10}, {15, 1}}).figures();
  EXPECT_EQ(figures.sequential_per_mille, 250U);
  EXPECT_EQ(figures.spatial_per_mille, 500U);
  EXPECT_EQ(figures.temporal_per_mille, 250U);
  EXPECT_EQ(figures.strided_per_mille, 0U);
}

TEST(AccessPattern, AShareOfThreeQuartersDecides) {
  // Four steps, three of which go on; then five, three of which do.
  Ranges ranges{{0, 10}, {10, 10}, {20, 10}, {30, 10}, {9 << 20, 10}};
  EXPECT_EQ(recorded(ranges).figures().pattern, AccessPattern::sequential);
  ranges.emplace_back(90 << 20, 10);
  EXPECT_NE(recorded(ranges).figures().pattern, AccessPattern::sequential);
}

TEST(AccessPattern, TheLatestSixteenAreKept) {
  AccessRecord record;
  for (std::uint64_t i = 0; i < 100; ++i) {
    record.record({3 * i, Bytes(i), Bytes(1)});
    ASSERT_EQ(record.total(), i + 1);
    ASSERT_EQ(record.kept(), std::min<std::uint64_t>(i + 1, 16));
    ASSERT_EQ(record.latest().offset, Bytes(i));
    for (std::uint32_t k = 0; k < record.kept(); ++k) ASSERT_EQ(record.at(k).offset, Bytes(i + 1 - record.kept() + k));
  }
  EXPECT_EQ(record.usual_gap(), 3U);
}

TEST(AccessPattern, WhatWasLongAgoIsForgotten) {
  AccessRecord record = recorded(Ranges(40, {0, 4096}));
  for (std::uint64_t i = 0; i < AccessRecord::window; ++i) record.record({100 + i, Bytes(i * 8), Bytes(8)});
  EXPECT_EQ(record.figures().pattern, AccessPattern::sequential);
}

TEST(AccessPattern, TheUsualGapIsTheMeanOne) {
  AccessRecord record;
  EXPECT_EQ(record.usual_gap(), 0U);
  record.record({10, Bytes(0), Bytes(1)});
  EXPECT_EQ(record.usual_gap(), 0U);
  record.record({14, Bytes(0), Bytes(1)});
  record.record({21, Bytes(0), Bytes(1)});
  EXPECT_EQ(record.usual_gap(), 5U);  // 11 / 2
}

TEST(AccessPattern, WhereAndWhenItBeginsDoesNotMatter) {
  EXPECT_TRUE(testing::holds_for(500, [] {
    const auto by = testing::pick<std::uint64_t>(0, 1ULL << 40), later = testing::pick<std::uint64_t>(0, 1000);
    AccessRecord here, there;
    std::uint64_t position = 0;
    for (int i = testing::pick(0, 30); i > 0; --i) {
      const Bytes offset(testing::pick<std::uint64_t>(0, 300) * 1024), length(testing::pick<std::uint64_t>(1, 4096));
      position += testing::pick<std::uint64_t>(0, 5);
      here.record({position, offset, length});
      there.record({position + later, offset + Bytes(by), length});
    }
    const AccessFigures a = here.figures(), b = there.figures();
    RC_ASSERT(a.pattern == b.pattern);
    RC_ASSERT(a.temporal_per_mille == b.temporal_per_mille && a.spatial_per_mille == b.spatial_per_mille);
    RC_ASSERT(a.strided_per_mille == b.strided_per_mille && a.sequential_per_mille == b.sequential_per_mille);
    RC_ASSERT(a.temporal_per_mille <= 1000U && a.spatial_per_mille <= 1000U && a.strided_per_mille <= 1000U);
    RC_ASSERT(here.usual_gap() == there.usual_gap());
  }));
}

}  // namespace
}  // namespace vramlab
