// The bytes of version 1: a stream that is kept must stay readable, so a change here is a change of the version.

#include <gtest/gtest.h>

#include <array>

#include "codec_tensors.h"
#include "engine/padic/checksum.h"

namespace vramlab::testing {
namespace {

using padic::compress;

/// 0, 1.5, -3, 4.5, ... with every fifth zero, and one value that no quantiser holds.
Raw small_tensor() {
  Raw raw(40 * sizeof(float));
  for (std::size_t i = 0; i < 40; ++i) {
    const float size = i % 5 == 0 ? 0.0F : 1.5F * static_cast<float>(i);
    const float value = i == 17 ? 1e30F : i % 2 == 0 ? -size : size;
    std::memcpy(raw.data() + i * sizeof value, &value, sizeof value);
  }
  return raw;
}

std::string hex(std::span<const std::byte> bytes) {
  static constexpr std::string_view digits = "0123456789abcdef";
  std::string text;
  for (const std::byte byte : bytes) {
    text += digits[std::to_integer<std::size_t>(byte) / 16];
    text += digits[std::to_integer<std::size_t>(byte) % 16];
  }
  return text;
}

Raw from_hex(const std::string& text) {
  Raw bytes;
  for (std::size_t i = 0; i < text.size(); i += 2)
    bytes.push_back(static_cast<std::byte>(std::stoul(text.substr(i, 2), nullptr, 16)));
  return bytes;
}

struct Golden {
  CodecOptions options;
  std::string stream;
};

std::vector<Golden> golden_streams() {
  return {
      {{Mode::absolute, 0.25, Preset::fast},
       "564c5031010101002800000000000000000000000000d03f020e000001000000a000000000000000000000000100000000000000"
       "0000000000000000295e91d728000000000000000a000000f17c965e020001000000000048000000000000000000000000000000"
       "8effff7fde7bedbdf7000000a0c5d2525f1ad0521fe00f5045a52303c66ee404ab22aa4e6c53b649a5c5d25211000000caf24971"
       "00000000"},
      {{Mode::absolute, 0.25, Preset::dense},
       "564c5031010101012800000000000000000000000000d03f020e0300010100004001000000000000600000000100000000000000"
       "00000000000000003df18b6528000000000000001e0000fc0c0694010d94011294011994012394012494012994012a9401309401"
       "3294013394013594013994013b94013c94013e9401409401419401432c03442c03459401469401489401492c034a94014b94014c"
       "94014d9401ff970100000000160000001e81d33e0101000000000000baa08b0165333419fa239b0c26146200987434190d021703"
       "10c566327db56632d82528003f26280040710200735650003e575000db565000a6575000407102000a585000b41f140072585000"
       "d7585000407102003f5950000caaa000a9a9a000705a500040710200765a50003d5b50000caca000435b50004071020073aca000"
       "01000000caf24971"},
      {{Mode::lossless, 0, Preset::fast},
       "564c50310101000028000000000000000000000000000000020e0000010000000801000000000000000000000100000000000000"
       "00000000000000003b889a3828000000000000000a000000af5870b60200000000000000c0000000000000000000000000000000"
       "000000800000c03f000040c0000090400000c0c000000000000010c100002841000040c1000058410000008000008441000090c1"
       "00009c410000a8c1000000000000c0c1caf249710000d8c10000e441000000800000fc41000004c200000a42000010c200000000"
       "00001cc200002242000028c200002e420000008000003a42000040c20000464200004cc200000000000058c200005e42000064c2"
       "00006a42"},
  };
}

TEST(GoldenStream, IsWrittenByteByByte) {
  const Raw raw = small_tensor();
  for (const Golden& golden : golden_streams())
    EXPECT_EQ(hex(compress(view_of(raw, DType::float32), golden.options)), golden.stream);
}

TEST(GoldenStream, IsRead) {
  const Raw raw = small_tensor();
  for (const Golden& golden : golden_streams())
    EXPECT_EQ(broken_promise(raw, unpacked(from_hex(golden.stream)), DType::float32, golden.options), "");
}

/// Of every content in turn, 20000 values each.
std::uint32_t digest(DType dtype, const CodecOptions& options) {
  std::uint32_t sum = 0, at = 0;
  for (const std::string& content : every_content()) {
    const auto stream = compress(view_of(make_tensor(dtype, content, 20000), dtype), options);
    for (std::size_t i = 0; i < stream.size(); i += 4) {
      std::uint32_t word = 0;
      std::memcpy(&word, stream.data() + i, 4);
      sum += padic::checksum_share(word, at++);
    }
  }
  return sum;
}

struct Digest {
  DType dtype;
  CodecOptions options;
  std::uint32_t expected;
};

TEST(GoldenStream, OfEveryFormatHasItsDigest) {
  const std::vector<Digest> digests = {
      {DType::float32, {Mode::lossless, 0, Preset::fast}, 0xF03D0A2DU},
      {DType::float32, {Mode::absolute, 0.03, Preset::fast}, 0x1B85DCD6U},
      {DType::float32, {Mode::relative, 0.02, Preset::fast}, 0xFAB671DBU},
      {DType::float32, {Mode::lossless, 0, Preset::dense}, 0x34EC1B68U},
      {DType::float32, {Mode::absolute, 0.03, Preset::dense}, 0xC3AD533BU},
      {DType::float32, {Mode::relative, 0.02, Preset::dense}, 0xF070D303U},
      {DType::float16, {Mode::lossless, 0, Preset::fast}, 0x04F52BE7U},
      {DType::float16, {Mode::absolute, 0.03, Preset::fast}, 0xA3BDEBD4U},
      {DType::float16, {Mode::relative, 0.02, Preset::fast}, 0x5FB45E0BU},
      {DType::float16, {Mode::lossless, 0, Preset::dense}, 0xE662F682U},
      {DType::float16, {Mode::absolute, 0.03, Preset::dense}, 0x369170F4U},
      {DType::float16, {Mode::relative, 0.02, Preset::dense}, 0xB896EB56U},
      {DType::bfloat16, {Mode::lossless, 0, Preset::fast}, 0x08C443DEU},
      {DType::bfloat16, {Mode::absolute, 0.03, Preset::fast}, 0x43A549C1U},
      {DType::bfloat16, {Mode::relative, 0.02, Preset::fast}, 0x387CC09AU},
      {DType::bfloat16, {Mode::lossless, 0, Preset::dense}, 0x1F5AC15BU},
      {DType::bfloat16, {Mode::absolute, 0.03, Preset::dense}, 0x810FA62BU},
      {DType::bfloat16, {Mode::relative, 0.02, Preset::dense}, 0x2907679BU},
      {DType::float8_e4m3, {Mode::lossless, 0, Preset::fast}, 0x0A22D9D1U},
      {DType::float8_e4m3, {Mode::absolute, 0.03, Preset::fast}, 0x27D028D6U},
      {DType::float8_e4m3, {Mode::relative, 0.2, Preset::fast}, 0xB157871EU},
      {DType::float8_e4m3, {Mode::lossless, 0, Preset::dense}, 0x65CB04AEU},
      {DType::float8_e4m3, {Mode::absolute, 0.03, Preset::dense}, 0x3847C3F4U},
      {DType::float8_e4m3, {Mode::relative, 0.2, Preset::dense}, 0xE9BE09FFU},
      {DType::float8_e5m2, {Mode::lossless, 0, Preset::fast}, 0x7D502EBDU},
      {DType::float8_e5m2, {Mode::absolute, 0.03, Preset::fast}, 0x76F85064U},
      {DType::float8_e5m2, {Mode::relative, 0.2, Preset::fast}, 0x14409DD4U},
      {DType::float8_e5m2, {Mode::lossless, 0, Preset::dense}, 0x2D2C8006U},
      {DType::float8_e5m2, {Mode::absolute, 0.03, Preset::dense}, 0xC6942C31U},
      {DType::float8_e5m2, {Mode::relative, 0.2, Preset::dense}, 0xE04AC3F4U},
      {DType::float64, {Mode::lossless, 0, Preset::fast}, 0xC190D0ABU},
      {DType::float64, {Mode::lossless, 0, Preset::dense}, 0x7E151FF1U},
      {DType::int8, {Mode::lossless, 0, Preset::fast}, 0x270ED855U},
      {DType::int8, {Mode::lossless, 0, Preset::dense}, 0x1B05CACFU},
      {DType::uint8, {Mode::lossless, 0, Preset::fast}, 0xA3326A3DU},
      {DType::uint8, {Mode::lossless, 0, Preset::dense}, 0x5193069FU},
      {DType::int16, {Mode::lossless, 0, Preset::fast}, 0xE6D68FE0U},
      {DType::int16, {Mode::lossless, 0, Preset::dense}, 0xFBCC2B61U},
      {DType::uint16, {Mode::lossless, 0, Preset::fast}, 0xBAA361B2U},
      {DType::uint16, {Mode::lossless, 0, Preset::dense}, 0x5E280AD3U},
      {DType::int32, {Mode::lossless, 0, Preset::fast}, 0x17F97BB8U},
      {DType::int32, {Mode::lossless, 0, Preset::dense}, 0xD755FDAAU},
      {DType::uint32, {Mode::lossless, 0, Preset::fast}, 0x9B4B8BAEU},
      {DType::uint32, {Mode::lossless, 0, Preset::dense}, 0xFE6C2325U},
      {DType::int64, {Mode::lossless, 0, Preset::fast}, 0xC74C0665U},
      {DType::int64, {Mode::lossless, 0, Preset::dense}, 0xBF4AE9ACU},
      {DType::uint64, {Mode::lossless, 0, Preset::fast}, 0x598F0BDAU},
      {DType::uint64, {Mode::lossless, 0, Preset::dense}, 0xEF8FD5DFU},
  };
  for (const Digest& golden : digests)
    EXPECT_EQ(digest(golden.dtype, golden.options), golden.expected)
        << static_cast<int>(golden.dtype) << " " << static_cast<int>(golden.options.preset);
}

}  // namespace
}  // namespace vramlab::testing
