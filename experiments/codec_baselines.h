#pragma once
// General-purpose compressors on the same values, by the same clock: what a tensor codec has to beat.

#include <cstddef>
#include <cstdint>
#include <span>
#include <string_view>
#include <vector>

namespace vramlab {

struct BaselineRun {
  std::string_view name;
  std::uint64_t compressed_bytes = 0;
  double compress_seconds = 0, decompress_seconds = 0;
};

/// zstd -1 and LZ4, each on the bytes as they are and with the bytes of the values regrouped (all first bytes, then all
/// second ones, ...), which is what HDF5 and Zarr do. One core, in parts of at most 1 GiB; regrouping is timed both
/// ways, but for "left regrouped", where the way back is left out. Throws InvariantError where one does not give its
/// input back.
std::vector<BaselineRun> run_baselines(std::span<const std::byte> values, std::size_t bytes_each, int repeat);

}  // namespace vramlab
