#include "engine/pool/allocator.h"

#include <algorithm>
#include <mutex>

#include "engine/core/check.h"
#include "engine/core/error.h"
#include "engine/pool/allocator_parts.h"
#include "engine/pool/block_graph.h"

namespace vramlab {

Allocator::Allocator(Pool& pool, Port& port, const AllocatorSettings& settings)
    : pool_(pool),
      port_(port),
      settings_(settings),
      classes_(settings.size_steps, settings.cached_size),
      low_use_(port.capacity() / 1000 * low_use),
      high_use_(port.capacity() / 1000 * high_use),
      most_(std::min(port.capacity(), max_space)),
      history_(settings.debug_history ? std::make_unique<AllocationHistory>(settings.history_events) : nullptr),
      by_stream_(std::make_unique<std::atomic<StreamCache*>[]>(std::size_t{StreamId::none_value} + 1)),
      usual_(settings.stream_cache),
      async_([this](Bytes bytes, StreamId stream) { return allocate(bytes, stream); }) {}

Allocator::~Allocator() { shutdown(); }

StreamCache& Allocator::make_cache(StreamId stream) {
  if (!stream.valid()) throw PoolError("stream 65535 names no stream");
  const std::lock_guard guard(pool_lock_);
  if (StreamCache* made = by_stream_[stream.value].load(std::memory_order_relaxed)) return *made;
  check_open();
  caches_.push_back(std::make_unique<StreamCache>(stream, classes_.count(), usual_));
  by_stream_[stream.value].store(caches_.back().get(), std::memory_order_release);
  return *caches_.back();
}

StreamCache* Allocator::owner_of(const BlockRecord& block) const {
  return block.owner == BlockRecord::no_owner ? nullptr : by_stream_[block.owner].load(std::memory_order_acquire);
}

SpinLock& Allocator::lock_of(const BlockRecord& block) const {
  StreamCache* owner = owner_of(block);
  return owner != nullptr ? owner->lock : pool_lock_;
}

std::vector<StreamCache*> Allocator::all_caches() const {
  const std::lock_guard guard(pool_lock_);
  std::vector<StreamCache*> caches;
  caches.reserve(caches_.size());
  for (const auto& cache : caches_) caches.push_back(cache.get());
  return caches;
}

// --- Allocating ------------------------------------------------------------------------------------------------------

Address Allocator::allocate(Bytes bytes, StreamId stream) {
  if (!classes_.covers(bytes)) [[unlikely]]
    return allocate_direct(bytes, stream, {});
  StreamCache& cache = cache_of(stream);
  const SizeClass size = classes_.of(bytes);
  cache.lock.lock();
  const std::uint32_t slot = cache.pop(records_, size.bin);
  if (slot == none) [[unlikely]]
    return allocate_missing(cache, size, bytes);
  ++cache.load.hits;
  const Address address = hand_out(cache.load, records_[slot], bytes);
  cache.lock.unlock();
  return address;
}

Address Allocator::allocate(Bytes bytes, StreamId stream, const AllocHints& hints) {
  const bool silent = hints.lifetime == 0 && hints.priority == 0 && hints.access == AccessHint::none;
  return silent ? allocate(bytes, stream) : allocate_direct(bytes, stream, hints);
}

Address Allocator::allocate_missing(StreamCache& cache, const SizeClass& size, Bytes bytes) {
  std::unique_lock held(cache.lock, std::adopt_lock);
  check_size(bytes);
  return serve_or_reclaim(bytes, [&] {
    if (!held.owns_lock()) held.lock();
    const UnlockAtEnd unlock(held);
    std::uint32_t slot = cache.pop(records_, size.bin);  // freed meanwhile
    if (slot == none) {
      const std::lock_guard guard(pool_lock_);
      slot = fetch(cache, size);
    }
    return hand_out(cache.load, records_[slot], bytes);
  });
}

Address Allocator::allocate_direct(Bytes bytes, StreamId stream, const AllocHints& hints) {
  check_size(bytes);
  return serve_or_reclaim(bytes, [&] { return serve_direct(bytes, stream, hints); });
}

std::future<Address> Allocator::allocate_async(Bytes bytes, StreamId stream) { return async_.submit(bytes, stream); }

// --- Freeing ---------------------------------------------------------------------------------------------------------

void Allocator::free(Address address) {
  const std::uint32_t slot = table_.find(address);
  if (slot == none) [[unlikely]]
    not_ours("free", address);
  BlockRecord& block = records_[slot];
  if (block.owner == BlockRecord::no_owner) return free_direct(slot, address);
  StreamCache& cache = *by_stream_[block.owner].load(std::memory_order_relaxed);
  cache.lock.lock();
  if (!block.is(address, BlockState::live) || !cache.has_room(block.bytes)) [[unlikely]]
    return free_unusual(cache, slot, address);
  note(AllocationEventKind::free_completed, block);
  cache.load.on_free(block);
  cache.push(block, slot);
  cache.lock.unlock();
}

void Allocator::free_unusual(StreamCache& cache, std::uint32_t slot, Address address) {
  const std::lock_guard held(cache.lock, std::adopt_lock);
  BlockRecord& block = records_[slot];
  if (block.address() != address || !block.is_live()) not_live("free", address, block);
  const std::lock_guard guard(pool_lock_);
  check_open();
  if (block.state() == BlockState::shared) return park(slot, block, cache);
  note(AllocationEventKind::free_completed, block);
  cache.load.on_free(block);
  keep(cache, block, slot);
}

void Allocator::free_direct(std::uint32_t slot, Address address) {
  const std::lock_guard guard(pool_lock_);
  BlockRecord& block = records_[slot];
  if (block.address() != address || !block.is_live()) [[unlikely]]
    not_live("free", address, block);
  check_open();
  StreamCache& cache = cache_of(block.stream());
  if (block.state() == BlockState::shared) [[unlikely]]
    return park(slot, block, cache);
  note(AllocationEventKind::free_completed, block);
  cache.direct.on_free(block);
  give_back(spare_, slot);
}

void Allocator::free(Address address, StreamId stream) {
  if (stream.valid() && by_stream_[stream.value].load(std::memory_order_acquire) == nullptr)
    throw PoolError("free of " + address_text(address) + " on stream " + std::to_string(stream.value) +
                        ", which has never been used" + history_text(address),
                    {}, "free on the stream that used the block last");
  const std::uint32_t slot = table_.find(address);
  if (slot == none || records_[slot].owner != stream.value) record_stream(address, stream);
  free(address);
}

// --- The end ---------------------------------------------------------------------------------------------------------

void Allocator::shutdown() {
  async_.stop();
  {
    const std::lock_guard guard(pool_lock_);
    closed_ = true;
  }
  for (StreamCache* cache : all_caches()) {
    const std::lock_guard held(cache->lock);
    cache->limits = {};
  }
  release_caches();
}

}  // namespace vramlab
