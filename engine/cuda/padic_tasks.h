#pragma once
// What a call of the codec on a GPU is made of, for the host that asks and the kernels that do it. Read by nvcc: std
// and CUDA only.

#include <cuda_runtime_api.h>

#include <cstdint>

#include "engine/padic/quantiser.h"
#include "engine/padic/split.h"
#include "engine/padic/stream_format.h"
#include "engine/padic/words.h"

namespace vramlab::padic::gpu {

using u8 = std::uint8_t;
using u16 = std::uint16_t;
using u32 = std::uint32_t;
using u64 = std::uint64_t;

/// What is wrong with a stream, as bits of the status.
enum Damage : u32 {
  bad_header = 1,     ///< not a stream, or not one of this codec's settings and length
  bad_index = 2,      ///< offsets that do not grow or leave the stream
  bad_block = 4,      ///< a length, width, index or state that cannot be
  bad_checksum = 8,   ///< of a block
  bad_directory = 16  ///< the checksum of header, shape, tables and index
};

enum class Way : u8 {
  parts,      ///< floating point, sign and magnitude as they are
  rounded,    ///< the same with low bits rounded away
  shifted,    ///< signed integers
  plain,      ///< unsigned ones
  quantised,  ///< float32 within an absolute bound
  levels,     ///< other floats within one
};

/// A LevelTable whose table by magnitude begins behind those of level 0, and ends where each magnitude is a level of
/// its own, as the format's values are farther apart than the bound: what is left fits into shared memory.
struct LevelRule {
  static constexpr u32 most_magnitudes = 12'544;  ///< of the table by magnitude, of any format and bound

  const u16* level_of = nullptr;      ///< of the magnitudes from `low` to `high`
  const u16* magnitude_of = nullptr;  ///< of all levels
  u32 sign_shift = 0;
  u32 levels = 0;
  u32 low = 0, high = 0;  ///< the last magnitude of level 0; from `high` on levels follow one another

  VRAMLAB_HOST_DEVICE u32 level(u32 magnitude) const {
    const u32 below = magnitude < high ? magnitude : high;
    return level_of[(below > low ? below : low) - low] + (magnitude - below);
  }
  VRAMLAB_HOST_DEVICE Word word_of(u32 raw) const {
    const u32 number = level(raw & ((1U << sign_shift) - 1U));
    return {number, number == 0 ? 0U : raw >> sign_shift, false};
  }
  /// REQUIRES: level < levels.
  VRAMLAB_HOST_DEVICE u32 raw_of(u32 level, u32 sign) const { return magnitude_of[level] | sign << sign_shift; }
};

/// What those need to know.
struct WordRule {
  NumberFormat format{};
  Mode mode = Mode::lossless;
  u32 drop = 0;
  double bound = 0;
  Quantiser quantiser{};
  LevelRule levels{};
};

struct Shape {
  u64 extent[most_dimensions] = {};
};

/// In the workspace, set to 0 before the first kernel of a call.
struct Progress {
  u32 ticket = 0;        ///< the next block to be taken
  u32 done = 0;          ///< blocks that are finished
  u32 index_sum = 0;     ///< the checksum's shares of the index
  u32 units = 0;         ///< the stream's length in units of stream_alignment, set by the last block
  u32 block_sum = 0;     ///< `fast`, unpacking: of all blocks, less what they should have
  u32 reserved[3] = {};  ///< so that what follows is aligned for all
};

inline constexpr u32 fast_block_words = 1U << fast_block_log2;
/// Threads of a block that packs to `fast`, a group a warp, and of one that unpacks; how many such stay on a
/// multiprocessor.
inline constexpr u32 fast_pack_threads = groups_of_block * 32, fast_pack_blocks = 2;
inline constexpr u32 fast_unpack_warps = 8, fast_unpack_threads = fast_unpack_warps * 32, fast_unpack_blocks = 4;
/// Groups that a warp unpacks at a time: it looks up once where they lie.
inline constexpr u32 groups_of_share = 4, shares_of_block = groups_of_block / groups_of_share;

/// A call: pointers into device memory.
struct FastTask {
  const void* from = nullptr;  ///< values, or the stream
  void* to = nullptr;          ///< the stream, or values
  u64 values = 0;
  u64 stream_bytes = 0;  ///< unpacking: of the stream
  u32 blocks = 0;
  u32 unpack_grid = 1;    ///< blocks of threads
  StreamHeader header{};  ///< all that is known before
  Shape shape{};          ///< packing
  WordRule rule{};
  Progress* progress = nullptr;
  u64* states = nullptr;        ///< packing: a u64 a block, zeros
  u64* packed_bytes = nullptr;  ///< packing: the stream's length
  u32* status = nullptr;        ///< unpacking: Damage
};

/// Threads of a block that counts or packs to `dense`, how many such blocks count or pack on a multiprocessor, and
/// threads of the one block that unpacks there: as many as registers and shared memory hold.
inline constexpr u32 dense_threads = 512, dense_warps = dense_threads / 32;
inline constexpr u32 counting_blocks = 2, packing_blocks = 2;
/// 16-bit words of a slot in front of those that a block may have: as many as are written before it is looked at again.
inline constexpr u32 slot_slack = 256;
inline constexpr u32 unpacking_threads = 1024, unpacking_warps = unpacking_threads / 32;
/// What waits of 4 rows of words, a u32 a lane each: of a tensor's last rows it may be more than their values.
inline constexpr u32 waiting_bytes = 4 * 32 * 4;

/// How a symbol is coded: x becomes x + bias + x / frequency * (4096 - frequency), the quotient by a product. The step
/// of zeros changes nothing. Aligned, to be loaded at once.
struct alignas(8) CoderStep {
  static constexpr u32 shift_at = 13, free_bit = 1U << 18, rest_at = 19;

