// Which bases are taken, and what is said of the others.

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "engine/padic/errors.h"
#include "engine/padic/prime.h"

namespace vramlab::padic {
namespace {

TEST(Prime, TakesTheFiftyFourPrimesBelow256AndNothingElse) {
  int taken = 0;
  for (std::uint64_t value = 0; value < 1000; ++value) {
    std::uint64_t divisors = 0;
    for (std::uint64_t d = 1; d <= value; ++d) divisors += value % d == 0 ? 1 : 0;
    if (divisors == 2 && value < 256) {
      EXPECT_EQ(Prime(value).value(), value);
      ++taken;
    } else {
      EXPECT_THROW(Prime{value}, NotAPrime) << value;
    }
  }
  EXPECT_EQ(taken, 54);
}

TEST(Prime, IsNotTakenInByWhatABytesWidthCutsOff) {
  EXPECT_THROW(Prime(256 + 251), NotAPrime);
  EXPECT_THROW(Prime((std::uint64_t{1} << 32) + 2), NotAPrime);
}

TEST(Prime, SaysWhatWouldMendIt) {
  try {
    static_cast<void>(Prime(255));
    FAIL();
  } catch (const NotAPrime& error) {
    EXPECT_THAT(error.what(), ::testing::HasSubstr("255"));
    EXPECT_THAT(error.mend(), ::testing::HasSubstr("251"));
    EXPECT_EQ(error.exit_code(), 2);
  }
}

TEST(Prime, IsTheLargestBelow256WhereNothingIsSaid) {
  EXPECT_EQ(Prime().value(), 251u);
  EXPECT_EQ(default_prime, Prime(251));
  EXPECT_EQ(default_precision, 64);
  for (std::uint64_t value = 252; value < 256; ++value) EXPECT_THROW(Prime{value}, NotAPrime);
}

TEST(Prime, InvertsEveryDigitButZero) {
  for (const unsigned value : {2u, 3u, 5u, 7u, 127u, 251u}) {
    const Prime p(value);
    for (unsigned d = 1; d < value; ++d) EXPECT_EQ(d * p.inverse(d) % value, 1u) << d << " mod " << value;
  }
}

}  // namespace
}  // namespace vramlab::padic
