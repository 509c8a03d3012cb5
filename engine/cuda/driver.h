#pragma once
// The driver calls that the runtime has no word for, found at run time: libcuda is never linked, so that the program
// starts where there is no driver.

#include <cuda.h>

#include <string>

namespace vramlab {

/// Virtual memory management, as in the CUDA driver API, section 6.14.
struct Driver {
  decltype(&::cuGetErrorName) error_name = nullptr;
  decltype(&::cuGetErrorString) error_string = nullptr;
  decltype(&::cuMemAddressReserve) address_reserve = nullptr;
  decltype(&::cuMemAddressFree) address_free = nullptr;
  decltype(&::cuMemCreate) create = nullptr;
  decltype(&::cuMemRelease) release = nullptr;
  decltype(&::cuMemMap) map = nullptr;
  decltype(&::cuMemUnmap) unmap = nullptr;
  decltype(&::cuMemSetAccess) set_access = nullptr;
  decltype(&::cuMemGetAllocationGranularity) granularity = nullptr;
};

/// Looked up once. Throws HardwareMissing where the driver is not there or too old.
const Driver& driver();

/// Throws DeviceError: the call's text, the error's name and meaning, then `detail`.
[[noreturn]] void throw_driver_error(CUresult error, const char* call, const std::string& detail);

/// Whether `error` says that there is no memory. `detail` is called on other failures only.
template <class Detail>
bool out_of_memory(CUresult error, const char* call, const Detail& detail) {
  if (error == CUDA_SUCCESS) return false;
  if (error != CUDA_ERROR_OUT_OF_MEMORY) throw_driver_error(error, call, detail());
  return true;
}

}  // namespace vramlab

/// `detail` (a std::string) is evaluated only where the call failed.
#define VRAMLAB_DRIVER_CHECK(call, detail)                                                  \
  do {                                                                                      \
    if (const CUresult vramlab_driver_error = (call); vramlab_driver_error != CUDA_SUCCESS) \
      ::vramlab::throw_driver_error(vramlab_driver_error, #call, (detail));                 \
  } while (false)
