// Without a GPU everything else runs, and who asks for one is told so in one line.

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "engine/cuda/cuda_info.h"
#include "gpu.h"

namespace vramlab {
namespace {

using ::testing::HasSubstr;
using ::testing::Not;

// A context that is destroyed before the program ends shows a sanitizer what was not given back.
class ContextsEnd : public ::testing::Environment {
 public:
  void TearDown() override {
    const std::size_t count = testing::gpu_count();
    for (std::size_t i = 0; i < count; ++i) {
      EXPECT_EQ(cudaSetDevice(static_cast<int>(i)), cudaSuccess);
      EXPECT_EQ(cudaDeviceReset(), cudaSuccess);
    }
  }
};
const ::testing::Environment* const contexts_end = ::testing::AddGlobalTestEnvironment(new ContextsEnd);

template <class Call>
void expect_one_line_and_exit_code_3(Call&& call) {
  try {
    call();
    FAIL() << "no HardwareMissing";
  } catch (const HardwareMissing& error) {
    EXPECT_EQ(error.exit_code(), 3);
    EXPECT_THAT(error.what(), HasSubstr("no CUDA device"));
    EXPECT_THAT(error.what(), HasSubstr("--device sim"));
    EXPECT_THAT(error.what(), Not(HasSubstr("\n")));
  }
}

TEST(Hardware, WithoutAGpuOneLineSaysWhatIsMissing) {
  if (testing::gpu_count() != 0) GTEST_SKIP() << "there is a GPU here";
  expect_one_line_and_exit_code_3([] { static_cast<void>(cuda_devices()); });
  expect_one_line_and_exit_code_3([] { static_cast<void>(make_cuda_device()); });
}

TEST(Hardware, AGpuThatIsNotThereIsMissingToo) {
  expect_one_line_and_exit_code_3([] { static_cast<void>(make_cuda_device({.device = 4096})); });
  expect_one_line_and_exit_code_3([] { static_cast<void>(make_cuda_device({.device = -1})); });
  expect_one_line_and_exit_code_3([] { static_cast<void>(make_cuda_device({.peer = 4096})); });
}

TEST(Hardware, TheDriversVersionIsReadFromWhatTheSystemTells) {
  EXPECT_EQ(driver_version_in("NVRM version: NVIDIA UNIX Open Kernel Module for x86_64  580.159.04  Release Build\n"
                              "GCC version:  gcc version 13.3.0 (Ubuntu)\n"),
            "580.159.04");
  EXPECT_EQ(driver_version_in("NVRM version: NVIDIA UNIX x86_64 Kernel Module  535.54.03  Tue Jun  6"), "535.54.03");
  EXPECT_EQ(driver_version_in("nothing of 64 bits here"), "");
  EXPECT_EQ(driver_version_in(""), "");
}

TEST(Hardware, AGpuIsDescribed) {
  if (testing::gpu_count() == 0) GTEST_SKIP() << "no CUDA device here";
  const std::vector<CudaInfo> devices = cuda_devices();
  for (std::size_t i = 0; i < devices.size(); ++i) {
    const CudaInfo& info = devices[i];
    EXPECT_EQ(info.ordinal, static_cast<int>(i));
    EXPECT_FALSE(info.name.empty());
    EXPECT_GT(info.memory, 1_GiB);
    EXPECT_LE(info.free, info.memory);
    EXPECT_GT(info.multiprocessors, 0U);
    EXPECT_EQ(info.page_granularity.value & (info.page_granularity.value - 1), 0U);
    EXPECT_GE(info.page_granularity, 64_KiB);
    EXPECT_THAT(info.driver, HasSubstr("."));
    EXPECT_THAT(info.runtime, HasSubstr("CUDA 13."));
    EXPECT_THAT(info.peers, Not(::testing::Contains(info.ordinal)));
  }
}

}  // namespace
}  // namespace vramlab
