#pragma once
// Packing to a `fast` stream: one pass. A warp keeps its group in registers from the values to the planes; blocks find
// their place by look-back while their planes wait.

#include "engine/cuda/padic_fast.cuh"

namespace vramlab::padic::gpu {

/// A group once it is decided how it is kept.
struct GroupPlan {
  GroupDescriptor group{};
  u32 base = 0;   ///< without the sign's bit, but of words that are all alike
  u32 words = 0;  ///< of the payload
};

/// Shared memory of a block.
struct FastPackShared {
  u32 tiles[groups_of_block][tile_words];
  GroupPlan plans[groups_of_block];
  u32 at[groups_of_block];    ///< a group's first word in the block
  u32 size[groups_of_block];  ///< its words, with its patches
  u32 sums[groups_of_block];  ///< of the checksum
  u32 block;
  u32 begin;   ///< of the block in the stream, in units
  u32 groups;  ///< of the block
  u32 words;   ///< of the block, 0 where it is empty
};

/// What a group's words are like: of those that are not zero, but for `kept` all of them.
struct GroupExtent {
  u32 kept = 0, least = 0xFFFFFFFFU, most = 0;
  bool any_sign = false, sign_missing = false;
};

/// The words of the lane's row that are not zero; what the group lacks is zero.
template <class W>
VRAMLAB_LANE u32 mask_of(const u32 (&x)[32]) {
  u32 mask = 0;
  VRAMLAB_UNROLL
  for (u32 j = 0; j < 32; ++j) mask |= static_cast<u32>(x[j] != W::zero) << j;
  return mask;
}

/// In whatever group, word by word.
template <class W>
VRAMLAB_LANE GroupExtent extent_of_kept(const u32 (&x)[32]) {
  u32 least = 0xFFFFFFFFU, most = 0, kept = 0;
  bool any_sign = false, sign_missing = false;
  VRAMLAB_UNROLL
  for (u32 j = 0; j < 32; ++j) {
    if (x[j] == W::zero) continue;
    const u32 word = W::with_sign ? x[j] & ~top_bit : x[j];
    least = smaller(word, least);
    most = larger(word, most);
    ++kept;
    (word == x[j] ? sign_missing : any_sign) = true;
  }
  GroupExtent extent{warp_sum(kept), warp_least(least), warp_most(most)};
  if constexpr (W::with_sign) {
    extent.any_sign = ballot(any_sign) != 0;
    extent.sign_missing = ballot(sign_missing) != 0;
  }
  return extent;
}

/// The same. Where zero is not the least or the most of all, or does not occur, it need not be left out; where words
/// differ, nobody asks for sign_missing.
template <class W>
VRAMLAB_LANE GroupExtent extent_of(const u32 (&x)[32], u32 n) {
  u32 least = 0xFFFFFFFFU, most = 0, kept = 0, signs = 0;
  VRAMLAB_UNROLL
  for (u32 j = 0; j < 32; ++j) {
    const u32 word = W::with_sign ? x[j] & ~top_bit : x[j];
    least = smaller(word, least);
    most = larger(word, most);
    kept += x[j] != W::zero ? 1U : 0U;
    if (W::with_sign) signs |= x[j];
  }
  GroupExtent extent{warp_sum(kept), warp_least(least), warp_most(most)};
  if constexpr (W::with_sign) extent.any_sign = ballot(signs >> 31 != 0) != 0;
  const bool inside = extent.kept == n || (extent.least < W::zero && W::zero < extent.most);
  if (n == group_words && inside && extent.least != extent.most) return extent;
  return extent_of_kept<W>(x);
}

template <class W>
VRAMLAB_LANE GroupPlan planar_plan(const GroupExtent& extent, u32 n) {
  GroupPlan plan;
  if (extent.kept == 0) return plan;
  const bool zeros = extent.kept < n;
  const u32 least = zeros ? smaller(W::zero, extent.least) : extent.least;
  const u32 most = zeros ? larger(W::zero, extent.most) : extent.most;
  plan.base = least;
  if (least == most && !zeros && !(extent.any_sign && extent.sign_missing)) {
    plan.group.width = constant_width;
    plan.base |= extent.any_sign ? top_bit : 0U;
  } else {
    plan.group.width = most == least ? 1U : bit_length(most - least);  // alike but for signs: one plane
    plan.group.signs = extent.any_sign ? 1U : 0U;
  }
  plan.words = payload_units(plan.group, n, W::bytes);
  return plan;
}

/// The kind with the fewest bytes, of equals the first.
template <class W>
VRAMLAB_LANE GroupPlan plan_of(const GroupExtent& extent, u32 n, u32 escapes) {
  GroupPlan plan = planar_plan<W>(extent, n);
  const auto consider = [&](const GroupDescriptor& group, u32 base) {
    const u32 words = payload_units(group, n, W::bytes);
    if (words < plan.words) plan = {group, base, words};
  };
  if (extent.kept != 0 && extent.kept < n) {  // where no word is zero, planes over all are never longer
    const u32 width = extent.most == extent.least ? 0U : bit_length(extent.most - extent.least);
    const u32 signs = extent.any_sign ? 1U : 0U;
    consider({GroupKind::masked, width, signs, extent.kept, 0}, extent.least);
    consider({GroupKind::sparse, width, signs, extent.kept, 0}, extent.least);
  }
  constexpr GroupDescriptor verbatim{GroupKind::verbatim, 0, 0, 0, 0};
  consider(verbatim, 0);
  if (escapes > most_patches_of_group) plan = {verbatim, 0, verbatim_units(n, W::bytes)};
  if (plan.group.kind != GroupKind::verbatim) plan.group.escapes = escapes;
  return plan;
}

/// Replaces a group's words by those that are not zero, less the base; those behind the last are 0. Returns the lane's
/// word of what stands before the planes: the bitmap, or of sparse groups two indices.
template <class W>
VRAMLAB_LANE u32 compact(u32 (&x)[32], const GroupPlan& plan, u32* tile) {
  const u32 mask = mask_of<W>(x);
  u32 rank = sum_below(popcount(mask)), list = mask;
  if (plan.group.kind == GroupKind::sparse) {  // shorter than a bitmap: fewer than 64 words
    auto* indices = reinterpret_cast<u16*>(tile);
    tile[lane_index()] = 0;
    sync_warp();
    u32 at = rank;
    for (u32 rest = mask; rest != 0; rest &= rest - 1)
      indices[at++] = static_cast<u16>(lane_index() * 32 + lowest_bit(rest));
    sync_warp();
    list = tile[lane_index()];
    sync_warp();
  }
  VRAMLAB_UNROLL
  for (u32 j = 0; j < 32; ++j)
    if ((mask >> j & 1U) != 0) tile[place_in_tile(rank++)] = W::narrow(x[j] - plan.base);
  sync_warp();
  const u32 own = words_in_row(plan.group.kept);
  VRAMLAB_UNROLL
  for (u32 j = 0; j < 32; ++j) x[j] = j < own ? tile[lane_index() * 33 + j] : 0U;
  return list;
}

/// Words become planes, in the registers. Returns what compact() does.
template <class W>
VRAMLAB_LANE u32 arrange(u32 (&x)[32], u32 n, const GroupPlan& plan, u32* tile) {
  u32 list = 0;
  if (plan.group.kind == GroupKind::planar) {
    const u32 own = words_in_row(n);
    VRAMLAB_UNROLL
    for (u32 j = 0; j < 32; ++j)
      x[j] = j < own ? W::narrow(x[j] - plan.base) : 0U;  // the sign's bit stays: base is the least
  } else if (plan.group.kind != GroupKind::verbatim) {
    list = compact<W>(x, plan, tile);
  }
  if (!plan.group.empty() && !plan.group.alike() && plan.group.kind != GroupKind::verbatim) words_to_planes<W::bits>(x);
  return list;
}

template <class W, class Rows>
VRAMLAB_LANE void put_planes(BlockWriter& writer, u32 at, const GroupDescriptor& group, const u32 (&planes)[32],
                             Rows rows) {
  const u32 lane = lane_index(), last = at + (group.signs + group.width - 1) * rows + lane;  // the least significant
  if (lane >= rows) return;
  if (group.signs != 0) writer.put(at + lane, planes[W::sign_place]);
  u32* to = writer.at + last;
  u32 key = (last + 1) * checksum_step;
  VRAMLAB_UNROLL
  for (u32 p = 0; p < W::most_width; ++p) {
    if (p < group.width) {
      *(to - p * rows) = planes[p];
      writer.sum += keyed_share(planes[p], key);
    }
    key -= rows * checksum_step;
  }
}

/// The group's values as they are.
template <u32 bytes>
VRAMLAB_LANE void put_values(BlockWriter& writer, u32 at, const void* values, u64 first, u32 n) {
  const auto* from = static_cast<const u8*>(values) + first * bytes;  // aligned to 1024
  for (u32 k = lane_index(); k < verbatim_units(n, bytes); k += 32) {
    u32 word = 0;
    if (4 * k + 4 <= n * bytes) {
      word = reinterpret_cast<const u32*>(from)[k];
    } else {
      for (u32 b = 0; 4 * k + b < n * bytes; ++b) word |= static_cast<u32>(from[4 * k + b]) << 8 * b;
    }
    writer.put(at + k, word);
  }
}

/// The values that escape, behind the payload: `raw` has them as they are.
template <class W>
VRAMLAB_LANE void put_patches(BlockWriter& writer, u32 at, const GroupPlan& plan, u32 escapes, const FastTask& task,
                              u64 first, u32* tile) {
  const u32 count = plan.group.escapes, pairs = (count + 1) / 2, lane = lane_index();
  auto* indices = reinterpret_cast<u16*>(tile);
  sync_warp();
  tile[lane] = 0;
  sync_warp();
  u32 rank = sum_below(popcount(escapes));
  for (; escapes != 0; escapes &= escapes - 1) indices[rank++] = static_cast<u16>(lane * 32 + lowest_bit(escapes));
  sync_warp();
  if (lane < pairs) writer.put(at + lane, tile[lane]);
  for (u32 k = lane; k < count; k += warp_lanes)
    writer.put(at + pairs + k, load_value<W::bytes>(task.from, first + indices[k]));
}

template <class W>
VRAMLAB_LANE void put_group(BlockWriter& writer, u32 at, const GroupPlan& plan, const u32 (&planes)[32], u32 list,
                            u32 n) {
  const u32 lane = lane_index();
  if (plan.group.empty()) return;
  if (lane == 0) writer.put(at, plan.base);
  if (plan.group.alike()) return;
  ++at;
  if (plan.group.kind == GroupKind::planar) {
    with_rows(rows_of(n), [&](auto rows) { put_planes<W>(writer, at, plan.group, planes, rows); });
    return;
  }
  const u32 listed = plan.group.kind == GroupKind::masked ? rows_of(n) : (plan.group.kept + 1) / 2;
  if (lane < listed) writer.put(at + lane, list);
  put_planes<W>(writer, at + listed, plan.group, planes, rows_of(plan.group.kept));
}

/// By the first warp: where groups lie and how long the block is, which the blocks behind it wait for.
VRAMLAB_LANE void measure_block(const FastTask& task, FastPackShared& shared) {
  const u32 lane = lane_index(), groups = shared.groups;
  const u32 size = lane < groups ? shared.size[lane] : 0U;
  const bool any = lane < groups && shared.plans[lane].group.packed() != 0;
  const u32 at = groups + sum_below(size);
  const u32 words = ballot(any) == 0 ? 0U : groups + warp_sum(size);
  if (lane < groups_of_block) shared.at[lane] = at;
  if (lane != 0) return;
  shared.words = words;
  publish_units(task.states, shared.block, (words + 1) / 2);
}
/// By the first warp: where the block begins.
VRAMLAB_LANE void place_block(const FastTask& task, FastPackShared& shared) {
  const u32 units = (shared.words + 1) / 2;
  const u32 front = header_bytes / 8 + task.header.dimensions + task.blocks;  // in units, as the index has one a block
  const u32 begin = front + units_before(task.states, shared.block, units);
  if (lane_index() != 0) return;
  shared.begin = begin;
  if (shared.block == task.blocks - 1) task.progress->units = begin + units;
}

/// By the first warp: the block's descriptors and its padding.
VRAMLAB_LANE void put_descriptors(BlockWriter& writer, const FastPackShared& shared) {
  const u32 lane = lane_index();
  if (lane < shared.groups) writer.put(lane, shared.plans[lane].group.packed());
  if (lane == 31 && shared.words % 2 != 0) writer.put(shared.words, 0);
}

/// By all threads, once the block is written: its checksum, its entry, and the stream's end if it is the last.
VRAMLAB_LANE void finish_block(const FastTask& task, FastPackShared& shared, u32 sum) {
  sum = warp_sum(sum);
  if (lane_index() == 0) shared.sums[warp_index()] = sum;
  sync_block();
  if (thread_index() != 0) return;
  IndexEntry entry{shared.begin, 0};
  for (const u32 part : shared.sums) entry.checksum += part;
  auto* stream = static_cast<u8*>(task.to);
  const u32 index_at = header_bytes + 8U * task.header.dimensions;
  auto* index = reinterpret_cast<IndexEntry*>(stream + index_at);
  if (!enter_block(*task.progress, index, shared.block, task.blocks, entry, index_at / 4 - 1)) return;
  fence();
  close_stream(stream, task.header, task.shape, load_shared_state(&task.progress->units),
               load_shared_state(&task.progress->index_sum), task.packed_bytes);
}

/// From values in the tile to the lane's row of words. Returns which escape.
template <class W>
VRAMLAB_LANE u32 read_words(u32 (&x)[32], u32 n, const WordRule& rule, const u32* tile) {
  const u32 own = words_in_row(n);
  u32 escapes = 0;
  VRAMLAB_UNROLL
  for (u32 j = 0; j < 32; ++j) {
    bool escape = false;
    x[j] = W::of_value(tile[lane_index() * 33 + j], rule, escape);
    if (W::can_escape && escape) escapes |= 1U << j;
  }
  if (n == group_words) return escapes;
  VRAMLAB_UNROLL
  for (u32 j = 0; j < 32; ++j) x[j] = j < own ? x[j] : W::zero;
  return escapes & first_bits(own);
}

/// A warp's plan, for it and for the first warp.
VRAMLAB_LANE void keep_plan(FastPackShared& shared, const GroupPlan& plan) {
  const u32 warp = warp_index();
  if (lane_index() != 0) return;
  shared.plans[warp] = plan;
  shared.size[warp] = plan.words + patch_units(plan.group.escapes);
}

/// By one thread: the next block.
VRAMLAB_LANE void take_block(const FastTask& task, FastPackShared& shared) {
  shared.block = atomic_add(&task.progress->ticket, 1U);
  shared.groups = (words_of_block(task.values, shared.block) + group_words - 1) / group_words;
}

/// The kernel: fast_pack_threads threads, a block of the stream each.
template <class W>
VRAMLAB_LANE void pack_fast(const FastTask& task, FastPackShared& shared) {
  if (task.blocks == 0) {
    const u32 front = header_bytes / 8 + task.header.dimensions;
    if (thread_index() == 0)
      close_stream(static_cast<u8*>(task.to), task.header, task.shape, front, 0, task.packed_bytes);
    return;
  }
  if (thread_index() == 0) take_block(task, shared);
  sync_block();
  const u32 warp = warp_index(), n = words_of_group(words_of_block(task.values, shared.block), warp);
  const u64 first = static_cast<u64>(shared.block) * fast_block_words + warp * group_words;
  u32* tile = shared.tiles[warp];
  u32 x[32];
  load_tile<W::bytes>(task.from, first, n, tile);
  const u32 escapes = read_words<W>(x, n, task.rule, tile);
  sync_warp();
  keep_plan(shared, plan_of<W>(extent_of<W>(x, n), n, W::can_escape ? warp_sum(popcount(escapes)) : 0U));
  const GroupPlan& plan = shared.plans[warp];  // not in registers, which the planes need
  sync_block();
  if (warp == 0) measure_block(task, shared);
  const u32 list = arrange<W>(x, n, plan, tile);
  sync_warp();
  if (warp == 0) place_block(task, shared);
  sync_block();
  BlockWriter writer{reinterpret_cast<u32*>(static_cast<u8*>(task.to) + static_cast<u64>(shared.begin) * 8)};
  if (shared.words != 0 && n != 0) {
    if (plan.group.kind == GroupKind::verbatim)
      put_values<W::bytes>(writer, shared.at[warp], task.from, first, n);
    else
      put_group<W>(writer, shared.at[warp], plan, x, list, n);
    if (W::can_escape && plan.group.escapes != 0)
      put_patches<W>(writer, shared.at[warp] + plan.words, plan, escapes, task, first, tile);
    if (warp == 0) put_descriptors(writer, shared);
  }
  finish_block(task, shared, writer.sum);
}

}  // namespace vramlab::padic::gpu
