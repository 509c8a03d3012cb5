#pragma once
// Every call into CUDA goes through VRAMLAB_CUDA_CHECK: a failure becomes a DeviceError that names the call.

#include <cuda_runtime_api.h>

namespace vramlab {

/// Throws DeviceError: the call's text, the error's name and meaning.
[[noreturn]] void throw_cuda_error(cudaError_t error, const char* call);

}  // namespace vramlab

#define VRAMLAB_CUDA_CHECK(call)                                                          \
  do {                                                                                    \
    if (const cudaError_t vramlab_cuda_error = (call); vramlab_cuda_error != cudaSuccess) \
      ::vramlab::throw_cuda_error(vramlab_cuda_error, #call);                             \
  } while (false)
