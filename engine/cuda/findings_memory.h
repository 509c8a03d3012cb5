#pragma once
// What kernels leave behind, in memory of the device.

#include <cuda_runtime_api.h>

#include "engine/cuda/cuda_check.h"
#include "engine/cuda/kernels.h"

namespace vramlab {

class FindingsMemory {
 public:
  FindingsMemory() {
    void* memory = nullptr;
    VRAMLAB_CUDA_CHECK(cudaMalloc(&memory, sizeof(kernels::Findings)));
    findings_ = static_cast<kernels::Findings*>(memory);
    VRAMLAB_CUDA_CHECK(cudaMemset(findings_, 0, sizeof(kernels::Findings)));
    VRAMLAB_CUDA_CHECK(cudaDeviceSynchronize());
  }
  ~FindingsMemory() { static_cast<void>(cudaFree(findings_)); }
  FindingsMemory(const FindingsMemory&) = delete;
  FindingsMemory& operator=(const FindingsMemory&) = delete;

  kernels::Findings* get() const { return findings_; }
  /// REQUIRES: no kernel that reports runs.
  kernels::Findings read(cudaStream_t stream) const {
    kernels::Findings findings;
    VRAMLAB_CUDA_CHECK(cudaMemcpyAsync(&findings, findings_, sizeof findings, cudaMemcpyDefault, stream));
    VRAMLAB_CUDA_CHECK(cudaStreamSynchronize(stream));
    return findings;
  }

 private:
  kernels::Findings* findings_ = nullptr;
};

}  // namespace vramlab
