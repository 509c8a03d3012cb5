#include "engine/config/units.h"

#include <gtest/gtest.h>
#include <rapidcheck.h>

#include "engine/core/error.h"

namespace vramlab {
namespace {

TEST(Units, ReadsDurationsExactly) {
  EXPECT_EQ(parse_duration("250ns"), 250_ns);
  EXPECT_EQ(parse_duration("3us"), 3_us);
  EXPECT_EQ(parse_duration("0.783 us"), 783_ns);
  EXPECT_EQ(parse_duration("335.1ms"), Nanoseconds(335'100'000));
  EXPECT_EQ(parse_duration("2s"), Nanoseconds(2'000'000'000));
  EXPECT_EQ(parse_duration("0ns"), 0_ns);
}

TEST(Units, ReadsBandwidthsExactly) {
  EXPECT_EQ(parse_bandwidth("55.5 GB/s"), 55'500'000'000u);
  EXPECT_EQ(parse_bandwidth("13.2275GB/s"), 13'227'500'000u);
  EXPECT_EQ(parse_bandwidth("2 GiB/s"), std::uint64_t{2} << 30);
}

TEST(Units, RefusesWhatIsNotAWholeNumberOfTheUnit) {
  for (const char* text : {"", "3", "us", "3 parsecs", "0.5ns", "1.2345us", "-3us", "1e3ns", "1.2.3us", ".5us", "5.us",
                           "99999999999999999999ns", "86401s", "3us ", " 3us", "1 us s"})
    EXPECT_THROW(parse_duration(text), ConfigError) << text;
  for (const char* text : {"", "55.5", "GB/s", "1001 TB/s", "0.3 B/s", "0.1 KiB/s", "-1 GB/s"})
    EXPECT_THROW(parse_bandwidth(text), ConfigError) << text;
}

TEST(Units, ReadsEveryNumberOfNanosecondsInEveryUnit) {
  EXPECT_TRUE(rc::check("digits behind the point scale like integers", [] {
    const auto ns = *rc::gen::inRange<std::int64_t>(0, 86'400'000'000'000);
    const std::string fraction = std::to_string(1'000'000 + ns % 1'000'000).substr(1);
    RC_ASSERT(parse_duration(std::to_string(ns) + "ns") == Nanoseconds(ns));
    RC_ASSERT(parse_duration(std::to_string(ns / 1'000'000) + "." + fraction + "ms") == Nanoseconds(ns));
  }));
}

}  // namespace
}  // namespace vramlab
