// .vlp. A first byte of 0: a file. Any other: a directory, framed here with a right checksum behind as many bytes.

#include <xxhash.h>

#include <cstdint>
#include <cstdlib>
#include <span>
#include <string>

#include "engine/core/error.h"
#include "traces/tensors/packed_file.h"
#include "traces/tensors/packed_format.h"

namespace {

using namespace vramlab;

void check(std::span<const std::byte> file, PackedPart part, std::uint64_t& end) {
  if (part.offset < end || part_of(file, part).size() != part.bytes) std::abort();
  end = part.offset + part.bytes;
  if (end > file.size()) std::abort();
}

void read(std::span<const std::byte> file) {
  std::uint64_t end = 0;
  for (const PackedEntry& entry : read_packed_directory(file, "fuzz.vlp").files) {
    if (entry.name.empty() || entry.name.find('/') != entry.name.npos) std::abort();
    check(file, entry.header, end);
    for (const PackedTensor& tensor : entry.tensors) check(file, tensor.stream, end);
  }
}

std::string framed(std::span<const std::byte> directory, std::size_t parts) {
  const packed::FileHeader header;
  packed::EndRecord last;
  last.directory_offset = sizeof header + parts;
  last.directory_bytes = directory.size();
  last.checksum = XXH3_64bits(directory.data(), directory.size());
  std::string file(reinterpret_cast<const char*>(&header), sizeof header);
  file.append(parts, 'p').append(reinterpret_cast<const char*>(directory.data()), directory.size());
  return file.append(reinterpret_cast<const char*>(&last), sizeof last);
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  if (size == 0) return 0;
  const auto rest = std::as_bytes(std::span(data + 1, size - 1));
  try {
    if (data[0] == 0) {
      read(rest);
    } else {
      const std::string file = framed(rest, data[0]);
      read(std::as_bytes(std::span(file)));
    }
  } catch (const TraceError&) {  // refused, as it should be
  }
  return 0;
}
