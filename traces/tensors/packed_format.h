#pragma once
// The fixed parts of a .vlp, as vlp.md specifies them.

#include <array>
#include <bit>
#include <cstdint>

namespace vramlab::packed {

static_assert(std::endian::native == std::endian::little, "numbers of fixed width are written as they stand");

inline constexpr std::array<unsigned char, 8> magic{0x89, 'V', 'L', 'P', '\r', '\n', 0x1a, '\n'};
inline constexpr std::array<unsigned char, 8> end_magic{'V', 'L', 'P', 'E', 'N', 'D', '\r', '\n'};
inline constexpr std::uint32_t version = 1;
inline constexpr std::uint64_t alignment = 8;

struct FileHeader {
  std::array<unsigned char, 8> magic = packed::magic;
  std::uint32_t version = packed::version;
  std::uint32_t zero = 0;
};
static_assert(sizeof(FileHeader) == 16);

struct EndRecord {
  std::uint64_t directory_offset = 0;
  std::uint64_t directory_bytes = 0;
  std::uint64_t checksum = 0;  ///< XXH3-64 of the directory
  std::array<unsigned char, 8> magic = end_magic;
};
static_assert(sizeof(EndRecord) == 32);

}  // namespace vramlab::packed
