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
       "564c5031010101002800000000000000000000000000d03f020e0000010000008800000000000000000000000100000000000000"
       "0000000000000000a65c461028000000000000000a00000034dfa076483e10008effff7fde7bedbdf7000000a0c5d2525f1ad052"
       "1fe00f5045a52303c66ee404ab22aa4e6c53b649a5c5d25211000000caf24971"},
      {{Mode::absolute, 0.25, Preset::dense},
       "564c5031010101012800000000000000000000000000d03f020e0300010100004001000000000000600000000100000000000000"
       "00000000000000003df18b6528000000000000001e0000fc0c0694010d94011294011994012394012494012994012a9401309401"
       "3294013394013594013994013b94013c94013e9401409401419401432c03442c03459401469401489401492c034a94014b94014c"
       "94014d9401ff970100000000160000001e81d33e0101000000000000baa08b0165333419fa239b0c26146200987434190d021703"
       "10c566327db56632d82528003f26280040710200735650003e575000db565000a6575000407102000a585000b41f140072585000"
       "d7585000407102003f5950000caaa000a9a9a000705a500040710200765a50003d5b50000caca000435b50004071020073aca000"
       "01000000caf24971"},
      {{Mode::lossless, 0, Preset::fast},
       "564c50310101000028000000000000000000000000000000020e000001000000f800000000000000000000000100000000000000"
       "0000000000000000a7222b9728000000000000000a000000bbda1d6ac0000000000000800000c03f000040c0000090400000c0c0"
       "00000000000010c100002841000040c1000058410000008000008441000090c100009c410000a8c1000000000000c0c1caf24971"
       "0000d8c10000e441000000800000fc41000004c200000a42000010c20000000000001cc200002242000028c200002e4200000080"
       "00003a42000040c20000464200004cc200000000000058c200005e42000064c200006a4200000000"},
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
      {DType::float32, {Mode::lossless, 0, Preset::fast}, 0x6C1C6E85U},
      {DType::float32, {Mode::absolute, 0.03, Preset::fast}, 0x6519852EU},
      {DType::float32, {Mode::relative, 0.02, Preset::fast}, 0xB1DE0C8AU},
      {DType::float32, {Mode::lossless, 0, Preset::dense}, 0x34EC1B68U},
      {DType::float32, {Mode::absolute, 0.03, Preset::dense}, 0xC3AD533BU},
      {DType::float32, {Mode::relative, 0.02, Preset::dense}, 0xF070D303U},
      {DType::float16, {Mode::lossless, 0, Preset::fast}, 0x02F5FD79U},
      {DType::float16, {Mode::absolute, 0.03, Preset::fast}, 0x768C5A88U},
      {DType::float16, {Mode::relative, 0.02, Preset::fast}, 0x7C4B0FF9U},
      {DType::float16, {Mode::lossless, 0, Preset::dense}, 0xE662F682U},
      {DType::float16, {Mode::absolute, 0.03, Preset::dense}, 0x369170F4U},
      {DType::float16, {Mode::relative, 0.02, Preset::dense}, 0xB896EB56U},
      {DType::bfloat16, {Mode::lossless, 0, Preset::fast}, 0xE0392D21U},
      {DType::bfloat16, {Mode::absolute, 0.03, Preset::fast}, 0x8C9142E7U},
      {DType::bfloat16, {Mode::relative, 0.02, Preset::fast}, 0xD09B4570U},
      {DType::bfloat16, {Mode::lossless, 0, Preset::dense}, 0x1F5AC15BU},
      {DType::bfloat16, {Mode::absolute, 0.03, Preset::dense}, 0x810FA62BU},
      {DType::bfloat16, {Mode::relative, 0.02, Preset::dense}, 0x2907679BU},
      {DType::float8_e4m3, {Mode::lossless, 0, Preset::fast}, 0xCE23096BU},
      {DType::float8_e4m3, {Mode::absolute, 0.03, Preset::fast}, 0x1EB8378FU},
      {DType::float8_e4m3, {Mode::relative, 0.2, Preset::fast}, 0x75B5469EU},
      {DType::float8_e4m3, {Mode::lossless, 0, Preset::dense}, 0x65CB04AEU},
      {DType::float8_e4m3, {Mode::absolute, 0.03, Preset::dense}, 0x3847C3F4U},
      {DType::float8_e4m3, {Mode::relative, 0.2, Preset::dense}, 0xE9BE09FFU},
      {DType::float8_e5m2, {Mode::lossless, 0, Preset::fast}, 0x847F7F58U},
      {DType::float8_e5m2, {Mode::absolute, 0.03, Preset::fast}, 0x6B3194ECU},
      {DType::float8_e5m2, {Mode::relative, 0.2, Preset::fast}, 0xD6B3231FU},
      {DType::float8_e5m2, {Mode::lossless, 0, Preset::dense}, 0x2D2C8006U},
      {DType::float8_e5m2, {Mode::absolute, 0.03, Preset::dense}, 0xC6942C31U},
      {DType::float8_e5m2, {Mode::relative, 0.2, Preset::dense}, 0xE04AC3F4U},
      {DType::float64, {Mode::lossless, 0, Preset::fast}, 0x26D8517DU},
      {DType::float64, {Mode::lossless, 0, Preset::dense}, 0x7E151FF1U},
      {DType::int8, {Mode::lossless, 0, Preset::fast}, 0x309485FCU},
      {DType::int8, {Mode::lossless, 0, Preset::dense}, 0x1B05CACFU},
      {DType::uint8, {Mode::lossless, 0, Preset::fast}, 0x6109CE09U},
      {DType::uint8, {Mode::lossless, 0, Preset::dense}, 0x5193069FU},
      {DType::int16, {Mode::lossless, 0, Preset::fast}, 0x47C8DCA6U},
      {DType::int16, {Mode::lossless, 0, Preset::dense}, 0xFBCC2B61U},
      {DType::uint16, {Mode::lossless, 0, Preset::fast}, 0xA8A47C17U},
      {DType::uint16, {Mode::lossless, 0, Preset::dense}, 0x5E280AD3U},
      {DType::int32, {Mode::lossless, 0, Preset::fast}, 0xB796FE5DU},
      {DType::int32, {Mode::lossless, 0, Preset::dense}, 0xD755FDAAU},
      {DType::uint32, {Mode::lossless, 0, Preset::fast}, 0xE66DA403U},
      {DType::uint32, {Mode::lossless, 0, Preset::dense}, 0xFE6C2325U},
      {DType::int64, {Mode::lossless, 0, Preset::fast}, 0xB70B7033U},
      {DType::int64, {Mode::lossless, 0, Preset::dense}, 0xBF4AE9ACU},
      {DType::uint64, {Mode::lossless, 0, Preset::fast}, 0x30B8B791U},
      {DType::uint64, {Mode::lossless, 0, Preset::dense}, 0xEF8FD5DFU},
  };
  for (const Digest& golden : digests)
    EXPECT_EQ(digest(golden.dtype, golden.options), golden.expected)
        << static_cast<int>(golden.dtype) << " " << static_cast<int>(golden.options.preset);
}

}  // namespace
}  // namespace vramlab::testing
