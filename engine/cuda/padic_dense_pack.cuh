#pragma once
// Packing blocks to `dense`: a block a warp. Coder words go backwards into a slot of the workspace, since nobody knows
// how many they will be; the block finds its place by look-back and is copied there.

#include "engine/cuda/padic_dense_survey.cuh"

namespace vramlab::padic::gpu {

/// Shared memory of a block of threads.
struct DensePackShared {
  u32 meanings[counted_codes];
  CoderStep heads[counted_codes];
  CoderStep planes[tail_planes][256];
  u32 tiles[dense_warps][tile_words];
};

/// Writes coder words from the end of a slot towards its begin.
struct CoderWriter {
  u16* slot;
  u32 at;  ///< the word written last; below 32 the block is too long
  u32 state = lowest_state;

  /// Lanes that are too full for the next symbol put a word out, the lowest lane's first in memory.
  VRAMLAB_LANE void flush(bool full) {
    const u32 mask = ballot(full);
    if (mask == 0) return;
    at -= popcount(mask);
    if (!full) return;
    slot[at + popcount(mask & lanes_below())] = static_cast<u16>(state);
    state >>= 16;
  }
  /// A symbol, of the lanes that have one.
  VRAMLAB_LANE void put(bool has, const CoderStep& step) {
    const u32 rest = step.packed & 0xFFFU;
    flush(has && state >= (probability_scale - rest) << 19);
    if (has)
      state += (step.packed >> 12 & 0x1FFFU) + (product_high(state, step.reciprocal) >> (step.packed >> 25)) * rest;
  }
  /// So many raw bits; 0: none.
  VRAMLAB_LANE void put_bits(u32 width, u32 digit) {
    flush(width != 0 && state >= 1U << (31 - width));
    state = state << width | digit;
  }
  VRAMLAB_LANE bool overflowed() const { return at < warp_lanes; }
};

/// What a block's words are like.
struct BlockSurvey {
  u32 any = 0;                   ///< a word is not zero
  u32 digits[tail_planes] = {};  ///< ORed
  u32 without = 0;               ///< words without the fixed split's tail
  u32 escapes = 0;
};

template <class W>
struct DensePacker {
  const DenseTask& task;
  const DensePackShared& shared;
  Splitter splitter;
  u32 block_log2, blocks, tables;  ///< tables: tail planes that have one, a bit each
  u32 front;                       ///< units before the first block

  struct Block {
    u32 number, n;
    u64 first;
    u32 kinds = 0;
    u32 coder_words = 0;

    VRAMLAB_LANE PlaneKind kind(u32 plane) const { return static_cast<PlaneKind>(kinds >> 2 * plane & 3U); }
  };
  /// A word with what its code means; in no row beyond the block's end.
  struct Item {
    u32 raw, code, magnitude, meaning;
    bool in;
  };

  VRAMLAB_LANE u32 raw_at(const Block& block, u32 row) const {
    const u32 index = row * 32 + lane_index();
    return index < block.n ? load_value<W::bytes>(task.from, block.first + index) : 0U;
  }
  VRAMLAB_LANE Item item_of(const Block& block, u32 row, u32 raw) const {
    const CutWord word = cut_value<W>(raw, task.rule, splitter);
    return {raw, word.code, word.magnitude, shared.meanings[word.code], row * 32 + lane_index() < block.n};
  }
  /// f(item) row by row, forwards or backwards, four loads in flight. Stops where f returns false in all lanes.
  template <bool forwards, class F>
  VRAMLAB_LANE void for_rows(const Block& block, const F& f) const {
    const u32 rows = (block.n + 31) / 32;
    for (u32 done = 0; done < rows; done += 4) {
      u32 raw[4];
      VRAMLAB_UNROLL
      for (u32 i = 0; i < 4; ++i)
        raw[i] = done + i < rows ? raw_at(block, forwards ? done + i : rows - 1 - done - i) : 0U;
      VRAMLAB_UNROLL
      for (u32 i = 0; i < 4; ++i)
        if (done + i < rows && !f(item_of(block, forwards ? done + i : rows - 1 - done - i, raw[i]))) return;
    }
  }

