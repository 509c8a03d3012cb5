#pragma once
// The checksums of a packed tensor that was changed, so that a reader comes to what they guard.

#include <cstddef>
#include <cstdint>
#include <cstring>
#include <vector>

#include "engine/padic/checksum.h"
#include "engine/padic/stream_format.h"

namespace vramlab::testing {

/// Where the blocks of a stream begin, in bytes, by its header.
inline std::uint64_t front_of(const std::vector<std::byte>& stream) {
  padic::StreamHeader header;
  std::memcpy(&header, stream.data(), sizeof header);
  return 64 + std::uint64_t{8} * header.dimensions + header.tables_bytes + std::uint64_t{8} * header.blocks;
}

/// Puts the checksums right.
inline void sign(std::vector<std::byte>& stream) {
  padic::StreamHeader header;
  std::memcpy(&header, stream.data(), sizeof header);
  const std::uint64_t front = front_of(stream);
  if (front > stream.size() || stream.size() % 8 != 0) return;
  std::vector<std::uint32_t> words(stream.size() / 4);
  std::memcpy(words.data(), stream.data(), stream.size());
  for (std::uint64_t b = 0; b < header.blocks; ++b) {
    const std::uint64_t entry = (front - 8 * header.blocks) / 4 + 2 * b;
    const std::uint64_t begin = std::uint64_t{words[entry]} * 2;
    const std::uint64_t end = b + 1 == header.blocks ? words.size() : std::uint64_t{words[entry + 2]} * 2;
    if (begin <= end && end <= words.size()) words[entry + 1] = padic::checksum32(words.data() + begin, end - begin);
  }
  words[15] = padic::checksum32(words.data(), 15) + padic::checksum32(words.data() + 16, front / 4 - 16, 15);
  std::memcpy(stream.data(), words.data(), stream.size());
}

}  // namespace vramlab::testing
