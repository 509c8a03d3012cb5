#pragma once
// Bytes of values by their place in the value, and back: what compressors for bytes are given to see how floats repeat.

#include <cstddef>
#include <span>

namespace vramlab {

/// All first bytes of the values of `each` bytes (2, 4 or 8), then all second ones, ... With AVX2, where there is AVX2:
/// a comparison shall not suffer from how this is done. REQUIRES: both are as long, a multiple of `each`.
void regroup(std::span<const std::byte> values, std::size_t each, std::span<std::byte> grouped);
/// The inverse.
void ungroup(std::span<const std::byte> grouped, std::size_t each, std::span<std::byte> values);

}  // namespace vramlab
