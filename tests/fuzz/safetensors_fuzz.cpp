// .safetensors and indices of shards. A first byte of 0: a file. 1: an index. Any other: the JSON of a header, with a
// right length before it and some values after it.

#include <cstdint>
#include <cstdlib>
#include <cstring>
#include <span>
#include <string>

#include "engine/core/error.h"
#include "traces/tensors/safetensors.h"

namespace {

using namespace vramlab;

void read(std::span<const std::byte> file) {
  const TensorLayout layout = read_safetensors_layout(file, "fuzz.safetensors");
  std::uint64_t end = layout.header_bytes;
  for (const StoredTensor& tensor : layout.tensors) {
    if (tensor.offset != end) std::abort();
    end += tensor.bytes();
  }
  if (end != file.size()) std::abort();
}

std::string framed(std::span<const std::byte> json, std::size_t values) {
  const std::uint64_t length = json.size();
  std::string file(sizeof length, '\0');
  std::memcpy(file.data(), &length, sizeof length);
  file.append(reinterpret_cast<const char*>(json.data()), json.size());
  return file.append(values, 'v');
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  if (size == 0) return 0;
  const auto rest = std::as_bytes(std::span(data + 1, size - 1));
  try {
    if (data[0] == 0) {
      read(rest);
    } else if (data[0] == 1) {
      static_cast<void>(shards_of_index(rest, "fuzz.json"));
    } else {
      const std::string file = framed(rest, data[0] - 2U);
      read(std::as_bytes(std::span(file)));
    }
  } catch (const TraceError&) {  // refused, as it should be
  }
  return 0;
}
