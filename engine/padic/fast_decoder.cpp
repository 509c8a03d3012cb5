#include <algorithm>
#include <bit>
#include <cstring>
#include <string>

#include "engine/padic/fast_block.h"
#include "engine/padic/fast_group.h"
#include "engine/padic/open_stream.h"

namespace vramlab::padic {

/// What is left of a block's payload, and how much of it is wanted.
struct FastDecoder::Groups {
  const std::uint32_t* next;
  const std::uint32_t* end;
  std::uint32_t planes;
  ErrorBound* error;

  const std::uint32_t* take(std::size_t units) {
    if (units > static_cast<std::size_t>(end - next)) refuse_stream("a block that ends within a group", 0);
    next += units;
    return next - units;
  }
};

void FastDecoder::decode(std::span<const std::byte> block, std::uint32_t values, std::uint32_t planes, std::byte* raw,
                         ErrorBound* error) {
  const std::uint32_t words = values * coder_.format().words;
  if (block.empty()) {
    std::fill_n(raw, std::size_t{values} * coder_.format().bytes, std::byte{0});
    return;
  }
  const auto* units = reinterpret_cast<const std::uint32_t*>(block.data());
  Groups groups{units, units + block.size() / 4, planes, error};
  const std::uint32_t* descriptors = groups.take(groups_of(words));
  const bool halves = coder_.format().words == 2;
  for (std::uint32_t begin = 0; begin < words; begin += group_words) {
    const std::uint32_t n = std::min(words - begin, group_words), descriptor = descriptors[begin / group_words];
    check(descriptor, n);
    const GroupDescriptor kind = GroupDescriptor::from(descriptor);
    std::byte* own = raw + std::size_t{begin} * value_bytes();
    if (kind.kind == GroupKind::verbatim) {
      const std::uint32_t* payload = groups.take(verbatim_units(n, value_bytes()));
      std::memcpy(halves ? reinterpret_cast<std::byte*>(words_.data() + begin) : own, payload,
                  std::size_t{n} * value_bytes());
      continue;
    }
    std::uint32_t* own_words = words_.data() + (halves ? begin : 0U);
    group(groups, kind, n, own_words);
    if (!halves) coder_.to_values(own_words, n, own);
    if (kind.escapes != 0) patch(groups, kind.escapes, n, own);
  }
  if (halves) coder_.to_values(words_.data(), values, raw);
  if (groups.end - groups.next > 1) refuse_stream("a block with bytes behind its end", 0);
}

void FastDecoder::check(std::uint32_t descriptor, std::uint32_t n) const {
  const bool parts = coder_.kind() == WordKind::signed_parts;
  if (!describes(descriptor, n, parts ? 31 : 32, parts, coder_.can_escape()))
    refuse_stream("a group of " + std::to_string(n) + " words that is described by " + std::to_string(descriptor), 0);
}

void FastDecoder::group(Groups& groups, const GroupDescriptor& kind, std::uint32_t n, std::uint32_t* words) {
  if (kind.empty()) {
    std::fill_n(words, n, coder_.zero());
    return;
  }
  const std::uint32_t base = *groups.take(1);
  if (kind.alike()) {
    std::fill_n(words, n, base);
    return;
  }
  if (kind.kind == GroupKind::planar) return planes_of(groups, base, kind, n, words);
  if (kind.kind == GroupKind::masked) return masked(groups, base, kind, n, words);
  sparse(groups, base, kind, n, words);
}

void FastDecoder::planes_of(Groups& groups, std::uint32_t base, const GroupDescriptor& kind, std::uint32_t n,
                            std::uint32_t* words) const {
  const std::uint32_t* sign_plane = groups.take(kind.signs != 0 ? rows_of(n) : 0U);
  const std::uint32_t* planes = groups.take(std::size_t{rows_of(n)} * kind.width);
  const std::uint32_t taken = std::min(kind.width, groups.planes);
  kernels_.unpack(planes, n, kind.width, taken, base, words);
  if (groups.error != nullptr) groups.error->settle_all(words, n, kind.width - taken);
  if (kind.signs != 0) kernels_.add_signs(sign_plane, n, words);
}

void FastDecoder::masked(Groups& groups, std::uint32_t base, const GroupDescriptor& kind, std::uint32_t n,
                         std::uint32_t* words) {
  const std::uint32_t* bitmap = groups.take(rows_of(n));
  std::uint32_t kept = 0;
  for (std::uint32_t row = 0; row < rows_of(n); ++row) kept += static_cast<std::uint32_t>(std::popcount(bitmap[row]));
  if (kept != kind.kept || (n % 32 != 0 && bitmap[n / 32] >> n % 32 != 0))
    refuse_stream("a bitmap of other words than its group has", 0);
  planes_of(groups, base, kind, kept, kept_.data());
  kernels_.expand(bitmap, kept_.data(), n, coder_.zero(), words);
}

void FastDecoder::sparse(Groups& groups, std::uint32_t base, const GroupDescriptor& kind, std::uint32_t n,
                         std::uint32_t* words) {
  const std::uint32_t* indices = groups.take((kind.kept + 1) / 2);
  planes_of(groups, base, kind, kind.kept, kept_.data());
  std::fill_n(words, n, coder_.zero());
  for (std::uint32_t i = 0; i < kind.kept; ++i) {
    const std::uint32_t index = indices[i / 2] >> 16 * (i % 2) & 0xFFFFU;
    if (index >= n) refuse_stream("word " + std::to_string(index) + " of a group of " + std::to_string(n), 0);
    words[index] = kept_[i];
  }
}

void FastDecoder::patch(Groups& groups, std::uint32_t count, std::uint32_t n, std::byte* raw) const {
  const auto* indices = reinterpret_cast<const std::uint16_t*>(groups.take((count + 1) / 2));
  const std::uint32_t* bits = groups.take(count);
  for (std::uint32_t i = 0; i < count; ++i) {
    if (indices[i] >= n) refuse_stream("a patch beyond its group", 0);
    coder_.put_bits(raw, indices[i], bits[i]);
  }
}

}  // namespace vramlab::padic
