#pragma once
// Sizes that are kept in caches: powers of two, each cut into equal steps, as in free_lists.h, and rounded up to the
// next step so that every block of a class serves every request of it.

#include <bit>
#include <cstdint>

#include "engine/core/types.h"

namespace vramlab {

struct SizeClass {
  std::uint32_t bin = 0;
  Bytes bytes{};  ///< of every block in it
};

/// Sizes up to steps KiB have a class for each multiple of 512 bytes; above, rounding adds less than 1/steps.
class SizeClasses {
 public:
  /// REQUIRES: steps a power of two.
  SizeClasses(std::uint32_t steps, Bytes largest)
      : step_bits_(static_cast<unsigned>(std::countr_zero(steps))), largest_(largest) {}

  bool covers(Bytes bytes) const { return bytes.value - 1 < largest_.value; }  // 0 wraps around
  std::uint32_t count() const { return of(largest_).bin + 1; }

  /// REQUIRES: bytes > 0
  SizeClass of(Bytes bytes) const {
    const std::uint64_t units = (bytes.value + 511) >> 9;
    const unsigned width = static_cast<unsigned>(std::bit_width(units));
    const unsigned shift = width > step_bits_ + 1 ? width - 1 - step_bits_ : 0;
    const std::uint64_t steps = (units + (std::uint64_t{1} << shift) - 1) >> shift;
    return {static_cast<std::uint32_t>((std::uint64_t{shift} << step_bits_) + steps), Bytes(steps << shift << 9)};
  }

 private:
  unsigned step_bits_;
  Bytes largest_;
};

}  // namespace vramlab
