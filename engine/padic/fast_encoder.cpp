#include <algorithm>
#include <cstring>

#include "engine/padic/fast_block.h"
#include "engine/padic/fast_group.h"

namespace vramlab::padic {

FastEncoder::FastEncoder(const ValueCoder& coder)
    : coder_(coder), kernels_(kernels()), payload_(most_fast_block_bytes(fast_block_words, 4) / 4) {}

void FastEncoder::encode(const std::byte* raw, std::uint32_t values, std::vector<std::byte>& out) {
  const std::uint32_t words = values * coder_.format().words, groups = groups_of(words);
  any_escape_ = coder_.to_words(raw, values, words_.data(), escapes_.data()) != 0;
  std::uint32_t* end = payload_.data() + groups;
  for (std::uint32_t group = 0; group < groups; ++group)
    end = encode_group(raw, group, std::min(words - group * group_words, group_words), end);
  const auto nothing = [](std::uint32_t descriptor) { return descriptor == 0; };
  if (std::all_of(descriptors_.begin(), descriptors_.begin() + groups, nothing)) return;
  std::copy_n(descriptors_.begin(), groups, payload_.begin());
  if ((end - payload_.data()) % 2 != 0) *end++ = 0;
  const auto* bytes = reinterpret_cast<const std::byte*>(payload_.data());
  out.insert(out.end(), bytes, bytes + 4 * (end - payload_.data()));
}

std::uint32_t* FastEncoder::encode_group(const std::byte* raw, std::uint32_t group, std::uint32_t n,
                                         std::uint32_t* out) {
  const std::uint32_t begin = group * group_words;
  const bool halves = coder_.format().words == 2;
  const std::uint32_t bytes = halves ? 4U : coder_.format().bytes;
  const std::uint32_t* words = words_.data() + begin;
  GroupPlan plan = plan_group(kernels_.extent(words, n, coder_.kind()), n, coder_.kind(), bytes);
  if (any_escape_ && plan.group.kind != GroupKind::verbatim) {
    plan.group.escapes = collect_patches(raw, begin, n);
    if (plan.group.escapes > most_patches_of_group)
      plan = {{GroupKind::verbatim, 0, 0, 0, 0}, 0, verbatim_units(n, bytes)};
  }
  descriptors_[group] = plan.group.packed();
  if (plan.group.kind != GroupKind::verbatim)
    return write_patches(plan.group.escapes, write_group(plan, words, n, coder_.kind(), out));
  if (plan.units != 0) out[plan.units - 1] = 0;
  std::memcpy(out, halves ? reinterpret_cast<const std::byte*>(words) : raw + std::size_t{begin} * bytes,
              std::size_t{n} * bytes);
  return out + plan.units;
}

/// How many words of a group escape; the first of them are kept.
std::uint32_t FastEncoder::collect_patches(const std::byte* raw, std::uint32_t begin, std::uint32_t n) {
  std::uint32_t count = 0;
  for (std::uint32_t row = 0; row < rows_of(n); ++row)
    for (std::uint32_t bits = escapes_[begin / 32 + row]; bits != 0; bits &= bits - 1, ++count) {
      if (count >= most_patches_of_group) continue;
      const std::uint32_t index = 32 * row + static_cast<std::uint32_t>(__builtin_ctz(bits));
      patched_[count] = static_cast<std::uint16_t>(index);
      patches_[count] = coder_.bits_at(raw, begin + index);
    }
  return count;
}

std::uint32_t* FastEncoder::write_patches(std::uint32_t count, std::uint32_t* out) const {
  if (count == 0) return out;
  const std::uint32_t units = (count + 1) / 2;
  out[units - 1] = 0;
  std::memcpy(out, patched_.data(), std::size_t{count} * 2);
  return std::copy_n(patches_.begin(), count, out + units);
}

}  // namespace vramlab::padic
