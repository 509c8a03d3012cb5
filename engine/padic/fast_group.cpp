#include "engine/padic/fast_group.h"

#include <algorithm>
#include <array>

namespace vramlab::padic {
namespace {

constexpr std::uint32_t sign_bit = 0x80000000U;

GroupPlan planar_plan(const Extent& extent, std::uint32_t n, WordKind kind) {
  if (extent.kept == 0) return {GroupKind::planar, 0, 0, false, 0, 0};
  if (extent.kept == n && extent.least == extent.most && !(extent.any_sign && extent.sign_missing))
    return {GroupKind::planar, constant_width, extent.least, extent.any_sign, n, 1};
  std::uint32_t least = extent.least, most = extent.most;
  if (extent.kept < n) {
    least = std::min(least, zero_word(kind));
    most = std::max(most, zero_word(kind));
  }
  const std::uint32_t width = std::max(1U, bit_length(most - least)), signs = extent.any_sign ? 1U : 0U;
  return {GroupKind::planar, width, least, extent.any_sign, extent.kept, 1 + rows_of(n) * (width + signs)};
}

void consider(const GroupPlan& other, GroupPlan& best) {
  if (other.units < best.units) best = other;
}

/// Signs and magnitudes above the base.
std::uint32_t* write_planes(const GroupPlan& plan, const std::uint32_t* words, std::uint32_t n, std::uint32_t* out) {
  if (plan.signs) {
    kernels().pack_signs(words, n, out);
    out += rows_of(n);
  }
  if (plan.width == 0) return out;
  // The sign's bit lies above the width, so that pack() does not see it.
  kernels().pack(words, n, plan.base, plan.width, out);
  return out + rows_of(n) * plan.width;
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
  GroupPlan best = planar_plan(extent, n, kind);
  const std::uint32_t kept = extent.kept, base = kept == 0 ? 0 : extent.least;
  const std::uint32_t width = kept == 0 ? 0 : bit_length(extent.most - extent.least);
  const std::uint32_t planes = rows_of(kept) * (width + (extent.any_sign ? 1U : 0U));
  consider({GroupKind::masked, width, base, extent.any_sign, kept, 1 + rows_of(n) + planes}, best);
  consider({GroupKind::sparse, width, base, extent.any_sign, kept, 2 + (kept + 1) / 2 + planes}, best);
  consider({GroupKind::verbatim, 0, 0, false, n, verbatim_units(n, value_bytes)}, best);
  return best;
}

std::uint32_t* write_group(const GroupPlan& plan, const std::uint32_t* words, std::uint32_t n, WordKind kind,
                           std::uint32_t* out) {
  if (plan.kind == GroupKind::planar && plan.width == 0) return out;
  *out++ = plan.base | (plan.signs ? sign_bit : 0U);
  if (plan.kind == GroupKind::planar) return plan.width == constant_width ? out : write_planes(plan, words, n, out);
  alignas(64) std::array<std::uint32_t, padded(group_words)> kept;
  std::array<std::uint32_t, group_rows> bitmap;
  kernels().compact(words, n, zero_word(kind), kept.data(), bitmap.data());
  if (plan.kind == GroupKind::masked) {
    out = std::copy_n(bitmap.data(), rows_of(n), out);
  } else {
    *out++ = plan.kept;
    out = write_indices(bitmap.data(), n, out);
  }
  return write_planes(plan, kept.data(), plan.kept, out);
}

}  // namespace vramlab::padic
