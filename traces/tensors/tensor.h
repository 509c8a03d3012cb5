#pragma once
// What files of tensors hold: values of a few kinds in C order, and where they lie. Any format is read into this.

#include <cstddef>
#include <cstdint>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

namespace vramlab {

enum class ElementType : std::uint8_t {
  boolean,
  uint8,
  int8,
  uint16,
  int16,
  uint32,
  int32,
  uint64,
  int64,
  float8_e4m3,
  float8_e5m2,
  float16,
  bfloat16,
  float32,
  float64,
};

struct ElementInfo {
  ElementType type = ElementType::uint8;
  std::string_view name;         ///< "bfloat16"
  std::string_view short_name;   ///< "bf16"
  std::string_view npy;          ///< NumPy's code after the byte order; "" where NumPy has none
  std::string_view safetensors;  ///< "BF16"
  std::uint32_t bytes = 1;       ///< of one value
  bool is_float = false;
};

/// One row a type, in the order of ElementType.
std::span<const ElementInfo> element_types();
const ElementInfo& element_info(ElementType type);
/// By name or short name. Throws ConfigError, which lists them.
ElementType element_called(std::string_view name);

/// One tensor of a file.
struct StoredTensor {
  std::string name;  ///< "" for the one of a .npy
  ElementType type = ElementType::uint8;
  std::string stored_as;  ///< the type as the file writes it: "<i2", "BF16"
  /// As the file gives it; no dimension = one value. With column order the first dimension runs fastest.
  std::vector<std::uint64_t> shape;
  std::uint64_t offset = 0;  ///< of its values, from the begin of the file
  std::uint64_t values = 0;

  std::uint64_t bytes() const { return values * element_info(type).bytes; }
};

enum class TensorFormat : std::uint8_t { npy, safetensors };

/// A file is its header and then the values of its tensors, in this order and without gaps: both formats are refused
/// where that is not so.
struct TensorLayout {
  TensorFormat format = TensorFormat::npy;
  std::uint64_t header_bytes = 0;
  std::vector<StoredTensor> tensors;
};

/// The product; none where it, or its size in bytes, does not fit 64 bits.
std::optional<std::uint64_t> count_of(std::span<const std::uint64_t> shape, std::uint32_t bytes_each);

/// What the first bytes of a file say; none where they say neither. Of .safetensors, which have no magic number: a
/// plausible length and a brace.
std::optional<TensorFormat> tensor_format_of(std::span<const std::byte> head);

}  // namespace vramlab
