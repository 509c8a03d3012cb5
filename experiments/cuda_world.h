#pragma once
// The GPU of `--device cuda`. In a build without CUDA there is none: every function throws HardwareMissing.

#include <memory>
#include <string>

#include "engine/core/types.h"
#include "engine/device/device.h"
#include "experiments/tensor_packer.h"

namespace vramlab {

struct CudaWorld {
  std::string name;
  Bytes memory{};
};

/// Throws HardwareMissing, in one line, where there is no GPU that this program can use.
CudaWorld cuda_world();
/// With a peer: the first GPU whose memory it can reach is the peer tier. Throws HardwareMissing and DeviceError.
std::unique_ptr<RunnableDevice> make_cuda(bool with_peer);
/// Packs tensors in the memory of GPU 0 (cuda_packer.cpp); its runs throw DeviceError too. Throws HardwareMissing.
std::unique_ptr<TensorPacker> make_cuda_packer();

}  // namespace vramlab
