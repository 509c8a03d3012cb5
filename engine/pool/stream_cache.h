#pragma once
// One stream's free blocks in front of the pool: a list for each size class, last in, first out.

#include <cstdint>
#include <vector>

#include "engine/pool/allocator_classes.h"
#include "engine/pool/allocator_lock.h"
#include "engine/pool/allocator_records.h"

namespace vramlab {

/// What a stream has from the allocator. Bytes are those asked of the pool unless said otherwise.
struct StreamLoad {
  std::uint64_t allocations = 0;
  std::uint64_t frees = 0;
  std::uint64_t hits = 0;  ///< allocations served by its cache
  Bytes live{};
  Bytes requested{};      ///< live, as the program asked
  Bytes peak{};           ///< of live
  Bytes all_requested{};  ///< by all allocations so far

  void on_alloc(const BlockRecord& block) {
    ++allocations;
    live += block.bytes;
    requested += block.requested;
    all_requested += block.requested;
    if (live > peak) peak = live;
  }
  void on_free(const BlockRecord& block) {
    ++frees;
    live -= block.bytes;
    requested -= block.requested;
  }
  std::uint64_t live_blocks() const { return allocations - frees; }
  StreamLoad& operator+=(const StreamLoad& other);
};

/// How much a cache may keep.
struct CacheLimits {
  std::uint32_t blocks = 0;
  Bytes bytes{};

  CacheLimits scaled(double factor) const;
};

/// THREAD-SAFETY: everything but `stream` and `direct` under `lock`, which may be held when the pool's is taken, never
/// the other way round.
struct alignas(64) StreamCache {
  StreamCache(StreamId stream, std::uint32_t bins, const CacheLimits& limits);

  static constexpr std::uint32_t none = BlockTable::no_slot;

  SpinLock lock;
  const StreamId stream;
  std::uint32_t blocks = 0;  ///< cached
  Bytes bytes{};             ///< cached
  CacheLimits limits;
  std::uint32_t spare = none;  ///< slots without a block
  StreamLoad load;             ///< of blocks that the cache keeps when they are freed

  /// Blocks that go to the pool directly. Guarded by the pool's lock, and on a line of its own.
  alignas(64) StreamLoad direct;
  Bytes parked{};  ///< free, but still used by other streams; guarded as `direct`

  /// A cached block of the class, out of the cache; `none` when there is none.
  std::uint32_t pop(BlockRecords& records, std::uint32_t bin) {
    const std::uint32_t slot = heads_[bin];
    if (slot == none) [[unlikely]]
      return none;
    BlockRecord& block = records[slot];
    heads_[bin] = block.next;
    if (block.next == none) filled_[bin / 64] &= ~(std::uint64_t{1} << bin % 64);
    --blocks;
    bytes -= block.bytes;
    return slot;
  }
  /// REQUIRES: the block is in no list.
  void push(BlockRecord& block, std::uint32_t slot) {
    block.set(BlockState::cached);
    const std::uint32_t bin = block.bin_or_stream;
    block.next = heads_[bin];
    heads_[bin] = slot;
    filled_[bin / 64] |= std::uint64_t{1} << bin % 64;
    ++blocks;
    bytes += block.bytes;
  }
  /// Whether a block is small enough to be kept: some of its like must find room beside it.
  bool keeps(Bytes block) const { return block * 8 <= limits.bytes; }
  bool has_room(Bytes more) const { return blocks < limits.blocks && bytes + more <= limits.bytes && keeps(more); }

  /// Takes blocks out until no more than `keep` are left: of too many bytes the largest, since a small block serves as
  /// many requests for less; of too many blocks a class after the other, going on where the last call stopped. Returns
  /// them as a list linked through `next`.
  std::uint32_t drain(BlockRecords& records, const CacheLimits& keep);

  /// How many blocks to fetch at once where a class has run dry: more each time, until some had to be given back.
  std::uint32_t next_batch(const SizeClass& size);

  /// Throws InvariantError where lists and counts disagree.
  void validate(const BlockRecords& records) const;

 private:
  std::uint32_t next_filled(std::uint32_t from) const;
  std::uint32_t last_filled() const;
  std::uint32_t take(BlockRecords& records, std::uint32_t bin, std::uint32_t list);

  std::vector<std::uint32_t> heads_;   // by bin
  std::vector<std::uint64_t> filled_;  // a bit for each bin: has blocks
  std::vector<std::uint8_t> batch_;    // by bin
  std::uint32_t hand_ = 0;             // bin where drain() goes on
};

}  // namespace vramlab
