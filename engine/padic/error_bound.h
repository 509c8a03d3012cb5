#pragma once
// Progressive reading: what a word with digits left out is taken for, and what that may be off by.

#include <cstdint>

#include "engine/padic/value_coder.h"

namespace vramlab::padic {

/// Collects the largest distance between a value that was put out and any finite one that it may stand for. Words are
/// monotone in the values, so the ends of the range that the digits left out span tell it.
class ErrorBound {
 public:
  explicit ErrorBound(const ValueCoder& coder) : coder_(&coder) {}

  /// The word that stands for `first` and the 2^missing - 1 words above it: the middle one, if that is a finite number,
  /// else the nearest that is. `first` has no sign bit (signed_parts: a magnitude).
  std::uint32_t settle(std::uint32_t first, std::uint32_t missing);
  /// All of n words of a group; bit 31 of signed_parts stays.
  void settle_all(std::uint32_t* words, std::uint32_t n, std::uint32_t missing);

  void merge(const ErrorBound& other);
  /// With the bound of the values themselves.
  double total() const;

 private:
  const ValueCoder* coder_;
  double most_ = 0;
};

}  // namespace vramlab::padic
