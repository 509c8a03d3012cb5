#include "traces/tensors/tensor.h"

#include <fmt/format.h>
#include <fmt/ranges.h>

#include <algorithm>
#include <array>
#include <cstring>

#include "engine/core/error.h"
#include "engine/core/registry.h"
#include "traces/tensors/npy.h"
#include "traces/tensors/safetensors.h"

namespace vramlab {
namespace {

using enum ElementType;

constexpr std::array<ElementInfo, 15> types{{
    {boolean, "bool", "bool", "b1", "BOOL", 1, false},
    {uint8, "uint8", "u8", "u1", "U8", 1, false},
    {int8, "int8", "i8", "i1", "I8", 1, false},
    {uint16, "uint16", "u16", "u2", "U16", 2, false},
    {int16, "int16", "i16", "i2", "I16", 2, false},
    {uint32, "uint32", "u32", "u4", "U32", 4, false},
    {int32, "int32", "i32", "i4", "I32", 4, false},
    {uint64, "uint64", "u64", "u8", "U64", 8, false},
    {int64, "int64", "i64", "i8", "I64", 8, false},
    {float8_e4m3, "float8_e4m3", "e4m3", "", "F8_E4M3", 1, true},
    {float8_e5m2, "float8_e5m2", "e5m2", "", "F8_E5M2", 1, true},
    {float16, "float16", "f16", "f2", "F16", 2, true},
    {bfloat16, "bfloat16", "bf16", "", "BF16", 2, true},
    {float32, "float32", "f32", "f4", "F32", 4, true},
    {float64, "float64", "f64", "f8", "F64", 8, true},
}};

}  // namespace

std::span<const ElementInfo> element_types() { return types; }

const ElementInfo& element_info(ElementType type) { return types.at(static_cast<std::size_t>(type)); }

ElementType element_called(std::string_view name) {
  for (const ElementInfo& info : types)
    if (info.name == name || info.short_name == name) return info.type;
  std::vector<std::string_view> known;
  for (const ElementInfo& info : types) {
    known.push_back(info.name);
    if (info.short_name != info.name) known.push_back(info.short_name);
  }
  unknown_name("dtype", name, known);
}

std::optional<std::uint64_t> count_of(std::span<const std::uint64_t> shape, std::uint32_t bytes_each) {
  if (std::find(shape.begin(), shape.end(), 0U) != shape.end()) return 0;
  std::uint64_t bytes = bytes_each;
  for (const std::uint64_t extent : shape)
    if (__builtin_mul_overflow(bytes, extent, &bytes)) return std::nullopt;
  return bytes / bytes_each;
}

std::optional<TensorFormat> tensor_format_of(std::span<const std::byte> head) {
  if (is_npy(head)) return TensorFormat::npy;
  if (is_safetensors(head)) return TensorFormat::safetensors;
  return std::nullopt;
}

}  // namespace vramlab
