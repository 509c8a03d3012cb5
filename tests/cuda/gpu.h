#pragma once
// What the tests on a GPU share: a device or a skip, ids, and memory by name.

#include <cuda_runtime_api.h>
#include <gtest/gtest.h>

#include <cstdint>
#include <initializer_list>
#include <memory>
#include <span>
#include <vector>

#include "engine/core/error.h"
#include "engine/cuda/cuda_device.h"

namespace vramlab::testing {

/// How many GPUs there are; 0 where CUDA says that it cannot be used.
inline std::size_t gpu_count() {
  try {
    return cuda_devices().size();
  } catch (const HardwareMissing&) {
    return 0;
  }
}

/// A fixture that is skipped without a GPU, with a device of given options and numbers to hand out.
class Gpu : public ::testing::Test {
 protected:
  void SetUp() override {
    if (gpu_count() == 0) GTEST_SKIP() << "no CUDA device here";
    open({});
  }
  void open(const CudaOptions& options) {
    device_.reset();
    device_ = make_cuda_device(options);
    next_segment_ = next_page_ = next_token_ = 0;
  }
  CudaDevice& device() { return *device_; }
  Contents& contents() { return *device_->contents(); }

  SegmentId new_segment() { return SegmentId(next_segment_++); }
  TokenId new_token() { return TokenId(next_token_++); }
  PageId new_pages(std::uint32_t count) { return PageId((next_page_ += count) - count); }

  SegmentId take(Bytes bytes, Tier tier = Tier::device, StreamId owner = StreamId(0)) {
    const SegmentId id = new_segment();
    EXPECT_TRUE(device().take_segment(id, tier, bytes, owner));
    return id;
  }
  TokenId copy(TransferEnd from, TransferEnd to, Bytes bytes, std::initializer_list<TokenId> after = {}) {
    const TokenId token = new_token();
    device().transfer(token, {from, to, bytes}, std::span(after.begin(), after.size()));
    return token;
  }
  TokenId record(StreamId of) {
    const TokenId token = new_token();
    device().record(token, of);
    return token;
  }

  /// Once all work is done.
  std::vector<std::uint8_t> read(SegmentId segment, Bytes offset, Bytes bytes) {
    device().synchronize();
    std::vector<std::uint8_t> got(bytes.value);
    EXPECT_EQ(cudaMemcpy(got.data(), device().pointer(segment, offset), got.size(), cudaMemcpyDefault), cudaSuccess);
    return got;
  }

  static constexpr StreamId stream{0};

 private:
  std::unique_ptr<CudaDevice> device_;
  std::uint32_t next_segment_ = 0, next_page_ = 0, next_token_ = 0;
};

}  // namespace vramlab::testing
