#pragma once
// The kernels of the CUDA device. Read by nvcc: std and CUDA only.
//
// Bounds: fill writes, check reads and the operator reads or writes each byte once, 16 bytes a thread at a time with
// neighbouring threads at neighbouring addresses, by a grid of two blocks a multiprocessor: what limits them is the
// memory. Nothing here waits for the device; each function returns what the launch said.

#include <cuda_runtime_api.h>

#include <cstdint>
#include <span>

namespace vramlab::kernels {

/// Bytes of device memory, at any address and of any length.
struct Operand {
  void* at = nullptr;
  std::uint64_t bytes = 0;
};

/// What kernels leave behind, in device memory.
struct Findings {
  unsigned long long asked = 0;    ///< bytes of all operands of all operators
  unsigned long long touched = 0;  ///< of those, how many were read or written before their operator's time was over
  unsigned long long sink = 0;     ///< what the operators read comes to; no one reads it
  // The first check that failed, in order of `sequence`. INVARIANT: all below belongs to it alone.
  unsigned int lock = 0;
  unsigned int failed = 0;
  unsigned long long sequence = 0;
  unsigned long long tag = 0;
  unsigned long long first = 0;  ///< offset of the first wrong byte
  unsigned long long wrong = 0;  ///< wrong bytes
  unsigned int expected = 0;
  unsigned int found = 0;
};

/// Where kernels run, and what they report to.
struct Place {
  cudaStream_t stream = nullptr;
  std::uint32_t multiprocessors = 1;
  Findings* findings = nullptr;
};

/// How long an operator lasts, and what it does.
struct OperatorWork {
  std::uint64_t nanoseconds = 0;
  bool writes = true;       ///< it overwrites its outputs; else they are only counted
  bool to_the_end = false;  ///< it goes on until every byte is read, however long that takes
};

/// Reads all of `reads`, then writes all of `writes`, and ends when its time is over: neither before nor, unless it is
/// to the end, after. Lists too long for one launch become several, which share the time.
cudaError_t launch_operator(const Place& place, const OperatorWork& work, std::span<const Operand> reads,
                            std::span<const Operand> writes);

/// Byte i becomes pattern_byte(pattern, i).
cudaError_t launch_fill(const Place& place, const Operand& extent, std::uint64_t pattern);

/// Compares with what launch_fill wrote; a difference goes into the findings under `sequence`, a number that grows from
/// check to check, and `tag`.
cudaError_t launch_check(const Place& place, const Operand& extent, std::uint64_t pattern, std::uint64_t sequence,
                         std::uint64_t tag);

/// Puts all kernels on the current GPU. Else the first launch of each would, and wait for the work under way.
cudaError_t load_operators();
cudaError_t load_patterns();

/// Operands that one launch takes; parameters of a kernel end at 32764 bytes.
inline constexpr std::size_t most_operands = 1000;

}  // namespace vramlab::kernels
