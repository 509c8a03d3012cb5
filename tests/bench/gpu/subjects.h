#pragma once
// What hands out memory of the GPU: ours over a pool, PyTorch's caching allocator, and CUDA's own two. Each serves one
// stream, the default one, on GPU 0; each begins empty and gives everything back at its end.

#include <cuda_runtime_api.h>

#include <cstdint>
#include <memory>
#include <optional>
#include <string>

#include "engine/core/registry.h"
#include "engine/cuda/cuda_device.h"
#include "engine/pool/allocator.h"

namespace vramlab::bench {

/// Throws DeviceError with the call's name.
void require(cudaError_t status, const char* call);

/// Our allocator over a pool, on the real device: addresses are pointers.
class OurAllocator {
 public:
  OurAllocator(const PoolInfo& pool, Bytes capacity);

  /// Null where there is no memory left.
  void* allocate(std::uint64_t bytes);
  void free(void* pointer) {
    allocator_->free(Address(reinterpret_cast<std::uint64_t>(pointer)));
    upkeep();
  }
  std::optional<Bytes> peak_reserved() const { return port_.peak_reserved(); }

 private:
  static constexpr std::uint32_t upkeep_every = 64;  // calls, while tokens are pending, as the PyTorch plug-in does

  void upkeep() {
    if (port_.tokens_issued() != reported_ && ++calls_ % upkeep_every == 0) [[unlikely]]
      reported_ += static_cast<std::uint32_t>(allocator_->poll(*device_));
  }

  const std::unique_ptr<CudaDevice> device_;
  DecisionLog log_;
  Port port_;
  const std::unique_ptr<Pool> pool_;
  std::unique_ptr<Allocator> allocator_;
  std::uint32_t reported_ = 0, calls_ = 0;
};

/// c10::cuda::CUDACachingAllocator, called as its raw interface: what a tensor costs in it besides is not counted.
class PytorchAllocator {
 public:
  explicit PytorchAllocator(Bytes capacity);
  ~PytorchAllocator();
  PytorchAllocator(const PytorchAllocator&) = delete;
  PytorchAllocator& operator=(const PytorchAllocator&) = delete;

  void* allocate(std::uint64_t bytes);
  void free(void* pointer);
  std::optional<Bytes> peak_reserved() const;
};

/// cudaMallocAsync on the device's default pool, which keeps what is freed.
class AsyncAllocator {
 public:
  explicit AsyncAllocator(Bytes capacity);
  ~AsyncAllocator();
  AsyncAllocator(const AsyncAllocator&) = delete;
  AsyncAllocator& operator=(const AsyncAllocator&) = delete;

  void* allocate(std::uint64_t bytes) {
    void* pointer = nullptr;
    if (cudaMallocAsync(&pointer, bytes, nullptr) == cudaSuccess) [[likely]]
      return pointer;
    static_cast<void>(cudaGetLastError());
    return nullptr;
  }
  void free(void* pointer) { require(cudaFreeAsync(pointer, nullptr), "cudaFreeAsync"); }
  std::optional<Bytes> peak_reserved() const;

 private:
  cudaMemPool_t pool_{};
};

/// cudaMalloc. What the driver reserves for it cannot be asked.
class PlainAllocator {
 public:
  explicit PlainAllocator(Bytes /*capacity*/) {}
  void* allocate(std::uint64_t bytes) {
    void* pointer = nullptr;
    if (cudaMalloc(&pointer, bytes) == cudaSuccess) [[likely]]
      return pointer;
    static_cast<void>(cudaGetLastError());
    return nullptr;
  }
  void free(void* pointer) { require(cudaFree(pointer), "cudaFree"); }
  std::optional<Bytes> peak_reserved() const { return std::nullopt; }
};

}  // namespace vramlab::bench
