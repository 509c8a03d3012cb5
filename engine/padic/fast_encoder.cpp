#include <algorithm>
#include <cstring>

#include "engine/padic/fast_block.h"
#include "engine/padic/fast_group.h"

namespace vramlab::padic {
namespace {

void append(const void* bytes, std::size_t count, std::vector<std::byte>& out) {
  const std::size_t begin = out.size();
  out.resize(begin + count);
  std::memcpy(out.data() + begin, bytes, count);
}

}  // namespace

FastEncoder::FastEncoder(const ValueCoder& coder)
    : coder_(coder), kernels_(kernels()), payload_(most_fast_block_bytes(fast_block_words, 4) / 4) {}

void FastEncoder::encode(const std::byte* raw, std::uint32_t values, std::vector<std::byte>& out) {
  const std::uint32_t words = values * coder_.format().words;
  header_ = {};
  patched_.clear();
  patches_.clear();
  any_escape_ = coder_.to_words(raw, values, words_.data(), escapes_.data()) != 0;
  std::uint32_t* end = payload_.data();
  for (std::uint32_t begin = 0; begin < words; begin += group_words)
    end = encode_group(raw, begin / group_words, std::min(words - begin, group_words), end);
  header_.patches = static_cast<std::uint16_t>(patches_.size());
  if (end == payload_.data() && patches_.empty()) return;
  end = write_patches(end);
  if ((end - payload_.data()) % 2 != 0) *end++ = 0;
  append(&header_, sizeof header_, out);
  append(payload_.data(), static_cast<std::size_t>(end - payload_.data()) * 4, out);
}

std::uint32_t* FastEncoder::encode_group(const std::byte* raw, std::uint32_t group, std::uint32_t n,
                                         std::uint32_t* out) {
  const std::uint32_t begin = group * group_words;
  const bool halves = coder_.format().words == 2;
  const std::uint32_t bytes = halves ? 4U : coder_.format().bytes;
  const std::uint32_t* words = words_.data() + begin;
  GroupPlan plan = plan_group(kernels_.extent(words, n, coder_.kind()), n, coder_.kind(), bytes);
  if (any_escape_ && plan.kind != GroupKind::verbatim) {
    const std::size_t before = patches_.size();
    collect_patches(raw, begin, n);
    if (patches_.size() - before > most_patches_of_group) {
      patches_.resize(before);
      patched_.resize(before);
      plan = {GroupKind::verbatim, 0, 0, false, n, verbatim_units(n, bytes)};
    }
  }
  header_.groups[group] = plan.header();
  if (plan.kind != GroupKind::verbatim) return write_group(plan, words, n, coder_.kind(), out);
  if (plan.units != 0) out[plan.units - 1] = 0;
  std::memcpy(out, halves ? reinterpret_cast<const std::byte*>(words) : raw + std::size_t{begin} * bytes,
              std::size_t{n} * bytes);
  return out + plan.units;
}

void FastEncoder::collect_patches(const std::byte* raw, std::uint32_t begin, std::uint32_t n) {
  for (std::uint32_t row = begin / 32; row < begin / 32 + rows_of(n); ++row)
    for (std::uint32_t bits = escapes_[row]; bits != 0; bits &= bits - 1) {
      const std::uint32_t index = 32 * row + static_cast<std::uint32_t>(__builtin_ctz(bits));
      patched_.push_back(static_cast<std::uint16_t>(index));
      patches_.push_back(coder_.bits_at(raw, index));
    }
}

std::uint32_t* FastEncoder::write_patches(std::uint32_t* out) const {
  if (patches_.empty()) return out;
  const std::size_t units = (patched_.size() + 1) / 2;
  out[units - 1] = 0;
  std::memcpy(out, patched_.data(), patched_.size() * 2);
  return std::copy(patches_.begin(), patches_.end(), out + units);
}

}  // namespace vramlab::padic
