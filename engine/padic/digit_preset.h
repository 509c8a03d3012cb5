#pragma once
// Preset `digits` between a stream's bytes and blocks of digits.

#include <cstddef>
#include <cstdint>
#include <memory>
#include <span>
#include <vector>

#include "engine/padic/digit_block.h"

namespace vramlab::padic {

/// Packs and unpacks blocks; holds the scratch of one thread. A block that would be no shorter than its values is the
/// byte 255, three zeros and the values as they are.
class DigitBlocks {
 public:
  /// Throws ConfigError as digit_coder().
  explicit DigitBlocks(const StreamHeader& header);

  /// Appends the block of these values, a multiple of 8 bytes: nothing where all of them are the number 0.
  void encode(const std::byte* raw, std::uint32_t values, std::vector<std::byte>& out);
  /// Fills `raw` from the first `planes` of the planes that the longest number needs (more: all). Throws TraceError.
  void decode(std::span<const std::byte> block, std::uint32_t values, std::uint32_t planes, std::byte* raw);
  /// What the first `planes` planes miss at most, absolute mode only.
  double error_of(std::uint32_t planes) const;
  std::uint32_t planes() const { return static_cast<std::uint32_t>(coder_->digits()); }

 private:
  std::unique_ptr<DigitCoder> coder_;
  std::uint32_t value_bytes_;
  double bound_;
  std::vector<std::uint32_t> raws_;
};

}  // namespace vramlab::padic
