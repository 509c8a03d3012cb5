#pragma once
// What was asked of an allocator, in order: for messages about a block, advice, and traces.

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "engine/core/types.h"
#include "engine/pool/allocator_lock.h"

namespace vramlab {

enum class AllocationEventKind : std::uint8_t {
  alloc,
  free_requested,  ///< freed while other streams still use it
  free_completed,  ///< the memory may be used again
};

struct AllocationEvent {
  std::uint64_t sequence = 0;  ///< counts from 0
  Address address{};
  Bytes bytes{};  ///< requested
  StreamId stream{};
  std::uint16_t thread = 0;  ///< threads count in the order in which they first called an allocator
  AllocationEventKind kind{};
};

/// The last `capacity` events; 32 bytes each, taken as they come.
/// THREAD-SAFETY: any thread.
class AllocationHistory {
 public:
  explicit AllocationHistory(std::size_t capacity) : capacity_(capacity) {}

  void note(AllocationEventKind kind, Address address, Bytes bytes, StreamId stream);
  /// In order; earlier ones have been forgotten when the first has not sequence 0.
  std::vector<AllocationEvent> events() const;
  /// Those from `sequence` on; the first one's sequence is larger where some have been forgotten.
  std::vector<AllocationEvent> events_since(std::uint64_t sequence) const;
  /// "; allocated as event 12 by thread 0 (4.00 KiB, stream 1), freed as event 15 by thread 2", as far as is known of
  /// the block that last began at `address`. Searches all events.
  std::string text(Address address) const;

 private:
  mutable SpinLock lock_;
  std::size_t capacity_;
  std::uint64_t next_ = 0;
  std::vector<AllocationEvent> events_;  // a ring once it is full
};

}  // namespace vramlab
