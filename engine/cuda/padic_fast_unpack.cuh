#pragma once
// Unpacking of `fast` streams: a few groups a warp, none waits for another. The descriptors in front of a block tell
// where each of its groups lies; the planes go into registers, become words, then values, and through a tile of shared
// memory to their places in whole lines. Whatever the stream holds, nothing outside it is read and nothing outside the
// values is written. Checksums are compared when all is written, in one sum for all blocks.

#include "engine/cuda/padic_directory.cuh"
#include "engine/cuda/padic_fast.cuh"

namespace vramlab::padic::gpu {

/// Shared memory of a block of threads.
struct FastUnpackShared {
  u32 tiles[fast_unpack_warps][tile_words];
};

/// A block of the stream, as a warp sees it; its lanes know a group each.
struct FastBlock {
  const u32* words = nullptr;  ///< null: all words of it are zero
  u32 n = 0;                   ///< words of all groups
  u32 packed = 0;              ///< descriptor of the lane's group
  u32 at = 0;                  ///< its payload's first word
};

struct FastGroup {
  const u32* words = nullptr;  ///< of its block; null: all words are zero
  u32 at = 0;                  ///< the payload's first word in the block
  u32 n = 0;
  GroupDescriptor kind{};
  u64 first = 0;  ///< value
};

template <class W>
struct FastUnpacker {
  const FastTask& task;
  const StreamHeader& header;
  u64 front;    ///< units before the first block
  u32* tile;    ///< the warp's
  u32 sum = 0;  ///< of this lane: shares of the words read, less the checksums that blocks have
  u32 index_sum = 0;
  u32 damage = 0;  ///< bits that some lane knows

  /// A word of the block, all of which are read once.
  VRAMLAB_LANE u32 take(const FastGroup& group, u32 index) {
    const u32 word = group.words[index];
    sum += checksum_share(word, index);
    return word;
  }

  /// Where a block's groups lie. False: nowhere. `counts`: for the checksums this warp counts what all share.
  VRAMLAB_LANE bool find(u32 number, bool counts, FastBlock& block) {
    const auto* stream = static_cast<const u8*>(task.from);
    const Extent extent = extent_of_block(stream, header, number, task.blocks, front, most_fast_words / 2);
    if (counts && lane_index() == 0) {
      index_sum += index_share(stream, header, number);
      sum -= extent.checksum;
    }
    damage |= extent.damage;
    if (extent.damage != 0) return false;
    block.n = words_of_block(task.values, number);
    if (extent.units == 0) return true;
    block.words = reinterpret_cast<const u32*>(stream + static_cast<u64>(extent.begin) * 8);
    return locate(block, 2 * extent.units, counts);
  }

  /// By the descriptors.
  VRAMLAB_LANE bool locate(FastBlock& block, u32 length, bool counts) {
    const u32 lane = lane_index(), n = words_of_group(block.n, lane);
    const u32 groups = (block.n + group_words - 1) / group_words;
    block.packed = lane < groups && lane < length ? block.words[lane] : 0U;
    const GroupDescriptor kind = GroupDescriptor::from(block.packed);
    const bool possible = describes(block.packed, n, W::most_width, W::with_sign, W::can_escape);
    const u32 size = possible ? payload_units(kind, n, W::bytes) + patch_units(kind.escapes) : 0U;
    block.at = groups + sum_below(size);
    const u32 end = shuffle(block.at + size, warp_lanes - 1);
    if (ballot(!possible) != 0 || rounded_up(end, 2) != length) {
      damage |= bad_block;
      return false;
    }
    if (counts && lane < groups) sum += checksum_share(block.packed, lane);
    if (counts && lane == 0 && end != length) sum += checksum_share(block.words[end], end);
    return true;
  }

  VRAMLAB_LANE FastGroup group_of(const FastBlock& block, u32 number, u32 own) const {
    return {block.words, shuffle(block.at, own), words_of_group(block.n, own),
            GroupDescriptor::from(shuffle(block.packed, own)),
            static_cast<u64>(number) * fast_block_words + own * group_words};
  }

  /// A word that all lanes need.
  VRAMLAB_LANE u32 take_one(const FastGroup& group, u32 index) {
    const u32 word = group.words[index];
    if (lane_index() == 0) sum += checksum_share(word, index);
    return word;
  }

