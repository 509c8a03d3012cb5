#pragma once
// Packing blocks to `dense`: a block a warp. Coder words go backwards into a slot of the workspace, since nobody knows
// how many they will be; the block finds its place by look-back and is copied there. Slots have room for what a block
// of the tensor is likely to take; where one takes more, its words are counted only, and coded again to where they
// belong. The coder goes first by what the tensor is like, and only where a block turns out to be another, once more.

#include "engine/cuda/padic_dense_planar.cuh"

namespace vramlab::padic::gpu {

template <class W>
struct DensePacker {
  const DenseTask& task;
  const DensePackShared<W>& shared;
  const WordCutter<W>& cutter;
  u32 block_log2, blocks, tables;  ///< tables: tail planes that have one, a bit each
  u32 front;                       ///< units before the first block
  u64 slot_bytes;                  ///< of a warp

  /// f(raw values of some rows, whether they are of the block), the last row first; full rows a batch at a time, on
  /// their way while the ones before are coded. Stops where f returns false in all lanes.
  template <class F>
  VRAMLAB_LANE void for_rows(const BlockToPack& block, const F& f) const {
    u32 row = (block.n + 31) / 32;
    for (; row * 32 > block.n || row % batch_rows != 0; --row) {
      const u32 index = row * 32 - 32 + lane_index();
      const bool in = index < block.n;
      const u32 raw[1] = {in ? load_value<W::bytes>(task.from, block.first + index) : 0U};
      if (!f(raw, in)) return;
    }
    if (row == 0) return;
    u32 next[batch_rows];
    load_batch(block, row, next);
    while (true) {
      u32 raw[batch_rows];
      VRAMLAB_UNROLL
      for (u32 i = 0; i < batch_rows; ++i) raw[i] = next[i];
      row -= batch_rows;
      if (row != 0) load_batch(block, row, next);
      if (!f(raw, true) || row == 0) return;
    }
  }
  /// The rows before `row`, backwards.
  VRAMLAB_LANE void load_batch(const BlockToPack& block, u32 row, u32 (&raw)[batch_rows]) const {
    const u64 first = block.first + (row - batch_rows) * 32 + lane_index();
    VRAMLAB_UNROLL
    for (u32 i = 0; i < batch_rows; ++i) raw[i] = load_value<W::bytes>(task.from, first + (batch_rows - 1 - i) * 32);
  }

  /// Everything that can be known of a block's words before they are coded.
  VRAMLAB_LANE BlockSurvey look_at(const BlockToPack& block) const {
    BlockSurvey found;
    for_rows(block, [&](const auto& raw, bool in) {
      VRAMLAB_UNROLL
      for (const u32 each : raw) {
        const CutWord word = cutter.cut(each);
        const u32 places = shared.places[word.code];
        found.any |= word.code;
        if (!in) continue;
        found.escapes += places == DigitPlaces::escape ? 1U : 0U;
        found.without += DigitPlaces::width(places, 0) == 0 ? 1U : 0U;
        VRAMLAB_UNROLL
        for (u32 k = 0; k < tail_planes; ++k) found.digits[k] |= DigitPlaces::digit(word.magnitude, places, k);
      }
      return true;
    });
    found.any = warp_or(found.any);
    found.escapes = warp_sum(found.escapes);
    found.without = warp_sum(found.without);
    for (u32& digits : found.digits) digits = warp_or(digits);
    return found;
  }

