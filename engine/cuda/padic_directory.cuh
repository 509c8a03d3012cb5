#pragma once
// Reading a stream's front: each field is compared before it is used, its checksum once all blocks have added theirs.

#include "engine/cuda/padic_stream.cuh"

namespace vramlab::padic::gpu {

/// Whether a stream is one of the settings and length that `expected` has. What only `dense` varies is for its own
/// kernels to look at.
VRAMLAB_LANE bool header_fits(const StreamHeader& found, const StreamHeader& expected, u64 stream_bytes) {
  return found.magic == expected.magic && found.version == expected.version && found.dtype == expected.dtype &&
         found.mode == expected.mode && found.preset == expected.preset && found.values == expected.values &&
         found.bound == expected.bound && found.prime == expected.prime && found.drop == expected.drop &&
         found.dimensions <= most_dimensions && found.reserved == 0 && found.precision == 0 && found.reserved2 == 0 &&
         found.reserved3 == 0 && found.stream_bytes == stream_bytes;
}

/// Where the index begins, in bytes.
VRAMLAB_LANE u32 index_begin(const StreamHeader& header) {
  return header_bytes + 8U * header.dimensions + header.tables_bytes;
}

/// Where a block lies.
struct Extent {
  u32 begin = 0;  ///< in units
  u32 units = 0;
  u32 checksum = 0;
  u32 damage = 0;
};

/// The extent of a block by its index entry and the next; nothing where they cannot be. `front`: units before the
/// first block, which the caller has found inside the stream.
VRAMLAB_LANE Extent extent_of_block(const u8* stream, const StreamHeader& header, u32 block, u32 blocks, u64 front,
                                    u32 most_units) {
  const auto* index = reinterpret_cast<const IndexEntry*>(stream + index_begin(header));
  const u64 end = header.stream_bytes / stream_alignment;
  const IndexEntry entry = index[block];
  const u64 next = block + 1 == blocks ? end : index[block + 1].offset;
  const bool ordered =
      entry.offset >= front && next >= entry.offset && next <= end && (block != 0 || entry.offset == front);
  if (!ordered) return {0, 0, 0, bad_index};
  if (next - entry.offset > most_units) return {0, 0, 0, bad_block};
  return {entry.offset, static_cast<u32>(next - entry.offset), entry.checksum, 0};
}

/// One thread: the checksum's share of a block's index entry.
VRAMLAB_LANE u32 index_share(const u8* stream, const StreamHeader& header, u32 block) {
  const u32 at = index_begin(header), number = at / 4 - 1 + 2 * block;
  const auto* words = reinterpret_cast<const u32*>(stream + at) + 2 * static_cast<u64>(block);
  return checksum_share(words[0], number) + checksum_share(words[1], number + 1);
}

/// One thread, when the index is added up: what is wrong with the front.
VRAMLAB_LANE u32 front_damage(const u8* stream, const StreamHeader& header, const Progress& progress) {
  const auto* words = reinterpret_cast<const u32*>(stream);
  u32 sum = load_shared_state(&progress.index_sum) + checksum32(words, header_bytes / 4 - 1);
  sum += checksum32(words + header_bytes / 4, (index_begin(header) - header_bytes) / 4, header_bytes / 4 - 1);
  u64 product = 1;
  for (u32 i = 0; i < header.dimensions; ++i) product *= reinterpret_cast<const u64*>(stream + header_bytes)[i];
  if (product != header.values) return bad_header;
  return sum == header.checksum ? 0U : static_cast<u32>(bad_directory);
}

/// One thread, when a block is done: adds its part of the index, and by the last of them compares the front's checksum.
/// Returns damage.
VRAMLAB_LANE u32 count_block(const u8* stream, const StreamHeader& header, u32 block, u32 blocks, Progress& progress) {
  if (blocks != 0) {
    atomic_add(&progress.index_sum, index_share(stream, header, block));
    fence();
    if (atomic_add(&progress.done, 1U) + 1 != blocks) return 0;
    fence();
  }
  return front_damage(stream, header, progress);
}

}  // namespace vramlab::padic::gpu
