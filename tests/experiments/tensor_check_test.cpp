// What codec and compress check each value with.

#include "experiments/tensor_check.h"

#include <gtest/gtest.h>

#include <cmath>
#include <span>
#include <vector>

#include "engine/core/error.h"

namespace vramlab::test {
namespace {

TEST(TensorCheck, ValuesOfEverySmallFormatAreReadAsTheyAre) {
  const auto value = [](ElementType type, std::uint32_t bits) {
    return real_value(type, reinterpret_cast<const std::byte*>(&bits));
  };
  EXPECT_EQ(value(ElementType::float16, 0x3C00), 1.0);
  EXPECT_EQ(value(ElementType::float16, 0x8001), -0x1p-24);
  EXPECT_EQ(value(ElementType::float16, 0x7BFF), 65504.0);
  EXPECT_TRUE(std::isinf(value(ElementType::float16, 0x7C00)));
  EXPECT_EQ(value(ElementType::bfloat16, 0x4049), 3.140625);
  EXPECT_EQ(value(ElementType::float8_e4m3, 0x7E), 448.0);
  EXPECT_TRUE(std::isnan(value(ElementType::float8_e4m3, 0x7F)));
  EXPECT_EQ(value(ElementType::float8_e5m2, 0x7B), 57344.0);
  EXPECT_EQ(value(ElementType::float8_e5m2, 0x01), 0x1p-16);
}

TEST(TensorCheck, ABrokenPromiseEndsTheRun) {
  const std::vector<float> given{1.0F, 2.0F}, back{1.0F, 2.5F};
  const auto bytes = [](const std::vector<float>& values) { return std::as_bytes(std::span(values)); };
  const TensorDifference difference = compare_values(ElementType::float32, bytes(given), bytes(back));
  EXPECT_EQ(difference.max_absolute, 0.5);
  EXPECT_EQ(difference.max_relative, 0.25);
  using padic::Mode;
  EXPECT_THROW(check_promise(difference, {.mode = Mode::lossless}, "t"), InvariantError);
  EXPECT_THROW(check_promise(difference, {.mode = Mode::absolute, .bound = 0.4}, "t"), InvariantError);
  EXPECT_NO_THROW(check_promise(difference, {.mode = Mode::absolute, .bound = 0.5}, "t"));
  EXPECT_THROW(check_promise(difference, {.mode = Mode::relative, .bound = 0.2}, "t"), InvariantError);
}

}  // namespace
}  // namespace vramlab::test
