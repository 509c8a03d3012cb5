#pragma once
// Whether unpacked values are what was promised. Nothing of the codec is used: numbers are read here once more.

#include <cstddef>
#include <cstdint>
#include <span>
#include <string>

#include "engine/padic/tensor_codec.h"
#include "traces/tensors/tensor.h"

namespace vramlab {

/// A value as a real number; NaN and infinities as they are. `at` points at its bytes. REQUIRES: a floating type.
double real_value(ElementType type, const std::byte* at);

struct TensorDifference {
  double max_absolute = 0;  ///< over values whose bits differ; infinite where NaN or infinities do, or integers
  double max_relative = 0;  ///< |x - y| / |x|
  std::uint64_t differing = 0;
  bool bit_exact() const { return differing == 0; }
};

/// REQUIRES: both as long as whole values.
TensorDifference compare_values(ElementType type, std::span<const std::byte> given, std::span<const std::byte> back);

/// Throws InvariantError naming `tensor` where the mode's promise is broken: a codec that lies must not go unseen.
void check_promise(const TensorDifference& difference, const padic::CodecOptions& options, const std::string& tensor);

}  // namespace vramlab
