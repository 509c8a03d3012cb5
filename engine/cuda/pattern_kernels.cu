// Writing patterns and comparing with them.

#include <cuda_runtime.h>

#include "engine/cuda/kernels.cuh"
#include "engine/device/pattern.h"

namespace vramlab::kernels {
namespace {

// Sixteen bytes of a pattern from byte `offset` on. `shifted`: the offset is no multiple of 8, which costs a third
// word. The same for all of an extent.
template <bool shifted>
__device__ ulonglong2 pattern_vector(std::uint64_t pattern, std::uint64_t offset) {
  const std::uint64_t word = offset / 8;
  const std::uint64_t a = pattern_word(pattern, word);
  const std::uint64_t b = pattern_word(pattern, word + 1);
  if constexpr (!shifted) return make_ulonglong2(a, b);
  const std::uint64_t c = pattern_word(pattern, word + 2);
  const unsigned bits = static_cast<unsigned>(offset % 8 * 8);
  return make_ulonglong2(a >> bits | b << (64 - bits), b >> bits | c << (64 - bits));
}

// A thread's part of one check.
struct Wrong {
  std::uint64_t first = ~std::uint64_t{0};
  std::uint64_t bytes = 0;

  __device__ void add(std::uint64_t offset) {
    first = offset < first ? offset : first;
    ++bytes;
  }
  __device__ void compare(std::uint64_t found, std::uint64_t expected, std::uint64_t offset) {
    for (std::uint64_t different = found ^ expected; different != 0; different >>= 8, ++offset)
      if ((different & 0xFF) != 0) add(offset);
  }
};

template <bool shifted>
__global__ void __launch_bounds__(threads_per_block, blocks_per_multiprocessor)
    fill_pattern(Operand extent, std::uint64_t pattern) {
  const Cut cut(extent);
  const Share share;
  if (share.first < cut.head + cut.tail) {
    const std::uint64_t offset = cut.loose(share.first);
    cut.begin[offset] = pattern_byte(pattern, offset);
  }
  ulonglong2* const at = reinterpret_cast<ulonglong2*>(cut.vector());
#pragma unroll 4
  for (std::uint64_t i = share.first; i < cut.vectors; i += share.step)
    at[i] = pattern_vector<shifted>(pattern, cut.head + i * vector_bytes);
}

__device__ void merge(Findings* findings, std::uint64_t sequence, std::uint64_t tag, const Wrong& wrong,
                      std::uint8_t expected, std::uint8_t found) {
  // One thread a block comes here, only for a failed check, and whoever holds the lock is running: it ends.
  while (atomicCAS(&findings->lock, 0u, 1u) != 0u) __nanosleep(100);
  __threadfence();
  volatile Findings* const f = findings;
  if (f->failed == 0 || sequence < f->sequence) {
    f->failed = 1;
    f->sequence = sequence;
    f->tag = tag;
    f->first = ~0ull;
    f->wrong = 0;
  }
  if (f->sequence == sequence) {
    f->wrong = f->wrong + wrong.bytes;
    if (wrong.first < f->first) {
      f->first = wrong.first;
      f->expected = expected;
      f->found = found;
    }
  }
  __threadfence();
  atomicExch(&findings->lock, 0u);
}

// All threads of the block come here, with what each found.
__device__ void report(const Cut& cut, std::uint64_t pattern, const Wrong& mine, Findings* findings,
                       std::uint64_t sequence, std::uint64_t tag) {
  if (__syncthreads_or(mine.bytes != 0) == 0) return;
  __shared__ unsigned long long first, bytes;
  if (threadIdx.x == 0) {
    first = ~0ull;
    bytes = 0;
  }
  __syncthreads();
  if (mine.bytes != 0) {
    atomicMin(&first, mine.first);
    atomicAdd(&bytes, mine.bytes);
  }
  __syncthreads();
  if (threadIdx.x != 0) return;
  Wrong all;
  all.first = first;
  all.bytes = bytes;
  merge(findings, sequence, tag, all, pattern_byte(pattern, all.first), cut.begin[all.first]);
}

// Vectors i, i + step, ...: all are asked for before any is compared, and one branch decides for all, so that the
// arithmetic of the pattern hides behind the memory.
template <bool shifted, unsigned count>
__device__ void check_vectors(const ulonglong2* at, std::uint64_t i, std::uint64_t step, std::uint64_t head,
                              std::uint64_t pattern, Wrong& wrong) {
  ulonglong2 found[count];
#pragma unroll
  for (unsigned k = 0; k < count; ++k) found[k] = __ldcs(at + i + k * step);
  std::uint64_t different = 0;
#pragma unroll
  for (unsigned k = 0; k < count; ++k) {
    const ulonglong2 expected = pattern_vector<shifted>(pattern, head + (i + k * step) * vector_bytes);
    different |= (found[k].x ^ expected.x) | (found[k].y ^ expected.y);
  }
  if (different == 0) return;
#pragma unroll
  for (unsigned k = 0; k < count; ++k) {
    const std::uint64_t offset = head + (i + k * step) * vector_bytes;
    const ulonglong2 expected = pattern_vector<shifted>(pattern, offset);
    wrong.compare(found[k].x, expected.x, offset);
    wrong.compare(found[k].y, expected.y, offset + 8);
  }
}

template <bool shifted>
__global__ void __launch_bounds__(threads_per_block, blocks_per_multiprocessor)
    check_pattern(Operand extent, std::uint64_t pattern, std::uint64_t sequence, std::uint64_t tag,
                  Findings* findings) {
  const Cut cut(extent);
  const Share share;
  Wrong wrong;
  if (share.first < cut.head + cut.tail) {
    const std::uint64_t offset = cut.loose(share.first);
    if (cut.begin[offset] != pattern_byte(pattern, offset)) wrong.add(offset);
  }
  const ulonglong2* const at = reinterpret_cast<const ulonglong2*>(cut.vector());
  std::uint64_t i = share.first;
  for (; i + (unrolled - 1) * share.step < cut.vectors; i += unrolled * share.step)
    check_vectors<shifted, unrolled>(at, i, share.step, cut.head, pattern, wrong);
  for (; i < cut.vectors; i += share.step) check_vectors<shifted, 1>(at, i, share.step, cut.head, pattern, wrong);
  report(cut, pattern, wrong, findings, sequence, tag);
}

// An address that is a multiple of 8 has its vectors at offsets that are.
bool is_shifted(const Operand& extent) { return reinterpret_cast<std::uint64_t>(extent.at) % 8 != 0; }

}  // namespace

cudaError_t load_patterns() {
  return load(fill_pattern<false>, fill_pattern<true>, check_pattern<false>, check_pattern<true>);
}

cudaError_t launch_fill(const Place& place, const Operand& extent, std::uint64_t pattern) {
  const unsigned blocks = blocks_for(extent.bytes, place.multiprocessors);
  const auto kernel = is_shifted(extent) ? fill_pattern<true> : fill_pattern<false>;
  return launch(kernel, blocks, place, extent, pattern);
}

cudaError_t launch_check(const Place& place, const Operand& extent, std::uint64_t pattern, std::uint64_t sequence,
                         std::uint64_t tag) {
  const unsigned blocks = blocks_for(extent.bytes, place.multiprocessors);
  const auto kernel = is_shifted(extent) ? check_pattern<true> : check_pattern<false>;
  return launch(kernel, blocks, place, extent, pattern, sequence, tag, place.findings);
}

}  // namespace vramlab::kernels
