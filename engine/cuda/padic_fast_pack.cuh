#pragma once
// Packing to a `fast` stream: one pass. A warp keeps its group in registers from the values to the planes; blocks find
// their place by look-back while their planes wait.

#include "engine/cuda/padic_fast.cuh"

namespace vramlab::padic::gpu {

/// What a lane's row holds, added up over the warp.
struct GroupExtent {
  u32 kept = 0, least = 0xFFFFFFFFU, most = 0;
  bool any_sign = false, sign_missing = false;
};

template <class W>
VRAMLAB_LANE GroupExtent extent_of(const u32 (&x)[32], u32 mask) {
  u32 least = 0xFFFFFFFFU, most = 0, signs = 0;
  VRAMLAB_UNROLL
  for (u32 j = 0; j < 32; ++j) {
    const u32 word = W::with_sign ? x[j] & ~top_bit : x[j];
    if (W::with_sign) signs |= (x[j] >> 31) << j;
    if ((mask >> j & 1U) == 0) continue;
    least = word < least ? word : least;
    most = word > most ? word : most;
  }
  GroupExtent extent;
  extent.kept = warp_sum(popcount(mask));
  extent.least = warp_least(least);
  extent.most = warp_most(most);
  if constexpr (W::with_sign) {
    extent.any_sign = ballot((signs & mask) != 0) != 0;
    extent.sign_missing = ballot((~signs & mask) != 0) != 0;
  }
  return extent;
}

/// Takes `other` if it is shorter.
VRAMLAB_LANE void prefer(GroupPlan& plan, const GroupPlan& other) {
  if (other.words < plan.words) plan = other;
}

template <class W>
VRAMLAB_LANE GroupPlan planar_plan(const GroupExtent& extent, u32 n) {
  GroupPlan plan;
  plan.kept = n;
  if (extent.kept == 0) return plan;
  const bool zeros = extent.kept < n;
  plan.base = zeros ? smaller(W::zero, extent.least) : extent.least;
  const u32 most = zeros ? larger(W::zero, extent.most) : extent.most;
  if (plan.base == most && !zeros && !(extent.any_sign && extent.sign_missing)) {
    plan.field = constant_width;
    plan.signs = extent.any_sign ? 1U : 0U;
    plan.words = 1;
    return plan;
  }
  plan.width = most == plan.base ? 1U : bit_length(most - plan.base);  // alike but for signs: one plane
  plan.signs = extent.any_sign ? 1U : 0U;
  plan.field = plan.width;
  plan.rows = (n + 31) / 32;
  plan.words = planar_words(plan.rows, plan.width + plan.signs);
  return plan;
}

/// The kind with the fewest bytes, of equals the first.
template <class W>
VRAMLAB_LANE GroupPlan plan_of(const GroupExtent& extent, u32 n, u32 escapes) {
  GroupPlan plan = planar_plan<W>(extent, n);
  GroupPlan some = plan;
  if (extent.kept != 0) {
    some.kept = extent.kept;
    some.base = extent.least;
    some.width = extent.most == extent.least ? 0U : bit_length(extent.most - extent.least);
    some.signs = extent.any_sign ? 1U : 0U;
    some.field = some.width;
    some.rows = (some.kept + 31) / 32;
    some.kind = GroupKind::masked;
    some.words = masked_words((n + 31) / 32, some.kept, some.width + some.signs);
    prefer(plan, some);
    some.kind = GroupKind::sparse;
    some.words = sparse_words(some.kept, some.width + some.signs);
    prefer(plan, some);
  }
  GroupPlan all;
  all.kind = GroupKind::verbatim;
  all.words = verbatim_words(n, W::bytes);
  prefer(plan, all);
  if (escapes > most_patches_of_group) plan = all;
  plan.escapes = plan.kind == GroupKind::verbatim ? 0U : escapes;
  return plan;
}

/// Replaces a group's words by those that are not zero, less the base; those behind the last are 0. Returns, of sparse
/// groups, the lane's word of the list of indices.
template <class W>
VRAMLAB_LANE u32 compact(u32 (&x)[32], u32 mask, const GroupPlan& plan, u32* tile) {
  u32 rank = sum_below(popcount(mask));
  u32 pair = 0;
  if (plan.kind == GroupKind::sparse) {  // shorter than a bitmap: fewer than 64 words
    auto* indices = reinterpret_cast<u16*>(tile);
    tile[lane_index()] = 0;
    sync_warp();
    u32 at = rank;
    for (u32 rest = mask; rest != 0; rest &= rest - 1)
      indices[at++] = static_cast<u16>(lane_index() * 32 + lowest_bit(rest));
    sync_warp();
    pair = tile[lane_index()];
    sync_warp();
  }
  VRAMLAB_UNROLL
  for (u32 j = 0; j < 32; ++j)
    if ((mask >> j & 1U) != 0) tile[place_in_tile(rank++)] = x[j] - plan.base;
  sync_warp();
  const u32 own = words_in_row(plan.kept);
  VRAMLAB_UNROLL
  for (u32 j = 0; j < 32; ++j) x[j] = j < own ? tile[lane_index() * 33 + j] : 0U;
  return pair;
}

/// Words become planes, in the registers. Returns what compact() does.
template <class W>
VRAMLAB_LANE u32 arrange(u32 (&x)[32], u32 mask, u32 n, const GroupPlan& plan, u32* tile) {
  u32 pair = 0;
  if (plan.kind == GroupKind::planar) {
    const u32 own = words_in_row(n);
    VRAMLAB_UNROLL
    for (u32 j = 0; j < 32; ++j) x[j] = j < own ? x[j] - plan.base : 0U;  // the sign's bit stays: base is the least
  } else if (plan.kind != GroupKind::verbatim) {
    pair = compact<W>(x, mask, plan, tile);
  }
  if (plan.rows != 0) transpose(x);
  return pair;
}

VRAMLAB_LANE void put_planes(BlockWriter& writer, u32 at, const GroupPlan& plan, const u32 (&planes)[32]) {
  if (lane_index() >= plan.rows) return;
  if (plan.signs != 0) {
    writer.put(at + lane_index(), planes[31]);
    at += plan.rows;
  }
  VRAMLAB_UNROLL
  for (u32 p = 0; p < 32; ++p)
    if (p < plan.width) writer.put(at + (plan.width - 1 - p) * plan.rows + lane_index(), planes[p]);
}

/// The group's values as they are.
template <u32 bytes>
VRAMLAB_LANE void put_values(BlockWriter& writer, u32 at, const void* values, u64 first, u32 n) {
  const auto* from = static_cast<const u8*>(values) + first * bytes;  // aligned to 1024
  for (u32 k = lane_index(); k < verbatim_words(n, bytes); k += 32) {
    u32 word = 0;
    if (4 * k + 4 <= n * bytes) {
      word = reinterpret_cast<const u32*>(from)[k];
    } else {
      for (u32 b = 0; 4 * k + b < n * bytes; ++b) word |= static_cast<u32>(from[4 * k + b]) << 8 * b;
    }
    writer.put(at + k, word);
  }
}

template <class W>
VRAMLAB_LANE void put_group(BlockWriter& writer, u32 at, const GroupPlan& plan, const u32 (&planes)[32], u32 mask,
                            u32 pair, u32 n, const FastTask& task, u64 first) {
  if (plan.words == 0) return;
  if (plan.kind == GroupKind::verbatim) {
    put_values<W::bytes>(writer, at, task.from, first, n);
    return;
  }
  const u32 lane = lane_index();
  if (lane == 0) writer.put(at, plan.base | (W::with_sign ? plan.signs << 31 : 0U));
  ++at;
  if (plan.kind == GroupKind::masked) {
    const u32 rows = (n + 31) / 32;
    if (lane < rows) writer.put(at + lane, mask);
    at += rows;
  } else if (plan.kind == GroupKind::sparse) {
    const u32 pairs = (plan.kept + 1) / 2;
    if (lane == 0) writer.put(at, plan.kept);
    if (lane < pairs) writer.put(at + 1 + lane, pair);
    at += 1 + pairs;
  }
  put_planes(writer, at, plan, planes);
}

/// By the first warp: where groups and patches lie, how long the block is, where it begins.
VRAMLAB_LANE void place_block(const FastTask& task, FastShared& shared) {
  const u32 lane = lane_index();
  const u32 size = lane < groups_of_block ? shared.size[lane] : 0U;
  const u32 escapes = lane < groups_of_block ? shared.escapes[lane] : 0U;
  const u32 at = sum_below(size), before = sum_below(escapes);
  const u32 payload = warp_sum(size), patched = warp_sum(escapes);
  const u32 words = payload + patched == 0 ? 0U : fast_header_words + payload + patch_words(patched);
  const u32 units = (words + 1) / 2;
  const u32 front = header_bytes / 8 + task.header.dimensions + task.blocks;  // in units, as the index has one a block
  const u32 begin = front + units_before(task.states, shared.block, units);
  if (lane < groups_of_block) {
    shared.at[lane] = fast_header_words + at;
    shared.escapes[lane] = before;
  }
  if (lane == 0) {
    shared.begin = begin;
    shared.words = words;
    shared.patched = patched;
    if (shared.block == task.blocks - 1) task.progress->units = begin + units;
  }
}

/// By all threads. `escapes`: of the lane's row, none where the group has no patches.
template <class W>
VRAMLAB_LANE void put_patches(BlockWriter& writer, u32 escapes, const FastTask& task, FastShared& shared) {
  u32 at = shared.escapes[warp_index()] + sum_below(popcount(escapes));
  for (; escapes != 0; escapes &= escapes - 1)
    shared.patches[at++] = static_cast<u16>(warp_index() * group_words + lane_index() * 32 + lowest_bit(escapes));
  sync_block();
  const u32 pairs = (shared.patched + 1) / 2, begin = shared.words - patch_words(shared.patched);
  const u64 first = static_cast<u64>(shared.block) * fast_block_words;
  for (u32 k = thread_index(); k < pairs; k += fast_threads) {
    const u32 second = 2 * k + 1 < shared.patched ? shared.patches[2 * k + 1] : 0U;
    writer.put(begin + k, shared.patches[2 * k] | second << 16);
  }
  for (u32 k = thread_index(); k < shared.patched; k += fast_threads)
    writer.put(begin + pairs + k, load_value<W::bytes>(task.from, first + shared.patches[k]));
}

/// By the first warp: the block's header and its padding.
VRAMLAB_LANE void put_block_header(BlockWriter& writer, const FastShared& shared) {
  const u32 lane = lane_index();
  if (lane == 0) writer.put(0, static_cast<u32>(BlockKind::fast) | shared.patched << 16);
  if (lane == 1) writer.put(1, 0);
  if (lane >= 2 && lane < fast_header_words) writer.put(lane, shared.bytes[lane - 2]);
  if (lane == 31 && shared.words % 2 != 0) writer.put(shared.words, 0);
}

/// By all threads, once the block is written: its checksum, its entry, and the stream's end if it is the last.
VRAMLAB_LANE void finish_block(const FastTask& task, FastShared& shared, u32 sum) {
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

template <class W>
VRAMLAB_LANE void read_words(u32 (&x)[32], u32& mask, u32& escapes, u32 n, const WordRule& rule, const u32* tile) {
  const u32 own = words_in_row(n);
  mask = escapes = 0;
  VRAMLAB_UNROLL
  for (u32 j = 0; j < 32; ++j) {
    bool escape = false;
    const u32 word = W::of_value(tile[lane_index() * 33 + j], rule, escape);
    x[j] = j < own ? word : W::zero;
    if (W::can_escape && j < own) escapes |= static_cast<u32>(escape) << j;
    mask |= static_cast<u32>(x[j] != W::zero) << j;
  }
}

/// A warp's plan, for it and for the first warp.
VRAMLAB_LANE void keep_plan(FastShared& shared, const GroupPlan& plan) {
  const u32 warp = warp_index();
  if (lane_index() != 0) return;
  shared.plans[warp] = plan;
  shared.size[warp] = plan.words;
  shared.escapes[warp] = plan.escapes;
  reinterpret_cast<u8*>(shared.bytes)[warp] = static_cast<u8>(static_cast<u32>(plan.kind) << 6 | plan.field);
}

/// The kernel: fast_threads threads, a block of the stream each.
template <class W>
VRAMLAB_LANE void pack_fast(const FastTask& task, FastShared& shared) {
  if (task.blocks == 0) {
    const u32 front = header_bytes / 8 + task.header.dimensions;
    if (thread_index() == 0)
      close_stream(static_cast<u8*>(task.to), task.header, task.shape, front, 0, task.packed_bytes);
    return;
  }
  if (thread_index() == 0) {
    shared.block = atomic_add(&task.progress->ticket, 1U);
    shared.faults = 0;
  }
  sync_block();
  const u32 warp = warp_index(), n = words_of_group(task.values, shared.block, warp);
  const u64 first = static_cast<u64>(shared.block) * fast_block_words + warp * group_words;
  u32 x[32], mask = 0, escapes = 0;
  load_tile<W::bytes>(task.from, first, n, shared.tiles[warp]);
  read_words<W>(x, mask, escapes, n, task.rule, shared.tiles[warp]);
  sync_warp();
  keep_plan(shared, plan_of<W>(extent_of<W>(x, mask), n, W::can_escape ? warp_sum(popcount(escapes)) : 0U));
  const GroupPlan& plan = shared.plans[warp];  // not in registers, which the planes need
  sync_block();
  if (warp == 0) place_block(task, shared);
  const u32 pair = arrange<W>(x, mask, n, plan, shared.tiles[warp]);
  sync_block();
  BlockWriter writer{reinterpret_cast<u32*>(static_cast<u8*>(task.to) + static_cast<u64>(shared.begin) * 8)};
  if (shared.words != 0) {
    put_group<W>(writer, shared.at[warp], plan, x, mask, pair, n, task, first);
    if (warp == 0) put_block_header(writer, shared);
    if (W::can_escape && shared.patched != 0) put_patches<W>(writer, plan.escapes == 0 ? 0U : escapes, task, shared);
  }
  finish_block(task, shared, writer.sum);
}

}  // namespace vramlab::padic::gpu
