// What every number format, mode and preset promises.

#include <gtest/gtest.h>

#include <algorithm>
#include <tuple>

#include "codec_tensors.h"
#include "engine/core/error.h"

namespace vramlab::testing {
namespace {

using padic::compress;
using padic::TensorReader;

CodecOptions with_threads(CodecOptions options, unsigned threads) {
  options.threads = threads;
  return options;
}

using Case = std::tuple<DType, Preset>;

class CodecConformance : public ::testing::TestWithParam<Case> {
 protected:
  static DType dtype() { return std::get<0>(GetParam()); }
  /// Every mode that the number format has.
  static std::vector<CodecOptions> every_option() {
    const Preset preset = std::get<1>(GetParam());
    std::vector<CodecOptions> all = {{Mode::lossless, 0, preset}};
    const padic::NumberFormat format = padic::format_of(dtype());
    if (!format.floating || format.words != 1) return all;
    for (const double bound : {1e-4, 0.03, 5.0}) all.push_back({Mode::absolute, bound, preset});
    for (const double bound : {1e-7, 1e-4, 0.02, 0.6}) all.push_back({Mode::relative, bound, preset});
    return all;
  }
  template <typename Check>
  static void for_every_option(Check check) {
    for (const CodecOptions& options : every_option()) {
      SCOPED_TRACE("mode " + std::to_string(static_cast<int>(options.mode)) + " bound " +
                   std::to_string(options.bound));
      check(options);
    }
  }
};

std::string name_of(const ::testing::TestParamInfo<Case>& info) {
  return "dtype" + std::to_string(static_cast<int>(std::get<0>(info.param))) +
         (std::get<1>(info.param) == Preset::fast ? "_fast" : "_dense");
}
INSTANTIATE_TEST_SUITE_P(Every, CodecConformance,
                         ::testing::Combine(::testing::ValuesIn(every_dtype()),
                                            ::testing::Values(Preset::fast, Preset::dense)),
                         name_of);

TEST_P(CodecConformance, KeepsItsPromiseForEveryContent) {
  for_every_option([](const CodecOptions& options) {
    for (const std::string& content : every_content()) {
      const Raw raw = make_tensor(dtype(), content, 20000);
      const auto stream = compress(view_of(raw, dtype()), options);
      EXPECT_EQ(broken_promise(raw, unpacked(stream), dtype(), options), "") << content;
      EXPECT_LE(stream.size(), padic::max_stream_bytes(20000, dtype())) << content;
    }
  });
}

TEST_P(CodecConformance, KeepsItsPromiseForEverySize) {
  for_every_option([](const CodecOptions& options) {
    for (const std::size_t values : {0, 1, 2, 31, 32, 33, 1023, 1024, 1025, 8191, 16383, 16384, 16385, 65535, 66000}) {
      const Raw raw = make_tensor(dtype(), values % 2 == 0 ? "sparse" : "specials", values);
      const auto stream = compress(view_of(raw, dtype()), options);
      EXPECT_EQ(broken_promise(raw, unpacked(stream), dtype(), options), "") << values;
      EXPECT_LE(stream.size(), padic::max_stream_bytes(values, dtype())) << values;
      EXPECT_EQ(stream.size() % padic::stream_alignment, 0U) << values;
    }
  });
}

TEST_P(CodecConformance, ReadsEachBlockAloneAsItReadsAll) {
  for_every_option([](const CodecOptions& options) {
    for (const std::string content : {"halves", "specials"}) {
      const Raw raw = make_tensor(dtype(), content, 70001);
      const auto stream = compress(view_of(raw, dtype()), options);
      const TensorReader reader(stream);
      Raw together(raw.size());
      std::size_t at = 0;
      for (std::uint32_t block = 0; block < reader.info().blocks; ++block) {
        reader.decompress_block(block, std::span(together).subspan(at, reader.block_bytes(block)));
        at += reader.block_bytes(block);
      }
      EXPECT_EQ(at, raw.size());
      EXPECT_TRUE(together == unpacked(stream)) << content;
    }
  });
}

TEST_P(CodecConformance, WritesAndReadsTheSameWithAnyNumberOfThreads) {
  for_every_option([](const CodecOptions& options) {
    const Raw raw = make_tensor(dtype(), "normal", 90001);
    const auto stream = compress(view_of(raw, dtype()), options);
    for (const unsigned threads : {2U, 3U, 64U, 0U}) {
      EXPECT_TRUE(compress(view_of(raw, dtype()), with_threads(options, threads)) == stream) << threads;
      EXPECT_TRUE(unpacked(stream, threads) == unpacked(stream)) << threads;
    }
  });
}

TEST_P(CodecConformance, SaysWhatItHolds) {
  for_every_option([](const CodecOptions& options) {
    const Raw raw = make_tensor(dtype(), "ramp", 24);
    const std::vector<std::uint64_t> shape = {2, 3, 4};
    const auto stream = compress({raw.data(), 24, dtype(), shape}, options);
    const padic::StreamInfo info = padic::read_stream_info(stream);
    EXPECT_EQ(info.dtype, dtype());
    EXPECT_EQ(info.mode, options.mode);
    EXPECT_EQ(info.preset, options.preset);
    EXPECT_EQ(info.bound, options.bound);
    EXPECT_EQ(info.shape, shape);
    EXPECT_EQ(info.values, 24U);
    EXPECT_EQ(info.raw_bytes, raw.size());
  });
}

TEST_P(CodecConformance, ReadsAStreamThatLiesAtAnOddAddress) {
  for_every_option([](const CodecOptions& options) {
    const Raw raw = make_tensor(dtype(), "specials", 3000);
    const auto stream = compress(view_of(raw, dtype()), options);
    Raw shifted(stream.size() + 1);
    std::copy(stream.begin(), stream.end(), shifted.begin() + 1);
    EXPECT_TRUE(unpacked(std::span(shifted).subspan(1)) == unpacked(stream));
  });
}

TEST_P(CodecConformance, PacksZerosToTheFrontAlone) {
  for_every_option([](const CodecOptions& options) {
    const Raw raw = make_tensor(dtype(), "zeros", 200000);
    EXPECT_LE(compress(view_of(raw, dtype()), options).size(), 400U);
  });
}

TEST(TensorCodec, RefusesOptionsThatCannotBe) {
  const Raw raw = make_tensor(DType::float32, "normal", 10);
  const auto refuses = [&](DType dtype, const CodecOptions& options) {
    EXPECT_THROW(compress({raw.data(), 1, dtype, {}}, options), ConfigError);
  };
  for (const double bound : {0.0, -1.0, static_cast<double>(NAN), static_cast<double>(INFINITY)}) {
    refuses(DType::float32, {Mode::absolute, bound});
    refuses(DType::bfloat16, {Mode::relative, bound});
  }
  refuses(DType::float32, {Mode::lossless, 0.1});
  refuses(DType::float32, {Mode::rational, 0.1});
  for (const DType dtype : {DType::float64, DType::int8, DType::uint8, DType::int32, DType::uint64}) {
    refuses(dtype, {Mode::absolute, 0.1});
    refuses(dtype, {Mode::relative, 0.1});
  }
  refuses(static_cast<DType>(7), {});
}

TEST(TensorCodec, RefusesAShapeOfOtherValues) {
  const Raw raw = make_tensor(DType::int16, "normal", 12);
  const auto packs = [&](const std::vector<std::uint64_t>& shape) {
    return compress({raw.data(), 12, DType::int16, shape}, {});
  };
  EXPECT_NO_THROW(packs({3, 4}));
  EXPECT_THROW(packs({3, 5}), ConfigError);
  EXPECT_THROW(packs({12, std::uint64_t{1} << 63, 2}), ConfigError);
  EXPECT_THROW(packs(std::vector<std::uint64_t>(9, 1)), ConfigError);
}

TEST(TensorCodec, RefusesRoomOfAnotherLength) {
  const Raw raw = make_tensor(DType::float32, "normal", 100);
  const auto stream = compress(view_of(raw, DType::float32), {});
  Raw out(raw.size() + 1);
  EXPECT_THROW(padic::decompress(stream, out), ConfigError);
  EXPECT_THROW(padic::decompress_block(stream, 1, out), ConfigError);
  EXPECT_THROW(padic::decompress_block(stream, 0, std::span(out).first(399)), ConfigError);
}

}  // namespace
}  // namespace vramlab::testing
