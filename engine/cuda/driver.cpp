#include "engine/cuda/driver.h"

#include <cuda_runtime_api.h>
#include <fmt/format.h>

#include <bit>

#include "engine/core/error.h"

namespace vramlab {
namespace {

// The version of CUDA whose signatures the declarations above are.
constexpr unsigned signatures_of = 12000;

template <class Function>
void find(Function& function, const char* name) {
  void* address = nullptr;
  cudaDriverEntryPointQueryResult found{};
  const cudaError_t error = cudaGetDriverEntryPointByVersion(name, &address, signatures_of, cudaEnableDefault, &found);
  if (error != cudaSuccess || found != cudaDriverEntryPointSuccess || address == nullptr) {
    static_cast<void>(cudaGetLastError());
    throw HardwareMissing(fmt::format("the CUDA driver has no {}: {}", name, cudaGetErrorString(error)), {},
                          "install a driver of CUDA 12 or newer, or use --device sim");
  }
  function = std::bit_cast<Function>(address);
}

Driver find_all() {
  Driver driver;
  find(driver.error_name, "cuGetErrorName");
  find(driver.error_string, "cuGetErrorString");
  find(driver.address_reserve, "cuMemAddressReserve");
  find(driver.address_free, "cuMemAddressFree");
  find(driver.create, "cuMemCreate");
  find(driver.release, "cuMemRelease");
  find(driver.map, "cuMemMap");
  find(driver.unmap, "cuMemUnmap");
  find(driver.set_access, "cuMemSetAccess");
  find(driver.granularity, "cuMemGetAllocationGranularity");
  return driver;
}

}  // namespace

const Driver& driver() {
  static const Driver found = find_all();
  return found;
}

void throw_driver_error(CUresult error, const char* call, const std::string& detail) {
  const char* name = "unknown error";
  const char* meaning = "";
  static_cast<void>(driver().error_name(error, &name));
  static_cast<void>(driver().error_string(error, &meaning));
  throw DeviceError(fmt::format("{} failed: {} ({}); {}", call, name, meaning, detail));
}

}  // namespace vramlab
