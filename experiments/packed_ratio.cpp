#include "experiments/packed_ratio.h"

#include <fmt/format.h>

#include <algorithm>

#include "engine/core/error.h"
#include "engine/core/wide.h"
#include "experiments/pack_options.h"
#include "experiments/tensor_input.h"

namespace vramlab {
namespace {

constexpr std::uint64_t plain = 1000, most = 1000 * plain;

}  // namespace

std::uint32_t packed_ratio_per_mille(const std::string& path, const padic::CodecOptions& options,
                                     std::string_view dtype) {
  const TensorFile file = TensorFile::open(path);
  std::uint64_t raw = 0, packed = 0;
  for (const InputTensor& input : input_tensors(file, given_dtype(dtype))) {
    if (input.bytes.empty()) continue;
    raw += input.bytes.size();
    packed += padic::compress(input.view(), packing_for(input.type, options)).size();
  }
  if (raw == 0)
    throw ConfigError("its tensors hold no values, so there is nothing to pack", Where{path, {}, {}, {}},
                      "name a file of what is swapped");
  const auto ratio = static_cast<std::uint64_t>(static_cast<Wide>(raw) * plain / packed);
  return static_cast<std::uint32_t>(std::clamp(ratio, plain, most));
}

}  // namespace vramlab