  VRAMLAB_LANE u32 widest(u32 plane) const {
    return fixed_split<W> ? cutter.splitter().digit_bits(cutter.splitter().tail, plane) : 0U;
  }
  VRAMLAB_LANE PlaneKind kind_of(const BlockSurvey& found, const BlockToPack& block, u32 plane) const {
    if (found.digits[plane] == 0) return PlaneKind::zero;
    if ((tables >> plane & 1U) != 0) return PlaneKind::coded;
    return widest(plane) != 0 && found.without <= block.n / 64 ? PlaneKind::planar : PlaneKind::bypass;
  }
  VRAMLAB_LANE u32 kinds_of(const BlockSurvey& found, const BlockToPack& block) const {
    u32 kinds = 0;
    for (u32 k = 0; k < tail_planes; ++k) kinds |= static_cast<u32>(kind_of(found, block, k)) << 2 * k;
    return kinds;
  }
  /// By some of them: how many of a block's words have no tail.
  VRAMLAB_LANE u32 likely_without(const BlockToPack& block) const {
    const u32 rows = smaller(block.n / 32, group_rows);
    if (rows == 0) return 0;
    const u32 apart = block.n / rows;
    u32 without = 0;
    for (u32 row = 0; row < rows; ++row) {
      const CutWord word = cutter.cut(load_value<W::bytes>(task.from, block.first + row * apart + lane_index()));
      without += DigitPlaces::width(shared.places[word.code], 0) == 0 ? 1U : 0U;
    }
    return warp_sum(without) * (block.n / (rows * 32));
  }
  /// Of a block like the whole tensor, or where that is of two minds like some of its words.
  VRAMLAB_LANE u32 likely_kinds(const BlockToPack& block) const {
    const DenseSurvey& survey = *task.survey;
    BlockSurvey likely;
    for (u32 k = 0; k < tail_planes; ++k)
      if ((survey.zero >> k & 1U) == 0) likely.digits[k] = DigitPlaces::width(survey.used, k);
    if (fixed_split<W> && survey.without > task.values / 64) likely.without = likely_without(block);
    return kinds_of(likely, block);
  }

  /// Digits of a plane of the fixed split: of all words but zero they lie at the same places. Returns all, ORed.
  template <bool coded>
  VRAMLAB_LANE u32 encode_alike(const BlockToPack& block, u32 plane, CoderWriter& writer) const {
    const u32 used = task.survey->used, width = DigitPlaces::width(used, plane),
              below = DigitPlaces::below(used, plane);
    const u32 scale = 1U << width, too_full = top_bit >> width;
    const CoderStep* steps = shared.planes[plane];
    u32 digits = 0;
    for_rows(block, [&](const auto& raw, bool in) {
      constexpr u32 count = sizeof raw / sizeof raw[0];
      CutWord words[count];
      cutter.cut(raw, words);
      VRAMLAB_UNROLL
      for (const CutWord& word : words) {
        const bool there = in && word.magnitude != 0;
        const u32 digit = word.magnitude >> below & (scale - 1U);
        digits |= digit;
        if constexpr (coded)
          writer.put(steps[digit], there);
        else
          writer.put_digit(scale, too_full, digit, there);
      }
      return !writer.overflowed();
    });
    return warp_or(digits);
  }
  /// The same of any words.
  template <bool coded>
  VRAMLAB_LANE u32 encode_any(const BlockToPack& block, u32 plane, CoderWriter& writer) const {
    u32 digits = 0;
    for_rows(block, [&](const auto& raw, bool in) {
      constexpr u32 count = sizeof raw / sizeof raw[0];
      CutWord words[count];
      cutter.cut(raw, words);
      VRAMLAB_UNROLL
      for (const CutWord& word : words) {
        const u32 places = in ? shared.places[word.code] : 0U;
        const u32 width = DigitPlaces::width(places, plane), digit = DigitPlaces::digit(word.magnitude, places, plane);
        digits |= digit;
        if constexpr (coded)
          writer.put(shared.planes[plane][width != 0 ? digit & 255U : no_digit]);
        else
          writer.put_bits(width, digit);
      }
      return !writer.overflowed();
    });
    return warp_or(digits);
  }
  VRAMLAB_LANE u32 encode_plane(const BlockToPack& block, u32 plane, CoderWriter& writer) const {
    const bool coded = block.kind(plane) == PlaneKind::coded;
    if constexpr (fixed_split<W>)
      if (task.survey->escapes == 0)
        return coded ? encode_alike<true>(block, plane, writer) : encode_alike<false>(block, plane, writer);
    return coded ? encode_any<true>(block, plane, writer) : encode_any<false>(block, plane, writer);
  }
  /// Heads; `found` gets what can be seen on the way.
  VRAMLAB_LANE void encode_heads(const BlockToPack& block, CoderWriter& writer, BlockSurvey& found) const {
    u32 any = 0, magnitudes = 0, values = 0, flags = 0, without = 0;
    for_rows(block, [&](const auto& raw, bool in) {
      constexpr u32 count = sizeof raw / sizeof raw[0];
      CutWord words[count];
      cutter.cut(raw, words);
      VRAMLAB_UNROLL
      for (u32 i = 0; i < count; ++i) {
        const CoderStep step = shared.heads[in ? words[i].code : no_code];
        if constexpr (WordCutter<W>::as_it_is) {
          values |= raw[i];
        } else {
          any |= words[i].code;
          magnitudes |= words[i].magnitude;
        }
        flags |= step.packed;
        if (fixed_split<W> && in && words[i].magnitude == 0) ++without;  // not what it says where some word escapes
        writer.put(step);
      }
      return !writer.overflowed();
    });
    found.any = warp_or(any | values);
    found.without = warp_sum(without);
    found.escapes = warp_or(flags) & step_escape;
    if constexpr (WordCutter<W>::as_it_is) magnitudes = values & ((1U << (W::bits - 1)) - 1U);
    if constexpr (fixed_split<W>) {
      magnitudes = warp_or(magnitudes);
      const Splitter& splitter = cutter.splitter();
      for (u32 k = 0; k < tail_planes; ++k)
        found.digits[k] = magnitudes >> splitter.bits_below(splitter.tail, k) & first_bits(widest(k));
    }
  }