  VRAMLAB_LANE BlockSurvey look_at(const Block& block) const {
    BlockSurvey found;
    for_rows<true>(block, [&](const Item& item) {
      if (!item.in) return true;
      found.any |= item.code;
      found.escapes += (item.meaning & meaning_escape) != 0 ? 1U : 0U;
      found.without += SymbolMeaning::width(item.meaning, 0) == 0 ? 1U : 0U;
      VRAMLAB_UNROLL
      for (u32 k = 0; k < tail_planes; ++k)
        if (SymbolMeaning::width(item.meaning, k) != 0) found.digits[k] |= digit_of(item.magnitude, item.meaning, k);
      return true;
    });
    found.any = warp_or(found.any);
    found.escapes = warp_sum(found.escapes);
    found.without = warp_sum(found.without);
    for (u32& digits : found.digits) digits = warp_or(digits);
    return found;
  }

  VRAMLAB_LANE u32 widest(u32 plane) const {
    return splitter.split == Split::fixed ? splitter.digit_bits(splitter.tail, plane) : 0U;
  }
  VRAMLAB_LANE PlaneKind kind_of(const BlockSurvey& found, const Block& block, u32 plane) const {
    if (found.digits[plane] == 0) return PlaneKind::zero;
    if ((tables >> plane & 1U) != 0) return PlaneKind::coded;
    return widest(plane) != 0 && found.without <= block.n / 64 ? PlaneKind::planar : PlaneKind::bypass;
  }

  VRAMLAB_LANE void encode_plane(const Block& block, u32 plane, CoderWriter& writer) const {
    const bool coded = block.kind(plane) == PlaneKind::coded;
    for_rows<false>(block, [&](const Item& item) {
      const u32 width = item.in ? SymbolMeaning::width(item.meaning, plane) : 0U;
      const u32 digit = width != 0 ? digit_of(item.magnitude, item.meaning, plane) : 0U;
      if (coded)
        writer.put(width != 0, shared.planes[plane][digit & 255U]);
      else
        writer.put_bits(width, digit);
      return !writer.overflowed();
    });
  }

  /// The coder's part, into the slot. False: it is longer than the values.
  VRAMLAB_LANE bool encode(Block& block, CoderWriter& writer) const {
    const u32 capacity = writer.at;
    for (u32 k = tail_planes; k-- > 0 && !writer.overflowed();)
      if (block.kind(k) == PlaneKind::coded || block.kind(k) == PlaneKind::bypass) encode_plane(block, k, writer);
    if (!writer.overflowed())
      for_rows<false>(block, [&](const Item& item) {
        writer.put(item.in, shared.heads[item.code]);
        return !writer.overflowed();
      });
    block.coder_words = capacity - writer.at;
    return !writer.overflowed();
  }

  /// Bit planes of the digits of a plane.
  VRAMLAB_LANE void put_planar(BlockWriter& out, u32 at, const Block& block, u32 plane, u32* tile) const {
    const u32 rows = (block.n + 31) / 32, width = widest(plane), lane = lane_index();
    for (u32 group = 0; group * group_words < block.n; ++group) {
      const u32 left = block.n - group * group_words, n = left < group_words ? left : group_words;
      sync_warp();
      load_tile<W::bytes>(task.from, block.first + group * group_words, n, tile);
      const u32 own = words_in_row(n), row = group * group_rows + lane;
      u32 x[32];
      VRAMLAB_UNROLL
      for (u32 j = 0; j < 32; ++j) {
        const CutWord word = cut_value<W>(tile[lane * 33 + j], task.rule, splitter);
        const u32 meaning = shared.meanings[word.code];
        const bool has = j < own && SymbolMeaning::width(meaning, plane) != 0;
        x[j] = has ? digit_of(word.magnitude, meaning, plane) : 0U;
      }
      transpose(x);
      VRAMLAB_UNROLL
      for (u32 p = 0; p < 8; ++p)
        if (p < width && row < rows) out.put(at + (width - 1 - p) * rows + row, x[p]);
    }
    sync_warp();
  }

