#pragma once
// The CUDA streams of one device: one for each StreamId, made when first used or lent by the program, and one for each
// direction that bytes are copied in, since each has an engine of its own.

#include <cuda_runtime_api.h>

#include <array>
#include <cstdint>
#include <optional>
#include <vector>

#include "engine/core/types.h"

namespace vramlab {

enum class CopyLane : std::uint8_t { host_out, host_in, peer_out, peer_in, device_copy, disk_out, disk_in };
inline constexpr std::size_t copy_lanes = 7;

/// The lane of a transfer. What crosses neither the host's nor the peer's link goes where it is in nobody's way.
CopyLane copy_lane(Tier from, Tier to);

/// REQUIRES: the calling thread's current GPU is the device. THREAD-SAFETY: none.
class Streams {
 public:
  /// `ordered`: a new stream's work comes after all that is in the others by then, as memory given in the order of one
  /// stream needs it.
  explicit Streams(bool ordered = false);
  ~Streams();
  Streams(const Streams&) = delete;
  Streams& operator=(const Streams&) = delete;

  cudaStream_t of(StreamId id);
  cudaStream_t of(CopyLane lane);
  /// `stream` is `id` from now on. What was put into a former one of ours comes first; a former lent one is forgotten.
  void lend(StreamId id, cudaStream_t stream);
  /// Work put into `after` from now on starts after all work now in `before`.
  void order(cudaStream_t before, cudaStream_t after);
  /// Every stream in use here.
  const std::vector<cudaStream_t>& all() const { return all_; }
  void synchronize() const;

  /// Dense numbers for what keeps its own order: copy lanes, then streams.
  static std::uint32_t lane(CopyLane copy) { return static_cast<std::uint32_t>(copy); }
  static std::uint32_t lane(StreamId id) { return static_cast<std::uint32_t>(copy_lanes) + id.value; }

 private:
  cudaStream_t make();
  void add(cudaStream_t stream);
  bool is_own(cudaStream_t stream) const;

  bool ordered_;
  std::vector<std::optional<cudaStream_t>> streams_;  // by StreamId
  std::array<std::optional<cudaStream_t>, copy_lanes> copies_;
  std::vector<cudaStream_t> all_, own_;
  cudaEvent_t order_ = nullptr;  // one is enough: a wait keeps what was recorded when it was put in
};

}  // namespace vramlab
