#pragma once
// What packing and unpacking of `fast` streams share: a block of 16 warps, a group of 1024 words each.

#include "engine/cuda/padic_planes.cuh"

namespace vramlab::padic::gpu {

inline constexpr u32 fast_threads = groups_of_block * 32;
inline constexpr u32 fast_header_words = sizeof(FastBlockHeader) / 4;
inline constexpr u32 no_group = 0xFFFFFFFFU;
/// Of a block, at most: verbatim groups, or all the patches that there can be beside groups shorter than those.
inline constexpr u32 most_fast_words =
    fast_header_words + fast_block_words + groups_of_block * (most_patches_of_group * 3 / 2 + 2) + 2;

/// A group once it is decided how it is kept.
struct GroupPlan {
  GroupKind kind = GroupKind::planar;
  u32 field = 0;    ///< the width as the descriptor gives it
  u32 width = 0;    ///< planes of the words
  u32 signs = 0;    ///< 1: and one of signs
  u32 base = 0;     ///< without the sign's bit
  u32 kept = 0;     ///< words that are not zero
  u32 rows = 0;     ///< of the words that have planes
  u32 words = 0;    ///< of the payload
  u32 escapes = 0;  ///< that become patches
};

/// Shared memory of a block.
struct FastShared {
  u32 tiles[groups_of_block][tile_words];
  u16 patches[groups_of_block * most_patches_of_group];
  u32 at[groups_of_block];       ///< a group's first word in the block
  u32 size[groups_of_block];     ///< packing: its words; unpacking: the words it keeps
  u32 escapes[groups_of_block];  ///< packing: patches of the group, then of those before it
  u32 sums[groups_of_block];     ///< of the checksum
  u32 bytes[groups_of_block / 4];
  GroupPlan plans[groups_of_block];  ///< packing
  u32 block;
  u32 begin;    ///< packing: of the block in the stream, in units; unpacking: of the patches in the block, in words
  u32 words;    ///< of the block, 0 where it is empty
  u32 patched;  ///< how many patches
  u32 faults;
  u32 stream_at;  ///< unpacking: of the block, in units
  u32 expected_sum;
};

VRAMLAB_LANE u32 words_of_group(u64 values, u32 block, u32 group) {
  const u64 first = static_cast<u64>(block) * fast_block_words + group * group_words;
  return first >= values ? 0U : values - first < group_words ? static_cast<u32>(values - first) : group_words;
}

VRAMLAB_LANE u32 patch_words(u32 patches) { return (patches + 1) / 2 + patches; }

/// What tells how long a group is: payload words, from what its descriptor and its first words say. `kept`: of masked
/// and sparse groups.
VRAMLAB_LANE u32 planar_words(u32 rows, u32 planes) { return 1 + rows * planes; }
VRAMLAB_LANE u32 masked_words(u32 rows, u32 kept, u32 planes) { return 1 + rows + (kept + 31) / 32 * planes; }
VRAMLAB_LANE u32 sparse_words(u32 kept, u32 planes) { return 2 + (kept + 1) / 2 + (kept + 31) / 32 * planes; }
VRAMLAB_LANE u32 verbatim_words(u32 n, u32 bytes) { return (n * bytes + 3) / 4; }

}  // namespace vramlab::padic::gpu
