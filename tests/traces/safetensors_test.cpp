// .safetensors: what is read, what is refused, folders of shards.

#include "traces/tensors/safetensors.h"

#include <gmock/gmock.h>
#include <rapidcheck.h>

#include "files.h"
#include "tensor_bytes.h"
#include "traces/tensors/tensor_file.h"

namespace vramlab::test {
namespace {

using ::testing::ElementsAre;
using ::testing::HasSubstr;

const std::string eight(8, 'x');

TensorLayout read(const std::string& file) { return read_safetensors_layout(bytes_of(file), "m.safetensors"); }
std::string refusal(const std::string& json, const std::string& values = eight) {
  return error_of([&] { read(safetensors_around(json, values)); });
}

TEST(Safetensors, TensorsComeInTheOrderOfTheirValues) {
  const std::string file = safetensors_around(
      R"({"b":{"dtype":"BF16","shape":[2],"data_offsets":[4,8]},"__metadata__":{"format":"pt"},)"
      R"("a":{"dtype":"F32","shape":[],"data_offsets":[0,4]},"none":{"dtype":"I64","shape":[0],"data_offsets":[4,4]}})",
      eight);
  const TensorLayout layout = read(file);
  ASSERT_EQ(layout.tensors.size(), 3u);
  EXPECT_EQ(layout.tensors[0].name, "a");
  EXPECT_EQ(layout.tensors[0].values, 1u);
  EXPECT_EQ(layout.tensors[1].name, "none");
  EXPECT_EQ(layout.tensors[2].type, ElementType::bfloat16);
  EXPECT_EQ(layout.tensors[2].offset, file.size() - 4);
  EXPECT_EQ(layout.header_bytes, file.size() - 8);
}

TEST(Safetensors, OffsetsThatLeaveTheFileOverlapOrLeaveGapsAreRefused) {
  EXPECT_THAT(refusal(R"({"a":{"dtype":"U8","shape":[9],"data_offsets":[0,9]}})"), HasSubstr("has 8 bytes"));
  EXPECT_THAT(refusal(R"({"a":{"dtype":"U8","shape":[4],"data_offsets":[8,4]}})"), HasSubstr("lies at [8, 4)"));
  EXPECT_THAT(refusal(R"({"a":{"dtype":"U8","shape":[4],"data_offsets":[0,4]}})"), HasSubstr("4 bytes follow"));
  EXPECT_THAT(refusal(R"({"a":{"dtype":"U8","shape":[4],"data_offsets":[4,8]}})"), HasSubstr("a gap or an overlap"));
  EXPECT_THAT(refusal(R"({"a":{"dtype":"U8","shape":[6],"data_offsets":[0,6]},)"
                      R"("b":{"dtype":"U8","shape":[4],"data_offsets":[4,8]}})"),
              HasSubstr("a gap or an overlap"));
  EXPECT_THAT(refusal(R"({"a":{"dtype":"U8","shape":[1],"data_offsets":[0,18446744073709551616]}})"),
              HasSubstr("whole number"));
}

TEST(Safetensors, ShapesAndTypesThatDoNotFitAreRefused) {
  EXPECT_THAT(refusal(R"({"a":{"dtype":"F32","shape":[3],"data_offsets":[0,8]}})"), HasSubstr("does not fit"));
  EXPECT_THAT(refusal(R"({"a":{"dtype":"F32","shape":[4294967296,4294967296],"data_offsets":[0,8]}})"),
              HasSubstr("does not fit"));
  EXPECT_THAT(refusal(R"({"a":{"dtype":"F99","shape":[8],"data_offsets":[0,8]}})"), HasSubstr("unknown dtype 'F99'"));
  EXPECT_THAT(refusal(R"({"a":{"dtype":5,"shape":[8],"data_offsets":[0,8]}})"), HasSubstr("no text"));
  EXPECT_THAT(refusal(R"({"a":{"dtype":"U8","shape":[-8],"data_offsets":[0,8]}})"), HasSubstr("whole number"));
  EXPECT_THAT(refusal(R"({"a":{"dtype":"U8","shape":[8.0],"data_offsets":[0,8]}})"), HasSubstr("whole number"));
  EXPECT_THAT(refusal(R"({"a":{"dtype":"U8","shape":8,"data_offsets":[0,8]}})"), HasSubstr("no list"));
  EXPECT_THAT(refusal(R"({"a":{"dtype":"U8","shape":[8],"data_offsets":[0]}})"), HasSubstr("data_offsets"));
  EXPECT_THAT(refusal(R"({"a":{"dtype":"U8","shape":[8]}})"), HasSubstr("data_offsets"));
  EXPECT_THAT(refusal(R"({"a":7})"), HasSubstr("has no dtype"));
}

TEST(Safetensors, AHeaderThatIsNoneIsRefused) {
  EXPECT_THAT(refusal("{"), HasSubstr("no JSON"));
  EXPECT_THAT(refusal(R"({"__metadata__":{"a":1}})", ""), HasSubstr("no map of texts"));
  EXPECT_THAT(refusal(R"({"a":{"dtype":"U8","dtype":"U8"}})"), HasSubstr("stands twice"));
  EXPECT_THAT(refusal(R"({"a":[[[[[[[]]]]]]]})"), HasSubstr("too deep"));
  std::string file = safetensors_around("{}", "");
  file[0] = 3;
  EXPECT_THAT(error_of([&] { read(file); }), HasSubstr("leaves the file"));
  file[7] = '\x7f';
  EXPECT_THAT(error_of([&] { read(file); }), HasSubstr("no .safetensors"));
}

TEST(Safetensors, WhatIsWrittenIsRead) {
  rc::check([] {
    std::vector<StoredTensor> tensors;
    std::uint64_t bytes = 0;
    const auto count = *rc::gen::inRange<std::size_t>(0, 6);
    for (std::size_t i = 0; i < count; ++i) {
      StoredTensor tensor;
      tensor.name = std::string("t\"") + static_cast<char>('a' + i);
      tensor.type = element_types()[*rc::gen::inRange<std::size_t>(0, element_types().size())].type;
      const auto dimensions = *rc::gen::inRange<std::size_t>(0, 5);
      tensor.shape = *rc::gen::container<std::vector<std::uint64_t>>(dimensions, rc::gen::inRange<std::uint64_t>(0, 5));
      tensor.values = *count_of(tensor.shape, 1);
      bytes += tensor.bytes();
      tensors.push_back(tensor);
    }
    const std::string file =
        safetensors_header(tensors, {{"format", "pt"}}) + std::string(static_cast<std::size_t>(bytes), 'v');
    const TensorLayout layout = read(file);
    RC_ASSERT(layout.header_bytes % 8 == 0u);
    RC_ASSERT(layout.tensors.size() == tensors.size());
    for (std::size_t i = 0; i < count; ++i) {
      RC_ASSERT(layout.tensors[i].name == tensors[i].name);
      RC_ASSERT(layout.tensors[i].type == tensors[i].type);
      RC_ASSERT(layout.tensors[i].shape == tensors[i].shape);
    }
  });
}

TEST(TensorFile, ItsFormatIsToldByContentThroughCompression) {
  const TemporaryFolder folder;
  const TensorFile npy = TensorFile::open(folder.write("wrong.name", npy_of("|u1", "(8,)", eight)));
  EXPECT_EQ(npy.format(), TensorFormat::npy);
  EXPECT_EQ(text_of(npy.values(npy.tensors()[0])), eight);
  const std::string path = folder.write("no.npy", "neither of both, but long enough");
  EXPECT_THAT(error_of([&] { TensorFile::open(path); }), HasSubstr("neither .npy nor .safetensors"));
}

TEST(TensorFolder, TheIndexNamesTheShards) {
  const TemporaryFolder folder;
  folder.write("model.safetensors.index.json",
               R"({"metadata":{"total_size":1},"weight_map":)"
               R"({"a":"m-2.safetensors","b":"m-1.safetensors","c":"m-2.safetensors"}})");
  folder.write("m-1.safetensors", safetensors_around("{}", ""));
  EXPECT_THAT(error_of([&] { tensor_folder(folder.path("")); }), HasSubstr("m-2.safetensors, which is not there"));
  folder.write("m-2.safetensors", safetensors_around("{}", ""));
  folder.write("other.safetensors", safetensors_around("{}", ""));
  EXPECT_THAT(tensor_folder(folder.path("")).tensor_files, ElementsAre("m-1.safetensors", "m-2.safetensors"));
}

TEST(TensorFolder, WithoutAnIndexEveryTensorFileCounts) {
  const TemporaryFolder folder;
  EXPECT_THAT(error_of([&] { tensor_folder(folder.path("")); }), HasSubstr("holds no .safetensors"));
  folder.write("b.safetensors", "");
  folder.write("a.npy.xz", "");
  folder.write("notes.txt", "");
  EXPECT_THAT(tensor_folder(folder.path("")).tensor_files, ElementsAre("a.npy.xz", "b.safetensors"));
}

TEST(TensorFolder, AShardOutsideTheFolderIsRefused) {
  for (const std::string shard : {"../../secret", "/etc/passwd", "", ".hidden", "a/b"}) {
    const std::string index = R"({"weight_map":{"a":")" + shard + R"("}})";
    EXPECT_THAT(error_of([&] { shards_of_index(bytes_of(index), "index"); }), HasSubstr("no plain file name")) << shard;
  }
}

}  // namespace
}  // namespace vramlab::test
