// Blocks that several streams use: at their free they rest until all of them are done.

#include <algorithm>

#include "engine/pool/allocator_parts.h"

namespace vramlab {

void Allocator::record_stream(Address address, StreamId stream) {
  cache_of(stream);  // it is known from now on
  with_live(address, "record_stream", [&](std::uint32_t slot, BlockRecord& block, StreamCache&) {
    if (block.stream() == stream) return;
    std::vector<StreamId>& streams = recorded_[slot];
    if (std::find(streams.begin(), streams.end(), stream) == streams.end()) streams.push_back(stream);
    block.set(BlockState::shared);
  });
}

// REQUIRES: the block's locks; it is shared.
void Allocator::park(std::uint32_t slot, BlockRecord& block, StreamCache& cache) {
  const std::vector<StreamId>& streams = recorded_.at(slot);
  std::vector<TokenId> tokens;
  for (const StreamId stream : streams) tokens.push_back(port_.record(stream));
  note(AllocationEventKind::free_requested, block);
  pool_.free_requested(BlockId(slot));
  for (const TokenId token : tokens) waiting_.emplace(token, slot);
  parked_[slot] = tokens.size();
  recorded_.erase(slot);
  (block.owner == BlockRecord::no_owner ? cache.direct : cache.load).on_free(block);
  cache.parked += block.bytes;
  block.set(BlockState::parked);
}

// Slots whose last token this was. REQUIRES: the pool's lock.
std::vector<std::uint32_t> Allocator::settle(TokenId token) {
  pool_.completed(token);
  std::vector<std::uint32_t> done;
  const auto [first, last] = waiting_.equal_range(token);
  for (auto wait = first; wait != last; ++wait)
    if (--parked_.at(wait->second) == 0) done.push_back(wait->second);
  waiting_.erase(first, last);
  return done;
}

// The block has rested enough: back to its stream's cache or to the pool.
void Allocator::unpark(std::uint32_t slot) {
  BlockRecord& block = records_[slot];
  StreamCache* owner = owner_of(block);
  std::unique_lock<SpinLock> held;
  if (owner != nullptr) held = std::unique_lock(owner->lock);
  const std::lock_guard guard(pool_lock_);
  parked_.erase(slot);
  cache_of(block.stream()).parked -= block.bytes;
  note(AllocationEventKind::free_completed, block);
  if (owner == nullptr) return give_back(spare_, slot);
  keep(*owner, block, slot);
}

void Allocator::process_completed(TokenId token) {
  std::vector<std::uint32_t> done;
  {
    const std::lock_guard guard(pool_lock_);
    done = settle(token);
  }
  for (const std::uint32_t slot : done) unpark(slot);
}

std::size_t Allocator::poll(DeviceRun& run) {
  std::vector<std::uint32_t> done;
  std::size_t tokens = 0;
  {
    const std::lock_guard guard(pool_lock_);
    TokenId token;
    Nanoseconds duration;
    while (run.next_completed(token, duration)) {
      ++tokens;
      const std::vector<std::uint32_t> settled = settle(token);
      done.insert(done.end(), settled.begin(), settled.end());
    }
  }
  for (const std::uint32_t slot : done) unpark(slot);
  return tokens;
}

void Allocator::attach_run(DeviceRun& run) {
  const std::lock_guard guard(pool_lock_);
  run_ = &run;
}

}  // namespace vramlab
