#include "engine/padic/entropy.h"

#include <gtest/gtest.h>

#include "codec_tensors.h"
#include "engine/core/error.h"

namespace vramlab::testing {
namespace {

using padic::entropy_ratio;
using padic::plain_packing_ratio;

template <typename T>
Raw raw_of(const std::vector<T>& values) {
  Raw raw(values.size() * sizeof(T));
  std::memcpy(raw.data(), values.data(), raw.size());
  return raw;
}

/// n values, the i-th by a formula.
template <typename T, typename F>
Raw sequence(std::size_t n, F value) {
  std::vector<T> values(n);
  for (std::size_t i = 0; i < n; ++i) values[i] = static_cast<T>(value(i));
  return raw_of(values);
}

double packed_bytes(double values, double entropy) {
  return 64 + 4 * std::ceil(values / 4096) + std::ceil(values * entropy / 8);
}

TEST(EntropyRatio, OfFourBytesThatAreAllAlikeOften) {
  const Raw raw = sequence<std::uint8_t>(8192, [](std::size_t i) { return i % 4; });
  EXPECT_DOUBLE_EQ(*entropy_ratio(view_of(raw, DType::uint8), Mode::lossless, 0), 8192 / packed_bytes(8192, 2));
}

TEST(EntropyRatio, OfIntegersIsThatOfTheirBytes) {
  const Raw raw = sequence<std::int32_t>(65536, [](std::size_t i) { return i; });
  EXPECT_DOUBLE_EQ(*entropy_ratio(view_of(raw, DType::int32), Mode::lossless, 0), 262144 / packed_bytes(65536, 16));
}

TEST(EntropyRatio, OfFloatsIsThatOfExponentAndMantissaBytes) {
  // 8 exponents with 2 signs, and the top 4 bits of the mantissa: 3 + 1 + 4 bits.
  const Raw raw = sequence<float>(4096, [](std::size_t i) {
    const float size = std::ldexp(1.0F + static_cast<float>(i / 16 % 16) / 16, static_cast<int>(i % 8));
    return i / 8 % 2 == 0 ? size : -size;
  });
  EXPECT_NEAR(*entropy_ratio(view_of(raw, DType::float32), Mode::lossless, 0), 16384 / packed_bytes(4096, 8), 1e-9);
}

TEST(EntropyRatio, WithABoundCountsTheLeadingBitsAndThoseThatRemain) {
  // |q| in [512, 1024): 10 bits, of which the first is always 1: 7 bits of entropy, and 2 remain.
  const Raw raw = sequence<float>(512, [](std::size_t i) { return 512.0 + static_cast<double>(i); });
  EXPECT_NEAR(*entropy_ratio(view_of(raw, DType::float32), Mode::absolute, 0.5), 2048 / packed_bytes(512, 9), 1e-9);
}

TEST(EntropyRatio, IsNothingBelowATenthOfABit) {
  const Raw raw = make_tensor(DType::float32, "constant", 5000);
  EXPECT_FALSE(entropy_ratio(view_of(raw, DType::float32), Mode::lossless, 0).has_value());
  EXPECT_FALSE(entropy_ratio({raw.data(), 0, DType::float32, {}}, Mode::lossless, 0).has_value());
}

TEST(EntropyRatio, RefusesWhatTheCodecRefuses) {
  const Raw raw = make_tensor(DType::int32, "normal", 10);
  EXPECT_THROW(entropy_ratio(view_of(raw, DType::int32), Mode::absolute, 0.1), ConfigError);
  EXPECT_THROW(plain_packing_ratio(view_of(raw, DType::float32), Mode::absolute, 0), ConfigError);
}

TEST(PlainPacking, TakesTheWidthOfTheLargestOfEachBlock) {
  // Two blocks: zigzag widths 1 (values -1 and 0) and 4 (up to 7).
  const Raw raw = sequence<float>(
      2048, [](std::size_t i) { return i < 1024 ? -static_cast<double>(i % 2) : static_cast<double>(i % 8); });
  EXPECT_DOUBLE_EQ(plain_packing_ratio(view_of(raw, DType::float32), Mode::absolute, 0.5),
                   8192.0 / (1 + 128 + 1 + 512));
}

TEST(PlainPacking, KeepsBitPatternsWithoutABound) {
  const Raw raw = sequence<std::uint16_t>(1024, [](std::size_t i) { return i % 512; });
  EXPECT_DOUBLE_EQ(plain_packing_ratio(view_of(raw, DType::uint16), Mode::lossless, 0), 2048.0 / (1 + 1152));
}

struct Mark {
  const char* content;
  DType dtype;
  Mode mode;
  double bound;
};

/// Long tensors, so that the constant parts of a stream weigh little.
TEST(Marks, DenseComesWithin5PercentOfTheEntropyAndFastOfPlainPacking) {
  const std::vector<Mark> marks = {
      {"normal", DType::float32, Mode::lossless, 0},    {"normal", DType::float32, Mode::absolute, 0.1},
      {"normal", DType::float32, Mode::absolute, 1e-4}, {"halves", DType::float32, Mode::absolute, 1e-3},
      {"sparse", DType::float32, Mode::lossless, 0},    {"very sparse", DType::float32, Mode::absolute, 1e-2},
      {"normal", DType::bfloat16, Mode::lossless, 0},   {"normal", DType::bfloat16, Mode::absolute, 0.1},
      {"halves", DType::float16, Mode::lossless, 0},    {"normal", DType::float8_e4m3, Mode::lossless, 0},
      {"normal", DType::int8, Mode::lossless, 0},       {"sparse", DType::int32, Mode::lossless, 0}};
  for (const Mark& mark : marks) {
    const Raw raw = make_tensor(mark.dtype, mark.content, 300000);
    const auto view = view_of(raw, mark.dtype);
    const auto ratio = [&](Preset preset) {
      return static_cast<double>(raw.size()) /
             static_cast<double>(padic::compress(view, {mark.mode, mark.bound, preset}).size());
    };
    const auto entropy = entropy_ratio(view, mark.mode, mark.bound);
    EXPECT_GE(ratio(Preset::dense), entropy ? *entropy * 0.95 : 100.0) << mark.content << " " << mark.bound;
    EXPECT_GE(ratio(Preset::fast), plain_packing_ratio(view, mark.mode, mark.bound) * 0.95)
        << mark.content << " " << mark.bound;
  }
}

}  // namespace
}  // namespace vramlab::testing
