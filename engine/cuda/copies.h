#pragma once
// Puts the copies of a transfer into a stream, whatever the tiers at its ends.

#include <cuda_runtime_api.h>

#include <cstddef>
#include <optional>

#include "engine/cuda/device_memory.h"
#include "engine/device/device.h"

namespace vramlab {

/// REQUIRES: the calling thread's current GPU is `device`, and the disk's transfers in one direction are put into one
/// stream, since they share a buffer. THREAD-SAFETY: none.
class Copies {
 public:
  Copies(DeviceMemory& memory, int device, std::optional<int> peer) : memory_(memory), device_(device), peer_(peer) {}
  /// REQUIRES: no work is under way.
  ~Copies();
  Copies(const Copies&) = delete;
  Copies& operator=(const Copies&) = delete;

  /// Throws DeviceError where an end is not held; nothing is in the stream then.
  void put(cudaStream_t stream, const Transfer& transfer);

 private:
  void put_direct(cudaStream_t stream, const Transfer& transfer);
  void put_through_buffer(cudaStream_t stream, const Transfer& transfer);
  void put_part(cudaStream_t stream, const TransferEnd& end, bool into_buffer, std::byte* buffer, Bytes done,
                Bytes part);
  std::byte* buffer_for(bool to_disk);
  std::byte* at(const TransferEnd& end, Bytes bytes) const {
    return memory_.pointer(end.segment, end.tier, end.offset, bytes);
  }

  DeviceMemory& memory_;
  int device_;
  std::optional<int> peer_;
  std::byte* buffers_[2] = {};  // from the disk, to the disk
};

}  // namespace vramlab
