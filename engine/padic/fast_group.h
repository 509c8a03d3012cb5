#pragma once
// One group of `fast`: which way of keeping its words takes the fewest bytes, and its payload.

#include <cstdint>

#include "engine/padic/fast_descriptor.h"
#include "engine/padic/kernels.h"

namespace vramlab::padic {

struct GroupPlan {
  GroupDescriptor group{};
  std::uint32_t base = 0;   ///< without the sign's bit, but of words that are all alike
  std::uint32_t units = 0;  ///< u32 of payload
};

/// The kind with the fewest bytes for n words, of equals the first.
GroupPlan plan_group(const Extent& extent, std::uint32_t n, WordKind kind, std::uint32_t value_bytes);

/// Writes the payload of all kinds but verbatim. Returns what follows it.
std::uint32_t* write_group(const GroupPlan& plan, const std::uint32_t* words, std::uint32_t n, WordKind kind,
                           std::uint32_t* out);

}  // namespace vramlab::padic
