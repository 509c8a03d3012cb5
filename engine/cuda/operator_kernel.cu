// The operator: reads its inputs, writes its outputs, and lasts as long as it is told.

#include <cuda_runtime.h>

#include <algorithm>

#include "engine/cuda/kernels.cuh"

namespace vramlab::kernels {
namespace {

template <unsigned capacity>
struct Operands {
  Operand list[capacity];
  unsigned reads;
  unsigned writes;
};

struct Limits {
  std::uint64_t nanoseconds;
  bool to_the_end;
  bool writes;
};

__device__ bool over(const Limits& limits, std::uint64_t start) {
  return !limits.to_the_end && global_timer() - start >= limits.nanoseconds;
}

__device__ unsigned mixed(const uint4& v) { return v.x ^ v.y ^ v.z ^ v.w; }

// Both return how many bytes this thread touched. What was read goes into `mix`.

__device__ std::uint64_t read_operand(const Operand& operand, unsigned turn, const Limits& limits, std::uint64_t start,
                                      unsigned& mix) {
  const Cut cut(operand);
  const Share share(turn);
  const uint4* const at = cut.vector();
  std::uint64_t touched = 0;
  if (share.first < cut.head + cut.tail) {
    mix ^= cut.begin[cut.loose(share.first)];
    ++touched;
  }
  std::uint64_t i = share.first;
  for (; i + (unrolled - 1) * share.step < cut.vectors; i += unrolled * share.step) {
    uint4 got[unrolled];
#pragma unroll
    for (unsigned k = 0; k < unrolled; ++k) got[k] = __ldcs(at + i + k * share.step);
#pragma unroll
    for (unsigned k = 0; k < unrolled; ++k) mix ^= mixed(got[k]);
    touched += unrolled * vector_bytes;
    if (over(limits, start)) return touched;
  }
  for (; i < cut.vectors; i += share.step) {
    mix ^= mixed(__ldcs(at + i));
    touched += vector_bytes;
  }
  return touched;
}

__device__ std::uint64_t write_operand(const Operand& operand, unsigned turn, const Limits& limits, std::uint64_t start,
                                       unsigned mix) {
  const Cut cut(operand);
  const Share share(turn);
  uint4* const at = cut.vector();
  const uint4 value = make_uint4(mix, ~mix, mix, ~mix);
  std::uint64_t touched = 0;
  if (share.first < cut.head + cut.tail) {
    cut.begin[cut.loose(share.first)] = static_cast<unsigned char>(mix);
    ++touched;
  }
  std::uint64_t i = share.first;
  for (; i + (unrolled - 1) * share.step < cut.vectors; i += unrolled * share.step) {
#pragma unroll
    for (unsigned k = 0; k < unrolled; ++k) __stcs(at + i + k * share.step, value);
    touched += unrolled * vector_bytes;
    if (over(limits, start)) return touched;
  }
  for (; i < cut.vectors; i += share.step) {
    __stcs(at + i, value);
    touched += vector_bytes;
  }
  return touched;
}

// The whole block's bytes into the findings, by one atomic a block.
__device__ void report(std::uint64_t touched, unsigned mix, Findings* findings) {
  __shared__ unsigned long long total;
  if (threadIdx.x == 0) total = 0;
  __syncthreads();
  for (unsigned lanes = 16; lanes != 0; lanes /= 2) touched += __shfl_down_sync(~0u, touched, lanes);
  if (threadIdx.x % 32 == 0) atomicAdd(&total, touched);
  __syncthreads();
  if (threadIdx.x == 0 && total != 0) atomicAdd(&findings->touched, total);
  // True once in four thousand million times; the compiler cannot know, and so has to read all operands.
  if (mix == 0x5EED0B57u) atomicXor(&findings->sink, mix);
}

template <unsigned capacity>
__global__ void __launch_bounds__(threads_per_block, blocks_per_multiprocessor)
    run_operator(const __grid_constant__ Operands<capacity> operands, Limits limits, std::uint64_t asked,
                 Findings* findings) {
  const std::uint64_t start = global_timer();
  unsigned mix = threadIdx.x;
  std::uint64_t touched = 0;
  for (unsigned k = 0; k < operands.reads; ++k) {
    if (k != 0 && over(limits, start)) break;
    touched += read_operand(operands.list[k], k, limits, start, mix);
  }
  for (unsigned k = operands.reads; limits.writes && k < operands.reads + operands.writes; ++k) {
    if (k != 0 && over(limits, start)) break;
    touched += write_operand(operands.list[k], k, limits, start, mix);
  }
  if (asked != 0) report(touched, mix, findings);
  if (threadIdx.x != 0) return;
  if (blockIdx.x == 0 && asked != 0) atomicAdd(&findings->asked, asked);
  while (global_timer() - start < limits.nanoseconds) {
  }
}

template <unsigned capacity>
cudaError_t launch_with(const Place& place, Limits limits, std::span<const Operand> reads,
                        std::span<const Operand> writes) {
  Operands<capacity> operands;
  std::copy(writes.begin(), writes.end(), std::copy(reads.begin(), reads.end(), operands.list));
  operands.reads = static_cast<unsigned>(reads.size());
  operands.writes = static_cast<unsigned>(writes.size());
  std::uint64_t asked = 0;
  for (const Operand& o : reads) asked += o.bytes;
  if (limits.writes)
    for (const Operand& o : writes) asked += o.bytes;
  return launch(run_operator<capacity>, blocks_for(asked, place.multiprocessors), place, operands, limits, asked,
                place.findings);
}

cudaError_t launch_once(const Place& place, const Limits& limits, std::span<const Operand> reads,
                        std::span<const Operand> writes) {
  const std::size_t count = reads.size() + writes.size();
  if (count <= 8) return launch_with<8>(place, limits, reads, writes);
  if (count <= 64) return launch_with<64>(place, limits, reads, writes);
  return launch_with<most_operands>(place, limits, reads, writes);
}

}  // namespace

cudaError_t load_operators() { return load(run_operator<8>, run_operator<64>, run_operator<most_operands>); }

cudaError_t launch_operator(const Place& place, const OperatorWork& work, std::span<const Operand> reads,
                            std::span<const Operand> writes) {
  Limits limits{work.nanoseconds, work.to_the_end, work.writes};
  std::size_t launches = std::max<std::size_t>(1, (reads.size() + writes.size() + most_operands - 1) / most_operands);
  std::uint64_t left = work.nanoseconds;
  for (; launches != 0; --launches) {
    const std::span<const Operand> some = reads.first(std::min(reads.size(), most_operands));
    const std::span<const Operand> others = writes.first(std::min(writes.size(), most_operands - some.size()));
    limits.nanoseconds = left / launches;
    left -= limits.nanoseconds;
    if (const cudaError_t error = launch_once(place, limits, some, others); error != cudaSuccess) return error;
    reads = reads.subspan(some.size());
    writes = writes.subspan(others.size());
  }
  return cudaSuccess;
}

}  // namespace vramlab::kernels
