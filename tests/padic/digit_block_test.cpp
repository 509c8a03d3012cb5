#include "engine/padic/digit_block.h"

#include <gtest/gtest.h>
#include <rapidcheck/gtest.h>

#include <bit>
#include <cmath>
#include <limits>

#include "engine/core/error.h"
#include "engine/padic/words.h"

namespace vramlab::padic {
namespace {

StreamHeader header(DType dtype, Mode mode, std::uint8_t prime = 251, double bound = 0, std::uint32_t precision = 0) {
  StreamHeader made;
  made.dtype = static_cast<std::uint8_t>(dtype);
  made.mode = static_cast<std::uint8_t>(mode);
  made.preset = static_cast<std::uint8_t>(Preset::digits);
  made.prime = prime;
  made.bound = bound;
  made.precision = precision;
  return made;
}

std::vector<std::uint32_t> there_and_back(const std::vector<std::uint32_t>& raws, const DigitCoder& coder) {
  std::vector<std::uint32_t> back(raws.size(), 0xDEADBEEFU);
  decode_digit_block(encode_digit_block(raws, coder), coder, -1, back);
  return back;
}

RC_GTEST_PROP(DigitBlock, LosslessIsBitExactForEveryDtypeAndPrime, ()) {
  const auto dtype = *rc::gen::element(DType::float32, DType::float16, DType::bfloat16, DType::float8_e4m3, DType::int8,
                                       DType::uint8, DType::int16, DType::int32, DType::uint32);
  const auto prime = *rc::gen::element<std::uint8_t>(2, 3, 31, 251);
  const auto coder = digit_coder(header(dtype, Mode::lossless, prime));
  const std::uint64_t limit = std::uint64_t{1} << (8U * format_of(dtype).bytes);
  std::vector<std::uint32_t> raws;
  for (int i = *rc::gen::inRange(0, 1025); i > 0; --i)
    raws.push_back(static_cast<std::uint32_t>(*rc::gen::inRange<std::uint64_t>(0, limit)) * (i % 3 == 0 ? 0U : 1U));
  RC_ASSERT(there_and_back(raws, *coder) == raws);
}

RC_GTEST_PROP(DigitBlock, TheBoundHoldsForEveryFloat, (const std::vector<std::uint32_t>& bits)) {
  const double bound = std::pow(10.0, -*rc::gen::inRange(1, 7));
  const auto coder = digit_coder(header(DType::float32, Mode::absolute, 251, bound));
  std::vector<std::uint32_t> raws(bits.begin(),
                                  bits.begin() + static_cast<std::ptrdiff_t>(std::min<std::size_t>(bits.size(), 1024)));
  for (int i = 0; i < 50 && raws.size() < 1024; ++i)
    raws.push_back(std::bit_cast<std::uint32_t>(static_cast<float>(*rc::gen::inRange(-100000, 100000)) * 1.1e-5F));
  const auto back = there_and_back(raws, *coder);
  for (std::size_t i = 0; i < raws.size(); ++i) {
    const auto x = std::bit_cast<float>(raws[i]), y = std::bit_cast<float>(back[i]);
    RC_ASSERT(raws[i] == back[i] || std::fabs(static_cast<double>(x) - static_cast<double>(y)) <= bound);
  }
}

TEST(DigitBlock, ExactRationalsTakeFewDigitsAndComeBackBitForBit) {
  const auto coder = digit_coder(header(DType::float32, Mode::rational, 251, 0, 2));  // |a|, b <= 177
  std::vector<std::uint32_t> raws;
  for (int i = 0; i < 1024; ++i)
    raws.push_back(std::bit_cast<std::uint32_t>(static_cast<float>(i % 255 - 127) / 127.0F));
  const auto block = encode_digit_block(raws, *coder);
  EXPECT_LE(block.size(), 4U + 128 + 2 * 1025);
  std::vector<std::uint32_t> back(raws.size());
  decode_digit_block(block, *coder, -1, back);
  EXPECT_EQ(back, raws);
}

TEST(DigitBlock, WhatIsNoSimpleFractionIsKeptAsItIs) {
  const auto coder = digit_coder(header(DType::float32, Mode::rational));
  std::vector<std::uint32_t> raws;
  for (const float x : {3.14159265F, -0.0F, std::numeric_limits<float>::infinity(), 0.5F, 0.0F, 1.0F / 251.0F, 1e-30F})
    raws.push_back(std::bit_cast<std::uint32_t>(x));
  raws.push_back(0x7FC01234U);  // a NaN with a payload
  EXPECT_EQ(there_and_back(raws, *coder), raws);
}

TEST(DigitBlock, FewerPlanesGiveACoarserTensor) {
  const double bound = 1e-6;
  const auto coder = digit_coder(header(DType::float32, Mode::absolute, 251, bound));
  std::vector<std::uint32_t> raws;
  for (int i = 0; i < 1000; ++i) raws.push_back(std::bit_cast<std::uint32_t>(std::sin(static_cast<float>(i))));
  const auto block = encode_digit_block(raws, *coder);
  double unit = bound * 1.9921875;
  for (int planes = coder->digits(); planes > 0; --planes, unit *= 251) {
    std::vector<std::uint32_t> coarse(raws.size());
    decode_digit_block(block, *coder, planes, coarse);
    for (std::size_t i = 0; i < raws.size(); ++i)
      ASSERT_LE(std::fabs(std::bit_cast<float>(coarse[i]) - std::bit_cast<float>(raws[i])), unit + bound) << planes;
  }
}

TEST(DigitBlock, DamageIsRefusedOrGivesOtherValuesButNeverReadsBeyond) {
  const auto coder = digit_coder(header(DType::float32, Mode::rational));
  std::vector<std::uint32_t> raws;
  for (int i = 0; i < 200; ++i) raws.push_back(std::bit_cast<std::uint32_t>(static_cast<float>(i % 7) / 9.0F));
  const auto block = encode_digit_block(raws, *coder);
  std::vector<std::uint32_t> back(raws.size());
  for (std::size_t length = 0; length < block.size(); ++length)
    EXPECT_THROW(decode_digit_block(std::span(block).first(length), *coder, -1, back), TraceError) << length;
  int refused = 0;
  for (std::size_t i = 0; i < block.size(); ++i) {
    auto damaged = block;
    damaged[i] ^= std::byte{0xFF};
    try {
      decode_digit_block(damaged, *coder, -1, back);
    } catch (const TraceError&) {
      ++refused;
    }
  }
  EXPECT_GT(refused, 0);
}

TEST(DigitCoder, WhatItCannotDoIsRefused) {
  EXPECT_THROW(digit_coder(header(DType::float64, Mode::lossless)), ConfigError);
  EXPECT_THROW(digit_coder(header(DType::float16, Mode::rational)), ConfigError);
  EXPECT_THROW(digit_coder(header(DType::bfloat16, Mode::absolute, 251, 1e-3)), ConfigError);
  EXPECT_THROW(digit_coder(header(DType::float32, Mode::relative, 251, 1e-3)), ConfigError);
  EXPECT_THROW(digit_coder(header(DType::float32, Mode::lossless, 15)), Error);
  EXPECT_THROW(digit_coder(header(DType::float32, Mode::rational, 251, 0, 8)), Error);
}

}  // namespace
}  // namespace vramlab::padic
