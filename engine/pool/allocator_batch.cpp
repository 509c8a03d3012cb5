// Several blocks in one call, all or nothing.

#include <algorithm>

#include "engine/pool/allocator_parts.h"

namespace vramlab {

struct Allocator::BatchState {
  std::span<const Bytes> sizes;
  StreamId stream;
  std::vector<std::uint32_t> slots;    // by size
  std::vector<std::size_t> missing;    // sizes that no cached block serves, equal ones together
  std::vector<AllocRequest> requests;  // of the pool, in the order of `missing`
};

std::vector<Address> Allocator::allocate_batch(std::span<const Bytes> sizes, StreamId stream) {
  Bytes all{};
  for (const Bytes bytes : sizes) {
    check_size(bytes);
    all += bytes;
  }
  if (sizes.empty()) return {};
  return serve_or_reclaim(all, [&] { return serve_batch(sizes, stream); });
}

std::vector<Address> Allocator::serve_batch(std::span<const Bytes> sizes, StreamId stream) {
  StreamCache& cache = cache_of(stream);
  BatchState batch{sizes, stream, std::vector<std::uint32_t>(sizes.size(), none), {}, {}};
  std::vector<Address> addresses;
  addresses.reserve(sizes.size());
  const std::lock_guard held(cache.lock);
  for (std::size_t i = 0; i < sizes.size(); ++i) {
    if (classes_.covers(sizes[i])) batch.slots[i] = cache.pop(records_, classes_.of(sizes[i]).bin);
    if (batch.slots[i] == none) batch.missing.push_back(i);
  }
  const std::size_t hits = sizes.size() - batch.missing.size();
  const std::lock_guard guard(pool_lock_);
  try {
    check_open();
    ask_pool(cache, batch);
  } catch (...) {
    undo(cache, batch);
    throw;
  }
  cache.load.hits += hits;
  for (std::size_t i = 0; i < sizes.size(); ++i) {
    BlockRecord& block = records_[batch.slots[i]];
    const bool direct = block.owner == BlockRecord::no_owner;
    addresses.push_back(hand_out(direct ? cache.direct : cache.load, block, sizes[i]));
  }
  return addresses;
}

// REQUIRES: both locks. On an error slots of `missing` may be taken; undo() drops them.
void Allocator::ask_pool(StreamCache& cache, BatchState& batch) {
  std::sort(batch.missing.begin(), batch.missing.end(), [&batch](std::size_t a, std::size_t b) {
    return batch.sizes[a] != batch.sizes[b] ? batch.sizes[a] > batch.sizes[b] : a < b;
  });
  batch.requests.reserve(batch.missing.size());
  for (const std::size_t i : batch.missing) {
    const bool cached = classes_.covers(batch.sizes[i]);
    const SizeClass size = cached ? classes_.of(batch.sizes[i]) : SizeClass{0, round_up(batch.sizes[i], 512_B)};
    const std::uint32_t slot =
        cached ? take_slot(cache.spare, cache.stream.value) : take_slot(spare_, BlockRecord::no_owner);
    batch.slots[i] = slot;
    records_[slot].bin_or_stream = cached ? static_cast<std::uint16_t>(size.bin) : batch.stream.value;
    const ObjectId object(next_object_ + static_cast<std::uint32_t>(batch.requests.size()));
    port_.bind(BlockId(slot), object);
    batch.requests.push_back({BlockId(slot), object, size.bytes, batch.stream, {}});
  }
  pool_.allocate_batch(batch.requests);
  next_object_ += static_cast<std::uint32_t>(batch.requests.size());
  for (const AllocRequest& request : batch.requests) enter(request.block.value, request.bytes);
}

void Allocator::undo(StreamCache& cache, BatchState& batch) {
  for (const std::size_t i : batch.missing) {
    if (batch.slots[i] == none) continue;
    const bool direct = records_[batch.slots[i]].owner == BlockRecord::no_owner;
    drop_slot(direct ? spare_ : cache.spare, batch.slots[i]);
    batch.slots[i] = none;
  }
  for (const std::uint32_t slot : batch.slots)
    if (slot != none) cache.push(records_[slot], slot);
}

}  // namespace vramlab
