#pragma once
// What the driver says of the GPUs.

#include <string>
#include <string_view>

#include "engine/cuda/cuda_device.h"

namespace vramlab {

/// How many GPUs there are. Throws HardwareMissing, in one line, where there is none or no driver for this program.
int cuda_device_count();

/// REQUIRES: ordinal < cuda_device_count(). Makes the primary context of that GPU.
CudaInfo describe_cuda_device(int ordinal);

/// The version in the text of /proc/driver/nvidia/version: "580.159.04"; "" where there is none.
std::string driver_version_in(std::string_view text);

}  // namespace vramlab
