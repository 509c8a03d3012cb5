#pragma once
// What packing and unpacking of `fast` streams share.

#include "engine/cuda/padic_planes.cuh"
#include "engine/padic/fast_descriptor.h"

namespace vramlab::padic::gpu {

/// Of a block, at most: groups as long as their values, with all patches that there can be.
inline constexpr u32 most_fast_words =
    groups_of_block * (1 + verbatim_units(group_words, 4) + patch_units(most_patches_of_group));

VRAMLAB_LANE u32 words_of_block(u64 values, u32 block) {
  const u64 first = static_cast<u64>(block) * fast_block_words;
  return first >= values ? 0U : values - first < fast_block_words ? static_cast<u32>(values - first) : fast_block_words;
}
/// Of a block of `words` words.
VRAMLAB_LANE u32 words_of_group(u32 words, u32 group) {
  const u32 first = group * group_words;
  return first >= words ? 0U : words - first < group_words ? words - first : group_words;
}

/// A number of rows that the compiler knows.
struct AllRows {
  VRAMLAB_LANE constexpr operator u32() const { return group_rows; }
};

/// Calls f with the number of rows, as a constant where it is the usual one.
template <class F>
VRAMLAB_LANE void with_rows(u32 rows, const F& f) {
  if (rows == group_rows)
    f(AllRows{});
  else
    f(rows);
}

}  // namespace vramlab::padic::gpu
