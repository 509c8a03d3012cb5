#pragma once
// The layout of a packed tensor, as format.md specifies it. Plain structs and constants that kernels include too.

#include <cstdint>

#include "engine/core/host_device.h"

namespace vramlab::padic {

inline constexpr std::uint32_t stream_magic = 0x31504C56;  // "VLP1"
inline constexpr std::uint8_t stream_version = 1;
inline constexpr std::uint32_t header_bytes = 64;
inline constexpr std::uint32_t most_dimensions = 8;
inline constexpr std::uint32_t stream_alignment = 8;  ///< of the index, of each block and of the end

enum class DType : std::uint8_t {
  float32 = 1,
  float16 = 2,
  bfloat16 = 3,
  float8_e4m3 = 4,
  float8_e5m2 = 5,
  float64 = 6,
  int8 = 8,
  uint8 = 9,
  int16 = 10,
  uint16 = 11,
  int32 = 12,
  uint32 = 13,
  int64 = 14,
  uint64 = 15,
};

enum class Mode : std::uint8_t { lossless = 0, absolute = 1, relative = 2, rational = 3 };
enum class Preset : std::uint8_t { fast = 0, dense = 1, digits = 2 };

/// The first 64 bytes of a stream, little-endian.
struct StreamHeader {
  std::uint32_t magic = stream_magic;
  std::uint8_t version = stream_version;
  std::uint8_t dtype = 0;
  std::uint8_t mode = 0;
  std::uint8_t preset = 0;
  std::uint64_t values = 0;
  double bound = 0;              ///< 0 in the modes without one
  std::uint8_t prime = 2;        ///< of the digits; `fast` and `dense` know 2 only
  std::uint8_t block_log2 = 14;  ///< words of a block, the last one may hold less
  std::uint8_t lead_bits = 0;    ///< `dense`, logarithmic split: bits of a class after the leading one
  std::uint8_t drop = 0;         ///< low bits of every magnitude that are not kept (relative mode)
  std::uint8_t dimensions = 0;
  std::uint8_t tables = 0;  ///< bit 0: of the heads, bit 1 + k: of tail plane k
  std::uint16_t reserved = 0;
  std::uint64_t stream_bytes = 0;
  std::uint32_t tables_bytes = 0;  ///< with their padding
  std::uint32_t blocks = 0;
  std::uint32_t precision = 0;  ///< `digits`: digits of a value; else 0
  std::uint32_t reserved2 = 0;
  std::uint32_t reserved3 = 0;
  std::uint32_t checksum = 0;  ///< checksum32 of the header before this field, then of shape, tables and index
};
static_assert(sizeof(StreamHeader) == header_bytes);

/// Where a block is. A block as long as nothing holds zero words only.
struct IndexEntry {
  std::uint32_t offset = 0;    ///< from the stream's begin, in units of stream_alignment; up to 32 GiB
  std::uint32_t checksum = 0;  ///< checksum32 of the block's bytes
};
static_assert(sizeof(IndexEntry) == 8);

// ---- `dense` ----

inline constexpr std::uint32_t lanes = 32;  ///< coder states of a block; the value i belongs to lane i % lanes
inline constexpr std::uint32_t probability_bits = 12;
inline constexpr std::uint32_t probability_scale = 1U << probability_bits;
inline constexpr std::uint32_t lowest_state = 1U << 15;  ///< states lie in [2^15, 2^31), words are of 16 bits
inline constexpr std::uint32_t most_symbols = 256;       ///< of one table, the escape included
inline constexpr std::uint32_t code_count = 514;         ///< codes that a split can give
inline constexpr std::uint32_t escape_code = 1023;
inline constexpr std::uint32_t tail_planes = 3;
inline constexpr std::uint32_t dense_block_log2 = 14;
inline constexpr std::uint32_t sparse_block_log2 = 16;  ///< where one symbol has more than a quarter of the values

enum class BlockKind : std::uint8_t { stored = 0, dense = 1, fast = 2 };
enum class PlaneKind : std::uint8_t { zero = 0, bypass = 1, coded = 2, planar = 3 };

/// The first 8 bytes of a dense or stored block.
struct BlockHeader {
  std::uint8_t kind = 0;
  std::uint8_t planes = 0;  ///< two bits a tail plane, plane 0 lowest: PlaneKind
  std::uint16_t reserved = 0;
  std::uint32_t coder_words = 0;  ///< 16-bit words of the coder's stream
};
static_assert(sizeof(BlockHeader) == 8);

// ---- `fast` ----

inline constexpr std::uint32_t group_words = 1024;
inline constexpr std::uint32_t group_rows = group_words / 32;
inline constexpr std::uint32_t groups_of_block = 16;
inline constexpr std::uint32_t fast_block_log2 = 14;
inline constexpr std::uint32_t most_patches_of_group = 64;

enum class GroupKind : std::uint8_t { planar = 0, masked = 1, sparse = 2, verbatim = 3 };
inline constexpr std::uint32_t constant_width = 63;  ///< a planar group's width field where all words are its base

VRAMLAB_HOST_DEVICE constexpr std::uint64_t rounded_up(std::uint64_t bytes, std::uint64_t unit) {
  return (bytes + unit - 1) / unit * unit;
}

}  // namespace vramlab::padic
