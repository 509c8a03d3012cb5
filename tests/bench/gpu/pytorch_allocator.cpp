// The only file that sees PyTorch's headers.

#include <c10/cuda/CUDACachingAllocator.h>

#include "subjects.h"

namespace vramlab::bench {
namespace torch_allocator = c10::cuda::CUDACachingAllocator;

PytorchAllocator::PytorchAllocator(Bytes capacity) {
  static const bool initialised = [] {
    int gpus = 0;
    require(cudaGetDeviceCount(&gpus), "cudaGetDeviceCount");
    torch_allocator::init(gpus);
    return true;
  }();
  static_cast<void>(initialised);
  std::size_t free = 0, all = 0;
  require(cudaMemGetInfo(&free, &all), "cudaMemGetInfo");
  const double part = static_cast<double>(capacity.value) / static_cast<double>(all);
  torch_allocator::emptyCache();
  torch_allocator::setMemoryFraction(part < 1 ? part : 1, 0);
  torch_allocator::resetPeakStats(0);
}

PytorchAllocator::~PytorchAllocator() { torch_allocator::emptyCache(); }

void* PytorchAllocator::allocate(std::uint64_t bytes) {
  try {
    return torch_allocator::raw_alloc_with_stream(bytes, nullptr);
  } catch (const c10::Error&) {
    static_cast<void>(cudaGetLastError());
    return nullptr;
  }
}

void PytorchAllocator::free(void* pointer) { torch_allocator::raw_delete(pointer); }

std::optional<Bytes> PytorchAllocator::peak_reserved() const {
  const std::size_t all_pools = 0;
  return Bytes(static_cast<std::uint64_t>(torch_allocator::getDeviceStats(0).reserved_bytes[all_pools].peak));
}

}  // namespace vramlab::bench
