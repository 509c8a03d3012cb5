#include "engine/pool/allocation_history.h"

#include <fmt/format.h>

#include <algorithm>
#include <atomic>
#include <mutex>

#include "engine/core/option.h"

namespace vramlab {
namespace {

std::uint16_t thread_ordinal() {
  static std::atomic<std::uint16_t> next{0};
  thread_local const std::uint16_t mine = next.fetch_add(1, std::memory_order_relaxed);
  return mine;
}

}  // namespace

void AllocationHistory::note(AllocationEventKind kind, Address address, Bytes bytes, StreamId stream) {
  const std::uint16_t thread = thread_ordinal();
  const std::lock_guard guard(lock_);
  const AllocationEvent event{next_, address, bytes, stream, thread, kind};
  if (events_.size() < capacity_) {
    events_.push_back(event);
  } else {
    events_[next_ % capacity_] = event;
  }
  ++next_;
}

std::vector<AllocationEvent> AllocationHistory::events() const {
  const std::lock_guard guard(lock_);
  std::vector<AllocationEvent> events = events_;
  if (next_ > capacity_) {
    const auto oldest = static_cast<std::ptrdiff_t>(next_ % capacity_);
    std::rotate(events.begin(), events.begin() + oldest, events.end());
  }
  return events;
}

std::vector<AllocationEvent> AllocationHistory::events_since(std::uint64_t sequence) const {
  const std::lock_guard guard(lock_);
  const std::uint64_t oldest = next_ > capacity_ ? next_ - capacity_ : 0;
  std::vector<AllocationEvent> events;
  for (std::uint64_t i = std::max(sequence, oldest); i < next_; ++i) events.push_back(events_[i % capacity_]);
  return events;
}

std::string AllocationHistory::text(Address address) const {
  const std::vector<AllocationEvent> all = events();
  std::string allocated = "; its allocation is not in the history", freed;
  for (const AllocationEvent& event : all) {
    if (event.address != address) continue;
    if (event.kind == AllocationEventKind::alloc) {
      allocated = fmt::format("; allocated as event {} by thread {} ({}, stream {})", event.sequence, event.thread,
                              format_bytes(event.bytes), event.stream.value);
      freed.clear();
    } else if (freed.empty()) {
      freed = fmt::format(", freed as event {} by thread {}", event.sequence, event.thread);
    }
  }
  return allocated + freed;
}

}  // namespace vramlab
