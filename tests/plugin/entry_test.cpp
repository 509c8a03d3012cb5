// The C functions as PyTorch and the Python module call them: what they do without a GPU, and on one.

#if __has_include("engine/cuda/plugin/entry.h")

#include "engine/cuda/plugin/entry.h"

#include <cuda_runtime_api.h>
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <cstdlib>
#include <nlohmann/json.hpp>
#include <string>
#include <vector>

#include "engine/core/error.h"

namespace vramlab::test {
namespace {

using ::testing::HasSubstr;

bool has_gpu() {
  int count = 0;
  return cudaGetDeviceCount(&count) == cudaSuccess && count > 0;
}

std::string taken(char* text) {
  const std::string copy = text != nullptr ? text : "";
  vramlab_free_text(text);
  return copy;
}

TEST(Entry, AWrongEnvironmentIsToldBeforeAnythingHappens) {
  EXPECT_EQ(vramlab_check_environment(), nullptr);
  setenv("VRAMLAB_POOL", "vmn", 1);
  EXPECT_THAT(taken(vramlab_check_environment()), HasSubstr("VRAMLAB_POOL: 'vmn'"));
  unsetenv("VRAMLAB_POOL");
}

TEST(Entry, WhatWasNeverUsedHasNothingToTell) {
  EXPECT_EQ(vramlab_stats(63), nullptr);
  EXPECT_EQ(vramlab_snapshot(-1), nullptr);
  EXPECT_NO_THROW(vramlab_reset_peaks(63));
  EXPECT_NO_THROW(vramlab_init(8));
  std::size_t bytes = 7;
  int local = 0;
  EXPECT_EQ(vramlab_base_alloc(&local, &bytes), &local);
  EXPECT_NO_THROW(vramlab_free(&local, 4, 63, nullptr));
  EXPECT_NO_THROW(vramlab_record_stream(nullptr, nullptr));
  EXPECT_THROW(vramlab_record_stream(&local, nullptr), PoolError);
}

TEST(Entry, MemoryPoolsAreRefused) {
  EXPECT_THROW(vramlab_begin_allocate_to_pool(0, 0, 1, nullptr), PoolError);
  EXPECT_NO_THROW(vramlab_end_allocate_to_pool(0, 0, 1));
  EXPECT_NO_THROW(vramlab_release_pool(0, 0, 1));
}

TEST(Entry, WithoutAGpuAnAllocationSaysSo) {
  if (has_gpu()) GTEST_SKIP() << "there is a GPU here";
  EXPECT_THROW(vramlab_alloc(4096, 0, nullptr), HardwareMissing);
  EXPECT_EQ(vramlab_footprint(), nullptr);
}

TEST(Entry, OnAGpuBlocksAreMemory) {
  if (!has_gpu()) GTEST_SKIP() << "there is no GPU here";
  cudaStream_t side = nullptr;
  ASSERT_EQ(cudaStreamCreate(&side), cudaSuccess);
  std::vector<std::pair<void*, std::size_t>> blocks;
  for (const std::size_t bytes : {std::size_t{1000}, std::size_t{3} << 20, std::size_t{70} << 20}) {
    blocks.emplace_back(vramlab_alloc(bytes, 0, nullptr), bytes);
    ASSERT_EQ(cudaMemset(blocks.back().first, static_cast<int>(blocks.size()), bytes), cudaSuccess);
  }
  for (std::size_t i = 0; i < blocks.size(); ++i) {
    std::vector<unsigned char> bytes(blocks[i].second);
    ASSERT_EQ(cudaMemcpy(bytes.data(), blocks[i].first, bytes.size(), cudaMemcpyDefault), cudaSuccess);
    EXPECT_EQ(bytes, std::vector<unsigned char>(bytes.size(), static_cast<unsigned char>(i + 1)));
  }
  vramlab_record_stream(blocks[1].first, side);
  for (const auto& [block, bytes] : blocks) vramlab_free(block, bytes, 0, nullptr);
  vramlab_reset();
  const auto stats = nlohmann::json::parse(taken(vramlab_stats(0)));
  EXPECT_EQ(stats.at("requested_bytes"), 0);
  EXPECT_EQ(stats.at("reserved_bytes"), 0);
  EXPECT_GE(stats.at("top_reserved_bytes"), 73u << 20);
  EXPECT_THROW(vramlab_alloc(std::size_t{1} << 42, 0, nullptr), OutOfMemory);
  EXPECT_EQ(cudaStreamDestroy(side), cudaSuccess);
}

}  // namespace
}  // namespace vramlab::test

#endif
