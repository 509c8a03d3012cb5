// The disk tier by itself: it needs no GPU.

#include "engine/cuda/disk_tier.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <filesystem>
#include <fstream>
#include <map>
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
