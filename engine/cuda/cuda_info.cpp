#include "engine/cuda/cuda_info.h"

#include <cuda_runtime_api.h>
#include <fmt/format.h>

#include <algorithm>
#include <fstream>
#include <iterator>

#include "engine/core/error.h"
#include "engine/cuda/cuda_check.h"
#include "engine/cuda/current_device.h"
#include "engine/cuda/driver.h"

namespace vramlab {
namespace {

constexpr std::string_view digits_and_dots = "0123456789.";

std::string cuda_version(int version) { return fmt::format("CUDA {}.{}", version / 1000, version % 1000 / 10); }

std::string driver_text() {
  std::ifstream in("/proc/driver/nvidia/version");
  std::string found = driver_version_in({std::string(std::istreambuf_iterator<char>(in), {})});
  if (!found.empty()) return found;
  int version = 0;
  VRAMLAB_CUDA_CHECK(cudaDriverGetVersion(&version));
  return cuda_version(version);
}

std::string runtime_text() {
  int version = 0;
  VRAMLAB_CUDA_CHECK(cudaRuntimeGetVersion(&version));
  return cuda_version(version);
}

std::vector<int> peers_of(int ordinal, int count) {
  std::vector<int> peers;
  for (int other = 0; other < count; ++other) {
    int reaches = 0;
    if (other != ordinal) VRAMLAB_CUDA_CHECK(cudaDeviceCanAccessPeer(&reaches, ordinal, other));
    if (reaches != 0) peers.push_back(other);
  }
  return peers;
}

Bytes granularity_of(int ordinal) {
  CUmemAllocationProp properties{};
  properties.type = CU_MEM_ALLOCATION_TYPE_PINNED;
  properties.location = {CU_MEM_LOCATION_TYPE_DEVICE, ordinal};
  std::size_t granularity = 0;
  VRAMLAB_DRIVER_CHECK(driver().granularity(&granularity, &properties, CU_MEM_ALLOC_GRANULARITY_MINIMUM),
                       fmt::format("GPU {}", ordinal));
  return Bytes(granularity);
}

}  // namespace

std::string driver_version_in(std::string_view text) {
  std::size_t begin = 0;
  while (begin < text.size()) {
    const std::size_t end = std::min(text.find_first_of(" \t\n", begin), text.size());
    const std::string_view word = text.substr(begin, end - begin);
    if (word.find('.') != std::string_view::npos && word.find_first_not_of(digits_and_dots) == std::string_view::npos)
      return std::string(word);
    begin = end + 1;
  }
  return {};
}

int cuda_device_count() {
  int count = 0;
  const cudaError_t error = cudaGetDeviceCount(&count);
  static_cast<void>(cudaGetLastError());
  if (error != cudaSuccess)
    throw HardwareMissing(fmt::format("no CUDA device: cudaGetDeviceCount says {}", cudaGetErrorString(error)), {},
                          "use --device sim");
  if (count == 0) throw HardwareMissing("no CUDA device: the driver knows none", {}, "use --device sim");
  return count;
}

CudaInfo describe_cuda_device(int ordinal) {
  const CurrentDevice current(ordinal);
  cudaDeviceProp properties{};
  VRAMLAB_CUDA_CHECK(cudaGetDeviceProperties(&properties, ordinal));
  std::size_t free = 0;
  std::size_t total = 0;
  VRAMLAB_CUDA_CHECK(cudaMemGetInfo(&free, &total));
  return {.ordinal = ordinal,
          .name = properties.name,
          .memory = Bytes(total),
          .free = Bytes(free),
          .page_granularity = granularity_of(ordinal),
          .multiprocessors = static_cast<std::uint32_t>(properties.multiProcessorCount),
          .driver = driver_text(),
          .runtime = runtime_text(),
          .peers = peers_of(ordinal, cuda_device_count())};
}

std::vector<CudaInfo> cuda_devices() {
  std::vector<CudaInfo> devices;
  const int count = cuda_device_count();
  for (int ordinal = 0; ordinal < count; ++ordinal) devices.push_back(describe_cuda_device(ordinal));
  return devices;
}

}  // namespace vramlab
