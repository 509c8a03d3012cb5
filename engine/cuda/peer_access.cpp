#include "engine/cuda/peer_access.h"

#include <cuda_runtime_api.h>
#include <fmt/format.h>

#include "engine/core/error.h"
#include "engine/cuda/cuda_check.h"
#include "engine/cuda/current_device.h"

namespace vramlab {
namespace {

void require_reach(int from, int to) {
  int reaches = 0;
  if (from != to) VRAMLAB_CUDA_CHECK(cudaDeviceCanAccessPeer(&reaches, from, to));
  if (reaches == 0)
    throw DeviceError(fmt::format("GPU {} cannot reach the memory of GPU {}", from, to), {},
                      from == to ? "the peer must be another GPU" : "choose a peer that it can reach");
}

// Whether it was not enabled before.
bool enable(int from, int to) {
  const CurrentDevice current(from);
  const cudaError_t error = cudaDeviceEnablePeerAccess(to, 0);
  if (error == cudaErrorPeerAccessAlreadyEnabled) {
    static_cast<void>(cudaGetLastError());
    return false;
  }
  VRAMLAB_CUDA_CHECK_WITH(error, fmt::format("cudaDeviceEnablePeerAccess from GPU {} to GPU {}", from, to));
  return true;
}

void disable_one(int from, int to) noexcept {
  int before = 0;
  static_cast<void>(cudaGetDevice(&before));
  static_cast<void>(cudaSetDevice(from));
  static_cast<void>(cudaDeviceDisablePeerAccess(to));
  static_cast<void>(cudaSetDevice(before));
}

}  // namespace

PeerAccess::PeerAccess(int device, std::optional<int> peer) : device_(device), peer_(peer.value_or(device)) {
  if (!peer) return;
  require_reach(device_, peer_);
  require_reach(peer_, device_);
  there_ = enable(device_, peer_);
  try {
    back_ = enable(peer_, device_);
  } catch (...) {
    disable();
    throw;
  }
}

PeerAccess::~PeerAccess() { disable(); }

void PeerAccess::disable() const noexcept {
  if (there_) disable_one(device_, peer_);
  if (back_) disable_one(peer_, device_);
}

}  // namespace vramlab
