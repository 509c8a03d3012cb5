// .vlp: what is written is read; whatever else is refused.

#include "traces/tensors/packed_file.h"

#include <gmock/gmock.h>
#include <xxhash.h>

#include "files.h"
#include "traces/tensors/packed_format.h"

namespace vramlab::test {
namespace {

using ::testing::HasSubstr;

PackedTensor tensor(const std::string& name, std::uint64_t values, const std::string& content) {
  return {name, ElementType::bfloat16, "<i2", {values}, 2 * values, values_checksum(bytes_of(content)), {}};
}

std::string two_files(const TemporaryFolder& folder) {
  PackedWriter writer(folder.path("m.vlp"), true);
  writer.begin_file("a.safetensors", bytes_of("header a"));
  writer.add(tensor("first", 3, "sixsix"), bytes_of("stream of six"));
  writer.add(tensor("nothing", 0, ""), {});
  writer.begin_file("index.json", bytes_of("{}"));
  writer.commit();
  return content_of(folder.path("m.vlp"));
}

/// A file around any directory, with one part of 16 bytes.
std::string around(const std::string& directory) {
  const packed::FileHeader header;
  packed::EndRecord end;
  end.directory_offset = sizeof header + 16;
  end.directory_bytes = directory.size();
  end.checksum = XXH3_64bits(directory.data(), directory.size());
  std::string file(reinterpret_cast<const char*>(&header), sizeof header);
  file += std::string(16, 'p') + directory;
  return file.append(reinterpret_cast<const char*>(&end), sizeof end);
}

/// One file with one tensor, `change`d.
std::string with_entry(const std::string& from = "", const std::string& to = "") {
  std::string text = R"({"folder":false,"files":[{"name":"w.npy","header":{"offset":16,"bytes":8},"tensors":[)"
                     R"({"name":"","dtype":"int8","stored_as":"|i1","shape":[4],"raw_bytes":4,)"
                     R"("checksum":"0123456789abcdef","offset":24,"bytes":8}]}]})";
  const std::size_t at = text.find(from);
  return around(from.empty() ? text : text.replace(at, from.size(), to));
}

std::string refusal(const std::string& file) {
  return error_of([&] { read_packed_directory(bytes_of(file), "m.vlp"); });
}

TEST(PackedFile, WhatIsWrittenIsRead) {
  const TemporaryFolder folder;
  const std::string file = two_files(folder);
  const PackedDirectory directory = read_packed_directory(bytes_of(file), "m.vlp");
  EXPECT_TRUE(directory.folder);
  ASSERT_EQ(directory.files.size(), 2u);
  const PackedEntry& entry = directory.files[0];
  EXPECT_EQ(entry.name, "a.safetensors");
  EXPECT_EQ(text_of(part_of(bytes_of(file), entry.header)), "header a");
  ASSERT_EQ(entry.tensors.size(), 2u);
  EXPECT_EQ(text_of(part_of(bytes_of(file), entry.tensors[0].stream)), "stream of six");
  EXPECT_EQ(entry.tensors[0].stream.offset % 8, 0u);
  EXPECT_EQ(entry.tensors[0].type, ElementType::bfloat16);
  EXPECT_EQ(entry.tensors[0].stored_as, "<i2");
  EXPECT_EQ(entry.tensors[0].checksum, values_checksum(bytes_of("sixsix")));
  EXPECT_EQ(entry.tensors[1].raw_bytes, 0u);
  EXPECT_EQ(text_of(part_of(bytes_of(file), directory.files[1].header)), "{}");
}

TEST(PackedFile, WithoutACommitThereIsNoFile) {
  const TemporaryFolder folder;
  {
    PackedWriter writer(folder.path("m.vlp"), false);
    writer.begin_file("a.npy", bytes_of("header"));
  }
  EXPECT_TRUE(folder.is_empty());
}

TEST(PackedFile, EveryCutAndEveryDamageOfTheFrameIsRefused) {
  const TemporaryFolder folder;
  const std::string file = two_files(folder);
  for (std::size_t size = 0; size < file.size(); ++size) EXPECT_NE(refusal(file.substr(0, size)), "") << size;
  const std::size_t directory = file.find("{\"folder\"");
  for (std::size_t at = 0; at < file.size(); ++at) {
    if (at >= 16 && at < directory) continue;  // parts have checksums of their own, for who unpacks them
    std::string damaged = file;
    damaged[at] = static_cast<char>(damaged[at] ^ 0x10);
    const bool padding = at >= file.size() - 40 && at < file.size() - 32 && file[at] == '\0';
    if (!padding) {
      EXPECT_NE(refusal(damaged), "") << at;
    }
  }
}

TEST(PackedFile, PartsOutsideTheirPlaceAreRefused) {
  EXPECT_NO_THROW(read_packed_directory(bytes_of(with_entry()), "m.vlp"));
  EXPECT_THAT(refusal(with_entry("\"offset\":24,\"bytes\":8", "\"offset\":24,\"bytes\":9")), HasSubstr("outside"));
  EXPECT_THAT(refusal(with_entry("\"offset\":24", "\"offset\":16")), HasSubstr("outside"));
  EXPECT_THAT(refusal(with_entry("\"offset\":24", "\"offset\":25")), HasSubstr("outside"));
  EXPECT_THAT(refusal(with_entry("\"offset\":16", "\"offset\":0")), HasSubstr("outside"));
  EXPECT_THAT(refusal(with_entry("\"bytes\":8}]", "\"bytes\":18446744073709551608}]")), HasSubstr("outside"));
}

TEST(PackedFile, NamesThatLeaveTheFolderAreRefused) {
  for (const std::string name : {"../w.npy", "/w.npy", "a/b", "", ".w", "a\\\\b", "a\\u0000b"})
    EXPECT_THAT(refusal(with_entry("w.npy", name)), HasSubstr("no plain file name")) << name;
}

TEST(PackedFile, ADirectoryThatDoesNotFitIsRefused) {
  EXPECT_THAT(refusal(with_entry("[4]", "[5]")), HasSubstr("does not fit"));
  EXPECT_THAT(refusal(with_entry("\"shape\":[4],\"raw_bytes\":4", "\"shape\":[0],\"raw_bytes\":0")),
              HasSubstr("does not fit"));
  EXPECT_THAT(refusal(with_entry("int8", "int7")), HasSubstr("unknown dtype"));
  EXPECT_THAT(refusal(with_entry("0123456789abcdef", "0123456789abcdeg")), HasSubstr("checksum"));
  EXPECT_THAT(refusal(with_entry("\"folder\":false", "\"folder\":0")), HasSubstr("folder"));
  EXPECT_THAT(refusal(around(R"({"folder":false,"files":[]})")), HasSubstr("names no file"));
}

}  // namespace
}  // namespace vramlab::test
