#pragma once
// From a number format that is known when a call comes to the kernels compiled for it.

#include <cuda_runtime.h>

#include "engine/cuda/padic_words.cuh"

namespace vramlab::padic::gpu {

/// f(Words<bytes, way>()), where there are such words.
template <class F>
cudaError_t with_words(u32 bytes, Way way, const F& f) {
  switch (static_cast<u32>(way) << 4 | bytes) {
#define VRAMLAB_WORDS(size, name)               \
  case static_cast<u32>(Way::name) << 4 | size: \
    return f(Words<size, Way::name>());
    VRAMLAB_WORDS(4, parts)
    VRAMLAB_WORDS(2, parts)
    VRAMLAB_WORDS(1, parts)
    VRAMLAB_WORDS(4, rounded)
    VRAMLAB_WORDS(2, rounded)
    VRAMLAB_WORDS(1, rounded)
    VRAMLAB_WORDS(4, shifted)
    VRAMLAB_WORDS(2, shifted)
    VRAMLAB_WORDS(1, shifted)
    VRAMLAB_WORDS(4, plain)
    VRAMLAB_WORDS(2, plain)
    VRAMLAB_WORDS(1, plain)
    VRAMLAB_WORDS(4, quantised)
    VRAMLAB_WORDS(2, levels)
    VRAMLAB_WORDS(1, levels)
#undef VRAMLAB_WORDS
    default:
      return cudaErrorInvalidValue;
  }
}

/// By a call that returns this launch's own error: what <<<>>> leaves may be of other code's earlier calls.
template <class Task>
cudaError_t launch_kernel(void (*kernel)(Task), u32 blocks, u32 threads, std::size_t shared, cudaStream_t stream,
                          const Task& task) {
  cudaLaunchConfig_t shape{};
  shape.gridDim = dim3(blocks);
  shape.blockDim = dim3(threads);
  shape.dynamicSmemBytes = shared;
  shape.stream = stream;
  return cudaLaunchKernelEx(&shape, kernel, task);
}

/// Loads a kernel and lets it have so much shared memory.
template <class Kernel>
cudaError_t load_kernel(Kernel kernel, std::size_t shared) {
  return cudaFuncSetAttribute(kernel, cudaFuncAttributeMaxDynamicSharedMemorySize, static_cast<int>(shared));
}

}  // namespace vramlab::padic::gpu
