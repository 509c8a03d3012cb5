#pragma once
// Reads the small records of a packed block, and never beyond its end.

#include <cstddef>
#include <cstdint>
#include <span>
#include <string>
#include <vector>

#include "engine/core/error.h"

namespace vramlab::padic {

class ByteReader {
 public:
  explicit ByteReader(std::span<const std::byte> bytes) : bytes_(bytes) {}

  std::size_t position() const { return at_; }
  std::size_t left() const { return bytes_.size() - at_; }

  /// The next `count` bytes. Throws TraceError where there are not as many.
  std::span<const std::byte> take(std::size_t count, const char* what) {
    if (count > left()) refuse(std::string("the block ends within ") + what);
    at_ += count;
    return bytes_.subspan(at_ - count, count);
  }
  std::uint8_t u8(const char* what) { return std::to_integer<std::uint8_t>(take(1, what)[0]); }
  std::uint16_t u16(const char* what) {
    const auto two = take(2, what);
    return static_cast<std::uint16_t>(std::to_integer<unsigned>(two[0]) | std::to_integer<unsigned>(two[1]) << 8);
  }
  std::uint32_t u32(const char* what) {
    const std::uint32_t low = u16(what);
    return low | static_cast<std::uint32_t>(u16(what)) << 16;
  }
  /// The indices of the bits that are set in a bitmap of `count` bits. Bits past the end must be 0.
  std::vector<std::uint16_t> bitmap(std::size_t count) {
    const auto bytes = take((count + 7) / 8, "a bitmap");
    std::vector<std::uint16_t> set;
    for (std::size_t i = 0; i < bytes.size() * 8; ++i) {
      if ((std::to_integer<unsigned>(bytes[i / 8]) >> i % 8 & 1U) == 0) continue;
      if (i >= count) refuse("a bitmap with bits past its end");
      set.push_back(static_cast<std::uint16_t>(i));
    }
    return set;
  }

  [[noreturn]] void refuse(const std::string& what) const {
    throw TraceError("packed tensor: " + what, Where::at_byte("", at_), "pack it again: the stream is damaged");
  }

 private:
  std::span<const std::byte> bytes_;
  std::size_t at_ = 0;
};

/// A bitmap of `count` bits, those of `indices` set, lowest bit first, filled up to a byte.
inline void append_bitmap(std::span<const std::uint16_t> indices, std::size_t count, std::vector<std::byte>& out) {
  const std::size_t begin = out.size();
  out.resize(begin + (count + 7) / 8, std::byte{0});
  for (const std::uint16_t index : indices) out[begin + index / 8] |= static_cast<std::byte>(1U << index % 8);
}

}  // namespace vramlab::padic
