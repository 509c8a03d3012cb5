// codec, compress and decompress, as scripts and people see them.

#include <gmock/gmock.h>
#include <nlohmann/json.hpp>

#include <bit>
#include <cmath>
#include <cstring>
#include <filesystem>
#include <random>

#include "experiments/tensor_check.h"
#include "run_program.h"
#include "traces/tensors/npy.h"
#include "traces/tensors/safetensors.h"

namespace vramlab::test {
namespace {

using ::testing::ElementsAre;
using ::testing::HasSubstr;
using Json = nlohmann::ordered_json;

/// As weights are: a normal distribution of deviation 0.02.
std::vector<float> weights(std::size_t count) {
  std::mt19937_64 random(7);  // its numbers are the same everywhere, those of std::normal_distribution are not
  std::vector<float> values(count);
  for (float& value : values) {
    double sum = 0;
    for (int i = 0; i < 12; ++i) sum += static_cast<double>(random() >> 11) * 0x1p-53;
    value = static_cast<float>(0.02 * (sum - 6));
  }
  return values;
}

template <class Number>
std::string bytes_of(const std::vector<Number>& values) {
  return {reinterpret_cast<const char*>(values.data()), values.size() * sizeof(Number)};
}

std::string npy_file(ElementType type, const std::vector<std::uint64_t>& shape, const std::string& values) {
  return npy_header(type, shape) + values;
}

std::string float_file(std::size_t count) { return npy_file(ElementType::float32, {count}, bytes_of(weights(count))); }

/// The upper halves of the floats: bfloat16.
std::string bfloat_file(std::size_t count) {
  std::vector<std::uint16_t> halves;
  for (const float value : weights(count))
    halves.push_back(static_cast<std::uint16_t>(std::bit_cast<std::uint32_t>(value) >> 16));
  return npy_file(ElementType::bfloat16, {count}, bytes_of(halves));
}

Json codec(std::vector<std::string> words) {
  words.insert(words.begin(), "codec");
  words.insert(words.end(), {"--format", "json", "--repeat", "1"});
  const Ran ran = run_program(words);
  EXPECT_EQ(ran.exit_code, 0) << ran.err;
  EXPECT_EQ(ran.err, "");
  return Json::parse(ran.out);
}

void pack_and_unpack(const std::string& in, const std::string& packed, const std::string& out,
                     const std::vector<std::string>& more = {}) {
  std::vector<std::string> words{"compress", in, packed};
  words.insert(words.end(), more.begin(), more.end());
  const Ran there = run_program(words);
  ASSERT_EQ(there.exit_code, 0) << there.err;
  const Ran back = run_program({"decompress", packed, out});
  ASSERT_EQ(back.exit_code, 0) << back.err;
}

std::vector<std::string> names_in(const std::string& folder) {
  std::vector<std::string> names;
  for (const auto& entry : std::filesystem::directory_iterator(folder)) names.push_back(entry.path().filename());
  std::sort(names.begin(), names.end());
  return names;
}

TEST(Codec, FractionsComeBackFromTwoDigits) {
  const ScratchFolder scratch;
  std::vector<float> values;
  for (int i = 0; i < 5000; ++i) values.push_back(static_cast<float>(i * 7919 % 255 - 127) / 127.0F);
  write_file(scratch / "q.npy", npy_file(ElementType::float32, {values.size()}, bytes_of(values)));
  const Json rows = codec({scratch / "q.npy", "--mode", "rational", "--digits", "2"});
  ASSERT_EQ(rows.size(), 1u);
  EXPECT_EQ(rows[0]["mode"], "rational");
  EXPECT_EQ(rows[0]["preset"], "digits");
  EXPECT_EQ(rows[0]["bit_exact"], true);
  EXPECT_GT(rows[0]["ratio"], 1.8);
  pack_and_unpack(scratch / "q.npy", scratch / "q.vlp", scratch / "back.npy", {"--mode", "rational"});
  EXPECT_EQ(read_file(scratch / "back.npy"), read_file(scratch / "q.npy"));
}

TEST(Codec, TheBaseOfDigitsIsAnOption) {
  const ScratchFolder scratch;
  write_file(scratch / "w.npy", float_file(5000));
  const Json two =
      codec({scratch / "w.npy", "--mode", "bound", "--error", "1e-4", "--preset", "digits", "--prime", "2"});
  const Json three =
      codec({scratch / "w.npy", "--mode", "bound", "--error", "1e-4", "--preset", "digits", "--prime", "3"});
  EXPECT_LE(two[0]["max_abs_error"], 1e-4);
  EXPECT_LE(three[0]["max_abs_error"], 1e-4);
  EXPECT_GT(two[0]["ratio"], three[0]["ratio"]);  // a digit of base 3 takes two bits
}

TEST(Codec, TheContractsFieldsComeFirstAndInOrder) {
  const ScratchFolder scratch;
  write_file(scratch / "w.npy", float_file(5000));
  const Json rows = codec({scratch / "w.npy"});
  ASSERT_EQ(rows.size(), 1u);
  std::vector<std::string> fields;
  for (const auto& [name, value] : rows[0].items()) fields.push_back(name);
  fields.resize(12);
  EXPECT_THAT(fields, ElementsAre("file", "dtype", "values", "raw_bytes", "compressed_bytes", "ratio", "entropy_ratio",
                                  "max_abs_error", "bit_exact", "compress_gbps", "decompress_gbps", "device"));
  EXPECT_EQ(rows[0]["file"], "w.npy");
  EXPECT_EQ(rows[0]["dtype"], "float32");
  EXPECT_EQ(rows[0]["values"], 5000u);
  EXPECT_EQ(rows[0]["raw_bytes"], 20000u);
  EXPECT_EQ(rows[0]["bit_exact"], true);
  EXPECT_EQ(rows[0]["max_abs_error"], 0.0);
  EXPECT_EQ(rows[0]["device"], "cpu");
  EXPECT_EQ(rows[0]["mode"], "lossless");
  EXPECT_EQ(rows[0]["tensor"], nullptr);
  EXPECT_EQ(rows[0]["error"], nullptr);
  EXPECT_EQ(rows[0]["ratio"].get<double>(), 20000.0 / rows[0]["compressed_bytes"].get<double>());
}

TEST(Codec, EachModeErrorAndPresetHasARowAndABoundHolds) {
  const ScratchFolder scratch;
  write_file(scratch / "w.npy", float_file(5000));
  const Json rows = codec({scratch / "w.npy", "--error", "1e-3,1e-5", "--preset", "all"});
  ASSERT_EQ(rows.size(), 6u);
  for (std::size_t i = 2; i < 6; ++i) {
    EXPECT_EQ(rows[i]["mode"], "bound");
    EXPECT_GT(rows[i]["max_abs_error"], 0.0);
    EXPECT_LE(rows[i]["max_abs_error"], rows[i]["error"]);
    EXPECT_EQ(rows[i]["bit_exact"], false);
  }
  EXPECT_GT(rows[2]["ratio"], rows[4]["ratio"]);  // a larger error packs smaller
  EXPECT_EQ(codec({scratch / "w.npy", "--mode", "bound"})[0]["error"], 1e-6);
  const Json relative = codec({scratch / "w.npy", "--mode", "bound", "--error", "0.01", "--relative"})[0];
  EXPECT_EQ(relative["mode"], "relative");
  EXPECT_LE(relative["max_rel_error"], 0.01);
}

TEST(Codec, BitsOfBfloat16AreToldByTheNameOrByTheFlag) {
  const ScratchFolder scratch;
  write_file(scratch / "k.bf16.npy", bfloat_file(3000));
  write_file(scratch / "k.npy", bfloat_file(3000));
  EXPECT_EQ(codec({scratch / "k.bf16.npy"})[0]["dtype"], "bfloat16");
  EXPECT_EQ(codec({scratch / "k.npy"})[0]["dtype"], "int16");
  EXPECT_EQ(codec({scratch / "k.npy", "--dtype", "bf16"})[0]["dtype"], "bfloat16");
}

TEST(Codec, IntegersArePackedLosslessInAnyModeAndOnce) {
  const ScratchFolder scratch;
  write_file(scratch / "i.npy", npy_file(ElementType::int16, {3000}, bytes_of(std::vector<std::int16_t>(3000, 7))));
  const Json rows = codec({scratch / "i.npy", "--error", "0.5"});
  ASSERT_EQ(rows.size(), 1u);
  EXPECT_EQ(rows[0]["mode"], "lossless");
  EXPECT_EQ(rows[0]["entropy_ratio"], nullptr);  // all alike: below 0.1 bit a value
}

TEST(Codec, BaselinesGoWithEachTensor) {
  const ScratchFolder scratch;
  write_file(scratch / "w.npy", float_file(5000));
  const Json rows = codec({scratch / "w.npy", "--baselines"});
  std::vector<std::string> presets;
  for (const Json& row : rows) {
    presets.push_back(row["preset"]);
    EXPECT_EQ(row["file"], "w.npy");
    EXPECT_EQ(row["bit_exact"], true);
  }
  EXPECT_THAT(presets, ElementsAre("dense", "zstd-1", "zstd-1 regrouped", "zstd-1 left regrouped", "lz4",
                                   "lz4 regrouped", "lz4 left regrouped"));
}

TEST(Codec, ATensorIsRepeatedForTheSpeedsOnly) {
  const ScratchFolder scratch;
  write_file(scratch / "w.npy", float_file(5000));
  const std::vector<std::string> asked{scratch / "w.npy", "--error", "1e-3"};
  std::vector<std::string> repeated = asked;
  repeated.insert(repeated.end(), {"--tile", "50001"});
  const Json plain = codec(asked), tiled = codec(repeated);
  ASSERT_EQ(tiled.size(), 2u);
  for (std::size_t i = 0; i < 2; ++i) {
    for (const char* field : {"values", "raw_bytes", "compressed_bytes", "ratio", "entropy_ratio", "max_abs_error"})
      EXPECT_EQ(tiled[i][field], plain[i][field]) << field;
    EXPECT_GT(tiled[i]["compress_gbps"], 0.0);
    EXPECT_EQ(tiled[i]["tile_bytes"], 50000u);  // whole values
    EXPECT_EQ(plain[i]["tile_bytes"], nullptr);
  }
  EXPECT_EQ(codec({scratch / "w.npy", "--tile", "20000"})[0]["tile_bytes"], nullptr);  // long enough as it is
}

TEST(Codec, TheStreamItWritesIsATensorAgain) {
  const ScratchFolder scratch;
  write_file(scratch / "w.npy", npy_file(ElementType::float32, {50, 100}, bytes_of(weights(5000))));
  codec({scratch / "w.npy", "--out", scratch / "w.stream"});
  const Ran ran = run_program({"decompress", scratch / "w.stream", scratch / "back.npy"});
  ASSERT_EQ(ran.exit_code, 0) << ran.err;
  EXPECT_EQ(read_file(scratch / "back.npy"), read_file(scratch / "w.npy"));
}

TEST(Compress, ANpyComesBackAsTheVerySameFile) {
  const ScratchFolder scratch;
  const std::string values = bytes_of(weights(600));
  const std::vector<std::pair<std::string, std::string>> files{
      {"bits.bf16.npy", bfloat_file(600)},
      {"matrix.npy", npy_file(ElementType::float32, {2, 30, 10}, values)},
      {"nine.npy", npy_file(ElementType::float32, {1, 1, 1, 1, 1, 1, 1, 1, 600}, values)},
      {"none.npy", npy_file(ElementType::float64, {3, 0}, "")},
      {"one.npy", npy_file(ElementType::int64, {}, values.substr(0, 8))},
      {"flags.npy", npy_file(ElementType::boolean, {4}, std::string("\0\1\1\0", 4))}};
  for (const auto& [name, content] : files) {
    write_file(scratch / name, content);
    for (const std::string preset : {"fast", "dense"}) {
      pack_and_unpack(scratch / name, scratch / "p.vlp", scratch / "back.npy", {"--preset", preset});
      EXPECT_EQ(read_file(scratch / "back.npy"), content) << name << ' ' << preset;
    }
  }
}

TEST(Compress, ColumnOrderComesBack) {
  const ScratchFolder scratch;
  std::string file = npy_file(ElementType::float32, {2, 300}, bytes_of(weights(600)));
  file.replace(file.find("False"), 5, "True ");
  write_file(scratch / "f.npy", file);
  pack_and_unpack(scratch / "f.npy", scratch / "f.vlp", scratch / "back.npy");
  EXPECT_EQ(read_file(scratch / "back.npy"), file);
}

TEST(Compress, WithinABoundHeaderAndSizeStayAndValuesAreClose) {
  const ScratchFolder scratch;
  const std::string file = float_file(4000);
  write_file(scratch / "w.npy", file);
  pack_and_unpack(scratch / "w.npy", scratch / "w.vlp", scratch / "back.npy", {"--error", "1e-3"});
  const std::string back = read_file(scratch / "back.npy");
  ASSERT_EQ(back.size(), file.size());
  EXPECT_EQ(back.substr(0, 128), file.substr(0, 128));
  const auto values = [](const std::string& text) { return std::as_bytes(std::span(text)).subspan(128); };
  const TensorDifference difference = compare_values(ElementType::float32, values(file), values(back));
  EXPECT_GT(difference.differing, 3000u);
  EXPECT_LE(difference.max_absolute, 1e-3);
  EXPECT_LT(std::filesystem::file_size(scratch / "w.vlp"), file.size() / 4);
}

/// A shard with metadata, padding, and tensors of several types.
std::string shard() {
  const std::vector<StoredTensor> tensors{{"w", ElementType::float32, "F32", {30, 20}, 0, 600},
                                          {"empty", ElementType::float16, "F16", {0}, 0, 0},
                                          {"ids", ElementType::int64, "I64", {3}, 0, 3},
                                          {"bytes", ElementType::float8_e4m3, "F8_E4M3", {5}, 0, 5}};
  return safetensors_header(tensors, {{"format", "pt"}}) + bytes_of(weights(600)) + std::string(24, 'i') + "12345";
}

TEST(Compress, ASafetensorsComesBackAsTheVerySameFile) {
  const ScratchFolder scratch;
  write_file(scratch / "m.safetensors", shard());
  pack_and_unpack(scratch / "m.safetensors", scratch / "m.vlp", scratch / "back.safetensors");
  EXPECT_EQ(read_file(scratch / "back.safetensors"), shard());
  const Ran ran =
      run_program({"compress", scratch / "m.safetensors", scratch / "m.vlp", "--error", "1e-4", "--format", "json"});
  const Json rows = Json::parse(ran.out);
  ASSERT_EQ(rows.size(), 4u);
  EXPECT_EQ(rows[0]["mode"], "bound");
  EXPECT_EQ(rows[0]["shape"], "30x20");
  EXPECT_EQ(rows[1]["ratio"], nullptr);
  EXPECT_EQ(rows[2]["mode"], "lossless");
  EXPECT_EQ(rows[3]["dtype"], "float8_e4m3");
}

TEST(Compress, AFolderOfShardsComesBackAsAFolder) {
  const ScratchFolder scratch;
  const std::string index = R"({"weight_map":{"w":"m-1.safetensors","v":"m-2.safetensors"}})";
  std::filesystem::create_directory(scratch / "model");
  write_file(scratch / "model/m-1.safetensors", shard());
  write_file(scratch / "model/m-2.safetensors", safetensors_header({}));
  write_file(scratch / "model/model.safetensors.index.json", index);
  write_file(scratch / "model/notes.txt", "no tensor");
  pack_and_unpack(scratch / "model/", scratch / "m.vlp", scratch / "back/");
  EXPECT_THAT(names_in(scratch / "back"),
              ElementsAre("m-1.safetensors", "m-2.safetensors", "model.safetensors.index.json"));
  EXPECT_EQ(read_file(scratch / "back/m-1.safetensors"), shard());
  EXPECT_EQ(read_file(scratch / "back/model.safetensors.index.json"), index);
}

TEST(Decompress, EveryDamageIsFoundAndNothingIsLeftBehind) {
  const ScratchFolder scratch;
  std::filesystem::create_directory(scratch / "model");
  write_file(scratch / "model/m.safetensors", shard());
  ASSERT_EQ(run_program({"compress", scratch / "model", scratch / "m.vlp"}).exit_code, 0);
  const std::string good = read_file(scratch / "m.vlp");
  const std::size_t first_stream = good.find("VLP1");
  ASSERT_NE(first_stream, good.npos);
  for (const std::size_t at : {std::size_t{0}, first_stream, first_stream + 100, good.size() - 40}) {
    std::string damaged = good;
    damaged[at] = static_cast<char>(damaged[at] ^ 0x11);
    write_file(scratch / "bad.vlp", damaged);
    const Ran ran = run_program({"decompress", scratch / "bad.vlp", scratch / "out"});
    EXPECT_EQ(ran.exit_code, 2) << at;
    EXPECT_EQ(count_lines(ran.err), 1u) << ran.err;
    EXPECT_FALSE(std::filesystem::exists(scratch / "out")) << at;
  }
}

TEST(Compress, ARefusedFileLeavesTheOlderOneAlone) {
  const ScratchFolder scratch;
  write_file(scratch / "old.vlp", "older");
  write_file(scratch / "broken.npy", float_file(50).substr(0, 200));
  const Ran ran = run_program({"compress", scratch / "broken.npy", scratch / "old.vlp"});
  EXPECT_EQ(ran.exit_code, 2);
  EXPECT_THAT(ran.err, HasSubstr("needs 200 bytes, 72 are there"));
  EXPECT_EQ(read_file(scratch / "old.vlp"), "older");
  EXPECT_THAT(names_in(scratch.path()), ElementsAre("broken.npy", "old.vlp"));
}

}  // namespace
}  // namespace vramlab::test
