#include "subjects.h"

#include "engine/core/error.h"

namespace vramlab::bench {

void require(cudaError_t status, const char* call) {
  if (status != cudaSuccess) throw DeviceError(std::string(call) + ": " + cudaGetErrorString(status));
}

namespace {

CudaOptions quiet() {
  CudaOptions options;
  options.ranges_for_profilers = false;
  return options;
}

}  // namespace

OurAllocator::OurAllocator(const PoolInfo& pool, Bytes capacity)
    : device_(make_cuda_device(quiet())), port_(*device_, log_, capacity), pool_([&] {
        port_.use_device_addresses(*device_);
        device_->use_stream(StreamId(0), nullptr);
        return pool.make(port_, OptionValues(pool.name, pool.options), {.device_memory = device_->info().memory});
      }()) {
  allocator_ = std::make_unique<Allocator>(*pool_, port_);
  allocator_->attach_run(*device_);
}

void* OurAllocator::allocate(std::uint64_t bytes) {
  try {
    const Address address = allocator_->allocate(Bytes(bytes), StreamId(0));
    upkeep();
    return reinterpret_cast<void*>(address.value);  // NOLINT(performance-no-int-to-ptr): the device gave it
  } catch (const OutOfMemory&) {
    return nullptr;
  }
}

AsyncAllocator::AsyncAllocator(Bytes /*capacity*/) {
  require(cudaDeviceGetDefaultMemPool(&pool_, 0), "cudaDeviceGetDefaultMemPool");
  std::uint64_t keep = ~std::uint64_t{0}, none = 0;
  require(cudaMemPoolSetAttribute(pool_, cudaMemPoolAttrReleaseThreshold, &keep), "cudaMemPoolSetAttribute");
  require(cudaMemPoolSetAttribute(pool_, cudaMemPoolAttrReservedMemHigh, &none), "cudaMemPoolSetAttribute");
}

AsyncAllocator::~AsyncAllocator() {
  static_cast<void>(cudaStreamSynchronize(nullptr));
  static_cast<void>(cudaMemPoolTrimTo(pool_, 0));
}

std::optional<Bytes> AsyncAllocator::peak_reserved() const {
  std::uint64_t peak = 0;
  require(cudaMemPoolGetAttribute(pool_, cudaMemPoolAttrReservedMemHigh, &peak), "cudaMemPoolGetAttribute");
  return Bytes(peak);
}

}  // namespace vramlab::bench
