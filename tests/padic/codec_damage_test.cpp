// Damaged streams are refused: none gives a wrong answer, none is read beyond its end (sanitizers watch).

#include <gtest/gtest.h>

#include "codec_tensors.h"
#include "engine/core/error.h"
#include "padic_signing.h"

namespace vramlab::testing {
namespace {

using padic::compress;
using padic::StreamHeader;

/// Refused, or, if `same` is not null, read as that.
::testing::AssertionResult survives(std::span<const std::byte> stream, const Raw* same = nullptr) {
  try {
    const Raw back = unpacked(stream);
    if (same != nullptr && back == *same) return ::testing::AssertionSuccess();
    return ::testing::AssertionFailure() << "was read";
  } catch (const TraceError& refusal) {
    return ::testing::AssertionSuccess();
  }
}

std::vector<std::vector<std::byte>> sample_streams() {
  std::vector<std::vector<std::byte>> streams;
  for (const Preset preset : {Preset::fast, Preset::dense}) {
    const Raw floats = make_tensor(DType::float32, "specials", 300), zeros = make_tensor(DType::float32, "zeros", 99);
    streams.push_back(compress(view_of(floats, DType::float32), {Mode::lossless, 0, preset}));
    streams.push_back(compress(view_of(floats, DType::float32), {Mode::absolute, 1e-3, preset}));
    streams.push_back(compress(view_of(zeros, DType::float32), {Mode::lossless, 0, preset}));
    const Raw halves = make_tensor(DType::bfloat16, "halves", 400), wide = make_tensor(DType::int64, "normal", 200);
    streams.push_back(compress(view_of(halves, DType::bfloat16), {Mode::absolute, 0.5, preset}));
    streams.push_back(compress(view_of(halves, DType::bfloat16), {Mode::relative, 0.05, preset}));
    streams.push_back(compress(view_of(wide, DType::int64), {Mode::lossless, 0, preset}));
  }
  return streams;
}

TEST(DamagedStream, IsRefusedAtEveryLength) {
  for (const auto& stream : sample_streams())
    for (std::size_t length = 0; length < stream.size(); ++length)
      ASSERT_TRUE(survives(std::span(stream).first(length))) << length << " of " << stream.size();
}

TEST(DamagedStream, IsRefusedWithBytesBehindIt) {
  for (auto stream : sample_streams()) {
    stream.resize(stream.size() + 8);
    EXPECT_TRUE(survives(stream));
  }
}

TEST(DamagedStream, IsRefusedWithAnyByteFlipped) {
  for (auto stream : sample_streams())
    for (std::size_t at = 0; at < stream.size(); ++at)
      for (const auto flip : {std::byte{0x01}, std::byte{0x80}, std::byte{0xFF}}) {
        stream[at] ^= flip;
        ASSERT_TRUE(survives(stream)) << "byte " << at << " of " << stream.size();
        stream[at] ^= flip;
      }
}

TEST(DamagedStream, WithTrueChecksumsIsReadWithinItsBoundsOrRefused) {
  for (const auto& whole : sample_streams())
    for (std::size_t at = 0; at < whole.size(); ++at)
      for (const unsigned value : {0U, 1U, 0x7FU, 0x80U, 0xFFU}) {
        auto stream = whole;
        stream[at] = static_cast<std::byte>(value);
        sign(stream);
        try {
          const padic::TensorReader reader(stream);
          if (reader.info().raw_bytes > 1U << 20) continue;
          Raw out(reader.info().raw_bytes);
          reader.decompress(out);
          reader.decompress_planes(1, out);
        } catch (const TraceError&) {
          continue;
        } catch (const ConfigError&) {  // progressive reading of what has none
          continue;
        }
      }
}

struct Field {
  const char* name;
  void (*set)(StreamHeader&);
};

TEST(DamagedStream, IsRefusedForEveryHeaderFieldThatIsWrong) {
  const std::vector<Field> fields = {{"magic", [](StreamHeader& h) { h.magic ^= 1; }},
                                     {"version", [](StreamHeader& h) { h.version = 2; }},
                                     {"dtype 7", [](StreamHeader& h) { h.dtype = 7; }},
                                     {"dtype 0", [](StreamHeader& h) { h.dtype = 0; }},
                                     {"mode", [](StreamHeader& h) { h.mode = 3; }},
                                     {"another mode", [](StreamHeader& h) { h.mode = 0; }},
                                     {"preset", [](StreamHeader& h) { h.preset = 3; }},
                                     {"values", [](StreamHeader& h) { ++h.values; }},
                                     {"many values", [](StreamHeader& h) { h.values = ~std::uint64_t{0}; }},
                                     {"bound 0", [](StreamHeader& h) { h.bound = 0; }},
                                     {"bound NaN", [](StreamHeader& h) { h.bound = NAN; }},
                                     {"bound infinite", [](StreamHeader& h) { h.bound = INFINITY; }},
                                     {"bound negative", [](StreamHeader& h) { h.bound = -1; }},
                                     {"prime", [](StreamHeader& h) { h.prime = 3; }},
                                     {"block_log2", [](StreamHeader& h) { h.block_log2 = 15; }},
                                     {"lead_bits", [](StreamHeader& h) { h.lead_bits = 1; }},
                                     {"drop", [](StreamHeader& h) { h.drop = 1; }},
                                     {"dimensions", [](StreamHeader& h) { h.dimensions = 9; }},
                                     {"fewer dimensions", [](StreamHeader& h) { h.dimensions = 0; }},
                                     {"tables", [](StreamHeader& h) { h.tables ^= 1; }},
                                     {"unknown tables", [](StreamHeader& h) { h.tables |= 0x20; }},
                                     {"reserved", [](StreamHeader& h) { h.reserved = 1; }},
                                     {"stream_bytes", [](StreamHeader& h) { h.stream_bytes += 8; }},
                                     {"tables_bytes", [](StreamHeader& h) { h.tables_bytes += 8; }},
                                     {"many tables_bytes", [](StreamHeader& h) { h.tables_bytes = 0xFFFFFFF8U; }},
                                     {"blocks", [](StreamHeader& h) { ++h.blocks; }},
                                     {"precision", [](StreamHeader& h) { h.precision = 4; }},
                                     {"reserved2", [](StreamHeader& h) { h.reserved2 = 1; }},
                                     {"reserved3", [](StreamHeader& h) { h.reserved3 = 1; }}};
  const Raw raw = make_tensor(DType::float32, "normal", 40000);
  for (const Preset preset : {Preset::fast, Preset::dense}) {
    const auto whole = compress(view_of(raw, DType::float32), {Mode::absolute, 1e-3, preset});
    for (const Field& field : fields) {
      auto stream = whole;
      StreamHeader header;
      std::memcpy(&header, stream.data(), sizeof header);
      field.set(header);
      std::memcpy(stream.data(), &header, sizeof header);
      sign(stream);
      EXPECT_THROW(padic::read_stream_info(stream), TraceError) << field.name;
    }
  }
}

TEST(DamagedStream, NamesTheByteAndTheBlock) {
  const Raw raw = make_tensor(DType::float32, "normal", 40000);
  auto stream = compress(view_of(raw, DType::float32), {});
  stream.back() ^= std::byte{1};
  try {
    unpacked(stream);
    FAIL();
  } catch (const TraceError& refusal) {
    EXPECT_NE(std::string(refusal.what()).find("block 2"), std::string::npos) << refusal.what();
    EXPECT_TRUE(refusal.where().byte.has_value());
  }
}

}  // namespace
}  // namespace vramlab::testing
