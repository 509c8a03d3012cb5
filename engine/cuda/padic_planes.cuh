#pragma once
// Groups of 1024 words and their bit planes. A warp holds a group as 32 rows of 32 consecutive words, a row a lane; in
// shared memory rows are 33 words apart, so that neither walking along a row nor across rows meets a bank twice.

#include "engine/cuda/padic_words.cuh"

namespace vramlab::padic::gpu {

inline constexpr u32 tile_words = group_rows * 33;  ///< of shared memory, a warp's

VRAMLAB_LANE u32 place_in_tile(u32 word) { return word + word / 32; }

/// In the first `count` registers: bit `distance` of a register's number changes places with that of its bits' numbers.
template <u32 distance, u32 mask, u32 count = 32>
VRAMLAB_LANE void swap_fields(u32 (&x)[32]) {
  VRAMLAB_UNROLL
  for (u32 i = 0; i < count; ++i) {
    if ((i & distance) != 0) continue;
    const u32 a = x[i], b = x[i + distance];
    if constexpr (distance == 16) {
      x[i] = bytes_of(a, b, 0x5410);
      x[i + distance] = bytes_of(a, b, 0x7632);
    } else if constexpr (distance == 8) {
      x[i] = bytes_of(a, b, 0x6240);
      x[i + distance] = bytes_of(a, b, 0x7351);
    } else {
      x[i] = (a & mask) | (b & mask) << distance;
      x[i + distance] = (a >> distance & mask) | (b & ~mask);
    }
  }
}
template <u32 count>
VRAMLAB_LANE void swap_small_fields(u32 (&x)[32]) {
  swap_fields<4, 0x0F0F0F0F, count>(x);
  swap_fields<2, 0x33333333, count>(x);
  swap_fields<1, 0x55555555, count>(x);
}

/// Bit i of x[p] becomes what bit p of x[i] was.
VRAMLAB_LANE void transpose(u32 (&x)[32]) {
  swap_fields<16, 0x0000FFFF>(x);
  swap_fields<8, 0x00FF00FF>(x);
  swap_small_fields<32>(x);
}

/// The same for words of 8, 16 or 32 bits: 32 words become so many planes in the first registers.
template <u32 bits>
VRAMLAB_LANE void words_to_planes(u32 (&x)[32]) {
  if constexpr (bits == 32) return transpose(x);
  VRAMLAB_UNROLL
  for (u32 k = 0; k < 16; ++k) x[k] = bytes_of(x[k], x[k + 16], 0x5410);
  if constexpr (bits == 16) swap_fields<8, 0x00FF00FF, 16>(x);
  if constexpr (bits == 8) {
    VRAMLAB_UNROLL
    for (u32 k = 0; k < 8; ++k) x[k] = bytes_of(x[k], x[k + 8], 0x6240);
  }
  swap_small_fields<bits>(x);
}
/// The inverse.
template <u32 bits>
VRAMLAB_LANE void planes_to_words(u32 (&x)[32]) {
  if constexpr (bits == 32) return transpose(x);
  swap_small_fields<bits>(x);
  if constexpr (bits == 8) {
    VRAMLAB_UNROLL
    for (u32 k = 0; k < 8; ++k) {
      x[k + 8] = x[k] >> 8 & 0x00FF00FFU;
      x[k] &= 0x00FF00FFU;
    }
  }
  if constexpr (bits == 16) swap_fields<8, 0x00FF00FF, 16>(x);
  VRAMLAB_UNROLL
  for (u32 k = 0; k < 16; ++k) {
    x[k + 16] = x[k] >> 16;
    x[k] &= 0xFFFFU;
  }
}

/// Bits 0 to count - 1; count at most 32.
VRAMLAB_LANE u32 first_bits(u32 count) { return count >= 32 ? 0xFFFFFFFFU : (1U << count) - 1U; }

/// How many words of its row a lane has, of a group of n words.
VRAMLAB_LANE u32 words_in_row(u32 n) {
  const u32 before = lane_index() * 32;
  return n <= before ? 0U : n - before < 32 ? n - before : 32U;
}

template <u32 bytes>
VRAMLAB_LANE u32 part_of_vector(const Vector& vector, u32 k) {
  if constexpr (bytes == 4) return vector.part[k];
  if constexpr (bytes == 2) return vector.part[k / 2] >> 16 * (k % 2) & 0xFFFFU;
  return vector.part[k / 4] >> 8 * (k % 4) & 0xFFU;
}

/// Values [first, first + n) into the tile, zero-extended; what a group lacks is 0. `values` is aligned to 16 bytes,
/// `first` a multiple of 1024.
template <u32 bytes>
VRAMLAB_LANE void load_tile(const void* values, u64 first, u32 n, u32* tile) {
  constexpr u32 each = 16 / bytes, vectors = group_words / each / 32;
  if (n == group_words) {
    const auto* from = reinterpret_cast<const Vector*>(static_cast<const u8*>(values) + first * bytes);
    Vector loaded[vectors];
    VRAMLAB_UNROLL
    for (u32 v = 0; v < vectors; ++v) loaded[v] = from[v * 32 + lane_index()];
    VRAMLAB_UNROLL
    for (u32 v = 0; v < vectors; ++v) {
      const u32 place = place_in_tile((v * 32 + lane_index()) * each);  // its words lie in one row
      VRAMLAB_UNROLL
      for (u32 k = 0; k < each; ++k) tile[place + k] = part_of_vector<bytes>(loaded[v], k);
    }
  } else {
    for (u32 row = 0; row < group_rows; ++row) {
      const u32 word = row * 32 + lane_index();
      tile[place_in_tile(word)] = word < n ? load_value<bytes>(values, first + word) : 0U;
    }
  }
  sync_warp();
}

/// The inverse; all lanes have written the tile and met since.
template <u32 bytes>
VRAMLAB_LANE void store_tile(void* values, u64 first, u32 n, const u32* tile) {
  constexpr u32 each = 16 / bytes, vectors = group_words / each / 32;
  if (n == group_words) {
    auto* to = reinterpret_cast<Vector*>(static_cast<u8*>(values) + first * bytes);
    VRAMLAB_UNROLL
    for (u32 v = 0; v < vectors; ++v) {
      const u32 place = place_in_tile((v * 32 + lane_index()) * each);
      Vector out{};
      VRAMLAB_UNROLL
      for (u32 k = 0; k < each; ++k) {
        const u32 value = tile[place + k] & (bytes == 4 ? 0xFFFFFFFFU : (1U << (8 * bytes % 32)) - 1U);
        out.part[k * bytes / 4] |= value << 8 * (k * bytes % 4);
      }
      to[v * 32 + lane_index()] = out;
    }
  } else {
    for (u32 row = 0; row < group_rows; ++row) {
      const u32 word = row * 32 + lane_index();
      if (word < n) store_value<bytes>(values, first + word, tile[place_in_tile(word)]);
    }
  }
}

}  // namespace vramlab::padic::gpu
