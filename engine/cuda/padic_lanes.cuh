#pragma once
// What the codec's kernels ask of a GPU, in a handful of functions. A compiler other than nvcc sees declarations alone:
// tests define them by threads that take turns on the CPU, so that the kernels' own text runs there, under sanitizers.
//
// Collectives are of whole warps: every lane takes part, always.

#include <cstdint>

#include "engine/core/host_device.h"
#include "engine/cuda/padic_tasks.h"

namespace vramlab::padic::gpu {

inline constexpr u32 warp_lanes = 32;

struct alignas(16) Vector {
  u32 part[4];
};

#ifdef __CUDACC__
#define VRAMLAB_LANE __device__ __forceinline__
#define VRAMLAB_PRAGMA(text) _Pragma(#text)
#define VRAMLAB_UNROLL VRAMLAB_PRAGMA(unroll)
#define VRAMLAB_UNROLL_BY(count) VRAMLAB_PRAGMA(unroll count)

inline constexpr u32 whole_warp = 0xFFFFFFFFU;

VRAMLAB_LANE u32 thread_index() { return threadIdx.x; }
VRAMLAB_LANE u32 block_threads() { return blockDim.x; }
VRAMLAB_LANE u32 block_index() { return blockIdx.x; }
VRAMLAB_LANE u32 grid_blocks() { return gridDim.x; }
VRAMLAB_LANE void sync_block() { __syncthreads(); }
VRAMLAB_LANE void sync_warp() { __syncwarp(); }
VRAMLAB_LANE u32 shuffle(u32 value, u32 source) { return __shfl_sync(whole_warp, value, static_cast<int>(source)); }
VRAMLAB_LANE u32 ballot(bool vote) { return __ballot_sync(whole_warp, vote); }
VRAMLAB_LANE u32 warp_sum(u32 value) { return __reduce_add_sync(whole_warp, value); }
VRAMLAB_LANE u32 warp_least(u32 value) { return __reduce_min_sync(whole_warp, value); }
VRAMLAB_LANE u32 warp_most(u32 value) { return __reduce_max_sync(whole_warp, value); }
VRAMLAB_LANE u32 warp_or(u32 value) { return __reduce_or_sync(whole_warp, value); }
VRAMLAB_LANE u32 popcount(u32 value) { return static_cast<u32>(__popc(value)); }
VRAMLAB_LANE u32 lowest_bit(u32 value) { return static_cast<u32>(__ffs(static_cast<int>(value))) - 1U; }
VRAMLAB_LANE u32 bytes_of(u32 a, u32 b, u32 selector) { return __byte_perm(a, b, selector); }
VRAMLAB_LANE u32 product_high(u32 a, u32 b) { return __umulhi(a, b); }
VRAMLAB_LANE u32 atomic_add(u32* at, u32 value) { return atomicAdd(at, value); }
VRAMLAB_LANE u64 atomic_add(u64* at, u64 value) {
  return atomicAdd(reinterpret_cast<unsigned long long*>(at), static_cast<unsigned long long>(value));
}
VRAMLAB_LANE void atomic_or(u32* at, u32 value) { atomicOr(at, value); }
VRAMLAB_LANE u64 load_shared_state(const u64* at) { return *reinterpret_cast<const volatile u64*>(at); }
VRAMLAB_LANE u32 load_shared_state(const u32* at) { return *reinterpret_cast<const volatile u32*>(at); }
VRAMLAB_LANE void store_shared_state(u64* at, u64 value) { *reinterpret_cast<volatile u64*>(at) = value; }
VRAMLAB_LANE void fence() { __threadfence(); }
VRAMLAB_LANE void pause() { __nanosleep(20); }
#else
#define VRAMLAB_LANE inline
#define VRAMLAB_UNROLL
#define VRAMLAB_UNROLL_BY(count)

u32 thread_index();
u32 block_threads();
u32 block_index();
u32 grid_blocks();
void sync_block();
void sync_warp();
u32 shuffle(u32 value, u32 source);
u32 ballot(bool vote);
u32 warp_sum(u32 value);
u32 warp_least(u32 value);
u32 warp_most(u32 value);
u32 warp_or(u32 value);
void pause();

inline u32 popcount(u32 value) { return static_cast<u32>(__builtin_popcount(value)); }
inline u32 lowest_bit(u32 value) { return static_cast<u32>(__builtin_ctz(value)); }
inline u32 bytes_of(u32 a, u32 b, u32 selector) {
  const u64 both = static_cast<u64>(b) << 32 | a;
  u32 result = 0;
  for (u32 i = 0; i < 4; ++i) result |= static_cast<u32>(both >> (selector >> 4 * i & 7U) * 8 & 0xFFU) << 8 * i;
  return result;
}
inline u32 product_high(u32 a, u32 b) { return static_cast<u32>(static_cast<u64>(a) * b >> 32); }
inline u32 atomic_add(u32* at, u32 value) { return (*at += value) - value; }
inline u64 atomic_add(u64* at, u64 value) { return (*at += value) - value; }
inline void atomic_or(u32* at, u32 value) { *at |= value; }
inline u64 load_shared_state(const u64* at) { return *at; }
inline u32 load_shared_state(const u32* at) { return *at; }
inline void store_shared_state(u64* at, u64 value) { *at = value; }
inline void fence() {}
#endif

VRAMLAB_LANE u32 lane_index() { return thread_index() % warp_lanes; }
VRAMLAB_LANE u32 warp_index() { return thread_index() / warp_lanes; }
VRAMLAB_LANE u32 lanes_below() { return (1U << lane_index()) - 1U; }

VRAMLAB_LANE u32 smaller(u32 a, u32 b) { return a < b ? a : b; }
VRAMLAB_LANE u32 larger(u32 a, u32 b) { return a > b ? a : b; }

/// value << count % 32 and value >> count % 32, an instruction each.
VRAMLAB_LANE u32 wrapped_left(u32 value, u32 count) {
#ifdef __CUDA_ARCH__
  return __funnelshift_l(0U, value, count);
#else
  return value << count % 32;
#endif
}
VRAMLAB_LANE u32 wrapped_right(u32 value, u32 count) {
#ifdef __CUDA_ARCH__
  return __funnelshift_r(value, 0U, count);
#else
  return value >> count % 32;
#endif
}

/// The sum over the lanes below.
VRAMLAB_LANE u32 sum_below(u32 value) {
  u32 sum = value;
  for (u32 step = 1; step < warp_lanes; step *= 2) {
    const u32 lower = shuffle(sum, (lane_index() - step) % warp_lanes);
    if (lane_index() >= step) sum += lower;
  }
  return sum - value;
}

}  // namespace vramlab::padic::gpu
