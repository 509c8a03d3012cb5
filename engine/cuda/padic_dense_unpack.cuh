#pragma once
// Unpacking of `dense` streams: a block of the stream a warp, a lane of the coder a lane. Heads stay in a slot of the
// workspace (a byte each), tails of planes that are not the last in the place of the values.

#include "engine/cuda/padic_dense_tables.cuh"
#include "engine/cuda/padic_planes.cuh"

namespace vramlab::padic::gpu {

/// The coder's words, a window of 64 in registers, the next one too, and the one after that on its way.
struct CoderReader {
  const u32* words;
  u32 pairs;       ///< u32 words that there are
  u32 at = 0;      ///< 16-bit words taken
  u32 window = 0;  ///< of them before the window
  u32 now, next, ahead;

  VRAMLAB_LANE CoderReader(const u32* begin, u32 coder_words) : words(begin), pairs((coder_words + 1) / 2) {
    now = load(lane_index());
    next = load(32 + lane_index());
    ahead = load(64 + lane_index());
  }
  VRAMLAB_LANE u32 load(u32 pair) const { return pair < pairs ? words[pair] : 0U; }

  /// Lanes that need it get a word each, in ascending order.
  VRAMLAB_LANE void refill(u32& state, bool need) {
    const u32 mask = ballot(need);
    if (mask == 0) return;
    const u32 index = at - window + popcount(mask & lanes_below());
    const u32 low = shuffle(now, index / 2 % 32), high = shuffle(next, index / 2 % 32);
    const u32 pair = index < 64 ? low : high;
    if (need) state = state << 16 | (pair >> 16 * (index % 2) & 0xFFFFU);
    at += popcount(mask);
    if (at - window < 64) return;
    window += 64;
    now = next;
    next = ahead;
    ahead = load(window / 2 + 64 + lane_index());
  }
};

/// A block under way.
struct DenseBlock {
  const u32* words;  ///< of the stream
  u32 length;        ///< how many
  u64 first;         ///< value
  u32 n;             ///< values
  u32 kinds;         ///< of the tail planes, two bits each
  u32 planes_at;     ///< the first planar plane
  u32 escapes_at;    ///< their number
  u32 escaped = 0;   ///< so far
  u32 damage = 0;

  VRAMLAB_LANE PlaneKind kind(u32 plane) const { return static_cast<PlaneKind>(kinds >> 2 * plane & 3U); }
  VRAMLAB_LANE bool sequential(u32 plane) const {
    return kind(plane) == PlaneKind::bypass || kind(plane) == PlaneKind::coded;
  }
};

template <class W>
struct DenseUnpacker {
  const DenseTask& task;
  const DenseTables& tables;
  u32* heads;  ///< the warp's: four rows a u32 of each lane

  /// A value from its symbol and tail. All lanes; `in`: it is one of the block's.
  VRAMLAB_LANE void finish(DenseBlock& block, u32 index, bool in, u32 symbol, u32 tail) const {
    const SymbolMeaning meaning = tables.meanings[symbol];
    bool valid = true;
    u32 raw = W::to_value(W::of_parts(meaning.first + tail, meaning.packed >> 12 & 1U), task.rule, valid);
    if (tables.escape != most_symbols) {
      const u32 mask = ballot(in && symbol == tables.escape);
      if (mask != 0) {
        const u32 at = block.escapes_at + 1 + block.escaped + popcount(mask & lanes_below());
        if (in && symbol == tables.escape) {
          valid = at < block.length;
          raw = valid ? block.words[at] : 0U;
        }
        block.escaped += popcount(mask);
      }
    }
    if (!in) return;
    store_value<W::bytes>(task.to, block.first + index, raw);
    if (!valid) block.damage |= bad_block;
  }

  VRAMLAB_LANE static u32 decode(u32& state, const u32* slots) {
    const u32 slot = slots[state % probability_scale];
    state = ((slot >> 8 & 0xFFFU) + 1) * (state >> probability_bits) + (slot >> 20);
    return slot & 255U;
  }

  /// All heads; `last`: nothing follows, values can be written.
  template <bool last>
  VRAMLAB_LANE void decode_heads(DenseBlock& block, CoderReader& reader, u32& state) const {
    const u32 rows = (block.n + 31) / 32, lane = lane_index();
    for (u32 row = 0; row < rows; row += 4) {
      u32 four = 0;
      VRAMLAB_UNROLL
      for (u32 i = 0; i < 4; ++i) {
        if (row + i >= rows) break;
        const u32 index = (row + i) * 32 + lane;
        const bool in = index < block.n;
        u32 symbol = 0;
        if (in) symbol = decode(state, tables.slots[0]);
        reader.refill(state, in && state < lowest_state);
        four |= symbol << 8 * i;
        if constexpr (last) finish(block, index, in, symbol, 0);
      }
      if constexpr (!last) heads[row / 4 * 32 + lane] = four;
    }
  }

