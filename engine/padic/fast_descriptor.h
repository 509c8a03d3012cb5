#pragma once
// What a group of `fast` tells of itself in 32 bits: how its words are kept and how long it is, so that every group of
// a block can be found without reading another. Kernels include it too.

#include <cstdint>

#include "engine/core/host_device.h"
#include "engine/padic/stream_format.h"

namespace vramlab::padic {

struct GroupDescriptor {
  GroupKind kind = GroupKind::planar;
  std::uint32_t width = 0;    ///< planes of the words' distances from the base
  std::uint32_t signs = 0;    ///< 1: and one of signs before them
  std::uint32_t kept = 0;     ///< masked and sparse: words that are not zero
  std::uint32_t escapes = 0;  ///< patches behind the words

  VRAMLAB_HOST_DEVICE constexpr std::uint32_t packed() const {
    return width | static_cast<std::uint32_t>(kind) << 6 | signs << 8 | kept << 9 | escapes << 20;
  }
  VRAMLAB_HOST_DEVICE static constexpr GroupDescriptor from(std::uint32_t packed) {
    return {static_cast<GroupKind>(packed >> 6 & 3U), packed & 63U, packed >> 8 & 1U, packed >> 9 & 2047U,
            packed >> 20 & 127U};
  }

  VRAMLAB_HOST_DEVICE constexpr bool empty() const { return kind == GroupKind::planar && width == 0; }
  VRAMLAB_HOST_DEVICE constexpr bool alike() const { return kind == GroupKind::planar && width == constant_width; }
};
inline constexpr std::uint32_t descriptor_bits = 27;  ///< those above are 0

VRAMLAB_HOST_DEVICE constexpr std::uint32_t rows_of(std::uint32_t n) { return (n + 31) / 32; }
/// The u32 that n values of `bytes` take as they are.
VRAMLAB_HOST_DEVICE constexpr std::uint32_t verbatim_units(std::uint32_t n, std::uint32_t bytes) {
  return (n * bytes + 3) / 4;
}
/// The u32 of so many patches: 16-bit indices, then values.
VRAMLAB_HOST_DEVICE constexpr std::uint32_t patch_units(std::uint32_t escapes) { return (escapes + 1) / 2 + escapes; }

/// The u32 that a group of n words takes, without its patches.
VRAMLAB_HOST_DEVICE constexpr std::uint32_t payload_units(const GroupDescriptor& group, std::uint32_t n,
                                                          std::uint32_t value_bytes) {
  if (group.kind == GroupKind::verbatim) return verbatim_units(n, value_bytes);
  if (group.empty()) return 0;
  if (group.alike()) return 1;
  const std::uint32_t planes = group.width + group.signs;
  if (group.kind == GroupKind::planar) return 1 + rows_of(n) * planes;
  const std::uint32_t list = group.kind == GroupKind::masked ? rows_of(n) : (group.kept + 1) / 2;
  return 1 + list + rows_of(group.kept) * planes;
}

/// Whether a group of n words can be described so. `most_width`: of its words.
VRAMLAB_HOST_DEVICE constexpr bool describes(std::uint32_t packed, std::uint32_t n, std::uint32_t most_width,
                                             bool with_sign, bool can_escape) {
  const GroupDescriptor group = GroupDescriptor::from(packed);
  if (packed >> descriptor_bits != 0 || group.kept > n || group.escapes > (can_escape ? most_patches_of_group : 0U))
    return false;
  if (group.kind == GroupKind::verbatim) return packed == static_cast<std::uint32_t>(GroupKind::verbatim) << 6;
  const bool bare = group.empty() || group.alike();
  if (group.signs != 0 && (!with_sign || bare)) return false;
  return bare ? group.kept == 0 : group.width <= most_width && (group.kind != GroupKind::planar || group.kept == 0);
}

}  // namespace vramlab::padic
