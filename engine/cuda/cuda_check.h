#pragma once
// Every call into CUDA goes through one of these: a failure becomes a DeviceError that names the call, and where it is
// known what it was called with and what the device holds.

#include <cuda_runtime_api.h>

#include <string>

namespace vramlab {

/// Throws DeviceError: the call's text, the error's name and meaning, then `detail` if there is any. The runtime's last
/// error is cleared.
[[noreturn]] void throw_cuda_error(cudaError_t error, const char* call, const std::string& detail = {});

/// Whether `error` says that there is no memory; then the runtime's last error is cleared. `detail` is called on other
/// failures only, and gives the text for throw_cuda_error.
template <class Detail>
bool out_of_memory(cudaError_t error, const char* call, const Detail& detail) {
  if (error == cudaSuccess) return false;
  if (error != cudaErrorMemoryAllocation) throw_cuda_error(error, call, detail());
  static_cast<void>(cudaGetLastError());
  return true;
}

}  // namespace vramlab

#define VRAMLAB_CUDA_CHECK(call)                                                          \
  do {                                                                                    \
    if (const cudaError_t vramlab_cuda_error = (call); vramlab_cuda_error != cudaSuccess) \
      ::vramlab::throw_cuda_error(vramlab_cuda_error, #call);                             \
  } while (false)

/// `detail` (a std::string) is evaluated only where the call failed.
#define VRAMLAB_CUDA_CHECK_WITH(call, detail)                                             \
  do {                                                                                    \
    if (const cudaError_t vramlab_cuda_error = (call); vramlab_cuda_error != cudaSuccess) \
      ::vramlab::throw_cuda_error(vramlab_cuda_error, #call, (detail));                   \
  } while (false)
