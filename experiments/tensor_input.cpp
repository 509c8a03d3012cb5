#include "experiments/tensor_input.h"

#include <fmt/format.h>

#include <algorithm>

#include "engine/core/error.h"
#include "experiments/pack_options.h"
#include "traces/tensors/npy.h"

namespace vramlab {
namespace {

bool may_be(const TensorFile& file, const StoredTensor& tensor, ElementType dtype) {
  const ElementInfo& own = element_info(tensor.type);
  if (own.bytes != element_info(dtype).bytes) return false;
  return file.format() == TensorFormat::npy || !own.is_float;
}

ElementType type_of(const TensorFile& file, const StoredTensor& tensor, std::optional<ElementType> dtype) {
  if (dtype && may_be(file, tensor, *dtype)) return *dtype;
  const bool two_bytes = element_info(tensor.type).bytes == 2 && !element_info(tensor.type).is_float;
  if (file.format() == TensorFormat::npy && two_bytes && file.name().ends_with(".bf16.npy"))
    return ElementType::bfloat16;
  return tensor.type;
}

void check_dtype(const TensorFile& file, ElementType dtype) {
  const auto tensors = file.tensors();
  if (std::any_of(tensors.begin(), tensors.end(), [&](const StoredTensor& t) { return may_be(file, t, dtype); }))
    return;
  throw ConfigError(fmt::format("no tensor of {} can be {}", file.name(), element_info(dtype).name), {},
                    fmt::format("its values have {} bytes; leave --dtype out", element_info(dtype).bytes));
}

}  // namespace

padic::TensorView InputTensor::view() const {
  return {.data = bytes.data(), .values = stored->values, .dtype = padic_dtype(type), .shape = shape};
}

std::optional<ElementType> given_dtype(std::string_view text) {
  return text.empty() ? std::nullopt : std::optional(element_called(text));
}

std::vector<InputTensor> input_tensors(const TensorFile& file, std::optional<ElementType> dtype) {
  if (dtype) check_dtype(file, *dtype);
  std::vector<InputTensor> found;
  for (const StoredTensor& tensor : file.tensors()) {
    InputTensor input{&tensor, type_of(file, tensor, dtype), tensor.shape, file.values(tensor)};
    if (file.format() == TensorFormat::npy && npy_in_column_order(file.header(), file.name()))
      std::reverse(input.shape.begin(), input.shape.end());
    if (input.shape.size() > padic::most_dimensions) input.shape.clear();
    found.push_back(std::move(input));
  }
  return found;
}

}  // namespace vramlab
