#pragma once
// One group of `fast`: which way of keeping its words takes the fewest bytes, and its payload.

#include <cstdint>

#include "engine/padic/kernels.h"

namespace vramlab::padic {

struct GroupPlan {
  GroupKind kind = GroupKind::planar;
  std::uint32_t width = 0;  ///< as the header has it
  std::uint32_t base = 0;   ///< without the sign's bit
  bool signs = false;       ///< there is a plane of them (or, of a constant, the sign)
  std::uint32_t kept = 0;   ///< words that are not zero
  std::uint32_t units = 0;  ///< u32 of payload

  std::uint8_t header() const { return static_cast<std::uint8_t>(static_cast<std::uint32_t>(kind) << 6 | width); }
};

/// The u32 that n values of `bytes` take as they are.
constexpr std::uint32_t verbatim_units(std::uint32_t n, std::uint32_t bytes) { return (n * bytes + 3) / 4; }
constexpr std::uint32_t rows_of(std::uint32_t n) { return (n + 31) / 32; }

/// The kind with the fewest bytes for n words, of equals the first.
GroupPlan plan_group(const Extent& extent, std::uint32_t n, WordKind kind, std::uint32_t value_bytes);

/// Writes the payload of all kinds but verbatim. Returns what follows it.
std::uint32_t* write_group(const GroupPlan& plan, const std::uint32_t* words, std::uint32_t n, WordKind kind,
                           std::uint32_t* out);

}  // namespace vramlab::padic
