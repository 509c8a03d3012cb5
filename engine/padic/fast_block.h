#pragma once
// Blocks of preset `fast`: groups of bit planes, and patches.

#include <array>
#include <cstddef>
#include <cstdint>
#include <span>
#include <vector>

#include "engine/padic/error_bound.h"
#include "engine/padic/stream_format.h"
#include "engine/padic/value_coder.h"

namespace vramlab::padic {

inline constexpr std::uint32_t fast_block_words = 1U << fast_block_log2;

/// Most bytes of a block of so many words: all groups of the widest kind, with all patches that may be.
constexpr std::uint64_t most_fast_block_bytes(std::uint32_t words, std::uint32_t word_bytes) {
  const std::uint32_t groups = (words + group_words - 1) / group_words;
  const std::uint64_t payload = std::uint64_t{words} * word_bytes + 4 * groups;
  return rounded_up(sizeof(FastBlockHeader) + payload + 6 * most_patches_of_group * groups + 4, stream_alignment);
}

/// Packs blocks; holds the scratch of one thread.
class FastEncoder {
 public:
  explicit FastEncoder(const ValueCoder& coder);

  /// Appends the block of these values, a multiple of 8 bytes: nothing where all words are zero.
  void encode(const std::byte* raw, std::uint32_t values, std::vector<std::byte>& out);

 private:
  std::uint32_t* encode_group(const std::byte* raw, std::uint32_t group, std::uint32_t n, std::uint32_t* out);
  void collect_patches(const std::byte* raw, std::uint32_t begin, std::uint32_t n);
  std::uint32_t* write_patches(std::uint32_t* out) const;

  const ValueCoder& coder_;
  const Kernels& kernels_;
  FastBlockHeader header_;
  bool any_escape_ = false;
  std::vector<std::uint16_t> patched_;
  std::vector<std::uint32_t> patches_;
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

  void group(Groups& groups, std::uint32_t header, std::uint32_t n, std::uint32_t* words);
  void planes_of(Groups& groups, std::uint32_t base, std::uint32_t width, std::uint32_t n, std::uint32_t* words);
  void masked(Groups& groups, std::uint32_t base, std::uint32_t width, std::uint32_t n, std::uint32_t* words);
  void sparse(Groups& groups, std::uint32_t base, std::uint32_t width, std::uint32_t n, std::uint32_t* words);
  void patch(Groups& groups, std::uint32_t count, std::uint32_t words, std::byte* raw) const;

  const ValueCoder& coder_;
  const Kernels& kernels_;
  alignas(64) std::array<std::uint32_t, fast_block_words> words_;
  alignas(64) std::array<std::uint32_t, padded(group_words)> kept_;
};

}  // namespace vramlab::padic
