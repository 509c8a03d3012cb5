#pragma once
// Counting for `dense`: heads of all words, digits of a sixteenth of them or of all.

#include "engine/cuda/padic_dense_words.cuh"
#include "engine/cuda/padic_planes.cuh"
#include "engine/padic/frequencies.h"

namespace vramlab::padic::gpu {

inline constexpr u32 count_copies = 8;  ///< lanes that share a counter would queue up

template <class W>
struct CountShared {
  u32 counts[counted_codes * count_copies];
  SharedLevels<W> levels;
};

/// The kernel that counts heads: any grid of dense_threads threads.
template <class W>
VRAMLAB_LANE void count_heads(const DenseTask& task, CountShared<W>& shared) {
  constexpr u32 each = 16 / W::bytes, flight = 4;
  for (u32 i = thread_index(); i < counted_codes * count_copies; i += dense_threads) shared.counts[i] = 0;
  shared.levels.load(task.rule);
  sync_block();
  const WordCutter<W> cutter(task.rule, task.splitter, shared.levels.of);
  u32* counts = shared.counts + thread_index() % count_copies;
  const auto* vectors = static_cast<const Vector*>(task.from);
  const u64 whole = task.values / each, step = static_cast<u64>(grid_blocks()) * dense_threads;
  const u64 own = static_cast<u64>(block_index()) * dense_threads + thread_index();
  for (u64 at = own; at < whole; at += flight * step) {
    Vector loaded[flight];
    VRAMLAB_UNROLL
    for (u32 i = 0; i < flight; ++i)
      if (at + i * step < whole) loaded[i] = vectors[at + i * step];
    VRAMLAB_UNROLL
    for (u32 i = 0; i < flight; ++i) {
      if (at + i * step >= whole) continue;
      u32 raw[each];
      CutWord words[each];
      VRAMLAB_UNROLL
      for (u32 k = 0; k < each; ++k) raw[k] = part_of_vector<W::bytes>(loaded[i], k);
      cutter.cut(raw, words);
      VRAMLAB_UNROLL
      for (u32 k = 0; k < each; ++k) atomic_add(counts + words[k].code * count_copies, 1U);
    }
  }
  if (own < task.values - whole * each)
    atomic_add(counts + cutter.cut(load_value<W::bytes>(task.from, whole * each + own)).code * count_copies, 1U);
  sync_block();
  for (u32 code = thread_index(); code < counted_codes; code += dense_threads) {
    u64 sum = 0;
    for (u32 i = 0; i < count_copies; ++i) sum += shared.counts[code * count_copies + i];
    if (sum != 0) atomic_add(task.survey->codes + code, sum);
  }
}

inline constexpr u32 digit_copies = 4;

template <class W>
struct DigitShared {
  u32 places[counted_codes];
  u32 counts[tail_planes][256 * digit_copies];
  u32 bits[tail_planes];
  SharedLevels<W> levels;
};

/// What a thread has seen of each plane. Zeros are added up here: a plane of hardly anything else would have all lanes
/// wait for one counter.
struct PlanesSeen {
  u32 bits[tail_planes] = {}, zeros[tail_planes] = {};
};

/// Digits of a group of values, of the planes whose bits are set.
template <class W>
VRAMLAB_LANE void count_group(const DenseTask& task, const WordCutter<W>& cutter, DigitShared<W>& shared, u64 first,
                              u32 planes, PlanesSeen& seen) {
  constexpr u32 batch = 8;
  for (u32 row = 0; row < group_rows; row += batch) {
    u32 raw[batch];
    CutWord words[batch];
    VRAMLAB_UNROLL
    for (u32 i = 0; i < batch; ++i) {
      const u64 index = first + (row + i) * 32 + lane_index();
      raw[i] = index < task.values ? load_value<W::bytes>(task.from, index) : 0U;
    }
    cutter.cut(raw, words);
    VRAMLAB_UNROLL
    for (u32 i = 0; i < batch; ++i) {
      const bool in = first + (row + i) * 32 + lane_index() < task.values;
      const u32 places = in ? shared.places[words[i].code] : 0U;
      VRAMLAB_UNROLL
      for (u32 k = 0; k < tail_planes; ++k) {
        const u32 width = DigitPlaces::width(places, k);
        if ((planes >> k & 1U) == 0 || width == 0) continue;
        const u32 digit = DigitPlaces::digit(words[i].magnitude, places, k) & 255U;
        seen.bits[k] += width;
        if (digit == 0)
          ++seen.zeros[k];
        else
          atomic_add(&shared.counts[k][digit * digit_copies + thread_index() % digit_copies], 1U);
      }
    }
  }
}

/// The same of the fixed split, where those of all words but zero lie at the places `used`.
template <class W, u32 count>
VRAMLAB_LANE void count_alike(const WordCutter<W>& cutter, DigitShared<W>& shared, const u32 (&raw)[count], u32 used,
                              u32 planes, PlanesSeen& seen) {
  CutWord words[count];
  cutter.cut(raw, words);
  u32 there = 0;
  VRAMLAB_UNROLL
  for (u32 i = 0; i < count; ++i) there += words[i].magnitude != 0 ? 1U : 0U;
  VRAMLAB_UNROLL
  for (u32 k = 0; k < tail_planes; ++k) {
    const u32 width = DigitPlaces::width(used, k), below = DigitPlaces::below(used, k), digits = (1U << width) - 1U;
    if ((planes >> k & 1U) == 0 || width == 0) continue;
    u32* const counts = shared.counts[k] + thread_index() % digit_copies;
    seen.bits[k] += there * width;
    seen.zeros[k] += there;
    VRAMLAB_UNROLL
    for (u32 i = 0; i < count; ++i) {
      const u32 digit = words[i].magnitude >> below & digits;
      if (digit == 0) continue;
      --seen.zeros[k];
      atomic_add(counts + digit * digit_copies, 1U);
    }
  }
}
template <class W>
VRAMLAB_LANE void count_group_alike(const DenseTask& task, const WordCutter<W>& cutter, DigitShared<W>& shared,
                                    u64 first, u32 planes, PlanesSeen& seen) {
  constexpr u32 each = 16 / W::bytes, vectors = group_words / each / warp_lanes, flight = vectors < 4 ? vectors : 4;
  const u32 used = task.survey->used;
  if (task.values - first < group_words) {
    for (u64 index = first + lane_index(); index < task.values; index += warp_lanes) {
      const u32 raw[1] = {load_value<W::bytes>(task.from, index)};
      count_alike<W>(cutter, shared, raw, used, planes, seen);
    }
    return;
  }
  const auto* from = reinterpret_cast<const Vector*>(static_cast<const u8*>(task.from) + first * W::bytes);
  for (u32 v = 0; v < vectors; v += flight) {
    Vector loaded[flight];
    VRAMLAB_UNROLL
    for (u32 i = 0; i < flight; ++i) loaded[i] = from[(v + i) * warp_lanes + lane_index()];
    VRAMLAB_UNROLL
    for (u32 i = 0; i < flight; ++i) {
      u32 raw[each];
      VRAMLAB_UNROLL
      for (u32 k = 0; k < each; ++k) raw[k] = part_of_vector<W::bytes>(loaded[i], k);
      count_alike<W>(cutter, shared, raw, used, planes, seen);
    }
  }
}

/// The kernel that counts digits: of every sampled_group-th group, or of all if some plane is to be coded.
template <class W, bool sampled>
VRAMLAB_LANE void count_digits(const DenseTask& task, DigitShared<W>& shared) {
  DenseSurvey& survey = *task.survey;
  const u32 planes = sampled ? (fixed_split<W> ? 7U : 1U) : survey.coded;
  if (planes == 0) return;
  for (u32 i = thread_index(); i < counted_codes; i += dense_threads) shared.places[i] = survey.places[i];
  for (u32 k = 0; k < tail_planes; ++k)
    for (u32 i = thread_index(); i < 256 * digit_copies; i += dense_threads) shared.counts[k][i] = 0;
  if (thread_index() < tail_planes) shared.bits[thread_index()] = 0;
  shared.levels.load(task.rule);
  sync_block();
  Splitter splitter = task.splitter;
  splitter.lead = survey.lead;
  const WordCutter<W> cutter(task.rule, splitter, shared.levels.of);
  const u64 stride = group_words * (sampled ? sampled_group : 1U);
  const u64 warps = static_cast<u64>(grid_blocks()) * dense_warps;
  PlanesSeen seen;
  const bool alike = fixed_split<W> && survey.escapes == 0;
  for (u64 group = warp_index() * grid_blocks() + block_index(); group * stride < task.values; group += warps) {
    if (alike)
      count_group_alike<W>(task, cutter, shared, group * stride, planes, seen);
    else
      count_group<W>(task, cutter, shared, group * stride, planes, seen);
  }
  VRAMLAB_UNROLL
  for (u32 k = 0; k < tail_planes; ++k) {
    const u32 bits = warp_sum(seen.bits[k]), zeros = warp_sum(seen.zeros[k]);
    if (lane_index() != 0) continue;
    atomic_add(shared.bits + k, bits);
    atomic_add(&shared.counts[k][0], zeros);
  }
  sync_block();
  for (u32 i = thread_index(); i < tail_planes * 256; i += dense_threads) {
    u64 count = 0;
    for (u32 c = 0; c < digit_copies; ++c) count += shared.counts[i / 256][i % 256 * digit_copies + c];
    if (count != 0) atomic_add((sampled ? survey.sampled : survey.digits)[i / 256] + i % 256, count);
  }
  if (sampled && thread_index() < tail_planes)
    atomic_add(survey.sampled_bits + thread_index(), static_cast<u64>(shared.bits[thread_index()]));
}

}  // namespace vramlab::padic::gpu
