#pragma once
// What all kernels of the codec share: the work of a call, how blocks find their place in the stream, and how the last
// one closes it.

#include "engine/cuda/padic_lanes.cuh"
#include "engine/cuda/padic_tasks.h"
#include "engine/padic/checksum.h"
#include "engine/padic/quantiser.h"
#include "engine/padic/split.h"
#include "engine/padic/stream_format.h"
#include "engine/padic/words.h"

namespace vramlab::padic::gpu {

inline constexpr u32 own_length = 1, total_length = 2;

/// One thread: tells the blocks behind what a block adds, as soon as it is known.
VRAMLAB_LANE void publish_units(u64* states, u32 block, u32 own) {
  store_shared_state(states + block, static_cast<u64>(block == 0 ? total_length : own_length) << 32 | own);
}

/// What all blocks before one take: decoupled look-back, by a warp, when it has published its own. Blocks must have
/// been taken in ascending order, so that each waits for running ones only.
/// Source: D. Merrill, M. Garland, Single-pass Parallel Prefix Scan with Decoupled Look-back, 2016.
VRAMLAB_LANE u32 units_before(u64* states, u32 block, u32 own) {
  const u32 lane = lane_index();
  u32 before = 0;
  for (u64 end = block; end != 0;) {  // the states [end - 32, end) next, the nearest by lane 0
    u64 state = static_cast<u64>(total_length) << 32;
    do {
      if (lane < end) state = load_shared_state(states + (end - 1 - lane));
      if (ballot(state >> 32 == 0) == 0) break;
      pause();
    } while (true);
    const u32 totals = ballot(state >> 32 == total_length);
    const u32 last = totals == 0 ? warp_lanes : lowest_bit(totals);
    before += warp_sum(lane <= last ? static_cast<u32>(state) : 0U);
    if (totals != 0) break;
    end -= warp_lanes;
  }
  if (lane == 0 && block != 0)
    store_shared_state(states + block, static_cast<u64>(total_length) << 32 | (before + own));
  return before;
}

/// One thread, once all of its block is written: the index entry, with its shares of the checksum. `directory` is the
/// number of the index's first word for the checksum. Returns whether all blocks are finished.
VRAMLAB_LANE bool enter_block(Progress& progress, IndexEntry* index, u32 block, u32 blocks, IndexEntry entry,
                              u32 directory) {
  index[block] = entry;
  atomic_add(&progress.index_sum, checksum_share(entry.offset, directory + 2 * block) +
                                      checksum_share(entry.checksum, directory + 2 * block + 1));
  fence();
  return atomic_add(&progress.done, 1U) + 1 == blocks;
}

/// One thread: shape and header. `sum`: the shares of what lies between shape and index.
VRAMLAB_LANE void close_stream(u8* stream, StreamHeader header, const Shape& shape, u32 units, u32 sum,
                               u64* stream_bytes) {
  header.stream_bytes = static_cast<u64>(units) * stream_alignment;
  u32 index = header_bytes / 4 - 1;
  auto* extents = reinterpret_cast<u64*>(stream + header_bytes);
  for (u32 i = 0; i < header.dimensions; ++i) {
    extents[i] = shape.extent[i];
    sum += checksum_share(static_cast<u32>(shape.extent[i]), index++);
    sum += checksum_share(static_cast<u32>(shape.extent[i] >> 32), index++);
  }
  const auto* words = reinterpret_cast<const u32*>(&header);
  header.checksum = checksum32(words, header_bytes / 4 - 1) + sum;
  *reinterpret_cast<StreamHeader*>(stream) = header;
  *stream_bytes = header.stream_bytes;
}

/// Writes 32-bit words of a block and adds up their shares of its checksum.
struct BlockWriter {
  u32* at;      ///< the block's first word
  u32 sum = 0;  ///< this lane's part

  VRAMLAB_LANE void put(u32 index, u32 word) {
    at[index] = word;
    sum += checksum_share(word, index);
  }
};

/// A value's bits, zero-extended.
template <u32 bytes>
VRAMLAB_LANE u32 load_value(const void* values, u64 index) {
  if constexpr (bytes == 4) return static_cast<const u32*>(values)[index];
  if constexpr (bytes == 2) return static_cast<const u16*>(values)[index];
  return static_cast<const u8*>(values)[index];
}
template <u32 bytes>
VRAMLAB_LANE void store_value(void* values, u64 index, u32 raw) {
  if constexpr (bytes == 4) static_cast<u32*>(values)[index] = raw;
  if constexpr (bytes == 2) static_cast<u16*>(values)[index] = static_cast<u16>(raw);
  if constexpr (bytes == 1) static_cast<u8*>(values)[index] = static_cast<u8>(raw);
}

}  // namespace vramlab::padic::gpu
