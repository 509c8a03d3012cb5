// The disk tier by itself: it needs no GPU.

#include "engine/cuda/disk_tier.h"

#include <fcntl.h>
#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <map>
#include <memory>
#include <vector>

#include "engine/core/error.h"
#include "properties.h"

namespace vramlab {
namespace {

using ::testing::HasSubstr;

/// A folder that is empty again at the end.
class DiskTierTest : public ::testing::Test {
 protected:
  DiskTierTest()
      : folder(::testing::TempDir() + "vramlab_disk_" +
               ::testing::UnitTest::GetInstance()->current_test_info()->name()) {
    std::filesystem::create_directories(folder);
  }
  void TearDown() override { std::filesystem::remove_all(folder); }

  const std::string folder;
};

TEST_F(DiskTierTest, NoFileIsSeenAndNoneIsLeft) {
  DiskTier disk(folder);
  EXPECT_TRUE(std::filesystem::is_empty(folder));
  EXPECT_TRUE(disk.take(1_MiB));
  EXPECT_TRUE(std::filesystem::is_empty(folder));
}

TEST_F(DiskTierTest, MoreThanADiskCanHoldIsRefusedAndTheTierGoesOn) {
  DiskTier disk(folder);
  EXPECT_FALSE(disk.take(Bytes(std::uint64_t{1} << 47)));
  EXPECT_FALSE(disk.take(Bytes(std::uint64_t{1} << 62)));
  EXPECT_EQ(disk.take(1_MiB), 0U);
}

TEST_F(DiskTierTest, SpaceGivenBackIsUsedAgain) {
  DiskTier disk(folder);
  const auto a = disk.take(1_MiB), b = disk.take(1_MiB), c = disk.take(1_MiB);
  ASSERT_TRUE(a && b && c);
  disk.give_back(*a, 1_MiB);
  disk.give_back(*b, 1_MiB);
  EXPECT_EQ(disk.take(2_MiB), *a);  // neighbours became one
}

TEST_F(DiskTierTest, AFolderThatIsNotThereIsNamed) {
  DiskTier disk(folder + "/nowhere");
  try {
    static_cast<void>(disk.take(1_MiB));
    FAIL() << "no DeviceError";
  } catch (const DeviceError& error) {
    EXPECT_THAT(error.what(), HasSubstr("/nowhere"));
  }
}

TEST_F(DiskTierTest, AReadBeyondTheEndIsKeptForTheNextToAsk) {
  DiskTier disk(folder);
  ASSERT_TRUE(disk.take(4_KiB));
  disk.throw_failure();
  std::vector<std::byte> bytes(100);
  disk.read(bytes.data(), 1 << 20, bytes.size());
  EXPECT_THROW(disk.throw_failure(), DeviceError);
}

/// The tier's file as this process has it open, since its name is gone: what a faulty disk is played through.
class OpenFile {
 public:
  explicit OpenFile(const std::string& folder) {
    for (const auto& entry : std::filesystem::directory_iterator("/proc/self/fd")) {
      std::error_code gone;  // the descriptor of the listing itself
      const std::string target = std::filesystem::read_symlink(entry.path(), gone).string();
      if (file_ < 0 && !gone && target.starts_with(folder)) file_ = ::open(entry.path().c_str(), O_RDWR | O_CLOEXEC);
    }
  }
  ~OpenFile() { ::close(file_); }
  OpenFile(const OpenFile&) = delete;
  OpenFile& operator=(const OpenFile&) = delete;

  bool there() const { return file_ >= 0; }
  struct stat status() const {
    struct stat found{};
    EXPECT_EQ(::fstat(file_, &found), 0);
    return found;
  }
  void flip(std::uint64_t offset) const {
    char byte = 0;
    ASSERT_EQ(::pread(file_, &byte, 1, static_cast<off_t>(offset)), 1);
    byte = static_cast<char>(byte ^ 1);
    ASSERT_EQ(::pwrite(file_, &byte, 1, static_cast<off_t>(offset)), 1);
  }
  void truncate(std::uint64_t bytes) const { ASSERT_EQ(::ftruncate(file_, static_cast<off_t>(bytes)), 0); }