  u32 reciprocal = 0;
  u32 packed = 0;  ///< bias | shift << 13 | (4096 - frequency) << 19; bit 18 is free, bit 31 is 0

  VRAMLAB_HOST_DEVICE u32 bias() const { return packed & 0x1FFFU; }
  VRAMLAB_HOST_DEVICE u32 shift() const { return packed >> shift_at & 15U; }
  VRAMLAB_HOST_DEVICE u32 rest() const { return packed >> rest_at; }
  /// The highest state that need not put out a word before: frequency * 2^19 - 1.
  VRAMLAB_HOST_DEVICE u32 highest() const { return (packed & 0x7FF80000U) ^ 0x7FFFFFFFU; }
};

inline constexpr u32 escape_index = code_count, counted_codes = code_count + 1;
inline constexpr u32 most_table_bytes = (1 + tail_planes) * (2 + 3 * most_symbols) + stream_alignment;

/// What packing to `dense` learns of a tensor, in the workspace; counts are set to 0 before.
struct DenseSurvey {
  u64 codes[counted_codes] = {};
  u64 sampled[tail_planes][256] = {};
  u64 sampled_bits[tail_planes] = {};
  u64 digits[tail_planes][256] = {};
  u64 without = 0;  ///< words without the fixed split's tail
  u64 escapes = 0;
  u64 coded_q16 = 0;  ///< bits * 2^16 that the symbols of all tables take
  u64 raw_bits[tail_planes] = {};
  u64 coder_bytes = 0;  ///< likely ones of a block
  u64 most_bytes = 0;   ///< that the stream can have
  u32 coded = 0;        ///< tail planes with a table, a bit each
  u32 zero = 0;         ///< those of them whose digits are all 0
  u32 used = 0;         ///< the places of all codes, ORed
  u32 lead = 3;
  u32 block_log2 = dense_block_log2;
  u32 blocks = 0;
  u32 table_bytes = 0;             ///< of the heads' table; in the end of all, with padding
  u32 table_sum = 0;               ///< their shares of the checksum
  u32 places[counted_codes] = {};  ///< of each code: see DigitPlaces
  CoderStep heads[counted_codes] = {};
  CoderStep planes[tail_planes][256] = {};
  alignas(8) u8 tables[most_table_bytes] = {};
};

/// The same for `dense`.
struct DenseTask {
  const void* from = nullptr;
  void* to = nullptr;
  u64 values = 0;
  u64 stream_bytes = 0;
  StreamHeader header{};
  Shape shape{};
  WordRule rule{};
  Splitter splitter{};
  u32 highest_code = 0;  ///< that a word can have with lead = 3; of escapes apart
  u32 grid = 1;          ///< blocks of threads
  u32 count_grid = 1;    ///< of the kernels that count
  Progress* progress = nullptr;
  DenseSurvey* survey = nullptr;  ///< packing
  u64* states = nullptr;          ///< packing: a u64 a block, zeros
  u8* slots = nullptr;            ///< scratch of warps
  u64 slot_bytes = 0;             ///< of them together
  u64 room_bytes = 0;             ///< packing: of the room at `to`; what the stream cannot take of it is scratch too
  u64* packed_bytes = nullptr;
  u32* status = nullptr;
};

// Kernels for values of `bytes` bytes; cudaErrorInvalidValue where there is none for the pair. Nothing waits.
cudaError_t launch_pack_fast(const FastTask& task, u32 bytes, Way way, cudaStream_t stream);
cudaError_t launch_unpack_fast(const FastTask& task, u32 bytes, Way way, cudaStream_t stream);
cudaError_t launch_pack_dense(const DenseTask& task, u32 bytes, Way way, cudaStream_t stream);
cudaError_t launch_unpack_dense(const DenseTask& task, u32 bytes, Way way, cudaStream_t stream);

/// Puts the kernels for such values on the current GPU. Else their first launch would, and wait for the work under way.
cudaError_t load_fast(u32 bytes, Way way);
cudaError_t load_dense(u32 bytes, Way way);

}  // namespace vramlab::padic::gpu
