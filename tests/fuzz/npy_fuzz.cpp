// .npy files. What is read must lie in the file, and its header, written anew, must be read alike.

#include <cstdint>
#include <cstdlib>
#include <span>
#include <string>
#include <vector>

#include "engine/core/error.h"
#include "traces/tensors/npy.h"

using namespace vramlab;

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  const auto file = std::as_bytes(std::span(data, size));
  try {
    const TensorLayout layout = read_npy_layout(file, "fuzz.npy");
    static_cast<void>(npy_in_column_order(file, "fuzz.npy"));
    const StoredTensor& tensor = layout.tensors.at(0);
    if (tensor.offset + tensor.bytes() != size) std::abort();
    std::string again = npy_header(tensor.type, tensor.shape);
    again.append(reinterpret_cast<const char*>(data) + tensor.offset, tensor.bytes());
    const TensorLayout second = read_npy_layout(std::as_bytes(std::span(again)), "again.npy");
    if (second.tensors.at(0).shape != tensor.shape || second.tensors.at(0).type != tensor.type) std::abort();
  } catch (const TraceError&) {  // refused, as it should be
  }
  return 0;
}
