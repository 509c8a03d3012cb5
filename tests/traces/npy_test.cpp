// .npy files: what is read, what is refused, and that our header is NumPy's.

#include "traces/tensors/npy.h"

#include <gmock/gmock.h>

#include "files.h"
#include "tensor_bytes.h"

namespace vramlab::test {
namespace {

using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::IsEmpty;

const std::string twelve(12, 'x');

StoredTensor read(const std::string& file) { return read_npy_layout(bytes_of(file), "t.npy").tensors.at(0); }
std::string refusal(const std::string& file) {
  return error_of([&] { read_npy_layout(bytes_of(file), "t.npy"); });
}
std::string dictionary_refusal(const std::string& dictionary) { return refusal(npy_around(dictionary, twelve)); }

TEST(Npy, TheShapeTypeAndPlaceOfItsValuesAreRead) {
  const std::string file = npy_of("<f4", "(1, 3)", twelve);
  const TensorLayout layout = read_npy_layout(bytes_of(file), "t.npy");
  const StoredTensor& tensor = layout.tensors.at(0);
  EXPECT_EQ(tensor.type, ElementType::float32);
  EXPECT_THAT(tensor.shape, ElementsAre(1, 3));
  EXPECT_EQ(tensor.values, 3u);
  EXPECT_EQ(tensor.offset, file.size() - 12);
  EXPECT_EQ(layout.header_bytes, tensor.offset);
}

TEST(Npy, EveryTypeOfNumberAndRawBytesAreKnown) {
  EXPECT_EQ(read(npy_of("<f2", "(6,)", twelve)).type, ElementType::float16);
  EXPECT_EQ(read(npy_of("<i2", "(6,)", twelve)).type, ElementType::int16);
  EXPECT_EQ(read(npy_of("|b1", "(12,)", twelve)).type, ElementType::boolean);
  EXPECT_EQ(read(npy_of(">u1", "(12,)", twelve)).type, ElementType::uint8);  // one byte has no order
  EXPECT_EQ(read(npy_of("|V2", "(6,)", twelve)).type, ElementType::uint16);  // as extension types are saved
  EXPECT_EQ(read(npy_of("=i4", "(3,)", twelve)).type, ElementType::int32);
}

TEST(Npy, NoDimensionIsOneValueAndADimensionOfNothingIsNone) {
  EXPECT_THAT(read(npy_of("<f4", "()", "1234")).shape, IsEmpty());
  EXPECT_EQ(read(npy_of("<f4", "()", "1234")).values, 1u);
  EXPECT_EQ(read(npy_of("<f8", "(0, 18446744073709551615, 9)", "")).values, 0u);
}

TEST(Npy, VersionsTwoAndThreeHaveALongLength) {
  for (const char version : {'\x02', '\x03'}) {
    const std::string text = "{'shape': (12L,), 'fortran_order': True, \"descr\": '|u1'}";
    std::string file = std::string("\x93NUMPY") + version + std::string(1, '\0');
    file += static_cast<char>(text.size());
    file += std::string(3, '\0') + text + twelve;
    EXPECT_EQ(read(file).values, 12u);
    EXPECT_TRUE(npy_in_column_order(bytes_of(file), "t.npy"));
  }
}

TEST(Npy, OurHeaderIsWhatNumpyWrites) {
  const std::vector<std::uint64_t> shape{262144};
  std::string expected("\x93NUMPY\x01\x00v\x00{'descr': '<i2', 'fortran_order': False, 'shape': (262144,), }", 72);
  expected += std::string(55, ' ') + "\n";
  EXPECT_EQ(npy_header(ElementType::bfloat16, shape), expected);
}

TEST(Npy, WhatIsWrittenIsRead) {
  for (const ElementInfo& info : element_types())
    for (const std::vector<std::uint64_t>& shape : {std::vector<std::uint64_t>{}, {5}, {2, 3}, {7, 0, 2}}) {
      const std::string header = npy_header(info.type, shape);
      EXPECT_EQ(header.size() % 64, 0u);
      const StoredTensor tensor = read(header + std::string(*count_of(shape, info.bytes) * info.bytes, 'v'));
      EXPECT_EQ(tensor.shape, shape);
      EXPECT_EQ(element_info(tensor.type).bytes, info.bytes);
      if (!info.npy.empty()) {
        EXPECT_EQ(tensor.type, info.type);
      }
    }
}

TEST(Npy, OtherOrdersAndKindsAreRefusedWithAWayOut) {
  EXPECT_THAT(refusal(npy_of(">f4", "(3,)", twelve)), HasSubstr("big-endian"));
  EXPECT_THAT(refusal(npy_of("|O", "(3,)", twelve)), HasSubstr("pickles, which are never read"));
  EXPECT_THAT(refusal(npy_of("<U3", "(1,)", twelve)), HasSubstr("'<U3' is not supported"));
  EXPECT_THAT(refusal(npy_of("<c8", "(1,)", twelve)), HasSubstr("not supported"));
  EXPECT_THAT(refusal(npy_of("", "(1,)", twelve)), HasSubstr("not supported"));
  EXPECT_THAT(dictionary_refusal("{'descr': [('a', '<f4')], 'fortran_order': False, 'shape': (3,)}"),
              HasSubstr("records"));
}

TEST(Npy, FewerOrMoreValuesThanTheShapeSaysAreRefused) {
  EXPECT_THAT(refusal(npy_of("<f4", "(4,)", twelve)), HasSubstr("needs 16 bytes, 12 are there"));
  EXPECT_THAT(refusal(npy_of("<f4", "(2,)", twelve)), HasSubstr("needs 8 bytes, 12 are there"));
  EXPECT_THAT(refusal(npy_of("<f4", "(4294967296, 4294967296)", twelve)), HasSubstr("more values than any memory"));
  EXPECT_THAT(refusal(npy_of("<f8", "(2305843009213693952,)", twelve)), HasSubstr("more values than any memory"));
}

TEST(Npy, ADictionaryThatIsNoneIsRefused) {
  EXPECT_THAT(dictionary_refusal("{'descr': '<f4', 'shape': (3,)}"), HasSubstr("missing"));
  EXPECT_THAT(dictionary_refusal("{'descr': '<f4', 'descr': '<f4', 'shape': (3,)}"), HasSubstr("stands twice"));
  EXPECT_THAT(dictionary_refusal("{'descr': '<f4', 'fortran_order': 0, 'shape': (3,)}"), HasSubstr("True"));
  EXPECT_THAT(dictionary_refusal("{'descr': '<f4', 'fortran_order': False, 'shape': (-3,)}"), HasSubstr("dimension"));
  EXPECT_THAT(dictionary_refusal("{'descr': '<f4', 'fortran_order': False, 'shape': (3"), HasSubstr("missing"));
  EXPECT_THAT(dictionary_refusal("{'descr': '<f4"), HasSubstr("does not end"));
  EXPECT_THAT(dictionary_refusal("__import__('os')"), HasSubstr("'{' is missing"));
  std::string many = "{'descr': '|u1', 'fortran_order': False, 'shape': (";
  for (int i = 0; i < 65; ++i) many += "1,";
  EXPECT_THAT(dictionary_refusal(many + ")}"), HasSubstr("more than 64 dimensions"));
}

TEST(Npy, EveryCutOfAFileIsRefused) {
  const std::string file = npy_of("<f4", "(3,)", twelve);
  for (std::size_t size = 0; size < file.size(); ++size) {
    EXPECT_NE(refusal(file.substr(0, size)), "") << size;
  }
}

TEST(Npy, AHeaderThatLeavesTheFileIsRefused) {
  EXPECT_THAT(refusal(std::string("\x93NUMPY\x02\x00\xff\xff\xff\x7f{", 13)), HasSubstr("leaves the file"));
  EXPECT_THAT(refusal(std::string("\x93NUMPY\x09\x00\x01\x00{", 11)), HasSubstr("version 9"));
}

}  // namespace
}  // namespace vramlab::test
