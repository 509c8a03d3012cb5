#pragma once
// Blocks of preset `fast`: groups of bit planes, and patches.

#include <array>
#include <cstddef>
#include <cstdint>
#include <span>
#include <vector>

#include "engine/padic/error_bound.h"
#include "engine/padic/fast_descriptor.h"
#include "engine/padic/stream_format.h"
#include "engine/padic/value_coder.h"

namespace vramlab::padic {

inline constexpr std::uint32_t fast_block_words = 1U << fast_block_log2;

constexpr std::uint32_t groups_of(std::uint32_t words) { return (words + group_words - 1) / group_words; }

/// Most bytes of a block of so many words: all groups as long as their values, with all patches that may be.
constexpr std::uint64_t most_fast_block_bytes(std::uint32_t words, std::uint32_t word_bytes) {
  const std::uint32_t group = 4 + 4 * verbatim_units(group_words, word_bytes) + 4 * patch_units(most_patches_of_group);
  return rounded_up(std::uint64_t{groups_of(words)} * group, stream_alignment);
}

/// Packs blocks; holds the scratch of one thread.
class FastEncoder {
 public:
  explicit FastEncoder(const ValueCoder& coder);

  /// Appends the block of these values, a multiple of 8 bytes: nothing where all words are zero.
  void encode(const std::byte* raw, std::uint32_t values, std::vector<std::byte>& out);

 private:
  std::uint32_t* encode_group(const std::byte* raw, std::uint32_t group, std::uint32_t n, std::uint32_t* out);
  std::uint32_t collect_patches(const std::byte* raw, std::uint32_t begin, std::uint32_t n);
  std::uint32_t* write_patches(std::uint32_t count, std::uint32_t* out) const;

  const ValueCoder& coder_;
  const Kernels& kernels_;
  bool any_escape_ = false;
  std::array<std::uint32_t, groups_of_block> descriptors_{};
  std::array<std::uint16_t, most_patches_of_group> patched_{};
  std::array<std::uint32_t, most_patches_of_group> patches_{};
  std::vector<std::uint32_t> payload_;
  alignas(64) std::array<std::uint32_t, fast_block_words> words_;
  std::array<std::uint32_t, fast_block_words / 32> escapes_;
};

/// Unpacks blocks; holds the scratch of one thread.
class FastDecoder {
 public:
  explicit FastDecoder(const ValueCoder& coder) : coder_(coder), kernels_(kernels()) {}

  /// Fills `raw` from the first `planes` planes of every group (32: all, then `error` may be null). `block` is aligned
  /// to 4 bytes, and empty where all words are zero. Throws TraceError where it is not what format.md says.
  void decode(std::span<const std::byte> block, std::uint32_t values, std::uint32_t planes, std::byte* raw,
              ErrorBound* error);

 private:
  struct Groups;

  void group(Groups& groups, const GroupDescriptor& kind, std::uint32_t n, std::uint32_t* words);
  void planes_of(Groups& groups, std::uint32_t base, const GroupDescriptor& kind, std::uint32_t n,
                 std::uint32_t* words) const;
  void masked(Groups& groups, std::uint32_t base, const GroupDescriptor& kind, std::uint32_t n, std::uint32_t* words);
  void sparse(Groups& groups, std::uint32_t base, const GroupDescriptor& kind, std::uint32_t n, std::uint32_t* words);
  void patch(Groups& groups, std::uint32_t count, std::uint32_t n, std::byte* raw) const;
  std::uint32_t value_bytes() const { return coder_.format().words == 2 ? 4U : coder_.format().bytes; }
  void check(std::uint32_t descriptor, std::uint32_t n) const;

  const ValueCoder& coder_;
  const Kernels& kernels_;
  alignas(64) std::array<std::uint32_t, fast_block_words> words_;
  alignas(64) std::array<std::uint32_t, padded(group_words)> kept_;
};

}  // namespace vramlab::padic