  /// A tail plane of the coder. `before`: planes before it left their digits in the values' place.
  VRAMLAB_LANE void decode_plane(DenseBlock& block, CoderReader& reader, u32& state, u32 plane, bool before,
                                 bool last) const {
    const u32 rows = (block.n + 31) / 32, lane = lane_index();
    const bool coded = block.kind(plane) == PlaneKind::coded;
    u32 four = 0;
    for (u32 row = 0; row < rows; ++row) {
      if (row % 4 == 0) four = heads[row / 4 * 32 + lane];
      const u32 index = row * 32 + lane, symbol = four >> 8 * (row % 4) & 255U;
      const bool in = index < block.n;
      const u32 packed = tables.meanings[symbol].packed, width = SymbolMeaning::width(packed, plane);
      const bool takes = in && width != 0;
      u32 tail = before && in ? load_value<W::bytes>(task.to, block.first + index) : 0U;
      if (takes) {
        u32 digit = 0;
        if (coded) {
          digit = decode(state, tables.slots[1 + plane]) & first_bits(width);
        } else {
          digit = state & first_bits(width);
          state >>= width;
        }
        tail |= digit << SymbolMeaning::below(packed, plane);
      }
      reader.refill(state, takes && state < lowest_state);
      if (last)
        finish(block, index, in, symbol, tail);
      else if (in)
        store_value<W::bytes>(task.to, block.first + index, tail);
    }
  }

  /// The digits of a group that lie in planar planes, each where its tail has it: the lane's row.
  VRAMLAB_LANE void planar_digits(const DenseBlock& block, u32 group, u32 (&x)[32]) const {
    const u32 rows = (block.n + 31) / 32, row = group * group_rows + lane_index();
    u32 at = block.planes_at, top = tables.splitter.tail;
    VRAMLAB_UNROLL
    for (u32 p = 0; p < 32; ++p) x[p] = 0;
    for (u32 k = 0; k < tail_planes; ++k) {
      const u32 width = tables.splitter.digit_bits(tables.splitter.tail, k);
      top -= width;
      if (block.kind(k) != PlaneKind::planar) continue;
      const u32* own = block.words + at + row;
      VRAMLAB_UNROLL
      for (u32 p = 0; p < 24; ++p)
        if (p >= top && p < top + width && row < rows) x[p] = own[(width - 1 - (p - top)) * rows];
      at += width * rows;
    }
    transpose(x);
  }

  /// Values whose tails are planar, in part or whole.
  VRAMLAB_LANE void assemble(DenseBlock& block, bool before, u32* tile) const {
    const u32 lane = lane_index();
    for (u32 group = 0; group * group_words < block.n; ++group) {
      u32 x[32];
      planar_digits(block, group, x);
      sync_warp();
      VRAMLAB_UNROLL
      for (u32 j = 0; j < 32; ++j) tile[lane * 33 + j] = x[j];
      sync_warp();
      for (u32 row = 0; row < group_rows && group * group_words + row * 32 < block.n; ++row) {
        const u32 index = group * group_words + row * 32 + lane;
        const bool in = index < block.n;
        const u32 four = heads[(group * group_rows + row) / 4 * 32 + lane], symbol = four >> 8 * (row % 4) & 255U;
        u32 tail = before && in ? load_value<W::bytes>(task.to, block.first + index) : 0U;
        if (SymbolMeaning::width(tables.meanings[symbol].packed, 0) != 0) tail |= tile[row * 33 + lane];
        finish(block, index, in, symbol, tail);
      }
    }
  }

  /// Where the parts of a coded block lie. False: they cannot.
  VRAMLAB_LANE bool measure(DenseBlock& block, u32 coder_words) const {
    u32 at = sizeof(BlockHeader) / 4 + lanes;
    if (block.length < at || coder_words / 2 + coder_words % 2 > block.length - at) return false;
    at += coder_words / 2 + coder_words % 2;
    block.planes_at = at;
    const Splitter& splitter = tables.splitter;
    for (u32 k = 0; k < tail_planes; ++k) {
      const u32 width = splitter.split == Split::fixed ? splitter.digit_bits(splitter.tail, k) : 0U;
      if (block.kind(k) == PlaneKind::coded && tables.symbols[1 + k] == 0) return false;
      if (block.kind(k) != PlaneKind::planar) continue;
      if (width == 0) return false;
      at += width * ((block.n + 31) / 32);
    }
    block.escapes_at = at;
    return at <= block.length;
  }

  VRAMLAB_LANE void decode_block(DenseBlock& block, u32* tile) const {
    const u32 coder_words = block.words[1];
    block.kinds = block.words[0] >> 8 & 0xFFU;
    if ((block.words[0] & 0xFFU) != static_cast<u32>(BlockKind::dense) || !measure(block, coder_words)) {
      block.damage = bad_block;
      return;
    }
    u32 state = block.words[sizeof(BlockHeader) / 4 + lane_index()];
    if (ballot(state < lowest_state || state >= lowest_state << 16) != 0) block.damage = bad_block;
    CoderReader reader(block.words + sizeof(BlockHeader) / 4 + lanes, coder_words);
    bool planar = false;
    u32 left = 0;  // planes of the coder
    for (u32 k = 0; k < tail_planes; ++k) {
      planar = planar || block.kind(k) == PlaneKind::planar;
      left += block.sequential(k) ? 1U : 0U;
    }
    if (left == 0 && !planar)
      decode_heads<true>(block, reader, state);
    else
      decode_heads<false>(block, reader, state);
    bool before = false;
    for (u32 k = 0; k < tail_planes; ++k) {
      if (!block.sequential(k)) continue;
      --left;
      decode_plane(block, reader, state, k, before, left == 0 && !planar);
      before = true;
    }
    if (planar) assemble(block, before, tile);
    const bool closed = state == lowest_state && reader.at == coder_words;
    const u32 end = block.escapes_at + (block.escaped == 0 ? 0U : 1 + block.escaped);
    const bool counted = block.escaped == 0 || (end <= block.length && block.words[block.escapes_at] == block.escaped);
    if (!closed || !counted || end > block.length || block.length - end > 1) block.damage |= bad_block;
  }

