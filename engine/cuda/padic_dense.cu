// The kernels of `dense` streams.

#include "engine/cuda/padic_dense_pack.cuh"
#include "engine/cuda/padic_dense_unpack.cuh"
#include "engine/cuda/padic_launch.cuh"

namespace vramlab::padic::gpu {
namespace {

template <class Shared>
__device__ Shared& shared_memory() {
  extern __shared__ __align__(1024) uint4 memory[];
  return *reinterpret_cast<Shared*>(memory);
}

template <class W>
__global__ void __launch_bounds__(dense_threads, counting_blocks)
    count_heads_kernel(const __grid_constant__ DenseTask task) {
  count_heads<W>(task, shared_memory<CountShared<W>>());
}
template <class W, bool sampled>
__global__ void __launch_bounds__(dense_threads, counting_blocks)
    count_digits_kernel(const __grid_constant__ DenseTask task) {
  count_digits<W, sampled>(task, shared_memory<DigitShared<W>>());
}
__global__ void __launch_bounds__(dense_threads, 1) make_heads_kernel(const __grid_constant__ DenseTask task) {
  make_heads(task, shared_memory<TableShared>());
}
__global__ void __launch_bounds__(dense_threads, 1) choose_planes_kernel(const __grid_constant__ DenseTask task) {
  choose_planes(task, shared_memory<TableShared>());
}
__global__ void __launch_bounds__(dense_threads, 1) make_planes_kernel(const __grid_constant__ DenseTask task) {
  make_planes(task, shared_memory<TableShared>());
}
template <class W>
__global__ void __launch_bounds__(dense_threads, packing_blocks)
    pack_dense_kernel(const __grid_constant__ DenseTask task) {
  pack_dense<W>(task, shared_memory<DensePackShared<W>>());
}
template <class W>
__global__ void __launch_bounds__(unpacking_threads, 1) unpack_dense_kernel(const __grid_constant__ DenseTask task) {
  unpack_dense<W>(task, shared_memory<DenseUnpackShared>());
}

/// Launches one kernel after the other, until one does not start.
struct Sequence {
  const DenseTask& task;
  cudaStream_t stream;
  cudaError_t error = cudaSuccess;

  template <class Shared>
  void add(void (*kernel)(DenseTask), u32 blocks) {
    if (error == cudaSuccess) error = launch_kernel(kernel, blocks, dense_threads, sizeof(Shared), stream, task);
  }
};

/// The first of several loads that fails.
template <class... Errors>
cudaError_t first_of(Errors... errors) {
  cudaError_t first = cudaSuccess;
  static_cast<void>(((first == cudaSuccess ? void(first = errors) : void()), ...));
  return first;
}

}  // namespace

cudaError_t launch_pack_dense(const DenseTask& task, u32 bytes, Way way, cudaStream_t stream) {
  return with_words(bytes, way, [&]<class W>(W) {
    Sequence sequence{task, stream};
    sequence.add<CountShared<W>>(count_heads_kernel<W>, task.count_grid);
    sequence.add<TableShared>(make_heads_kernel, 1);
    sequence.add<DigitShared<W>>(count_digits_kernel<W, true>, task.count_grid);
    sequence.add<TableShared>(choose_planes_kernel, 1);
    sequence.add<DigitShared<W>>(count_digits_kernel<W, false>, task.count_grid);
    sequence.add<TableShared>(make_planes_kernel, 1);
    sequence.add<DensePackShared<W>>(pack_dense_kernel<W>, packing_blocks * task.grid);
    return sequence.error;
  });
}

cudaError_t launch_unpack_dense(const DenseTask& task, u32 bytes, Way way, cudaStream_t stream) {
  return with_words(bytes, way, [&]<class W>(W) {
    return launch_kernel(unpack_dense_kernel<W>, task.grid, unpacking_threads, sizeof(DenseUnpackShared), stream, task);
  });
}

cudaError_t load_dense(u32 bytes, Way way) {
  return with_words(bytes, way, []<class W>(W) {
    return first_of(load_kernel(count_heads_kernel<W>, sizeof(CountShared<W>)),
                    load_kernel(count_digits_kernel<W, true>, sizeof(DigitShared<W>)),
                    load_kernel(count_digits_kernel<W, false>, sizeof(DigitShared<W>)),
                    load_kernel(make_heads_kernel, sizeof(TableShared)),
                    load_kernel(choose_planes_kernel, sizeof(TableShared)),
                    load_kernel(make_planes_kernel, sizeof(TableShared)),
                    load_kernel(pack_dense_kernel<W>, sizeof(DensePackShared<W>)),
                    load_kernel(unpack_dense_kernel<W>, sizeof(DenseUnpackShared)));
  });
}

}  // namespace vramlab::padic::gpu
