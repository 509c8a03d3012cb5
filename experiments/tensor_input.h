#pragma once
// The tensors of a file as a codec takes them: what their values are, and in which order they lie.

#include <cstddef>
#include <optional>
#include <span>
#include <string>
#include <vector>

#include "engine/padic/tensor_codec.h"
#include "traces/tensors/tensor_file.h"

namespace vramlab {

struct InputTensor {
  const StoredTensor* stored = nullptr;
  ElementType type = ElementType::uint8;  ///< of --dtype, or of a name that ends in .bf16.npy, else the file's
  std::vector<std::uint64_t> shape;       ///< in the order of the values; empty where there are too many dimensions
  std::span<const std::byte> bytes;

  padic::TensorView view() const;
};

/// The type that --dtype names; none for "". Throws ConfigError.
std::optional<ElementType> given_dtype(std::string_view text);

/// All of a file, in its order. `dtype` stands for the type of a .npy, and for that of tensors of a .safetensors that
/// are no floats and have values of its size. The file must outlive them. Throws ConfigError where it fits none.
std::vector<InputTensor> input_tensors(const TensorFile& file, std::optional<ElementType> dtype);

}  // namespace vramlab
