#pragma once
// The calling thread's current GPU belongs to the whole process: other code sets it too, so every command sets its own
// and puts the former one back.

#include <cuda_runtime_api.h>

#include <new>

#include "engine/cuda/cuda_check.h"

namespace vramlab {

class CurrentDevice {
 public:
  explicit CurrentDevice(int ordinal) : ordinal_(ordinal) {
    VRAMLAB_CUDA_CHECK(cudaGetDevice(&before_));
    if (before_ != ordinal_) VRAMLAB_CUDA_CHECK(cudaSetDevice(ordinal_));
  }
  /// Where no failure can be told, at the end of things.
  CurrentDevice(int ordinal, std::nothrow_t) noexcept : ordinal_(ordinal) {
    if (cudaGetDevice(&before_) != cudaSuccess) before_ = ordinal_;
    static_cast<void>(cudaSetDevice(ordinal_));
  }
  ~CurrentDevice() {
    if (before_ != ordinal_) static_cast<void>(cudaSetDevice(before_));
  }
  CurrentDevice(const CurrentDevice&) = delete;
  CurrentDevice& operator=(const CurrentDevice&) = delete;

 private:
  int ordinal_;
  int before_ = 0;
};

}  // namespace vramlab
