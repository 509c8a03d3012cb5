#pragma once
// Unpacking of `dense` streams: a block of the stream a warp.

#include "engine/cuda/padic_dense_block.cuh"

namespace vramlab::padic::gpu {

template <class W>
class DenseUnpacker {
 public:
  VRAMLAB_LANE DenseUnpacker(const DenseTask& task, DenseUnpackShared& shared) : task_(task), shared_(shared) {}

  /// A block of the stream. Returns its damage, of this lane.
  VRAMLAB_LANE u32 unpack(u32 number) const {
    const DenseTables& tables = shared_.tables;
    const auto* stream = static_cast<const u8*>(task_.from);
    const StreamHeader& header = *reinterpret_cast<const StreamHeader*>(stream);
    const u32 block_words = 1U << tables.block_log2;
    DenseBlock block{};
    const u64 first = static_cast<u64>(number) << tables.block_log2;
    block.to = static_cast<u8*>(task_.to) + first * W::bytes;
    block.n = task_.values - first < block_words ? static_cast<u32>(task_.values - first) : block_words;
    const u32 stored = static_cast<u32>(rounded_up(sizeof(BlockHeader) + block.n * W::bytes, stream_alignment));
    const Extent extent = extent_of_block(stream, header, number, tables.blocks, tables.front, stored / 8);
    if (extent.damage != 0) return extent.damage;
    block.words = reinterpret_cast<const u32*>(stream + static_cast<u64>(extent.begin) * 8);
    block.length = 2 * extent.units;
    u32 sum = 0;
    if (block.length == 0) {
      copy_values(block, nullptr);
    } else if ((block.words[0] & 0xFFU) == static_cast<u32>(BlockKind::stored)) {
      if (8 * extent.units != stored) return bad_block;
      sum = sum_of(block, 0);
      copy_values(block, block.words + sizeof(BlockHeader) / 4);
    } else {
      sum = decode_block(block);
    }
    if (warp_sum(sum) != extent.checksum) block.damage |= bad_checksum;
    return block.damage;
  }

 private:
  /// Where the parts of a coded block lie. False: they cannot.
  VRAMLAB_LANE bool measure(DenseBlock& block, u32 coder_words) const {
    const u32 pairs = coder_words / 2 + coder_words % 2;
    if (pairs > block.length - coder_begin) return false;
    block.planes_at = coder_begin + pairs;
    u32 at = block.planes_at;
    const Splitter& splitter = shared_.tables.splitter;
    for (u32 k = 0; k < tail_planes; ++k) {
      const u32 width = splitter.split == Split::fixed ? splitter.digit_bits(splitter.tail, k) : 0U;
      if (block.kind(k) == PlaneKind::coded && shared_.tables.symbols[1 + k] == 0) return false;
      if (block.kind(k) != PlaneKind::planar) continue;
      if (width == 0) return false;
      at += width * ((block.n + 31) / 32);
    }
    block.escapes_at = at;
    return at <= block.length;
  }

  /// Returns the lane's shares of the block's checksum: words are added up where they are read for other ends, since to
  /// read them twice would be a third of a block's traffic. A block that cannot be has none.
  VRAMLAB_LANE u32 decode_block(DenseBlock& block) const {
    block.damage = bad_block;
    if (block.length < coder_begin || (block.words[0] & 0xFFU) != static_cast<u32>(BlockKind::dense)) return 0;
    const u32 coder_words = block.words[1];
    block.kinds = block.words[0] >> 8 & 0xFFU;
    if (!measure(block, coder_words)) return 0;
    const u32 state = block.words[sizeof(BlockHeader) / 4 + lane_index()];
    block.damage = ballot(state < lowest_state || state >= lowest_state << 16) != 0 ? bad_block : 0U;
    Coder coder(shared_.rings[warp_index()], block.words + coder_begin, block.planes_at - coder_begin, coder_begin,
                state);
    const bool whole = block.n == 1U << shared_.tables.block_log2;
    if (whole && shared_.tables.escape == most_symbols)
      DenseBlockDecoder<W, false>(task_, shared_, block, coder).decode();
    else
      DenseBlockDecoder<W, true>(task_, shared_, block, coder).decode();
    const bool closed = coder.state == lowest_state && coder.taken() == coder_words;
    const u32 end = block.escapes_at + (block.escaped == 0 ? 0U : 1 + block.escaped);
    const bool counted = block.escaped == 0 || (end <= block.length && block.words[block.escapes_at] == block.escaped);
    if (!closed || !counted || end > block.length || block.length - end > 1) block.damage |= bad_block;
    u32 sum = block.sum + coder.sum() + checksum_share(state, sizeof(BlockHeader) / 4 + lane_index());
    if (lane_index() < sizeof(BlockHeader) / 4) sum += checksum_share(block.words[lane_index()], lane_index());
    return sum + sum_of(block, block.escapes_at);
  }

