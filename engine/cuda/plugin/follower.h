#pragma once
// Follows what a world's program asks: into a recording, and through the model of PyTorch's own allocator.

#include <atomic>
#include <memory>
#include <mutex>
#include <optional>
#include <string>

#include "engine/cuda/plugin/pytorch_shadow.h"
#include "engine/pool/allocation_history.h"
#include "engine/replay/allocation_trace.h"
#include "traces/vlt.h"

namespace vramlab::plugin {

/// The recording is a .vlt that appears under its name at finish(), complete, or never.
/// THREAD-SAFETY: any thread.
class Follower {
 public:
  /// `record`: a path, or "" for none. Throws ConfigError where it cannot be written.
  Follower(const std::string& record, Bytes device_memory);

  /// Takes in what `history` has got since the last call; returns at once where another thread does so already. Throws
  /// Error where the history has forgotten events in between: the recording is given up then.
  void follow(const AllocationHistory& history);
  /// The rest, and the end of the recording. Further calls do nothing.
  void finish(const AllocationHistory& history);
  Bytes pytorch_reserved() const;
  const std::string& path() const { return path_; }

 private:
  void take_in(const AllocationHistory& history);

  const std::string path_;
  mutable std::mutex mutex_;
  std::uint64_t next_ = 0;  // sequence of the first event that is not taken in
  AllocationTraceBuilder builder_;
  std::unique_ptr<VltWriter> writer_;
  PytorchShadow shadow_;
};

}  // namespace vramlab::plugin