  VRAMLAB_LANE void put_escapes(BlockWriter& out, u32 at, const Block& block, u32 escapes) const {
    if (lane_index() == 0) out.put(at, escapes);
    ++at;
    for_rows<true>(block, [&](const Item& item) {
      const bool escape = item.in && (item.meaning & meaning_escape) != 0;
      const u32 mask = ballot(escape);
      if (escape) out.put(at + popcount(mask & lanes_below()), item.raw);
      at += popcount(mask);
      return true;
    });
  }

  /// 16-bit words of the slot as pairs.
  VRAMLAB_LANE void put_coder_words(BlockWriter& out, u32 at, const CoderWriter& writer, u32 count) const {
    for (u32 k = lane_index(); k < (count + 1) / 2; k += warp_lanes) {
      const u32 low = writer.slot[writer.at + 2 * k];
      const u32 high = 2 * k + 1 < count ? writer.slot[writer.at + 2 * k + 1] : 0U;
      out.put(at + k, low | high << 16);
    }
  }

  VRAMLAB_LANE void put_coded(BlockWriter& out, const Block& block, const CoderWriter& writer, const BlockSurvey& found,
                              u32* tile) const {
    const u32 lane = lane_index();
    if (lane == 0) out.put(0, static_cast<u32>(BlockKind::dense) | block.kinds << 8);
    if (lane == 1) out.put(1, block.coder_words);
    out.put(2 + lane, writer.state);
    u32 at = sizeof(BlockHeader) / 4 + lanes;
    put_coder_words(out, at, writer, block.coder_words);
    at += (block.coder_words + 1) / 2;
    for (u32 k = 0; k < tail_planes; ++k) {
      if (block.kind(k) != PlaneKind::planar) continue;
      put_planar(out, at, block, k, tile);
      at += widest(k) * ((block.n + 31) / 32);
    }
    if (found.escapes != 0) {
      put_escapes(out, at, block, found.escapes);
      at += 1 + found.escapes;
    }
    if (at % 2 != 0 && lane == 0) out.put(at, 0);
  }

  /// The values as they are, with zeros up to a unit.
  VRAMLAB_LANE void put_stored(BlockWriter& out, const Block& block, u32 words) const {
    if (lane_index() < 2) out.put(lane_index(), 0);
    const auto* from = static_cast<const u8*>(task.from) + block.first * W::bytes;
    const u32 bytes = block.n * W::bytes;
    for (u32 k = lane_index(); k < words - 2; k += warp_lanes) {
      u32 word = 0;
      if (4 * k + 4 <= bytes)
        word = reinterpret_cast<const u32*>(from)[k];
      else
        for (u32 b = 4 * k; b < bytes; ++b) word |= static_cast<u32>(from[b]) << 8 * (b % 4);
      out.put(2 + k, word);
    }
  }

  VRAMLAB_LANE u32 coded_words(const Block& block, const BlockSurvey& found) const {
    u32 words = sizeof(BlockHeader) / 4 + lanes + (block.coder_words + 1) / 2;
    for (u32 k = 0; k < tail_planes; ++k)
      if (block.kind(k) == PlaneKind::planar) words += widest(k) * ((block.n + 31) / 32);
    if (found.escapes != 0) words += 1 + found.escapes;
    return (words + 1) / 2 * 2;
  }

