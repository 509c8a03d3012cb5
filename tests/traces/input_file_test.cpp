#include <fcntl.h>
#include <gmock/gmock.h>
#include <lzma.h>
#include <sys/stat.h>
#include <unistd.h>
#include <zlib.h>
#include <zstd.h>

#include <thread>

#include "files.h"
#include "traces/decompress.h"
#include "traces/reader.h"

namespace vramlab {
namespace {

using test::error_of;
using test::TemporaryFolder;
using test::text_of;
using test::trace_error;
using ::testing::AllOf;
using ::testing::HasSubstr;

std::string gzip(std::string_view text) {
  z_stream stream{};
  deflateInit2(&stream, 6, Z_DEFLATED, 16 + MAX_WBITS, 8, Z_DEFAULT_STRATEGY);
  std::string out(deflateBound(&stream, text.size()), '\0');
  stream.next_in = reinterpret_cast<Bytef*>(const_cast<char*>(text.data()));
  stream.avail_in = static_cast<uInt>(text.size());
  stream.next_out = reinterpret_cast<Bytef*>(out.data());
  stream.avail_out = static_cast<uInt>(out.size());
  deflate(&stream, Z_FINISH);
  out.resize(stream.total_out);
  deflateEnd(&stream);
  return out;
}

std::string xz(std::string_view text) {
  std::string out(lzma_stream_buffer_bound(text.size()), '\0');
  std::size_t size = 0;
  lzma_easy_buffer_encode(6, LZMA_CHECK_CRC64, nullptr, reinterpret_cast<const std::uint8_t*>(text.data()), text.size(),
                          reinterpret_cast<std::uint8_t*>(out.data()), &size, out.size());
  out.resize(size);
  return out;
}

std::string zstd(std::string_view text) {
  std::string out(ZSTD_compressBound(text.size()), '\0');
  out.resize(ZSTD_compress(out.data(), out.size(), text.data(), text.size(), 3));
  return out;
}

struct Format {
  const char* name;
  const char* suffix;
  std::string (*compress)(std::string_view);
};

std::string varied_text(std::size_t lines) {
  std::string text;
  for (std::size_t i = 0; i < lines; ++i) text += "alloc," + std::to_string(i * i * 7919) + ",512,0\n";
  return text;
}

class Compressed : public ::testing::TestWithParam<Format> {
 protected:
  std::string compress(std::string_view text) const { return GetParam().compress(text); }
  std::string write(std::string_view content) const {
    return folder_.write("x.csv" + std::string(GetParam().suffix), content);
  }
  std::string read(std::string_view content, std::uint64_t limit = InputFile::default_limit) const {
    return text_of(InputFile::open(write(content), limit).bytes());
  }
  TemporaryFolder folder_;
};

TEST_P(Compressed, ContentIsRestored) {
  for (const std::size_t lines : {1u, 100u, 40'000u}) {
    const std::string text = varied_text(lines);
    EXPECT_TRUE(read(compress(text)) == text) << lines << " lines";
  }
}

TEST_P(Compressed, TheNameLosesFolderAndSuffix) { EXPECT_EQ(InputFile::open(write(compress("text"))).name(), "x.csv"); }

TEST_P(Compressed, FormatIsToldByContentNotByName) {
  const InputFile file = InputFile::open(folder_.write("plain.txt", compress("text")));
  EXPECT_EQ(text_of(file.bytes()), "text");
  EXPECT_EQ(file.name(), "plain.txt");
}

TEST_P(Compressed, SeveralStreamsFollowEachOther) {
  EXPECT_EQ(read(compress("one ") + compress("two ") + compress("three")), "one two three");
}

TEST_P(Compressed, AnEmptyStreamAmongOthersIsFine) { EXPECT_EQ(read(compress("") + compress("x")), "x"); }

TEST_P(Compressed, TruncationAnywhereIsAnErrorWithTheOffset) {
  const std::string whole = compress(varied_text(50));
  for (std::size_t size = 8; size < whole.size(); ++size) {
    const TraceError error = trace_error([&] { read(whole.substr(0, size)); });
    EXPECT_THAT(error.what(), HasSubstr("ends too early")) << size;
    EXPECT_EQ(error.where().byte, size);
  }
}

TEST_P(Compressed, NoFlippedBitGoesUnnoticed) {
  const std::string text = varied_text(50);
  const std::string whole = compress(text);
  for (std::size_t i = 0; i < whole.size(); ++i) {
    std::string damaged = whole;
    damaged[i] = static_cast<char>(damaged[i] ^ 0x10);
    try {
      const std::string content = read(damaged);
      const bool is_harmless = content == text;       // a header's time or name
      const bool is_told_later = content == damaged;  // no magic any more: plain bytes that no reader knows
      const bool has_no_checksum = std::string_view(GetParam().name) == "zstd";  // of its content, unless asked for
      EXPECT_TRUE(is_harmless || is_told_later || has_no_checksum) << "byte " << i;
    } catch (const TraceError& error) {
      EXPECT_TRUE(error.where().byte.has_value()) << error.what();
    }
  }
}

TEST_P(Compressed, GarbageAfterTheEndIsAnError) {
  EXPECT_THAT(error_of([&] { read(compress("text") + "garbage, longer than any header"); }), HasSubstr("corrupt"));
}

TEST_P(Compressed, ABombStopsAtTheLimit) {
  const std::string bomb = compress(std::string(64 << 20, '\0'));
  ASSERT_LT(bomb.size(), 100'000u);
  EXPECT_THAT(error_of([&] { read(bomb, 1 << 20); }), HasSubstr("more than 1048576 bytes after decompression"));
}

TEST_P(Compressed, TheLimitItselfIsAllowed) {
  const std::string text(100'000, 'x');
  EXPECT_EQ(read(compress(text), text.size()), text);
  EXPECT_THROW(read(compress(text), text.size() - 1), TraceError);
}

TEST_P(Compressed, NothingInsideIsAnError) {
  EXPECT_THAT(error_of([&] { read(compress("")); }), HasSubstr("empty after decompression"));
}

INSTANTIATE_TEST_SUITE_P(All, Compressed,
                         ::testing::Values(Format{"gzip", ".gz", gzip}, Format{"xz", ".xz", xz},
                                           Format{"zstd", ".zst", zstd}),
                         [](const auto& instance) { return std::string(instance.param.name); });

TEST(Gzip, ZeroPaddingMayFollow) {
  const TemporaryFolder folder;
  EXPECT_EQ(text_of(InputFile::open(folder.write("x.gz", gzip("text") + std::string(512, '\0'))).bytes()), "text");
}

TEST(Zstd, SkippableFramesAreSkipped) {
  const TemporaryFolder folder;
  const std::string skippable = std::string("\x50\x2a\x4d\x18\x04\x00\x00\x00", 8) + "meta";
  EXPECT_EQ(text_of(InputFile::open(folder.write("x.zst", skippable + zstd("text") + skippable)).bytes()), "text");
}

TEST(PlainFile, IsMappedAsItIs) {
  const TemporaryFolder folder;
  const std::string text = varied_text(1000);
  const InputFile file = InputFile::open(folder.write("a.csv", text));
  EXPECT_TRUE(text_of(file.bytes()) == text);
  EXPECT_EQ(file.name(), "a.csv");
}

TEST(PlainFile, SurvivesAMove) {
  const TemporaryFolder folder;
  InputFile first = InputFile::open(folder.write("a", "first"));
  InputFile second = InputFile::open(folder.write("b", "second"));
  first = std::move(second);
  EXPECT_EQ(text_of(first.bytes()), "second");
}

TEST(PlainFile, MayBeNamedLikeASuffix) {
  const TemporaryFolder folder;
  EXPECT_EQ(InputFile::open(folder.write(".gz", "text")).name(), ".gz");
}

TEST(BadInput, EachHasOneClearError) {
  const TemporaryFolder folder;
  const std::string missing = folder.path("missing");
  EXPECT_THAT(error_of([&] { InputFile::open(missing); }), AllOf(HasSubstr(missing), HasSubstr("No such file")));
  EXPECT_THAT(error_of([&] { InputFile::open(folder.path("")); }), HasSubstr("is a directory"));
  EXPECT_THAT(error_of([&] { InputFile::open(folder.write("empty", "")); }), HasSubstr("is empty"));
  EXPECT_THAT(error_of([&] { InputFile::open("/dev/null"); }), HasSubstr("neither a file nor a pipe"));
  EXPECT_THAT(error_of([&] { InputFile::open(folder.write("a", "x") + "/b"); }), HasSubstr("Not a directory"));
}

TEST(BadInput, AFileWithoutPermissionIsRefused) {
  if (::geteuid() == 0) GTEST_SKIP() << "root may read everything";
  const TemporaryFolder folder;
  const std::string path = folder.write("secret", "x");
  ::chmod(path.c_str(), 0);
  EXPECT_THAT(error_of([&] { InputFile::open(path); }), HasSubstr("Permission denied"));
}

/// Writes `text` into a pipe while the test reads it.
class Pipe : public ::testing::Test {
 protected:
  std::string read(const std::string& text, std::uint64_t limit = InputFile::default_limit) {
    const std::string path = folder_.path("pipe");
    if (::mkfifo(path.c_str(), 0600) != 0) throw Error("no pipe");
    std::thread writer([&] { std::ofstream(path, std::ios::binary) << text; });
    try {
      const InputFile file = InputFile::open(path, limit);
      writer.join();
      return text_of(file.bytes());
    } catch (...) {
      writer.join();
      throw;
    }
  }
  TemporaryFolder folder_;
};

TEST_F(Pipe, IsReadToItsEnd) {
  const std::string text = varied_text(20'000);  // more than a pipe holds
  EXPECT_TRUE(read(text) == text);
}

TEST_F(Pipe, MayCarryCompressedBytes) { EXPECT_EQ(read(zstd("text")), "text"); }

TEST_F(Pipe, StopsAtTheLimit) {
  EXPECT_THAT(error_of([&] { read("123456", 5); }), HasSubstr("more than 5 bytes"));
}

TEST_F(Pipe, WithoutContentIsAnError) {
  EXPECT_THAT(error_of([&] { read(""); }), HasSubstr("is empty"));
}

TEST(StandardInput, IsReadForADash) {
  const TemporaryFolder folder;
  const int saved = ::dup(STDIN_FILENO);
  const int file = ::open(folder.write("in", "from outside").c_str(), O_RDONLY | O_CLOEXEC);
  ASSERT_GE(::dup2(file, STDIN_FILENO), 0);
  ::close(file);
  const InputFile input = InputFile::open("-");
  EXPECT_EQ(text_of(input.bytes()), "from outside");
  EXPECT_EQ(input.name(), "stdin");
  ::dup2(saved, STDIN_FILENO);
  ::close(saved);
}

TEST(GrowingBytes, KeepsOneByteBeyondItsLimit) {
  GrowingBytes bytes(10);
  EXPECT_EQ(bytes.room().size(), 11u);
  bytes.filled(10);
  EXPECT_FALSE(bytes.over_limit());
  EXPECT_EQ(bytes.room().size(), 1u);
  bytes.filled(1);
  EXPECT_TRUE(bytes.over_limit());
}

TEST(GrowingBytes, HoldsWithoutAnyLimit) {
  GrowingBytes bytes(~std::uint64_t{0});
  EXPECT_FALSE(bytes.room().empty());
  EXPECT_FALSE(bytes.over_limit());
}

}  // namespace
}  // namespace vramlab
