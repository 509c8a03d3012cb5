#pragma once
// Unpacking of `fast` streams. A block of threads reads its block of the stream once, adds up its checksum and keeps it
// where the groups' words will be, walks along the groups there, and each warp takes its planes into registers before
// the first of them puts words in their place. Whatever the stream holds, nothing outside it is read and nothing
// outside the values is written.

#include "engine/cuda/padic_directory.cuh"
#include "engine/cuda/padic_fast.cuh"

namespace vramlab::padic::gpu {

VRAMLAB_LANE void fail_block(FastShared& shared, u32 damage) { atomic_or(&shared.faults, damage); }

/// Payload words of a group at `at`, of which the block has up to `end`; what they keep goes into `kept`. All lanes of
/// a warp call it and get the same. `no_group`: it cannot be.
template <class W>
VRAMLAB_LANE u32 group_length(const u32* words, u32 at, u32 end, u32 descriptor, u32 n, u32& kept) {
  const u32 width = descriptor & 63U;
  const auto kind = static_cast<GroupKind>(descriptor >> 6);
  const u32 rows = (n + 31) / 32, lane = lane_index();
  kept = n;
  if (kind == GroupKind::verbatim) return verbatim_words(n, W::bytes);
  if (kind == GroupKind::planar && width == 0) return 0;
  if (n == 0 || at >= end) return no_group;
  if (kind == GroupKind::planar && width == constant_width) return 1;
  if (width > (W::with_sign ? 31U : 32U)) return no_group;
  const u32 planes = width + (W::with_sign ? words[at] >> 31 : 0U);
  if (kind == GroupKind::planar) return planar_words(rows, planes);
  if (kind == GroupKind::masked) {
    if (end - at < 1 + rows) return no_group;
    const u32 mask = lane < rows ? words[at + 1 + lane] : 0U;
    if (ballot((mask & ~first_bits(words_in_row(n))) != 0) != 0) return no_group;
    kept = warp_sum(popcount(mask));
    return masked_words(rows, kept, planes);
  }
  if (end - at < 2) return no_group;
  kept = words[at + 1];
  return kept > n ? no_group : sparse_words(kept, planes);
}

/// By the first warp: where each group begins; and the checksum.
template <class W>
VRAMLAB_LANE void walk_block(const FastTask& task, FastShared& shared, const u32* words, u32 expected_sum) {
  const u32 lane = lane_index(), header = words[0];
  const u32 sum = warp_sum(lane < groups_of_block ? shared.sums[lane] : 0U);
  u32 damage = sum == expected_sum ? 0U : static_cast<u32>(bad_checksum);
  if ((header & 0xFFFFU) != static_cast<u32>(BlockKind::fast) || words[1] != 0) damage |= bad_block;
  const u32 patches = header >> 16;
  u32 at = fast_header_words;
  for (u32 group = 0; group < groups_of_block && damage == 0; ++group) {
    const u32 descriptor = words[2 + group / 4] >> 8 * (group % 4) & 0xFFU;
    u32 kept = 0;
    const u32 length =
        group_length<W>(words, at, shared.words, descriptor, words_of_group(task.values, shared.block, group), kept);
    if (length > shared.words - at) damage = bad_block;  // no_group is longer than any block
    if (lane == 0) {
      shared.at[group] = at;
      shared.size[group] = kept;
    }
    at += damage == 0 ? length : 0U;
  }
  if (damage == 0 && ((patches != 0 && !W::can_escape) || rounded_up(at + patch_words(patches), 2) != shared.words))
    damage = bad_block;
  if (lane != 0) return;
  shared.patched = patches;
  shared.begin = at;
  if (damage != 0) fail_block(shared, damage);
}

/// Planes of `kept` words at `at`: the lane's row of words less their base, the sign in bit 31.
VRAMLAB_LANE void read_planes(u32 (&x)[32], const u32* words, u32 at, u32 kept, u32 width, u32 signs) {
  const u32 rows = (kept + 31) / 32, lane = lane_index();
  const bool own = lane < rows;
  u32 sign_plane = 0;
  if (signs != 0) {
    if (own) sign_plane = words[at + lane];
    at += rows;
  }
  VRAMLAB_UNROLL
  for (u32 p = 0; p < 32; ++p) x[p] = p < width && own ? words[at + (width - 1 - p) * rows + lane] : 0U;
  if (signs != 0) x[31] = sign_plane;
  transpose(x);
}

/// The lane's row of kept words, at their places in the tile.
template <class W>
VRAMLAB_LANE void spread_rows(const u32 (&x)[32], u32 base, u32* tile) {
  VRAMLAB_UNROLL
  for (u32 j = 0; j < 32; ++j) tile[lane_index() * 33 + j] = x[j] + base;
  sync_warp();
}

/// From words in the tile to the values that they mean, in place, each lane its own row.
template <class W>
VRAMLAB_LANE bool values_of_row(u32* tile, u32 n, const WordRule& rule) {
  bool valid = true;
  const u32 own = words_in_row(n);
  VRAMLAB_UNROLL_BY(8)
  for (u32 j = 0; j < 32; ++j) {
    u32& at = tile[lane_index() * 33 + j];
    bool fits = true;
    at = W::to_value(at, rule, fits);
    if (j < own) valid = valid && fits;
  }
  sync_warp();
  return valid;
}

/// Words of a masked group: kept ones lie in the tile in their order, and move to their places.
template <class W>
VRAMLAB_LANE void expand_masked(u32 mask, u32* tile) {
  u32 x[32];
  u32 rank = sum_below(popcount(mask));
  VRAMLAB_UNROLL
  for (u32 j = 0; j < 32; ++j) {
    const bool kept = (mask >> j & 1U) != 0;
    x[j] = kept ? tile[place_in_tile(rank)] : W::zero;
    rank += kept ? 1U : 0U;
  }
  sync_warp();
  spread_rows<W>(x, 0, tile);
}

/// The same of a sparse one. `list`: two indices a word. Returns whether all are below n.
template <class W>
VRAMLAB_LANE bool expand_sparse(u32 (&x)[32], u32 base, const u32* list, u32 kept, u32 n, u32* tile) {
  bool valid = true;
  for (u32 j = 0; j < 32; ++j) tile[lane_index() * 33 + j] = W::zero;
  sync_warp();
  VRAMLAB_UNROLL
  for (u32 j = 0; j < 32; ++j) {
    const u32 rank = lane_index() * 32 + j;
    if (rank >= kept) continue;
    const u32 place = list[rank / 2] >> 16 * (rank % 2) & 0xFFFFU;
    if (place < n)
      tile[place_in_tile(place)] = x[j] + base;
    else
      valid = false;
  }
  sync_warp();
  return valid;
}

/// What a group holds beside its planes.
struct GroupParts {
  u32 base = 0, mask = 0;
  u32 list = 0;        ///< of a sparse group: where its indices are
  bool alike = false;  ///< all words are the base, and no planes are there
};

/// A group's planes as rows of words, in registers, and the rest of it.
template <class W>
VRAMLAB_LANE GroupParts read_payload(u32 (&x)[32], const u32* words, u32 at, u32 descriptor, u32 kept, u32 n) {
  const u32 width = descriptor & 63U, lane = lane_index(), rows = (n + 31) / 32;
  const auto kind = static_cast<GroupKind>(descriptor >> 6);
  GroupParts parts;
  if (kind == GroupKind::planar && (width == 0 || width == constant_width)) {
    parts.base = width == 0 ? W::zero : words[at];
    parts.alike = true;
    return parts;
  }
  const u32 first = words[at++];
  const u32 signs = W::with_sign ? first >> 31 : 0U;
  parts.base = W::with_sign ? first & ~top_bit : first;
  parts.list = at + 1;
  if (kind == GroupKind::masked) {
    if (lane < rows) parts.mask = words[at + lane];
    at += rows;
  } else if (kind == GroupKind::sparse) {
    at += 1 + (kept + 1) / 2;
  }
  read_planes(x, words, at, kept, width, signs);
  return parts;
}

/// The words into the tile. False: an index that cannot be. `words`: of the stream's block.
template <class W>
VRAMLAB_LANE bool put_words(u32 (&x)[32], const GroupParts& parts, const u32* words, u32 descriptor, u32 kept, u32 n,
                            u32* tile) {
  const auto kind = static_cast<GroupKind>(descriptor >> 6);
  if (parts.alike) {
    VRAMLAB_UNROLL
    for (u32 j = 0; j < 32; ++j) tile[lane_index() * 33 + j] = parts.base;
    sync_warp();
    return true;
  }
  if (kind == GroupKind::sparse) return expand_sparse<W>(x, parts.base, words + parts.list, kept, n, tile);
  spread_rows<W>(x, parts.base, tile);
  if (kind == GroupKind::masked) expand_masked<W>(parts.mask, tile);
  return true;
}

template <u32 bytes>
VRAMLAB_LANE void copy_verbatim(const u32* from, void* values, u64 first, u32 n) {
  auto* to = static_cast<u8*>(values) + first * bytes;
  for (u32 k = lane_index(); k < verbatim_words(n, bytes); k += 32) {
    const u32 word = from[k];
    if (4 * k + 4 <= n * bytes) {
      reinterpret_cast<u32*>(to)[k] = word;
    } else {
      for (u32 b = 0; 4 * k + b < n * bytes; ++b) to[4 * k + b] = static_cast<u8>(word >> 8 * b);
    }
  }
}

/// By all threads. `near`: the block's words where they may be overwritten from the sync on; `words`: in the stream.
template <class W>
VRAMLAB_LANE void unpack_group(const FastTask& task, FastShared& shared, const u32* near, const u32* words) {
  const u32 warp = warp_index(), n = words_of_group(task.values, shared.block, warp);
  const u64 first = static_cast<u64>(shared.block) * fast_block_words + warp * group_words;
  u32* tile = shared.tiles[warp];
  const u32 descriptor = shared.words == 0 ? 0U : near[2 + warp / 4] >> 8 * (warp % 4) & 0xFFU;
  const u32 at = shared.words == 0 ? 0U : shared.at[warp], kept = shared.words == 0 ? n : shared.size[warp];
  const bool verbatim = static_cast<GroupKind>(descriptor >> 6) == GroupKind::verbatim;
  u32 x[32];
  GroupParts parts;
  if (n != 0 && !verbatim) parts = read_payload<W>(x, near, at, descriptor, kept, n);
  sync_block();
  if (n == 0) return;
  if (verbatim) {
    copy_verbatim<W::bytes>(words + at, task.to, first, n);
    return;
  }
  bool valid = put_words<W>(x, parts, words, descriptor, kept, n, tile);
  sync_warp();
  valid = values_of_row<W>(tile, n, task.rule) && valid;
  store_tile<W::bytes>(task.to, first, n, tile);
  if (!valid) fail_block(shared, bad_block);
}

/// By all threads, once all groups are written.
template <class W>
VRAMLAB_LANE void apply_patches(const FastTask& task, FastShared& shared, const u32* words) {
  const u64 first = static_cast<u64>(shared.block) * fast_block_words;
  const u32 most = task.values - first < fast_block_words ? static_cast<u32>(task.values - first) : fast_block_words;
  const u32 pairs = (shared.patched + 1) / 2, at = shared.begin;
  for (u32 k = thread_index(); k < shared.patched; k += fast_threads) {
    const u32 index = words[at + k / 2] >> 16 * (k % 2) & 0xFFFFU;
    if (index < most)
      store_value<W::bytes>(task.to, first + index, words[at + pairs + k]);
    else
      fail_block(shared, bad_block);
  }
}

/// One thread: whether the stream is one of this codec, and where the block lies in it.
VRAMLAB_LANE void open_block(const FastTask& task, FastShared& shared, const StreamHeader& header) {
  const StreamHeader& expected = task.header;
  const u64 front = header_bytes / 8 + header.dimensions + task.blocks;
  const bool fits = header_fits(header, expected, task.stream_bytes) && header.block_log2 == expected.block_log2 &&
                    header.lead_bits == 0 && header.tables == 0 && header.tables_bytes == 0 &&
                    header.blocks == task.blocks && front * 8 <= task.stream_bytes;
  shared.block = block_index();
  shared.faults = fits ? 0U : static_cast<u32>(bad_header);
  shared.words = shared.patched = shared.begin = shared.expected_sum = 0;
  shared.stream_at = 0;
  if (!fits || task.blocks == 0) return;
  const Extent extent =
      extent_of_block(static_cast<const u8*>(task.from), header, shared.block, task.blocks, front, most_fast_words / 2);
  shared.words = 2 * extent.units;
  shared.stream_at = extent.begin;
  shared.expected_sum = extent.checksum;
  shared.faults = extent.damage;
  if (extent.damage == 0 && extent.units == 0 ? extent.checksum != 0 : 2 * extent.units < fast_header_words)
    shared.faults |= bad_block;
}

/// The checksum of the block, by all threads: their warps' parts. Keeps the block at `near`, if that is not the stream.
VRAMLAB_LANE void sum_block(FastShared& shared, const u32* words, u32* near, bool keep) {
  u32 sum = 0;
  const u32 count = shared.words;
  VRAMLAB_UNROLL_BY(8)
  for (u32 k = thread_index(); k < count; k += fast_threads) {
    const u32 word = words[k];
    if (keep) near[k] = word;
    sum += checksum_share(word, k);
  }
  sum = warp_sum(sum);
  if (lane_index() == 0) shared.sums[warp_index()] = sum;
}

/// The kernel: fast_threads threads, a block of the stream each.
template <class W>
VRAMLAB_LANE void unpack_fast(const FastTask& task, FastShared& shared) {
  const auto* stream = static_cast<const u8*>(task.from);
  const StreamHeader& header = *reinterpret_cast<const StreamHeader*>(stream);
  if (thread_index() == 0) open_block(task, shared, header);
  sync_block();
  const auto* words = reinterpret_cast<const u32*>(stream + static_cast<u64>(shared.stream_at) * 8);
  const bool opened = shared.faults == 0;
  const bool fits = shared.words <= groups_of_block * tile_words;
  const u32* near = fits ? &shared.tiles[0][0] : words;
  sync_block();
  if (opened && shared.words != 0) {
    sum_block(shared, words, &shared.tiles[0][0], fits);
    sync_block();
    if (warp_index() == 0) walk_block<W>(task, shared, near, shared.expected_sum);
  }
  sync_block();
  const bool walked = shared.faults == 0;
  sync_block();
  if (walked) unpack_group<W>(task, shared, near, words);
  sync_block();
  if (walked && shared.patched != 0) apply_patches<W>(task, shared, words);
  sync_block();
  if (thread_index() != 0) return;
  u32 damage = shared.faults;
  if ((damage & bad_header) == 0) damage |= count_block(stream, header, shared.block, task.blocks, *task.progress);
  if (damage != 0) atomic_or(task.status, damage);
}

}  // namespace vramlab::padic::gpu
