#pragma once
// The constants and size rules of PyTorch's CUDA caching allocator (2.11, c10/cuda/CUDACachingAllocator.cpp and
// CUDAAllocatorConfig.cpp), restated.

#include <array>
#include <cstdint>
#include <span>
#include <string_view>

#include "engine/core/option.h"
#include "engine/core/types.h"

namespace vramlab::pytorch {

inline constexpr Bytes min_block = 512_B;           ///< every block is a multiple of this
inline constexpr Bytes small_size = 1_MiB;          ///< largest request of the small part
inline constexpr Bytes small_segment = 2_MiB;       ///< segments of the small part
inline constexpr Bytes large_segment = 20_MiB;      ///< segments for requests below min_large_request
inline constexpr Bytes min_large_request = 10_MiB;  ///< from here on a segment is the request rounded up
inline constexpr Bytes round_large = 2_MiB;         ///< granule of those segments

/// The allocator's configuration. Sources of the names: PYTORCH_CUDA_ALLOC_CONF.
struct Settings {
  Bytes max_split_size = unlimited_bytes;
  Bytes max_non_split_rounding = 20_MiB;
  double garbage_collection_threshold = 0;            ///< fraction of the capacity; 0 = off
  std::array<std::uint32_t, 16> roundup_divisions{};  ///< slot i: sizes from 2^(20+i); 0 or 1 = off

  static Settings from(const OptionValues& options);
};

/// The option table of both models.
std::span<const OptionSpec> option_table();

/// Rounded size of a request (> 0).
Bytes round_size(Bytes request, const Settings& settings);
/// Size of the segment taken for a rounded size that no free block serves.
Bytes segment_size(Bytes rounded);

/// "8" (all sizes) or "1:8,2:8,...,32768:0" (by size in MiB, as in the configuration). Throws ConfigError.
std::array<std::uint32_t, 16> parse_divisions(std::string_view text);

}  // namespace vramlab::pytorch
