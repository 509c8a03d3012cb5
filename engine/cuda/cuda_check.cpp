#include "engine/cuda/cuda_check.h"

#include <fmt/format.h>

#include "engine/core/error.h"

namespace vramlab {

void throw_cuda_error(cudaError_t error, const char* call) {
  throw DeviceError(fmt::format("{} failed: {} ({})", call, cudaGetErrorName(error), cudaGetErrorString(error)));
}

}  // namespace vramlab
