#pragma once
// What the allocator knows of each block it got from its pool: half a cache line a block, in a table by slot.

#include <array>
#include <atomic>
#include <cstdint>
#include <memory>
#include <vector>

#include "engine/core/error.h"
#include "engine/core/types.h"
#include "engine/pool/block_table.h"

namespace vramlab {

enum class BlockState : std::uint8_t {
  spare,   ///< a slot without a block
  live,    ///< the program has it
  shared,  ///< live, and other streams use it too: see record_stream
  cached,  ///< free, in its stream's cache
  parked,  ///< free, but other streams may still use it
};

/// One block. Fields are guarded by the owner's lock: that of the stream `owner`, or the pool's for `no_owner`.
/// `owner` never changes, so that it can be read without.
struct BlockRecord {
  static constexpr std::uint16_t no_owner = 0xffff;

  std::uint64_t address_and_state = 0;       ///< addresses are multiples of 512: the state stands in the low bits
  Bytes bytes{};                             ///< as asked of the pool
  Bytes requested{};                         ///< as asked by the program
  std::uint32_t next = BlockTable::no_slot;  ///< in the list that holds it
  std::uint16_t owner = no_owner;
  std::uint16_t bin_or_stream = 0;  ///< owned by a stream: bin of its size; else its stream

  Address address() const { return Address(address_and_state & ~state_mask); }
  BlockState state() const { return static_cast<BlockState>(address_and_state & state_mask); }
  bool is(Address address, BlockState state) const { return address_and_state == word(address, state); }
  void set(BlockState state) { address_and_state = word(address(), state); }
  void set(Address address, BlockState state) { address_and_state = word(address, state); }
  bool is_live() const { return state() == BlockState::live || state() == BlockState::shared; }
  StreamId stream() const { return StreamId(owner == no_owner ? bin_or_stream : owner); }

 private:
  static constexpr std::uint64_t state_mask = 511;
  static std::uint64_t word(Address address, BlockState state) {
    return address.value | static_cast<std::uint64_t>(state);
  }
};
static_assert(sizeof(BlockRecord) == 32);

/// Records by slot, given out in groups that stay with their owner: no two streams' records share a cache line.
/// THREAD-SAFETY: operator[] from any thread for slots that it was told of; add_group() by one at a time.
class BlockRecords {
 public:
  static constexpr std::uint32_t group = 16;  ///< slots
  static constexpr std::uint32_t most = std::uint32_t{1} << 25;

  BlockRecord& operator[](std::uint32_t slot) { return chunk(slot)->records[slot % per_chunk]; }
  const BlockRecord& operator[](std::uint32_t slot) const { return chunk(slot)->records[slot % per_chunk]; }

  std::uint32_t count() const { return count_.load(std::memory_order_acquire); }

  /// Links a new group's slots through `next` and returns the first.
  std::uint32_t add_group(std::uint16_t owner) {
    const std::uint32_t first = count_.load(std::memory_order_relaxed);
    if (first >= most) throw PoolError("more than 2^25 blocks at once", {}, "allocate fewer, larger blocks");
    if (first % per_chunk == 0) {
      owned_.push_back(std::make_unique<Chunk>());
      chunks_[first / per_chunk].store(owned_.back().get(), std::memory_order_release);
    }
    for (std::uint32_t slot = first; slot < first + group; ++slot) {
      BlockRecord& record = (*this)[slot];
      record.owner = owner;
      record.next = slot + 1 < first + group ? slot + 1 : BlockTable::no_slot;
    }
    count_.store(first + group, std::memory_order_release);
    return first;
  }

 private:
  static constexpr std::uint32_t per_chunk = 4096;
  struct alignas(64) Chunk {
    std::array<BlockRecord, per_chunk> records;
  };
  static_assert(per_chunk % group == 0);

  Chunk* chunk(std::uint32_t slot) const { return chunks_[slot / per_chunk].load(std::memory_order_relaxed); }

  std::array<std::atomic<Chunk*>, most / per_chunk> chunks_{};
  std::vector<std::unique_ptr<Chunk>> owned_;
  std::atomic<std::uint32_t> count_{0};
};

}  // namespace vramlab
