#pragma once
// Host memory that the GPU copies from and to by itself. Pinning takes 0.3 s a GiB, so memory once pinned is kept and
// given out again.

#include <cstdint>
#include <map>
#include <unordered_map>

#include "engine/core/types.h"

namespace vramlab {

/// THREAD-SAFETY: none.
class PinnedPool {
 public:
  /// `limit`: pinned bytes at most, those kept for later included.
  explicit PinnedPool(Bytes limit) : limit_(limit) {}
  ~PinnedPool();
  PinnedPool(const PinnedPool&) = delete;
  PinnedPool& operator=(const PinnedPool&) = delete;

  /// Null where the limit or the system refuses. Prefers kept memory of at most twice that size; unpins kept memory
  /// before it refuses.
  void* take(Bytes bytes);
  /// REQUIRES: from take(), and no transfer uses it any more. Throws DeviceError where it is not from here.
  void give_back(void* memory);

  Bytes pinned() const { return pinned_; }
  std::uint64_t pinnings() const { return pinnings_; }

 private:
  void* reuse(Bytes bytes);
  void* pin(Bytes bytes);
  bool unpin_largest_kept();

  Bytes limit_;
  Bytes pinned_{};
  std::uint64_t pinnings_ = 0;  ///< calls that pinned memory
  std::multimap<Bytes, void*> kept_;
  std::unordered_map<void*, Bytes> given_;
};

}  // namespace vramlab
