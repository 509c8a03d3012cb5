#include "engine/cuda/cuda_check.h"

#include <fmt/format.h>

#include "engine/core/error.h"

namespace vramlab {

void throw_cuda_error(cudaError_t error, const char* call, const std::string& detail) {
  static_cast<void>(cudaGetLastError());  // else the next call that is checked would report it again
  throw DeviceError(fmt::format("{} failed: {} ({}){}{}", call, cudaGetErrorName(error), cudaGetErrorString(error),
                                detail.empty() ? "" : "; ", detail));
}

}  // namespace vramlab
