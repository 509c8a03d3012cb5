#include "engine/swap/pressure_level.h"

#include <gtest/gtest.h>

#include "engine/core/error.h"

namespace vramlab {
namespace {

TEST(PressureLevel, BordersAreThoseOfTheDocument) {
  const auto level = [](std::uint64_t held) { return pressure_level(Bytes(held), Bytes(1000)); };
  EXPECT_EQ(level(0), PressureLevel::low);
  EXPECT_EQ(level(499), PressureLevel::low);
  EXPECT_EQ(level(500), PressureLevel::moderate);
  EXPECT_EQ(level(750), PressureLevel::moderate);
  EXPECT_EQ(level(751), PressureLevel::high);
  EXPECT_EQ(level(900), PressureLevel::high);
  EXPECT_EQ(level(901), PressureLevel::critical);
  EXPECT_EQ(level(949), PressureLevel::critical);
  EXPECT_EQ(level(950), PressureLevel::extreme);
  EXPECT_EQ(level(2000), PressureLevel::extreme);
}

TEST(PressureLevel, OneByteOfManyIsSeen) {
  const std::uint64_t all = 1'000'000'000'000'000'000;  // its product with 1000 exceeds 64 bits
  EXPECT_EQ(pressure_level(Bytes(all / 2 - 1), Bytes(all)), PressureLevel::low);
  EXPECT_EQ(pressure_level(Bytes(all / 2), Bytes(all)), PressureLevel::moderate);
}

TEST(PressureLevel, ADeviceWithoutMemoryIsFull) {
  EXPECT_EQ(pressure_level(Bytes(0), Bytes(0)), PressureLevel::extreme);
}

TEST(PressureLevel, ThresholdsCanBeChosenButMustRise) {
  EXPECT_EQ(pressure_level(Bytes(30), Bytes(100), {{100, 200, 300, 400}}), PressureLevel::high);
  EXPECT_NO_THROW(check(PressureThresholds{}));
  EXPECT_THROW(check(PressureThresholds{{500, 500, 900, 950}}), ConfigError);
  EXPECT_THROW(check(PressureThresholds{{500, 750, 950, 900}}), ConfigError);
  EXPECT_THROW(check(PressureThresholds{{500, 750, 900, 1001}}), ConfigError);
}

TEST(PressureLevel, EachLevelSwapsWhatTheDocumentSays) {
  using enum SwapPriority;
  // By level: critical, high, medium, low, idle.
  const bool table[5][5] = {{false, false, false, false, false},
                            {false, false, false, false, true},
                            {false, false, false, true, true},
                            {false, false, true, true, true},
                            {false, true, true, true, true}};
  for (std::size_t level = 0; level < 5; ++level)
    for (const SwapPriority priority : {critical, high, medium, low, idle})
      EXPECT_EQ(may_swap(static_cast<PressureLevel>(level), priority), table[level][static_cast<std::size_t>(priority)])
          << pressure_level_names[level] << " " << swap_priority_names[static_cast<std::size_t>(priority)];
}

}  // namespace
}  // namespace vramlab
