// The kernels of `fast` streams.

#include "engine/cuda/padic_fast_pack.cuh"
#include "engine/cuda/padic_fast_unpack.cuh"
#include "engine/cuda/padic_launch.cuh"

namespace vramlab::padic::gpu {
namespace {

constexpr u32 blocks_per_multiprocessor = 2;

template <class W>
__global__ void __launch_bounds__(fast_threads, blocks_per_multiprocessor)
    pack_fast_kernel(const __grid_constant__ FastTask task) {
  extern __shared__ uint4 memory[];
  pack_fast<W>(task, *reinterpret_cast<FastShared*>(memory));
}

template <class W>
__global__ void __launch_bounds__(fast_threads, blocks_per_multiprocessor)
    unpack_fast_kernel(const __grid_constant__ FastTask task) {
  extern __shared__ uint4 memory[];
  unpack_fast<W>(task, *reinterpret_cast<FastShared*>(memory));
}

// One block of threads where there is no block of the stream: it closes it all the same.
u32 grid_of(const FastTask& task) { return task.blocks == 0 ? 1U : task.blocks; }

}  // namespace

cudaError_t launch_pack_fast(const FastTask& task, u32 bytes, Way way, cudaStream_t stream) {
  return with_words(bytes, way, [&]<class W>(W) {
    return launch_kernel(pack_fast_kernel<W>, grid_of(task), fast_threads, sizeof(FastShared), stream, task);
  });
}

cudaError_t launch_unpack_fast(const FastTask& task, u32 bytes, Way way, cudaStream_t stream) {
  return with_words(bytes, way, [&]<class W>(W) {
    return launch_kernel(unpack_fast_kernel<W>, grid_of(task), fast_threads, sizeof(FastShared), stream, task);
  });
}

cudaError_t load_fast(u32 bytes, Way way) {
  return with_words(bytes, way, []<class W>(W) {
    const cudaError_t packing = load_kernel(pack_fast_kernel<W>, sizeof(FastShared));
    return packing != cudaSuccess ? packing : load_kernel(unpack_fast_kernel<W>, sizeof(FastShared));
  });
}

}  // namespace vramlab::padic::gpu
