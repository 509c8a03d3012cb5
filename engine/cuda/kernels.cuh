#pragma once
// What the kernels share: the clock, the grid, and an extent cut into aligned vectors and loose ends. Empty for other
// compilers than nvcc.

#ifdef __CUDACC__
#include <cuda_runtime.h>

#include <cstdint>
#include <type_traits>

#include "engine/cuda/kernels.h"

namespace vramlab::kernels {

inline constexpr unsigned threads_per_block = 512;
inline constexpr unsigned blocks_per_multiprocessor = 2;
inline constexpr unsigned unrolled = 4;  // vectors in flight a thread: enough to hide the latency of memory
inline constexpr std::uint64_t vector_bytes = 16;
inline constexpr std::uint64_t bytes_per_turn = threads_per_block * unrolled * vector_bytes;  // of one block

/// Blocks for that many bytes: no more than stay on the device together.
inline unsigned blocks_for(std::uint64_t bytes, std::uint32_t multiprocessors) {
  const std::uint64_t most = std::uint64_t{multiprocessors} * blocks_per_multiprocessor;
  const std::uint64_t wanted = bytes / bytes_per_turn + 1;
  return static_cast<unsigned>(wanted < most ? wanted : most);
}

/// By a call that returns this launch's own error: what <<<>>> leaves may be of other code's earlier calls.
template <class... Parameters>
cudaError_t launch(void (*kernel)(Parameters...), unsigned blocks, const Place& place,
                   std::type_identity_t<Parameters>... parameters) {
  cudaLaunchConfig_t shape{};
  shape.gridDim = dim3(blocks);
  shape.blockDim = dim3(threads_per_block);
  shape.stream = place.stream;
  return cudaLaunchKernelEx(&shape, kernel, parameters...);
}

/// Puts kernels on the current GPU.
template <class... Kernels>
cudaError_t load(Kernels... kernels) {
  cudaFuncAttributes attributes{};
  cudaError_t error = cudaSuccess;
  static_cast<void>(((error = cudaFuncGetAttributes(&attributes, kernels), error == cudaSuccess) && ...));
  return error;
}

/// Nanoseconds; ticks every 32 ns on Hopper.
__device__ inline std::uint64_t global_timer() {
  std::uint64_t now;
  asm volatile("mov.u64 %0, %%globaltimer;" : "=l"(now));
  return now;
}

/// An extent: `head` loose bytes, `vectors` aligned ones of 16 bytes, `tail` loose bytes.
struct Cut {
  unsigned char* begin;
  std::uint64_t head, vectors, tail;

  __device__ explicit Cut(const Operand& o) : begin(static_cast<unsigned char*>(o.at)) {
    const std::uint64_t to_aligned = (0 - reinterpret_cast<std::uint64_t>(begin)) % vector_bytes;
    head = to_aligned < o.bytes ? to_aligned : o.bytes;
    vectors = (o.bytes - head) / vector_bytes;
    tail = o.bytes - head - vectors * vector_bytes;
  }
  __device__ uint4* vector() const { return reinterpret_cast<uint4*>(begin + head); }
  /// Offset of loose byte i < head + tail.
  __device__ std::uint64_t loose(std::uint64_t i) const { return i < head ? i : i + vectors * vector_bytes; }
};

/// A thread's share of a grid-stride loop; `turn` moves the first block, so that many small extents spread over the
/// grid.
struct Share {
  std::uint64_t first, step;

  __device__ explicit Share(unsigned turn = 0)
      : first(std::uint64_t{(blockIdx.x + turn) % gridDim.x} * blockDim.x + threadIdx.x),
        step(std::uint64_t{gridDim.x} * blockDim.x) {}
};

}  // namespace vramlab::kernels
#endif