  /// Planes in `rows` rows at `at`: the lane's row of narrow words.
  template <class Rows>
  VRAMLAB_LANE void take_planes(u32 (&x)[32], const FastGroup& group, u32 at, Rows rows) {
    const u32 lane = lane_index(), width = group.kind.width, signs = group.kind.signs;
    const bool own = lane < rows;
    const u32 last = at + (signs + width - 1) * rows + lane;  // of the least significant plane
    const u32* words = group.words + last;
    VRAMLAB_UNROLL
    for (u32 p = 0; p < W::bits; ++p) x[p] = p < W::most_width && p < width && own ? *(words - p * rows) : 0U;
    u32 key = (last + 1) * checksum_step;
    VRAMLAB_UNROLL
    for (u32 p = 0; p < W::most_width; ++p) {
      if (p < width && own) sum += keyed_share(x[p], key);
      key -= rows * checksum_step;
    }
    if (W::with_sign && signs != 0 && own) x[W::sign_place] = take(group, at + lane);
    planes_to_words<W::bits>(x);
  }

  /// The lane's row of words becomes values in the tile.
  VRAMLAB_LANE void put_row(const u32 (&x)[32], u32 n) {
    const u32 own = words_in_row(n);
    bool valid = true;
    VRAMLAB_UNROLL
    for (u32 j = 0; j < 32; ++j) {
      bool fits = true;
      tile[lane_index() * 33 + j] = W::to_value(x[j], task.rule, fits);
      if (j < own) valid = valid && fits;
    }
    if (!valid) damage |= bad_block;
    sync_warp();
  }

  /// Words of a masked group lie in the tile in their order, and move to their places.
  VRAMLAB_LANE void spread_masked(u32 (&x)[32], u32 mask) {
    u32 rank = sum_below(popcount(mask));
    VRAMLAB_UNROLL
    for (u32 j = 0; j < 32; ++j) {
      const bool kept = (mask >> j & 1U) != 0;
      x[j] = kept ? tile[place_in_tile(rank)] : W::zero;
      rank += kept ? 1U : 0U;
    }
    sync_warp();
  }

  VRAMLAB_LANE void unpack_masked(u32 (&x)[32], const FastGroup& group, u32 base) {
    const u32 rows = rows_of(group.n), lane = lane_index();
    const u32 mask = lane < rows ? take(group, group.at + 1 + lane) : 0U;
    const bool beyond = (mask & ~first_bits(words_in_row(group.n))) != 0;
    const bool other = warp_sum(popcount(mask)) != group.kind.kept;
    if (ballot(beyond || other) != 0) {
      damage |= bad_block;
      return;
    }
    take_planes(x, group, group.at + 1 + rows, rows_of(group.kind.kept));
    VRAMLAB_UNROLL
    for (u32 j = 0; j < 32; ++j) tile[lane * 33 + j] = W::widen(x[j]) + base;
    sync_warp();
    spread_masked(x, mask);
    put_row(x, group.n);
  }

  VRAMLAB_LANE void unpack_sparse(u32 (&x)[32], const FastGroup& group, u32 base) {
    const u32 lane = lane_index(), kept = group.kind.kept, pairs = (kept + 1) / 2;
    for (u32 k = lane; k < pairs; k += warp_lanes) take(group, group.at + 1 + k);  // for the checksum
    take_planes(x, group, group.at + 1 + pairs, rows_of(kept));
    for (u32 j = 0; j < 32; ++j) tile[lane * 33 + j] = W::zero;
    sync_warp();
    bool possible = true;
    VRAMLAB_UNROLL
    for (u32 j = 0; j < 32; ++j) {
      const u32 rank = lane * 32 + j;
      if (rank >= kept) continue;
      const u32 place = group.words[group.at + 1 + rank / 2] >> 16 * (rank % 2) & 0xFFFFU;
      possible = possible && place < group.n;
      if (place < group.n) tile[place_in_tile(place)] = W::widen(x[j]) + base;
    }
    if (!possible) damage |= bad_block;
    sync_warp();
    VRAMLAB_UNROLL
    for (u32 j = 0; j < 32; ++j) x[j] = tile[lane * 33 + j];
    sync_warp();
    put_row(x, group.n);
  }

  VRAMLAB_LANE void copy_verbatim(const FastGroup& group) {
    auto* to = static_cast<u8*>(task.to) + group.first * W::bytes;
    const u32 bytes = group.n * W::bytes;
    VRAMLAB_UNROLL_BY(8)
    for (u32 k = lane_index(); k < verbatim_units(group.n, W::bytes); k += warp_lanes) {
      const u32 word = take(group, group.at + k);
      if (4 * k + 4 <= bytes) {
        reinterpret_cast<u32*>(to)[k] = word;
      } else {
        for (u32 b = 4 * k; b < bytes; ++b) to[b] = static_cast<u8>(word >> 8 * (b % 4));
      }
    }
  }

