#pragma once
// A block of preset `digits`: values of up to 4 bytes as numbers of N digits of a prime p, in planes.
//
// u8 digits (of the longest number here; the planes above it are zero and left out), u8 flags (bit 0: an escape list,
// bit 1: a bitmap of the values that are kept, bit 2: a bitmap of signs), u16 0; the escape list: u16 count, as many
// u16 indices, ascending, then as many u32, the values' bits; the bitmap of kept values (without it all are; a value
// left out is the number 0); the signs of the kept values, if any is negative; their digit planes (digit_planes.h). An
// escaped value is left out of the planes too.

#include <cstddef>
#include <cstdint>
#include <memory>
#include <span>
#include <vector>

#include "engine/padic/prime.h"
#include "engine/padic/stream_format.h"

namespace vramlab::padic {

/// A value as a number below p^N with a sign, or as none.
struct DigitNumber {
  std::uint64_t number = 0;
  bool negative = false;
  bool escape = false;
};

/// How values of one tensor become numbers. One class a mode.
/// THREAD-SAFETY: immutable.
class DigitCoder {
 public:
  virtual ~DigitCoder() = default;
  virtual DigitNumber number_of(std::uint32_t raw) const = 0;
  /// Throws TraceError where no value has this number.
  virtual std::uint32_t raw_of(const DigitNumber& number) const = 0;

  Prime prime() const { return p_; }
  int digits() const { return digits_; }

 protected:
  DigitCoder(Prime p, int digits) : p_(p), digits_(digits) {}

 private:
  Prime p_;
  int digits_;
};

/// The coder of a header's dtype, mode, bound, prime and precision. Lossless: any dtype of up to 4 bytes; absolute:
/// float32; rational: float32, with Hensel codes of `precision` digits (p^precision < 2^63). Throws ConfigError.
std::unique_ptr<DigitCoder> digit_coder(const StreamHeader& header);
/// Digits that the coder for this header needs; of rational mode its own `precision`, 3 where it is 0.
std::uint32_t digits_needed(const StreamHeader& header);

inline constexpr std::uint32_t digit_block_log2 = 10;

/// REQUIRES: at most 1 << digit_block_log2 values.
std::vector<std::byte> encode_digit_block(std::span<const std::uint32_t> raws, const DigitCoder& coder);
/// Fills `raws`, from the first `planes` planes of the N (all: -1). Throws TraceError.
void decode_digit_block(std::span<const std::byte> block, const DigitCoder& coder, int planes,
                        std::span<std::uint32_t> raws);

}  // namespace vramlab::padic
