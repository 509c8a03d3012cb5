// The packed stream behind the Codec port.

#include <gtest/gtest.h>

#include "codec_tensors.h"
#include "engine/core/error.h"
#include "engine/padic/padic_codec.h"

namespace vramlab::testing {
namespace {

using padic::PadicCodec;

Raw packed_by(const Codec& codec, std::span<const std::byte> raw) {
  Raw packed(codec.max_packed(Bytes(raw.size())).value);
  packed.resize(codec.compress(raw, packed).value);
  return packed;
}

TEST(PadicCodec, GivesBackEveryByteOfRangesOfAnyLength) {
  const Raw raw = make_tensor(DType::float32, "normal", 5000);
  for (const DType dtype : every_dtype())
    for (const Preset preset : {Preset::fast, Preset::dense}) {
      const PadicCodec codec(dtype, {Mode::lossless, 0, preset});
      for (const std::size_t length : {0, 1, 2, 3, 7, 8, 9, 4099, 20000}) {
        const auto range = std::span(raw).first(length);
        Raw back(length);
        codec.decompress(packed_by(codec, range), back);
        EXPECT_TRUE(std::equal(back.begin(), back.end(), range.begin())) << length;
      }
    }
}

TEST(PadicCodec, KeepsABound) {
  const PadicCodec codec(DType::float32, {Mode::absolute, 1e-3, Preset::fast});
  const Raw raw = make_tensor(DType::float32, "tails", 5000);
  Raw back(raw.size());
  const Raw packed = packed_by(codec, raw);
  codec.decompress(packed, back);
  EXPECT_EQ(broken_promise(raw, back, DType::float32, {Mode::absolute, 1e-3}), "");
}

TEST(PadicCodec, RefusesWhatItDidNotPackForAsManyBytes) {
  const Raw raw = make_tensor(DType::float32, "normal", 500);
  const PadicCodec dense(DType::float32, {}), fast(DType::float32, {Mode::lossless, 0, Preset::fast}),
      other(DType::int32, {});
  const Raw packed = packed_by(dense, raw);
  Raw back(raw.size()), longer(raw.size() + 4);
  EXPECT_THROW(dense.decompress(packed, longer), TraceError);
  EXPECT_THROW(fast.decompress(packed, back), TraceError);
  EXPECT_THROW(other.decompress(packed, back), TraceError);
  EXPECT_THROW(dense.decompress(std::span(packed).first(packed.size() - 8), back), TraceError);
  EXPECT_THROW(dense.decompress({}, back), TraceError);
  EXPECT_NO_THROW(dense.decompress(packed, back));
}

TEST(PadicCodec, IsNamedByPresetAndBound) {
  EXPECT_EQ(PadicCodec(DType::float32, {}).name(), "dense");
  EXPECT_EQ(PadicCodec(DType::float32, {Mode::absolute, 0.001, Preset::fast}).name(), "fast:0.001");
  EXPECT_THROW(PadicCodec(DType::int8, {Mode::absolute, 0.1}), ConfigError);
}

}  // namespace
}  // namespace vramlab::testing
