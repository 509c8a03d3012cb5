#include "engine/padic/fast_group.h"

#include <algorithm>
#include <array>

namespace vramlab::padic {
namespace {

constexpr std::uint32_t sign_bit = 0x80000000U;

GroupDescriptor planar(const Extent& extent, std::uint32_t n, WordKind kind, std::uint32_t& base) {
  GroupDescriptor group;
  if (extent.kept == 0) return group;
  std::uint32_t least = extent.least, most = extent.most;
  if (extent.kept == n && least == most && !(extent.any_sign && extent.sign_missing)) {
    base = least | (extent.any_sign ? sign_bit : 0U);
    group.width = constant_width;
    return group;
  }
  if (extent.kept < n) {
    least = std::min(least, zero_word(kind));
    most = std::max(most, zero_word(kind));
  }
  base = least;
  group.width = std::max(1U, bit_length(most - least));
  group.signs = extent.any_sign ? 1U : 0U;
  return group;
}

/// Signs and magnitudes above the base.
std::uint32_t* write_planes(const GroupPlan& plan, const std::uint32_t* words, std::uint32_t n, std::uint32_t* out) {
  if (plan.group.signs != 0) {
    kernels().pack_signs(words, n, out);
    out += rows_of(n);
  }
  if (plan.group.width == 0) return out;
  // The sign's bit lies above the width, so that pack() does not see it.
  kernels().pack(words, n, plan.base, plan.group.width, out);
  return out + rows_of(n) * plan.group.width;
}

/// The indices of the words that are kept, from their bitmap.
std::uint32_t* write_indices(const std::uint32_t* bitmap, std::uint32_t n, std::uint32_t* out) {
  std::uint32_t count = 0;
  const auto put = [&](std::uint32_t index) {
    if (count % 2 == 0) out[count / 2] = 0;
    out[count / 2] |= index << 16 * (count % 2);
    ++count;
  };
  for (std::uint32_t row = 0; row < rows_of(n); ++row)
    for (std::uint32_t bits = bitmap[row]; bits != 0; bits &= bits - 1)
      put(32 * row + static_cast<std::uint32_t>(__builtin_ctz(bits)));
  return out + (count + 1) / 2;
}

}  // namespace

GroupPlan plan_group(const Extent& extent, std::uint32_t n, WordKind kind, std::uint32_t value_bytes) {
  GroupPlan best;
  best.group = planar(extent, n, kind, best.base);
  best.units = payload_units(best.group, n, value_bytes);
  const auto consider = [&](const GroupDescriptor& group, std::uint32_t base) {
    const std::uint32_t units = payload_units(group, n, value_bytes);
    if (units < best.units) best = {group, base, units};
  };
  if (extent.kept != 0 && extent.kept < n) {  // where no word is zero, planes over all are never longer
    const std::uint32_t width = bit_length(extent.most - extent.least), signs = extent.any_sign ? 1U : 0U;
    consider({GroupKind::masked, width, signs, extent.kept, 0}, extent.least);
    consider({GroupKind::sparse, width, signs, extent.kept, 0}, extent.least);
  }
  consider({GroupKind::verbatim, 0, 0, 0, 0}, 0);
  return best;
}

std::uint32_t* write_group(const GroupPlan& plan, const std::uint32_t* words, std::uint32_t n, WordKind kind,
                           std::uint32_t* out) {
  if (plan.group.empty()) return out;
  *out++ = plan.base;
  if (plan.group.alike()) return out;
  if (plan.group.kind == GroupKind::planar) return write_planes(plan, words, n, out);
  alignas(64) std::array<std::uint32_t, padded(group_words)> kept;
  std::array<std::uint32_t, group_rows> bitmap;
  kernels().compact(words, n, zero_word(kind), kept.data(), bitmap.data());
  out = plan.group.kind == GroupKind::masked ? std::copy_n(bitmap.data(), rows_of(n), out)
                                             : write_indices(bitmap.data(), n, out);
  return write_planes(plan, kept.data(), plan.group.kept, out);
}

}  // namespace vramlab::padic