  /// The values that escaped, over those in the tile.
  VRAMLAB_LANE void patch(const FastGroup& group) {
    const u32 count = group.kind.escapes, pairs = (count + 1) / 2;
    const u32 at = group.at + payload_units(group.kind, group.n, W::bytes);
    for (u32 k = lane_index(); k < pairs; k += warp_lanes) take(group, at + k);
    for (u32 k = lane_index(); k < count; k += warp_lanes) {
      const u32 value = take(group, at + pairs + k);
      const u32 place = group.words[at + k / 2] >> 16 * (k % 2) & 0xFFFFU;
      if (place < group.n)
        tile[place_in_tile(place)] = value;
      else
        damage |= bad_block;
    }
    sync_warp();
  }

  VRAMLAB_LANE void unpack(const FastGroup& group) {
    if (group.words != nullptr && group.kind.kind == GroupKind::verbatim) return copy_verbatim(group);
    u32 x[32];
    const bool empty = group.words == nullptr || group.kind.empty();
    const u32 base = empty ? W::zero : take_one(group, group.at);
    if (empty || group.kind.alike()) {
      VRAMLAB_UNROLL
      for (u32 j = 0; j < 32; ++j) x[j] = base;
      put_row(x, group.n);
    } else if (group.kind.kind == GroupKind::planar) {
      with_rows(rows_of(group.n), [&](auto rows) { take_planes(x, group, group.at + 1, rows); });
      VRAMLAB_UNROLL
      for (u32 j = 0; j < 32; ++j) x[j] = W::widen(x[j]) + base;
      put_row(x, group.n);
    } else if (group.kind.kind == GroupKind::masked) {
      unpack_masked(x, group, base);
    } else {
      unpack_sparse(x, group, base);
    }
    if (W::can_escape && group.words != nullptr && group.kind.escapes != 0) patch(group);
    store_tile<W::bytes>(task.to, group.first, group.n, tile);
    sync_warp();
  }

  /// A few neighbouring groups of a block.
  VRAMLAB_LANE void unpack_share(u32 number, u32 share) {
    const u32 first = share * groups_of_share;
    if (first * group_words >= words_of_block(task.values, number)) return;
    FastBlock block;
    if (!find(number, share == 0, block)) return;
    for (u32 own = first; own < first + groups_of_share && own * group_words < block.n; ++own)
      unpack(group_of(block, number, own));
  }
};

/// Whether the stream is one of this codec.
VRAMLAB_LANE bool opens(const FastTask& task, const StreamHeader& header, u64 front) {
  const StreamHeader& expected = task.header;
  return header_fits(header, expected, task.stream_bytes) && header.block_log2 == expected.block_log2 &&
         header.lead_bits == 0 && header.tables == 0 && header.tables_bytes == 0 && header.blocks == task.blocks &&
         front * 8 <= task.stream_bytes;
}

/// By all threads: what they found, and by the last block of them whether all sums are right.
template <class W>
VRAMLAB_LANE void settle(const FastTask& task, const FastUnpacker<W>& unpacker) {
  const u32 sum = warp_sum(unpacker.sum), index_sum = warp_sum(unpacker.index_sum), damage = warp_or(unpacker.damage);
  if (lane_index() == 0) {
    atomic_add(&task.progress->block_sum, sum);
    atomic_add(&task.progress->index_sum, index_sum);
    if (damage != 0) atomic_or(task.status, damage);
  }
  sync_block();
  if (thread_index() != 0) return;
  fence();
  if (atomic_add(&task.progress->done, 1U) + 1 != grid_blocks()) return;
  fence();
  u32 found = front_damage(static_cast<const u8*>(task.from), unpacker.header, *task.progress);
  if (load_shared_state(&task.progress->block_sum) != 0) found |= bad_checksum;
  if (found != 0) atomic_or(task.status, found);
}

/// The kernel: any grid of fast_unpack_threads threads.
template <class W>
VRAMLAB_LANE void unpack_fast(const FastTask& task, FastUnpackShared& shared) {
  const StreamHeader& header = *static_cast<const StreamHeader*>(task.from);
  const u64 front = header_bytes / 8 + header.dimensions + task.blocks;
  if (!opens(task, header, front)) {
    if (thread_index() == 0) atomic_or(task.status, static_cast<u32>(bad_header));
    return;
  }
  FastUnpacker<W> unpacker{task, header, front, shared.tiles[warp_index()]};
  const u64 shares = u64{task.blocks} * shares_of_block, step = static_cast<u64>(grid_blocks()) * fast_unpack_warps;
  for (u64 share = static_cast<u64>(block_index()) * fast_unpack_warps + warp_index(); share < shares; share += step)
    unpacker.unpack_share(static_cast<u32>(share / shares_of_block), static_cast<u32>(share % shares_of_block));
  settle<W>(task, unpacker);
}

}  // namespace vramlab::padic::gpu
