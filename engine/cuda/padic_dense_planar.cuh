#pragma once
// A block on its way to `dense`, and its bit planes.

#include "engine/cuda/padic_dense_writer.cuh"

namespace vramlab::padic::gpu {

struct BlockToPack {
  u32 number, n;
  u64 first;
  u32 kinds = 0;  ///< of tail planes, two bits each
  u32 coder_words = 0;

  VRAMLAB_LANE PlaneKind kind(u32 plane) const { return static_cast<PlaneKind>(kinds >> 2 * plane & 3U); }
  /// The kinds of those that the coder has.
  VRAMLAB_LANE u32 sequential() const { return kinds & ((kinds ^ kinds >> 1) & 0x15U) * 3U; }
};

/// What a block's words are like.
struct BlockSurvey {
  u32 any = 0;                   ///< a word is not zero
  u32 digits[tail_planes] = {};  ///< ORed
  u32 without = 0;               ///< words without the fixed split's tail
  u32 escapes = 0;
};

/// The magnitudes of a lane's row; those of words that escape are 0. `places`: of codes, null where no word does.
template <class W>
VRAMLAB_LANE void read_magnitudes(u32 (&x)[32], const u32* tile, const WordCutter<W>& cutter, const u32* places) {
  constexpr u32 batch = 8;
  const u32* row = tile + lane_index() * 33;
  if (WordCutter<W>::as_it_is && places == nullptr) {
    VRAMLAB_UNROLL
    for (u32 j = 0; j < 32; ++j) x[j] = row[j];
    return;
  }
  VRAMLAB_UNROLL
  for (u32 j = 0; j < 32; j += batch) {
    u32 raw[batch];
    CutWord words[batch];
    VRAMLAB_UNROLL
    for (u32 i = 0; i < batch; ++i) raw[i] = row[j + i];
    cutter.cut(raw, words);
    VRAMLAB_UNROLL
    for (u32 i = 0; i < batch; ++i) {
      const bool escapes = places != nullptr && places[words[i].code] == DigitPlaces::escape;
      x[j + i] = escapes ? 0U : words[i].magnitude;
    }
  }
}

/// The planes of those bits of the magnitude, the highest first. What a group lacks is 0, which has no digits.
template <class W>
VRAMLAB_LANE void put_planar(BlockWriter& out, u32 at, const DenseTask& task, const BlockToPack& block,
                             const WordCutter<W>& cutter, const u32* places, u32 bits, u32* tile) {
  constexpr u32 most_bits = !fixed_split<W> || W::bytes == 1 ? 0U : W::bytes == 2 ? 10U : 23U;
  const u32 rows = (block.n + 31) / 32;
  for (u32 group = 0; group * group_words < block.n; ++group) {
    const u32 left = block.n - group * group_words;
    sync_warp();
    load_tile<W::bytes>(task.from, block.first + group * group_words, smaller(left, group_words), tile);
    u32 x[32];
    read_magnitudes<W>(x, tile, cutter, places);
    transpose(x);
    const u32 row = group * group_rows + lane_index();
    if (row >= rows) continue;
    u32 to = at + row;
    VRAMLAB_UNROLL
    for (u32 b = most_bits; b-- > 0;) {
      if ((bits >> b & 1U) == 0) continue;
      out.put(to, x[b]);
      to += rows;
    }
  }
  sync_warp();
}

}  // namespace vramlab::padic::gpu