  /// A block from values to stream. By the last one of all the stream is closed.
  VRAMLAB_LANE void pack(u32 number, u8* slot, u32* tile) const {
    Block block{number, 0, static_cast<u64>(number) << block_log2};
    block.n =
        task.values - block.first < (1U << block_log2) ? static_cast<u32>(task.values - block.first) : 1U << block_log2;
    const BlockSurvey found = look_at(block);
    const u32 stored = static_cast<u32>(rounded_up(sizeof(BlockHeader) + block.n * W::bytes, stream_alignment)) / 4;
    CoderWriter writer{reinterpret_cast<u16*>(slot), block.n * W::bytes / 2};
    u32 words = 0;
    bool coded = false;
    if (found.any != 0) {
      for (u32 k = 0; k < tail_planes; ++k) block.kinds |= static_cast<u32>(kind_of(found, block, k)) << 2 * k;
      coded = encode(block, writer) && coded_words(block, found) < stored;
      words = coded ? coded_words(block, found) : stored;
    }
    sync_warp();
    const u32 begin = front + units_before(task.states, number, words / 2);
    if (lane_index() == 0 && number == blocks - 1) task.progress->units = begin + words / 2;
    BlockWriter out{reinterpret_cast<u32*>(static_cast<u8*>(task.to) + static_cast<u64>(begin) * 8)};
    if (coded)
      put_coded(out, block, writer, found, tile);
    else if (words != 0)
      put_stored(out, block, words);
    enter(number, {begin, warp_sum(out.sum)});
  }

  VRAMLAB_LANE void enter(u32 number, IndexEntry entry) const {
    if (lane_index() != 0) return;
    const u32 index_at = header_bytes + 8U * task.header.dimensions + task.survey->table_bytes;
    auto* index = reinterpret_cast<IndexEntry*>(static_cast<u8*>(task.to) + index_at);
    if (!enter_block(*task.progress, index, number, blocks, entry, index_at / 4 - 1)) return;
    fence();
    close(load_shared_state(&task.progress->units), load_shared_state(&task.progress->index_sum));
  }

  VRAMLAB_LANE void close(u32 units, u32 index_sum) const {
    StreamHeader header = task.header;
    header.block_log2 = static_cast<u8>(block_log2);
    header.lead_bits = static_cast<u8>(splitter.split == Split::logarithmic ? splitter.lead : 0U);
    header.tables = static_cast<u8>(blocks == 0 ? 0U : 1U | tables << 1);
    header.tables_bytes = task.survey->table_bytes;
    header.blocks = blocks;
    close_stream(static_cast<u8*>(task.to), header, task.shape, units, index_sum + task.survey->table_sum,
                 task.packed_bytes);
  }
};

/// The kernel: dense_threads threads a block, all of which stay on the device.
template <class W>
VRAMLAB_LANE void pack_dense(const DenseTask& task, DensePackShared& shared) {
  const DenseSurvey& survey = *task.survey;
  for (u32 i = thread_index(); i < counted_codes; i += dense_threads) {
    shared.meanings[i] = survey.meanings[i];
    shared.heads[i] = survey.heads[i];
  }
  for (u32 i = thread_index(); i < tail_planes * 256; i += dense_threads)
    shared.planes[i / 256][i % 256] = survey.planes[i / 256][i % 256];
  sync_block();
  Splitter splitter = task.splitter;
  splitter.lead = survey.lead;
  const u32 front = header_bytes / 8 + task.header.dimensions + survey.table_bytes / 8 + survey.blocks;
  const DensePacker<W> packer{task, shared, splitter, survey.block_log2, survey.blocks, survey.coded, front};
  const u32 own = warp_index() * grid_blocks() + block_index();
  if (packer.blocks == 0) {
    if (own == 0 && lane_index() == 0) packer.close(front, 0);
    return;
  }
  const u64 slot_bytes = static_cast<u64>(W::bytes) << packer.block_log2;
  if ((own + 1) * slot_bytes > task.slot_bytes) return;
  while (true) {
    u32 number = 0;
    if (lane_index() == 0) number = atomic_add(&task.progress->ticket, 1U);
    number = shuffle(number, 0);
    if (number >= packer.blocks) return;
    packer.pack(number, task.slots + own * slot_bytes, shared.tiles[warp_index()]);
  }
}

}  // namespace vramlab::padic::gpu
