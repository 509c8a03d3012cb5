#pragma once
// The Device on real hardware: the runtime and the driver of CUDA 13.
//
// Segments are cudaMalloc'ed (or from the device's stream-ordered pool), pages and ranges are of the driver's virtual
// memory management, tokens are events. Every call is checked; a failure that is no lack of memory throws DeviceError
// with the call, its arguments and what this device holds. Lack of memory makes a command return false and leaves
// nothing behind.

#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "engine/core/types.h"
#include "engine/device/device.h"

namespace vramlab {

/// A GPU as the driver describes it.
struct CudaInfo {
  int ordinal = 0;
  std::string name;
  Bytes memory{};            ///< in all
  Bytes free{};              ///< now
  Bytes page_granularity{};  ///< of virtual memory management
  std::uint32_t multiprocessors = 0;
  std::string driver;      ///< version, "580.159.04" where the system tells, else "CUDA 13.0"
  std::string runtime;     ///< "CUDA 13.0"
  std::vector<int> peers;  ///< whose memory it can reach directly
};

/// All GPUs. Throws HardwareMissing, in one line, where there is no GPU or no driver that this program can use.
std::vector<CudaInfo> cuda_devices();

struct CudaOptions {
  int device = 0;
  std::optional<int> peer{};         ///< whose memory is the peer tier; must be reachable from `device`
  bool async_segments = false;       ///< segments of the device tier by cudaMallocAsync
  std::string disk_folder{};         ///< of the disk tier; "" = TMPDIR, else /tmp
  Bytes pinned_limit{1ull << 40};    ///< of the host tier: taking more is refused
  bool ranges_for_profilers = true;  ///< NVTX ranges around commands
};

/// Bytes of the operators' operands so far: an operator whose time is over leaves the rest untouched.
struct OperatorBytes {
  Bytes asked{};
  Bytes touched{};
};

class CudaDevice : public RunnableDevice, public AddressSource {
 public:
  /// A stream of the caller's own (a cudaStream_t) is `id` from now on, until another takes its place or the device
  /// goes: so long it must live. Others are made when first used.
  virtual void use_stream(StreamId id, void* stream) = 0;
  /// Address of a byte of a segment or range of the device tier.
  virtual void* pointer(SegmentId id, Bytes offset) const = 0;
  virtual const CudaInfo& info() const = 0;
  /// Waits for all work.
  virtual OperatorBytes operator_bytes() = 0;
  /// One line: what the device holds now.
  virtual std::string state() const = 0;
};

/// Throws HardwareMissing where `options` name no GPU there is, DeviceError where the peer cannot be reached.
/// THREAD-SAFETY: none; callers serialise. Its context is the primary one of the GPU, which other code may use too.
std::unique_ptr<CudaDevice> make_cuda_device(const CudaOptions& options = {});

}  // namespace vramlab