  /// Values as they are; `words` null: zeros.
  VRAMLAB_LANE void copy_values(const DenseBlock& block, const u32* words) const {
    const u32 bytes = block.n * W::bytes;
    for (u32 k = lane_index(); 4 * k < bytes; k += warp_lanes) {
      const u32 word = words == nullptr ? 0U : words[k];
      if (4 * k + 4 <= bytes)
        reinterpret_cast<u32*>(block.to)[k] = word;
      else
        for (u32 b = 4 * k; b < bytes; ++b) block.to[b] = static_cast<u8>(word >> 8 * (b % 4));
    }
  }

  /// The lane's shares of the words from `first` on.
  VRAMLAB_LANE u32 sum_of(const DenseBlock& block, u32 first) const {
    u32 sum = 0;
    VRAMLAB_UNROLL_BY(4)
    for (u32 k = first + lane_index(); k < block.length; k += warp_lanes) sum += checksum_share(block.words[k], k);
    return sum;
  }

  const DenseTask& task_;
  DenseUnpackShared& shared_;
};

/// The kernel: unpacking_threads threads a block, as many blocks as stay on the device. Each warp takes blocks of the
/// stream, the first by its number, so that few spread over all multiprocessors, the others as they come.
template <class W>
VRAMLAB_LANE void unpack_dense(const DenseTask& task, DenseUnpackShared& shared) {
  read_tables(task, shared.tables, *reinterpret_cast<TableScratch*>(shared.tiles), W::form);
  if (shared.tables.damage != 0) {
    if (thread_index() == 0) atomic_or(task.status, shared.tables.damage);
    return;
  }
  if constexpr (of_levels<W>) {
    for (u32 level = thread_index(); level < task.rule.levels.levels; level += block_threads())
      shared.magnitudes[level] = task.rule.levels.magnitude_of[level];
    sync_block();
  }
  if constexpr (W::form == Form::signed_parts) {
    bool valid = true;
    for (u32 s = thread_index(); s < shared.tables.symbols[0]; s += block_threads())
      shared.tables.meanings[s].base = W::to_value(shared.tables.meanings[s].base, task.rule, valid);
    sync_block();
  }
  const auto* stream = static_cast<const u8*>(task.from);
  const StreamHeader& header = *reinterpret_cast<const StreamHeader*>(stream);
  const u32 warps = unpacking_warps * grid_blocks(), blocks = shared.tables.blocks;
  u32 block = warp_index() * grid_blocks() + block_index();
  if (blocks == 0 && block == 0 && lane_index() == 0) {
    const u32 damage = count_block(stream, header, 0, 0, *task.progress);
    if (damage != 0) atomic_or(task.status, damage);
  }
  const DenseUnpacker<W> unpacker(task, shared);
  while (block < blocks) {
    u32 damage = warp_or(unpacker.unpack(block)), next = 0;
    if (lane_index() == 0) {
      damage |= count_block(stream, header, block, blocks, *task.progress);
      if (damage != 0) atomic_or(task.status, damage);
      next = warps + atomic_add(&task.progress->ticket, 1U);
    }
    block = shuffle(next, 0);
  }
}

}  // namespace vramlab::padic::gpu
