// The allocator's way to its pool and back. Everything here happens under the pool's lock.

#include <algorithm>

#include "engine/core/check.h"
#include "engine/pool/allocator_parts.h"

namespace vramlab {
void Allocator::check_open() const {
  if (closed_)
    throw PoolError("the allocator was shut down", {},
                    "free everything before the shutdown, and allocate nothing after");
}

// --- Slots -----------------------------------------------------------------------------------------------------------

std::uint32_t Allocator::take_slot(std::uint32_t& spare, std::uint16_t owner) {
  if (spare == none) spare = records_.add_group(owner);
  const std::uint32_t slot = spare;
  spare = records_[slot].next;
  return slot;
}

void Allocator::drop_slot(std::uint32_t& spare, std::uint32_t slot) {
  BlockRecord& block = records_[slot];
  block.set(Address(0), BlockState::spare);
  block.next = spare;
  spare = slot;
}

// --- From the pool ---------------------------------------------------------------------------------------------------

// The pool has served `slot`: notes where.
void Allocator::enter(std::uint32_t slot, Bytes bytes) {
  const Address address = pool_.address_of(BlockId(slot));
  table_.insert(address, slot);
  records_[slot].set(address, BlockState::live);
  records_[slot].bytes = bytes;
}

// Fills in block and object of `request`.
std::uint32_t Allocator::fetch_one(std::uint32_t& spare, std::uint16_t owner, AllocRequest& request) {
  const std::uint32_t slot = take_slot(spare, owner);
  request.block = BlockId(slot);
  request.object = ObjectId(next_object_);
  port_.bind(request.block, request.object);
  try {
    pool_.allocate(request);
  } catch (...) {
    drop_slot(spare, slot);
    throw;
  }
  if (++next_object_ == ObjectId::none_value) next_object_ = 0;  // 2^32 later; only decision logs see it
  enter(slot, request.bytes);
  return slot;
}

// Into the cache where a class has run dry before: the lock is held anyway.
void Allocator::fetch_more(StreamCache& cache, const SizeClass& size, AllocRequest& request) {
  if (port_.reserved() > high_use_) return;
  for (std::uint32_t more = cache.next_batch(size); more > 1 && cache.has_room(size.bytes); --more) {
    const std::uint32_t slot = fetch_one(cache.spare, cache.stream.value, request);
    records_[slot].bin_or_stream = static_cast<std::uint16_t>(size.bin);
    cache.push(records_[slot], slot);
  }
}

// One block for the caller, in no list.
std::uint32_t Allocator::fetch(StreamCache& cache, const SizeClass& size) {
  check_open();
  AllocRequest request{.block = {}, .object = {}, .bytes = size.bytes, .stream = cache.stream, .hints = {}};
  const std::uint32_t slot = fetch_one(cache.spare, cache.stream.value, request);
  records_[slot].bin_or_stream = static_cast<std::uint16_t>(size.bin);
  try {
    fetch_more(cache, size, request);
  } catch (const OutOfMemory&) {
    return slot;  // nobody asked for those
  }
  return slot;
}

Address Allocator::serve_direct(Bytes bytes, StreamId stream, const AllocHints& hints) {
  StreamCache& cache = cache_of(stream);
  const std::lock_guard guard(pool_lock_);
  check_open();
  AllocRequest request{.block = {}, .object = {}, .bytes = round_up(bytes, 512_B), .stream = stream, .hints = hints};
  request.hints.relocatable = false;
  const std::uint32_t slot = fetch_one(spare_, BlockRecord::no_owner, request);
  BlockRecord& block = records_[slot];
  block.bin_or_stream = stream.value;
  return hand_out(cache.direct, block, bytes);
}

// --- To the pool -----------------------------------------------------------------------------------------------------

void Allocator::give_back(std::uint32_t& spare, std::uint32_t slot) {
  pool_.release(BlockId(slot));
  table_.erase(records_[slot].address());
  drop_slot(spare, slot);
}

void Allocator::give_back_list(StreamCache& cache, std::uint32_t list) {
  while (list != none) {
    const std::uint32_t slot = list;
    list = records_[slot].next;
    give_back(cache.spare, slot);
  }
}

// What a cache may hold: a share of what its stream has live, and more blocks where memory is plentiful; little where
// it is scarce, since blocks in caches do not merge.
void Allocator::set_limits(StreamCache& cache) {
  if (closed_) return;
  const Bytes used = port_.reserved();
  if (used > high_use_) {
    cache.limits = {usual_.blocks, usual_.bytes / scarcity};
    return;
  }
  const Bytes share = settings_.live_share == 0 ? Bytes(0) : cache.load.live / settings_.live_share;
  cache.limits.bytes = std::max(usual_.bytes, share);
  if (used < low_use_ && cache.blocks >= cache.limits.blocks) {
    const std::uint32_t more = cache.limits.blocks + cache.limits.blocks / 2;
    cache.limits.blocks = std::min(more, settings_.stream_cache.blocks * most_growth);
  }
}

// A free block goes into its cache, and what is too much there to the pool, with an eighth more so that this is not
// done at every free.
void Allocator::keep(StreamCache& cache, BlockRecord& block, std::uint32_t slot) {
  set_limits(cache);
  if (!cache.keeps(block.bytes)) return give_back(cache.spare, slot);
  cache.push(block, slot);
  if (cache.blocks > cache.limits.blocks || cache.bytes > cache.limits.bytes)
    give_back_list(cache, cache.drain(records_, cache.limits.scaled(0.875)));
}

}  // namespace vramlab