 private:
  int file_ = -1;
};

/// Memory as pinned memory is: aligned, so that transfers may go past the cache.
using Aligned = std::unique_ptr<std::byte[], decltype(&std::free)>;
Aligned aligned(std::size_t bytes) {
  return {static_cast<std::byte*>(std::aligned_alloc(4096, (bytes + 4095) / 4096 * 4096)), std::free};
}

void count_up(std::byte* at, std::size_t bytes, unsigned from = 0) {
  for (std::size_t i = 0; i < bytes; ++i) at[i] = std::byte((i / 251 + i + from) & 0xFF);
}

std::string failure_of(const DiskTier& disk) {
  try {
    disk.throw_failure();
  } catch (const DeviceError& error) {
    return error.what();
  }
  return "";
}

constexpr std::size_t three_blocks = 2 * BlockSums::block_bytes + 12'345;

TEST_F(DiskTierTest, TheFileIsItsOwnersAlone) {
  DiskTier disk(folder);
  ASSERT_TRUE(disk.take(3_MiB));
  const OpenFile file(folder);
  ASSERT_TRUE(file.there());
  EXPECT_EQ(file.status().st_mode & 07777U, 0600U);
  EXPECT_EQ(file.status().st_nlink, 0U);
  EXPECT_GE(static_cast<std::uint64_t>(file.status().st_blocks) * 512, (3_MiB).value);  // set aside, not only promised
}

TEST_F(DiskTierTest, BytesComeBackWhetherOrNotTheyPassTheCache) {
  DiskTier disk(folder);
  const Aligned memory = aligned(three_blocks + 1);
  for (const std::size_t shift : {0, 1}) {  // not aligned: through the cache
    const auto offset = disk.take(Bytes(three_blocks), SegmentId(1));
    ASSERT_TRUE(offset);
    count_up(memory.get() + shift, three_blocks);
    disk.write(memory.get() + shift, *offset, three_blocks);
    const Aligned back = aligned(three_blocks);
    disk.read(back.get(), *offset, three_blocks);
    EXPECT_TRUE(std::equal(back.get(), back.get() + three_blocks, memory.get() + shift));
    disk.throw_failure();
  }
}

TEST_F(DiskTierTest, AnAlteredByteIsFoundNamedAndNotHandedOn) {
  for (const std::size_t where : {std::size_t{0}, BlockSums::block_bytes, three_blocks - 1}) {
    DiskTier disk(folder);
    ASSERT_TRUE(disk.take(8_KiB, SegmentId(6)));
    const auto offset = disk.take(Bytes(three_blocks), SegmentId(7));
    ASSERT_TRUE(offset);
    const Aligned memory = aligned(three_blocks);
    count_up(memory.get(), three_blocks);
    disk.write(memory.get(), *offset, three_blocks);
    OpenFile(folder).flip(*offset + where);
    disk.read(memory.get(), *offset, three_blocks);
    EXPECT_TRUE(
        std::all_of(memory.get(), memory.get() + three_blocks, [](std::byte b) { return b == std::byte{0xFF}; }));
    const std::string failure = failure_of(disk);
    EXPECT_THAT(failure, HasSubstr("segment 7 at offset " +
                                   std::to_string(where / BlockSums::block_bytes * BlockSums::block_bytes) + ":"));
    EXPECT_THAT(failure, ::testing::ContainsRegex("its sum is [0-9a-f]{16}, written was [0-9a-f]{16}"));
  }
}

TEST_F(DiskTierTest, AnAlteredByteIsFoundByAReadOfOtherBytesOfItsBlock) {
  DiskTier disk(folder);
  const auto offset = disk.take(64_KiB, SegmentId(7));
  ASSERT_TRUE(offset);
  std::vector<std::byte> bytes(65'536);
  count_up(bytes.data(), bytes.size());
  disk.write(bytes.data(), *offset, bytes.size());
  OpenFile(folder).flip(*offset + 40'000);
  disk.read(bytes.data(), *offset, 100);
  EXPECT_THAT(failure_of(disk), HasSubstr("segment 7"));
}

TEST_F(DiskTierTest, AnAlteredByteIsNotSummedAnewByAWriteBesideIt) {
  DiskTier disk(folder);
  const auto offset = disk.take(64_KiB, SegmentId(7));
  ASSERT_TRUE(offset);
  std::vector<std::byte> bytes(65'536);
  disk.write(bytes.data(), *offset, bytes.size());
  OpenFile(folder).flip(*offset + 40'000);
  disk.write(bytes.data(), *offset, 100);
  EXPECT_THAT(failure_of(disk), HasSubstr("segment 7"));
}

TEST_F(DiskTierTest, ATruncatedFileIsFound) {
  DiskTier disk(folder);
  const auto offset = disk.take(2_MiB, SegmentId(3));
  ASSERT_TRUE(offset);
  std::vector<std::byte> bytes((2_MiB).value, std::byte{1});
  disk.write(bytes.data(), *offset, bytes.size());
  OpenFile(folder).truncate((1_MiB).value);
  disk.read(bytes.data(), *offset, bytes.size());
  EXPECT_EQ(bytes.front(), std::byte{0xFF});
  EXPECT_THAT(failure_of(disk), HasSubstr("segment 3"));
}

TEST_F(DiskTierTest, SegmentsThatAreGivenBackAndTakenAgainBeginWithoutSums) {
  DiskTier disk(folder);
  std::vector<std::byte> bytes(8192, std::byte{5});
  const auto first = disk.take(8_KiB), last = disk.take(8_KiB);
  ASSERT_TRUE(first && last);
  disk.write(bytes.data(), *first, bytes.size());
  disk.give_back(*first, 8_KiB);
  ASSERT_EQ(disk.take(8_KiB), first);
  OpenFile(folder).flip(*first);
  disk.read(bytes.data(), *first, bytes.size());  // nobody has written there yet
  disk.throw_failure();
}

/// Until the end of its life no file may be larger.
class FileSizeLimit {
 public:
  explicit FileSizeLimit(rlim_t bytes) {
    EXPECT_EQ(::getrlimit(RLIMIT_FSIZE, &before_), 0);
    const rlimit limit{bytes, before_.rlim_max};
    EXPECT_EQ(::setrlimit(RLIMIT_FSIZE, &limit), 0);
  }
  ~FileSizeLimit() { ::setrlimit(RLIMIT_FSIZE, &before_); }
  FileSizeLimit(const FileSizeLimit&) = delete;
  FileSizeLimit& operator=(const FileSizeLimit&) = delete;

 private:
  rlimit before_{};
};

TEST_F(DiskTierTest, AFullDiskRefusesTheSegmentAndLeavesNothing) {
  DiskTier disk(folder);
  ASSERT_TRUE(disk.take(1_MiB));
  const OpenFile file(folder);
  const auto size = file.status().st_size;
  {
    const FileSizeLimit limit((2_MiB).value);
    EXPECT_FALSE(disk.take(2_MiB));
    EXPECT_EQ(file.status().st_size, size);
    EXPECT_TRUE(disk.take(1_MiB));
    EXPECT_FALSE(disk.take(Bytes(1)));
  }
  EXPECT_TRUE(disk.take(2_MiB));
  disk.throw_failure();
}

TEST_F(DiskTierTest, AFileInPlaceOfTheFolderIsNamed) {
  const std::string plain = folder + "/plain";
  std::ofstream(plain) << "no folder";
  DiskTier disk(plain);
  try {
    static_cast<void>(disk.take(1_MiB));
    FAIL() << "no DeviceError";
  } catch (const DeviceError& error) {
    EXPECT_THAT(error.what(), HasSubstr(plain));
  }
}

TEST_F(DiskTierTest, AFolderThatMayNotBeWrittenIsRefused) {
  if (::geteuid() == 0) GTEST_SKIP() << "root may write into any folder";
  ASSERT_EQ(::chmod(folder.c_str(), 0500), 0);
  DiskTier closed(folder);
  EXPECT_THROW(static_cast<void>(closed.take(1_MiB)), DeviceError);
  ASSERT_EQ(::chmod(folder.c_str(), 0700), 0);
}

TEST_F(DiskTierTest, WritesOverPartsOfOthersLeaveEveryByteChecked) {
  EXPECT_TRUE(testing::holds_for(50, [this] {
    DiskTier disk(folder);
    constexpr std::size_t size = BlockSums::block_bytes * 3 / 2;
    const auto offset = disk.take(Bytes(size));
    RC_ASSERT(offset.has_value());
    std::vector<std::byte> expected(size), got(size);
    for (unsigned step = 0; step < 8; ++step) {
      const auto begin = testing::pick<std::size_t>(0, size), end = testing::pick<std::size_t>(begin, size) + 1;
      if (testing::pick_bool()) {
        count_up(expected.data() + begin, end - begin, step);
        disk.write(expected.data() + begin, *offset + begin, end - begin);
      } else {
        disk.read(got.data(), *offset + begin, end - begin);
        RC_ASSERT(std::equal(got.begin(), got.begin() + static_cast<std::ptrdiff_t>(end - begin),
                             expected.begin() + static_cast<std::ptrdiff_t>(begin)));
      }
    }
    disk.throw_failure();
  }));
}

TEST_F(DiskTierTest, EverySegmentKeepsItsBytesWhateverIsTakenAndGivenBack) {
  EXPECT_TRUE(testing::holds_for(50, [this] {
    DiskTier disk(folder);
    std::map<std::uint64_t, std::vector<std::byte>> held;
    for (int step = 0; step < 60; ++step) {
      if (!held.empty() && testing::pick(0, 3) == 0) {
        const auto it = std::next(held.begin(), testing::pick<std::ptrdiff_t>(0, std::ssize(held)));
        disk.give_back(it->first, Bytes(it->second.size()));
        held.erase(it);
        continue;
      }
      std::vector<std::byte> bytes(testing::pick<std::size_t>(1, 9000), std::byte(step));
      const auto offset = disk.take(Bytes(bytes.size()));
      RC_ASSERT(offset.has_value());
      RC_ASSERT(!held.contains(*offset));
      disk.write(bytes.data(), *offset, bytes.size());
      held.emplace(*offset, std::move(bytes));
    }
    for (const auto& [offset, bytes] : held) {
      std::vector<std::byte> got(bytes.size());
      disk.read(got.data(), offset, got.size());
      RC_ASSERT(got == bytes);
    }
    disk.throw_failure();
  }));
}

}  // namespace
}  // namespace vramlab
