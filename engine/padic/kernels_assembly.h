#pragma once
// Values from the bytes of heads and tails, 64 at a time: what the portable and the AVX2 kernels do alike. All is
// static: files with other instruction sets include it.

#include <cstring>

#include "engine/padic/kernels_variants.h"

namespace vramlab::padic {

/// Each byte's bits to columns: bit i of byte k becomes bit k of byte i.
static inline std::uint64_t transposed_bits(std::uint64_t x) {
  std::uint64_t t = (x ^ x >> 7) & 0x00AA00AA00AA00AAULL;
  x ^= t ^ t << 7;
  t = (x ^ x >> 14) & 0x0000CCCC0000CCCCULL;
  x ^= t ^ t << 14;
  t = (x ^ x >> 28) & 0x00000000F0F0F0F0ULL;
  return x ^ t ^ t << 28;
}

/// 32 words' bytes of row `row`.
static inline void row_bytes(const TailByte& tail, std::uint32_t rows, std::uint32_t row, std::uint8_t* bytes) {
  if (tail.bytes != nullptr) {
    std::memcpy(bytes, tail.bytes + std::size_t{row} * 32, 32);
    return;
  }
  if (tail.planes == nullptr) {
    std::memset(bytes, 0, 32);
    return;
  }
  std::uint64_t eight[4] = {};
  for (std::uint32_t p = 0; p < tail.count; ++p) {
    const std::uint64_t plane = tail.planes[std::size_t{p} * rows + row];
    const std::uint32_t at = 8 * (tail.lowest + tail.count - 1 - p);
    for (std::uint32_t k = 0; k < 4; ++k) eight[k] |= (plane >> 8 * k & 0xFFU) << at;
  }
  for (std::uint64_t& block : eight) block = transposed_bits(block);
  std::memcpy(bytes, eight, sizeof eight);
}

template <class Value>
static inline void assemble_as(const std::uint8_t* symbols, std::uint32_t n, const HeadBytes& heads,
                               const TailByte* tail, unsigned char* raw) {
  constexpr std::uint32_t tails = tail_bytes(sizeof(Value)), top = 8 * (sizeof(Value) - 1);
  const std::uint32_t rows = (n + 31) / 32;
  for (std::uint32_t row = 0; row < rows; ++row) {
    std::uint8_t bytes[tails][32];
    Value values[32];
    for (std::uint32_t k = 0; k < tails; ++k) row_bytes(tail[k], rows, row, bytes[k]);
    const std::uint8_t* symbol = symbols + std::size_t{row} * 32;
    for (std::uint32_t i = 0; i < 32; ++i) {
      std::uint32_t value = static_cast<std::uint32_t>(heads.high[symbol[i]]) << top |
                            static_cast<std::uint32_t>(heads.low[symbol[i]]) << (top - 8);
      for (std::uint32_t k = 0; k < tails; ++k) value |= static_cast<std::uint32_t>(bytes[k][i]) << 8 * k;
      values[i] = static_cast<Value>(value);
    }
    const std::uint32_t left = n - 32 * row;
    std::memcpy(raw + std::size_t{row} * sizeof values, values, left < 32 ? left * sizeof(Value) : sizeof values);
  }
}

static inline void assemble(const std::uint8_t* symbols, std::uint32_t n, const HeadBytes& heads, const TailByte* tail,
                            std::uint32_t bytes, void* raw) {
  auto* to = static_cast<unsigned char*>(raw);
  if (bytes == 2) return assemble_as<std::uint16_t>(symbols, n, heads, tail, to);
  assemble_as<std::uint32_t>(symbols, n, heads, tail, to);
}

}  // namespace vramlab::padic
