#include <algorithm>
#include <bit>
#include <cstring>
#include <string>

#include "engine/padic/fast_block.h"
#include "engine/padic/fast_group.h"
#include "engine/padic/open_stream.h"

namespace vramlab::padic {
namespace {

constexpr std::uint32_t sign_bit = 0x80000000U;

}  // namespace

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
  FastBlockHeader header;
  if (block.empty()) {
    std::fill_n(raw, std::size_t{values} * coder_.format().bytes, std::byte{0});
    return;
  }
  if (block.size() < sizeof header) refuse_stream("a block that is shorter than its header", 0);
  std::memcpy(&header, block.data(), sizeof header);
  block = block.subspan(sizeof header);
  if (header.kind != static_cast<std::uint8_t>(BlockKind::fast)) refuse_stream("a block of another preset", 0);
  const auto* units = reinterpret_cast<const std::uint32_t*>(block.data());
  Groups groups{units, units + block.size() / 4, planes, error};
  const bool halves = coder_.format().words == 2;
  const std::uint32_t bytes = halves ? 4U : coder_.format().bytes;
  for (std::uint32_t begin = 0; begin < words; begin += group_words) {
    const std::uint32_t n = std::min(words - begin, group_words), kind = header.groups[begin / group_words];
    std::byte* own = raw + std::size_t{begin} * bytes;
    if (kind >> 6 == static_cast<std::uint32_t>(GroupKind::verbatim)) {
      const std::uint32_t* payload = groups.take(verbatim_units(n, bytes));
      std::memcpy(halves ? reinterpret_cast<std::byte*>(words_.data() + begin) : own, payload, std::size_t{n} * bytes);
      continue;
    }
    std::uint32_t* own_words = words_.data() + (halves ? begin : 0U);
    group(groups, kind, n, own_words);
    if (!halves) coder_.to_values(own_words, n, own);
  }
  if (halves) coder_.to_values(words_.data(), values, raw);
  patch(groups, header.patches, words, raw);
  if (groups.end - groups.next > 1) refuse_stream("a block with bytes behind its end", 0);
}

void FastDecoder::group(Groups& groups, std::uint32_t header, std::uint32_t n, std::uint32_t* words) {
  const std::uint32_t width = header & 63U, zero = coder_.zero();
  const auto kind = static_cast<GroupKind>(header >> 6);
  if (kind == GroupKind::planar && width == 0) {
    std::fill_n(words, n, zero);
    return;
  }
  const std::uint32_t base = *groups.take(1);
  if (kind == GroupKind::planar && width == constant_width) {
    std::fill_n(words, n, base);
    return;
  }
  if (width > (coder_.kind() == WordKind::signed_parts ? 31U : 32U))
    refuse_stream("a group of " + std::to_string(width) + " planes", 0);
  if (kind == GroupKind::planar) return planes_of(groups, base, width, n, words);
  if (kind == GroupKind::masked) return masked(groups, base, width, n, words);
  sparse(groups, base, width, n, words);
}

void FastDecoder::planes_of(Groups& groups, std::uint32_t base, std::uint32_t width, std::uint32_t n,
                            std::uint32_t* words) {
  const bool parts = coder_.kind() == WordKind::signed_parts, signs = parts && (base & sign_bit) != 0;
  const std::uint32_t* sign_plane = groups.take(signs ? rows_of(n) : 0U);
  const std::uint32_t* planes = groups.take(std::size_t{rows_of(n)} * width);
  const std::uint32_t taken = std::min(width, groups.planes);
  kernels_.unpack(planes, n, width, taken, parts ? base & ~sign_bit : base, words);
  if (groups.error != nullptr) groups.error->settle_all(words, n, width - taken);
  if (signs) kernels_.add_signs(sign_plane, n, words);
}

void FastDecoder::masked(Groups& groups, std::uint32_t base, std::uint32_t width, std::uint32_t n,
                         std::uint32_t* words) {
  const std::uint32_t* bitmap = groups.take(rows_of(n));
  std::uint32_t kept = 0;
  for (std::uint32_t row = 0; row < rows_of(n); ++row) kept += static_cast<std::uint32_t>(std::popcount(bitmap[row]));
  if (kept > n) refuse_stream("a bitmap with bits past its end", 0);
  planes_of(groups, base, width, kept, kept_.data());
  kernels_.expand(bitmap, kept_.data(), n, coder_.zero(), words);
}

void FastDecoder::sparse(Groups& groups, std::uint32_t base, std::uint32_t width, std::uint32_t n,
                         std::uint32_t* words) {
  const std::uint32_t kept = *groups.take(1);
  if (kept > n) refuse_stream("a sparse group of " + std::to_string(kept) + " words", 0);
  const std::uint32_t* indices = groups.take((kept + 1) / 2);
  planes_of(groups, base, width, kept, kept_.data());
  std::fill_n(words, n, coder_.zero());
  for (std::uint32_t i = 0; i < kept; ++i) {
    const std::uint32_t index = indices[i / 2] >> 16 * (i % 2) & 0xFFFFU;
    if (index >= n) refuse_stream("word " + std::to_string(index) + " of a group of " + std::to_string(n), 0);
    words[index] = kept_[i];
  }
}

void FastDecoder::patch(Groups& groups, std::uint32_t count, std::uint32_t words, std::byte* raw) const {
  if (count == 0) return;
  if (!coder_.can_escape()) refuse_stream("patches where none can be", 0);
  const auto* indices = reinterpret_cast<const std::uint16_t*>(groups.take((count + 1) / 2));
  const std::uint32_t* bits = groups.take(count);
  for (std::uint32_t i = 0; i < count; ++i) {
    if (indices[i] >= words) refuse_stream("a patch beyond its block", 0);
    coder_.put_bits(raw, indices[i], bits[i]);
  }
}

}  // namespace vramlab::padic