  /// The coder's part, into the slot. Planes that turn out to be zero are left out, and are of that kind then.
  VRAMLAB_LANE void encode(BlockToPack& block, CoderWriter& writer, BlockSurvey& found) const {
    VRAMLAB_UNROLL_BY(1)
    for (u32 k = tail_planes; k-- > 0;) {
      const PlaneKind kind = block.kind(k);
      if (kind != PlaneKind::coded && kind != PlaneKind::bypass) continue;
      const CoderWriter before = writer;
      found.digits[k] = encode_plane(block, k, writer);
      if (writer.overflowed()) return;
      if (found.digits[k] != 0) continue;
      writer.take_back(before);
      block.kinds &= ~(3U << 2 * k);
    }
    encode_heads(block, writer, found);
  }

  /// Codes a block; `found` is then what it is like. False: the coder's part is longer than the values.
  VRAMLAB_LANE bool settle(BlockToPack& block, CoderWriter& writer, BlockSurvey& found) const {
    const CoderWriter empty = writer;
    block.kinds = likely_kinds(block);
    encode(block, writer, found);
    const u32 tried = block.sequential();
    if (writer.overflowed() || found.escapes != 0) found = look_at(block);
    block.kinds = kinds_of(found, block);
    if (found.any == 0) return true;
    if (block.sequential() == tried) return !writer.overflowed();
    writer = empty;
    const BlockSurvey exact = found;
    encode(block, writer, found);
    found = exact;
    return !writer.overflowed();
  }

  VRAMLAB_LANE void put_escapes(BlockWriter& out, u32 at, const BlockToPack& block, u32 escapes) const {
    if (lane_index() == 0) out.put(at, escapes);
    ++at;
    for (u32 index = lane_index(); index - lane_index() < block.n; index += warp_lanes) {
      const u32 raw = index < block.n ? load_value<W::bytes>(task.from, block.first + index) : 0U;
      const bool escape = index < block.n && shared.places[cutter.cut(raw).code] == DigitPlaces::escape;
      const u32 mask = ballot(escape);
      if (escape) out.put(at + popcount(mask & lanes_below()), raw);
      at += popcount(mask);
    }
  }

  /// Bits of the magnitude that are in planar planes.
  VRAMLAB_LANE u32 planar_bits(const BlockToPack& block) const {
    u32 bits = 0;
    for (u32 k = 0; k < tail_planes; ++k)
      if (block.kind(k) == PlaneKind::planar)
        bits |= first_bits(widest(k)) << cutter.splitter().bits_below(cutter.splitter().tail, k);
    return bits;
  }

  /// The coder's part of a block whose slot was too short for it.
  VRAMLAB_LANE void code_in_place(BlockWriter& out, u32 at, BlockToPack block) const {
    CoderWriter writer{reinterpret_cast<u16*>(out.at + at), block.coder_words, block.coder_words, 0};
    BlockSurvey seen;
    encode(block, writer, seen);
    sync_warp();
    put_coder_words(out, at, writer, block.coder_words);
  }

