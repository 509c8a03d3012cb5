// The kernels of `fast` streams.

#include "engine/cuda/padic_fast_pack.cuh"
#include "engine/cuda/padic_fast_unpack.cuh"
#include "engine/cuda/padic_launch.cuh"

namespace vramlab::padic::gpu {
namespace {

template <class Shared>
__device__ Shared& shared_memory() {
  extern __shared__ uint4 memory[];
  return *reinterpret_cast<Shared*>(memory);
}

template <class W>
__global__ void __launch_bounds__(fast_pack_threads, fast_pack_blocks)
    pack_fast_kernel(const __grid_constant__ FastTask task) {
  pack_fast<W>(task, shared_memory<FastPackShared>());
}

template <class W>
__global__ void __launch_bounds__(fast_unpack_threads, fast_unpack_blocks)
    unpack_fast_kernel(const __grid_constant__ FastTask task) {
  unpack_fast<W>(task, shared_memory<FastUnpackShared>());
}

}  // namespace

cudaError_t launch_pack_fast(const FastTask& task, u32 bytes, Way way, cudaStream_t stream) {
  const u32 grid = task.blocks == 0 ? 1U : task.blocks;  // without a block of the stream it is closed all the same
  return with_words(bytes, way, [&]<class W>(W) {
    return launch_kernel(pack_fast_kernel<W>, grid, fast_pack_threads, sizeof(FastPackShared), stream, task);
  });
}

cudaError_t launch_unpack_fast(const FastTask& task, u32 bytes, Way way, cudaStream_t stream) {
  return with_words(bytes, way, [&]<class W>(W) {
    return launch_kernel(unpack_fast_kernel<W>, task.unpack_grid, fast_unpack_threads, sizeof(FastUnpackShared), stream,
                         task);
  });
}

cudaError_t load_fast(u32 bytes, Way way) {
  return with_words(bytes, way, []<class W>(W) {
    const cudaError_t packing = load_kernel(pack_fast_kernel<W>, sizeof(FastPackShared));
    return packing != cudaSuccess ? packing : load_kernel(unpack_fast_kernel<W>, sizeof(FastUnpackShared));
  });
}

}  // namespace vramlab::padic::gpu