  /// Values as they are; `words` null: zeros.
  VRAMLAB_LANE void copy_values(const DenseBlock& block, const u32* words) const {
    auto* to = static_cast<u8*>(task.to) + block.first * W::bytes;
    const u32 bytes = block.n * W::bytes;
    for (u32 k = lane_index(); 4 * k < bytes; k += warp_lanes) {
      const u32 word = words == nullptr ? 0U : words[k];
      if (4 * k + 4 <= bytes)
        reinterpret_cast<u32*>(to)[k] = word;
      else
        for (u32 b = 4 * k; b < bytes; ++b) to[b] = static_cast<u8>(word >> 8 * (b % 4));
    }
  }

  VRAMLAB_LANE u32 sum_of(const DenseBlock& block) const {
    u32 sum = 0;
    VRAMLAB_UNROLL_BY(4)
    for (u32 k = lane_index(); k < block.length; k += warp_lanes) sum += checksum_share(block.words[k], k);
    return warp_sum(sum);
  }

  /// A block of the stream. Returns its damage, of this lane.
  VRAMLAB_LANE u32 unpack(u32 number, u32* tile) const {
    const auto* stream = static_cast<const u8*>(task.from);
    const StreamHeader& header = *reinterpret_cast<const StreamHeader*>(stream);
    const u32 block_words = 1U << tables.block_log2;
    DenseBlock block{};
    block.first = static_cast<u64>(number) << tables.block_log2;
    block.n = task.values - block.first < block_words ? static_cast<u32>(task.values - block.first) : block_words;
    const u32 stored = static_cast<u32>(rounded_up(sizeof(BlockHeader) + block.n * W::bytes, stream_alignment));
    const Extent extent = extent_of_block(stream, header, number, tables.blocks, tables.front, stored / 8);
    if (extent.damage != 0) return extent.damage;
    block.words = reinterpret_cast<const u32*>(stream + static_cast<u64>(extent.begin) * 8);
    block.length = 2 * extent.units;
    if (sum_of(block) != extent.checksum) return bad_checksum;
    if (block.length == 0) {
      copy_values(block, nullptr);
    } else if ((block.words[0] & 0xFFU) == static_cast<u32>(BlockKind::stored)) {
      if (8 * extent.units != stored) return bad_block;
      copy_values(block, block.words + sizeof(BlockHeader) / 4);
    } else {
      decode_block(block, tile);
    }
    return block.damage;
  }
};

/// Shared memory of a block of threads.
struct DenseUnpackShared {
  DenseTables tables;
  u32 tiles[unpacking_warps][tile_words];
};

/// The kernel: unpacking_threads threads a block, as many blocks as stay on the device; each warp takes blocks in turn.
template <class W>
VRAMLAB_LANE void unpack_dense(const DenseTask& task, DenseUnpackShared& shared) {
  read_tables(task, shared.tables);
  if (shared.tables.damage != 0) {
    if (thread_index() == 0) atomic_or(task.status, shared.tables.damage);
    return;
  }
  const auto* stream = static_cast<const u8*>(task.from);
  const StreamHeader& header = *reinterpret_cast<const StreamHeader*>(stream);
  const u64 slot_bytes = 1ULL << shared.tables.block_log2, slots = task.slot_bytes / slot_bytes;
  const u32 own = warp_index() * grid_blocks() + block_index();  // few blocks spread over all multiprocessors
  const u32 all = unpacking_warps * grid_blocks(), warps = slots < all ? static_cast<u32>(slots) : all;
  if (shared.tables.blocks == 0 && own == 0 && lane_index() == 0) {
    const u32 damage = count_block(stream, header, 0, 0, *task.progress);
    if (damage != 0) atomic_or(task.status, damage);
  }
  if (own >= warps) return;
  const DenseUnpacker<W> unpacker{task, shared.tables, reinterpret_cast<u32*>(task.slots + own * slot_bytes)};
  for (u32 block = own; block < shared.tables.blocks; block += warps) {
    u32 damage = warp_or(unpacker.unpack(block, shared.tiles[warp_index()]));
    if (lane_index() != 0) continue;
    damage |= count_block(stream, header, block, shared.tables.blocks, *task.progress);
    if (damage != 0) atomic_or(task.status, damage);
  }
}

}  // namespace vramlab::padic::gpu