  VRAMLAB_LANE void put_coded(BlockWriter& out, const BlockToPack& block, const CoderWriter& writer,
                              const BlockSurvey& found, u32* tile) const {
    const u32 lane = lane_index();
    if (lane == 0) out.put(0, static_cast<u32>(BlockKind::dense) | block.kinds << 8);
    if (lane == 1) out.put(1, block.coder_words);
    out.put(2 + lane, writer.state);
    u32 at = sizeof(BlockHeader) / 4 + lanes;
    if (writer.whole)
      put_coder_words(out, at, writer, block.coder_words);
    else
      code_in_place(out, at, block);
    at += (block.coder_words + 1) / 2;
    if (const u32 bits = planar_bits(block); bits != 0) {
      put_planar(out, at, task, block, cutter, found.escapes != 0 ? shared.places : nullptr, bits, tile);
      at += popcount(bits) * ((block.n + 31) / 32);
    }
    if (found.escapes != 0) {
      put_escapes(out, at, block, found.escapes);
      at += 1 + found.escapes;
    }
    if (at % 2 != 0 && lane == 0) out.put(at, 0);
  }

  /// The values as they are, with zeros up to a unit.
  VRAMLAB_LANE void put_stored(BlockWriter& out, const BlockToPack& block, u32 words) const {
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

  VRAMLAB_LANE u32 coded_words(const BlockToPack& block, const BlockSurvey& found) const {
    u32 words = sizeof(BlockHeader) / 4 + lanes + (block.coder_words + 1) / 2;
    words += popcount(planar_bits(block)) * ((block.n + 31) / 32);
    if (found.escapes != 0) words += 1 + found.escapes;
    return (words + 1) / 2 * 2;
  }

  /// A block from values to stream. By the last one of all the stream is closed.
  VRAMLAB_LANE void pack(u32 number, u8* slot, u32* tile) const {
    BlockToPack block{number, 0, static_cast<u64>(number) << block_log2};
    block.n =
        task.values - block.first < (1U << block_log2) ? static_cast<u32>(task.values - block.first) : 1U << block_log2;
    const u32 stored = static_cast<u32>(rounded_up(sizeof(BlockHeader) + block.n * W::bytes, stream_alignment)) / 4;
    CoderWriter writer{reinterpret_cast<u16*>(slot), static_cast<u32>(slot_bytes / 2), block.n * W::bytes / 2};
    BlockSurvey found;
    bool coded = settle(block, writer, found);
    block.coder_words = writer.words();
    coded = coded && coded_words(block, found) < stored;
    u32 words = coded ? coded_words(block, found) : stored;
    if (found.any == 0) words = 0;
    sync_warp();
    if (lane_index() == 0) publish_units(task.states, number, words / 2);
    const u32 begin = front + units_before(task.states, number, words / 2);
    if (lane_index() == 0 && number == blocks - 1) task.progress->units = begin + words / 2;
    BlockWriter out{reinterpret_cast<u32*>(static_cast<u8*>(task.to) + static_cast<u64>(begin) * 8)};
    if (words != 0 && coded)
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
    header.lead_bits = static_cast<u8>(fixed_split<W> ? 0U : cutter.splitter().lead);
    header.tables = static_cast<u8>(blocks == 0 ? 0U : 1U | tables << 1);
    header.tables_bytes = task.survey->table_bytes;
    header.blocks = blocks;
    close_stream(static_cast<u8*>(task.to), header, task.shape, units, index_sum + task.survey->table_sum,
                 task.packed_bytes);
  }
};

/// The kernel: dense_threads threads a block, all of which stay on the device.
template <class W>
VRAMLAB_LANE void pack_dense(const DenseTask& task, DensePackShared<W>& shared) {
  const DenseSurvey& survey = *task.survey;
  load_tables(task, shared);
  Splitter splitter = task.splitter;
  splitter.lead = survey.lead;
  const WordCutter<W> cutter(task.rule, splitter, shared.levels.of);
  const u32 front = header_bytes / 8 + task.header.dimensions + survey.table_bytes / 8 + survey.blocks;
  const DensePacker<W> packer{task,          shared,       cutter, survey.block_log2,
                              survey.blocks, survey.coded, front,  slot_of_warp<W>(task)};
  const u32 own = warp_index() * grid_blocks() + block_index();
  if (packer.blocks == 0) {
    if (own == 0 && lane_index() == 0) packer.close(front, 0);
    return;
  }
  u8* const slot = slot_at(task, packer.slot_bytes, own);
  if (slot == nullptr) return;
  while (true) {
    u32 number = 0;
    if (lane_index() == 0) number = atomic_add(&task.progress->ticket, 1U);
    number = shuffle(number, 0);
    if (number >= packer.blocks) return;
    packer.pack(number, slot, shared.tiles[warp_index()]);
  }
}

}  // namespace vramlab::padic::gpu
