#pragma once
// How much smaller the tensors of a file get: what stands for the codec where memory is only counted.

#include <cstdint>
#include <string>
#include <string_view>

#include "engine/padic/tensor_codec.h"

namespace vramlab {

/// Raw bytes over packed bytes of all tensors of `path` together, in thousandths, rounded down: from 1000, also where
/// they get larger, to 1000'000. Integers, bool and float64 are packed lossless. `dtype` as --dtype, "" = the file's.
/// Throws TraceError for a file that is missing or broken, ConfigError where it holds no values or `dtype` fits none.
std::uint32_t packed_ratio_per_mille(const std::string& path, const padic::CodecOptions& options,
                                     std::string_view dtype);

}  // namespace vramlab
