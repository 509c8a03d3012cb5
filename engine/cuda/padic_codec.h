#pragma once
// Tensors on a GPU to packed streams and back: the streams of engine/padic/format.md, byte for byte those of the CPU
// codec. Prime 2, values of up to 4 bytes; float64, int64, uint64 and the preset `digits` are for the CPU.
//
// Calls take streams and workspaces of the caller; none allocates or waits for the device.

#include <cuda_runtime_api.h>

#include <cstdint>
#include <memory>
#include <span>

#include "engine/padic/stream_format.h"

namespace vramlab::padic {

/// Device memory that a call may fill.
struct GpuRoom {
  void* at = nullptr;
  std::uint64_t bytes = 0;
};

/// THREAD-SAFETY: const members may be called from several threads, for workspaces of their own.
class GpuTensorCodec {
 public:
  /// On the current GPU, where all calls must be made: loads the kernels and, in absolute mode, the level tables of
  /// formats of at most 16 bits. Throws ConfigError for settings that cannot be or only the CPU has, HardwareMissing
  /// without a GPU, DeviceError where CUDA fails.
  GpuTensorCodec(DType dtype, Mode mode, double bound, Preset preset);
  /// Waits for the GPU if there are level tables.
  ~GpuTensorCodec();
  GpuTensorCodec(const GpuTensorCodec&) = delete;
  GpuTensorCodec& operator=(const GpuTensorCodec&) = delete;

  /// Bytes of workspace that a call needs, exactly: of either direction, and of each.
  std::uint64_t workspace_bytes(std::uint64_t values) const;
  std::uint64_t pack_workspace_bytes(std::uint64_t values) const;
  std::uint64_t unpack_workspace_bytes(std::uint64_t values) const;
  /// Most bytes that compress() writes.
  std::uint64_t max_stream_bytes(std::uint64_t values, std::size_t dimensions = 1) const;

  /// In `stream`'s order: packs `values` values at `in` to `packed`, at least max_stream_bytes() long, of which what
  /// lies behind the stream is scratch. The length goes to `packed_bytes`, of the device or pinned. All pointers are
  /// aligned to 16 bytes, `packed_bytes` to 8; what is not of this GPU, too small or misaligned is refused before
  /// anything starts (PadicError). An empty shape means a flat one, or a single value. At most 2^32 values.
  void compress(const void* in, std::uint64_t values, GpuRoom packed, GpuRoom workspace, cudaStream_t stream,
                std::uint64_t* packed_bytes, std::span<const std::uint64_t> shape = {}) const;

  /// In `stream`'s order: unpacks the stream of `packed_bytes` bytes at `packed` to `values` values at `out`. `status`
  /// (of the device or pinned) becomes 0, or says what is damaged (bits: 1 header, 2 index, 4 a block, 8 a block's
  /// checksum, 16 the checksum of the front); then what `out` holds is unspecified. Nothing beyond the stream is read
  /// and nothing beyond the values written, whatever the stream holds.
  void decompress(const void* packed, std::uint64_t packed_bytes, void* out, std::uint64_t values, GpuRoom workspace,
                  cudaStream_t stream, std::uint32_t* status) const;

 private:
  struct Parts;
  std::unique_ptr<Parts> parts_;
};

}  // namespace vramlab::padic
