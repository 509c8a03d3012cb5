// Preset digits through the codec's public functions.

#include <gtest/gtest.h>

#include <cmath>

#include "codec_tensors.h"
#include "engine/core/error.h"

namespace vramlab::testing {
namespace {

using padic::compress;
using padic::TensorReader;

CodecOptions digits(Mode mode, double bound = 0, unsigned prime = 251, std::uint32_t precision = 0) {
  CodecOptions options{mode, bound, Preset::digits};
  options.prime = static_cast<std::uint8_t>(prime);
  options.precision = precision;
  return options;
}

Raw unpacked(std::span<const std::byte> stream) {
  const TensorReader reader(stream);
  Raw out(reader.info().raw_bytes);
  reader.decompress(out);
  return out;
}

std::vector<float> floats(const Raw& raw) {
  std::vector<float> values(raw.size() / sizeof(float));
  std::memcpy(values.data(), raw.data(), raw.size());
  return values;
}

TEST(CodecDigits, EveryContentOfEveryFormatComesBack) {
  for (const DType dtype : every_dtype()) {
    if (padic::format_of(dtype).bytes > 4) continue;
    for (const std::string& content : every_content())
      for (const unsigned prime : {2U, 17U, 251U}) {
        const Raw raw = make_tensor(dtype, content, 3000);
        EXPECT_EQ(unpacked(compress(view_of(raw, dtype), digits(Mode::lossless, 0, prime))), raw) << content;
      }
  }
}

TEST(CodecDigits, RationalsComeBackWhateverTheValuesAre) {
  for (const std::string& content : every_content()) {
    const Raw raw = make_tensor(DType::float32, content, 3000);
    for (const unsigned prime : {2U, 251U})
      EXPECT_EQ(unpacked(compress(view_of(raw, DType::float32), digits(Mode::rational, 0, prime, prime == 2 ? 61 : 7))),
                raw)
          << content;
  }
}

TEST(CodecDigits, NothingGrowsBeyondTheRoomThatIsPromised) {
  for (const std::string& content : every_content())
    for (const Mode mode : {Mode::lossless, Mode::rational}) {
      const Raw raw = make_tensor(DType::float32, content, 40000);
      const auto stream = compress(view_of(raw, DType::float32), digits(mode, 0, mode == Mode::lossless ? 3 : 251));
      EXPECT_LE(stream.size(), raw.size() + 64 + 8 + 16 * 40) << content;
      EXPECT_LE(stream.size(), padic::max_stream_bytes(40000, DType::float32)) << content;
      EXPECT_EQ(unpacked(stream), raw) << content;
    }
}

TEST(CodecDigits, SimpleFractionsTakeTwoDigits) {
  Raw raw(100000 * sizeof(float));
  for (std::size_t i = 0; i < 100000; ++i) {
    const float value = static_cast<float>(static_cast<int>(i * 7919 % 255) - 127) / 127.0F;
    std::memcpy(raw.data() + i * sizeof value, &value, sizeof value);
  }
  const auto stream = compress(view_of(raw, DType::float32), digits(Mode::rational, 0, 251, 2));
  EXPECT_EQ(unpacked(stream), raw);
  EXPECT_GT(static_cast<double>(raw.size()) / static_cast<double>(stream.size()), 1.8);
}

TEST(CodecDigits, TheBoundHoldsAndFewerPlanesSayTheirError) {
  const Raw raw = make_tensor(DType::float32, "normal", 5000);
  const auto values = floats(raw);
  const auto stream = compress(view_of(raw, DType::float32), digits(Mode::absolute, 1e-4));
  const TensorReader reader(stream);
  double last = 1e30;
  for (std::uint32_t planes = 0; planes <= reader.info().planes; ++planes) {
    Raw out(raw.size());
    const double stated = reader.decompress_planes(planes, out);
    EXPECT_LT(stated, last);
    last = stated;
    const auto coarse = floats(out);
    for (std::size_t i = 0; i < values.size(); ++i) {
      if (!std::isfinite(values[i])) continue;
      ASSERT_LE(std::fabs(coarse[i] - static_cast<double>(values[i])), stated) << planes;
    }
  }
  EXPECT_LE(last, 1e-4);
}

TEST(CodecDigits, BytesDoNotDependOnThreadsAndBlocksStandAlone) {
  const Raw raw = make_tensor(DType::float32, "normal", 5000);
  CodecOptions options = digits(Mode::lossless);
  const auto stream = compress(view_of(raw, DType::float32), options);
  options.threads = 3;
  EXPECT_EQ(compress(view_of(raw, DType::float32), options), stream);
  const TensorReader reader(stream);
  Raw block(reader.block_bytes(3));
  reader.decompress_block(3, block);
  EXPECT_TRUE(std::equal(block.begin(), block.end(), raw.begin() + 3 * 1024 * 4));
}

TEST(CodecDigits, WhatCannotBeIsRefused) {
  const Raw raw = make_tensor(DType::float32, "normal", 100);
  const auto view = view_of(raw, DType::float32);
  EXPECT_THROW(compress(view, digits(Mode::relative, 1e-3)), ConfigError);
  EXPECT_THROW(compress(view, digits(Mode::lossless, 1e-3)), ConfigError);
  EXPECT_THROW(compress(view, digits(Mode::absolute, 0)), ConfigError);
  EXPECT_THROW(compress(view, digits(Mode::lossless, 0, 15)), Error);
  EXPECT_THROW(compress(view, digits(Mode::rational, 0, 251, 8)), Error);
  EXPECT_THROW(compress(view, {Mode::rational, 0, Preset::dense}), ConfigError);
  const Raw wide = make_tensor(DType::float64, "normal", 100);
  EXPECT_THROW(compress(view_of(wide, DType::float64), digits(Mode::lossless)), ConfigError);
}

TEST(CodecDigits, ADamagedStreamIsRefused) {
  const Raw raw = make_tensor(DType::float32, "normal", 1500);
  const auto stream = compress(view_of(raw, DType::float32), digits(Mode::rational));
  for (std::size_t i = 0; i < stream.size(); ++i) {
    auto damaged = stream;
    damaged[i] ^= std::byte{0x41};
    EXPECT_THROW(unpacked(damaged), TraceError) << i;
  }
  for (std::size_t length = 0; length < stream.size(); length += 7)
    EXPECT_THROW(unpacked(std::span(stream).first(length)), TraceError) << length;
}

}  // namespace
}  // namespace vramlab::testing
