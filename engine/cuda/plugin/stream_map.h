#pragma once
// Dense ids of a program's streams: a handle is looked up without a lock, since every allocation does.

#include <array>
#include <atomic>
#include <cstddef>
#include <cstdint>
#include <functional>
#include <mutex>

#include "engine/core/error.h"
#include "engine/core/types.h"

namespace vramlab::plugin {

/// Ids count from 0 in the order of first use; stream 0 is the default stream, whose handle is null. A handle that is
/// destroyed and given out again keeps its id: the driver orders both.
/// THREAD-SAFETY: any thread.
class StreamMap {
 public:
  /// Told of a new stream before anybody gets its id; may throw, and the stream stays unknown then.
  using Introduce = std::function<void(StreamId, void*)>;
  static constexpr std::size_t most = 2048;  ///< streams besides the default one

  explicit StreamMap(Introduce introduce) : introduce_(std::move(introduce)) { introduce_(StreamId(0), nullptr); }

  /// Throws PoolError where there are too many.
  StreamId of(void* handle) {
    if (handle == nullptr) return StreamId(0);
    const auto key = reinterpret_cast<std::uintptr_t>(handle);
    for (std::size_t at = slot_of(key);; at = (at + 1) % slots) {
      const std::uintptr_t found = keys_[at].load(std::memory_order_acquire);
      if (found == key) [[likely]]
        return ids_[at];
      if (found == 0) return add(handle, key);
    }
  }
  /// The handle behind `id`, or null.
  void* handle_of(StreamId id) const {
    return id.value < handles_.size() ? handles_[id.value].load(std::memory_order_acquire) : nullptr;
  }

 private:
  static constexpr std::size_t slots = 2 * most;
  static std::size_t slot_of(std::uintptr_t key) {
    return static_cast<std::size_t>((key * 0x9E3779B97F4A7C15u) >> 52) % slots;
  }

  StreamId add(void* handle, std::uintptr_t key) {
    const std::lock_guard guard(mutex_);
    std::size_t at = slot_of(key);
    for (std::uintptr_t found; (found = keys_[at].load(std::memory_order_relaxed)) != 0; at = (at + 1) % slots)
      if (found == key) return ids_[at];  // added meanwhile
    if (next_ > most)
      throw PoolError("more than 2048 streams", {}, "use fewer streams, or destroy none: handles are kept");
    const StreamId id(next_);
    introduce_(id, handle);
    ++next_;
    handles_[id.value].store(handle, std::memory_order_release);
    ids_[at] = id;
    keys_[at].store(key, std::memory_order_release);
    return id;
  }

  Introduce introduce_;
  std::mutex mutex_;
  std::uint16_t next_ = 1;
  std::array<std::atomic<std::uintptr_t>, slots> keys_{};  // 0 = free
  std::array<StreamId, slots> ids_{};
  std::array<std::atomic<void*>, most + 1> handles_{};  // by id
};

}  // namespace vramlab::plugin
