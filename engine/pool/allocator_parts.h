#pragma once
// What the files of the allocator share; nobody else includes it.

#include <mutex>
#include <string>

#include "engine/core/error.h"
#include "engine/pool/allocator.h"

namespace vramlab {

/// "0x100000200000"
std::string address_text(Address address);

struct UnlockAtEnd {
  explicit UnlockAtEnd(std::unique_lock<SpinLock>& lock) : lock_(lock) {}
  ~UnlockAtEnd() { lock_.unlock(); }
  UnlockAtEnd(const UnlockAtEnd&) = delete;
  UnlockAtEnd& operator=(const UnlockAtEnd&) = delete;

 private:
  std::unique_lock<SpinLock>& lock_;
};

inline Address Allocator::hand_out(StreamLoad& load, BlockRecord& block, Bytes bytes) {
  block.requested = bytes;
  block.set(BlockState::live);
  load.on_alloc(block);
  note(AllocationEventKind::alloc, block);
  return block.address();
}

/// Calls serve(), after an OutOfMemory once more with all caches given back. It must hold no lock when it throws.
template <class Serve>
auto Allocator::serve_or_reclaim(Bytes bytes, Serve&& serve) -> decltype(serve()) {
  try {
    return serve();
  } catch (const OutOfMemory&) {
    reclaim();  // no lock is held here
  }
  std::string what;
  try {
    return serve();
  } catch (const OutOfMemory& error) {
    what = error.what();
  }
  explain_out_of_memory(bytes, what);
}

/// Calls work(slot, block, cache) with the locks of the block that begins at `address`: its stream's and the pool's.
/// `what` names the call for messages. Throws PoolError where no block is live there.
template <class Work>
void Allocator::with_live(Address address, const char* what, Work&& work) {
  const std::uint32_t slot = table_.find(address);
  if (slot == none) not_ours(what, address);
  BlockRecord& block = records_[slot];
  StreamCache* owner = owner_of(block);
  std::unique_lock<SpinLock> held;
  if (owner != nullptr) held = std::unique_lock(owner->lock);
  const std::lock_guard guard(pool_lock_);
  if (block.address() != address || !block.is_live()) not_live(what, address, block);
  check_open();
  work(slot, block, cache_of(block.stream()));
}

/// Calls each(block) with a copy of every block, live or not, one lock at a time.
template <class Each>
void Allocator::for_each_block(Each&& each) const {
  for (std::uint32_t slot = 0; slot < records_.count(); ++slot) {
    BlockRecord copy;
    {
      const std::lock_guard guard(lock_of(records_[slot]));
      copy = records_[slot];
    }
    if (copy.state() != BlockState::spare) each(copy);
  }
}

}  // namespace vramlab
