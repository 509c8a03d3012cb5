#pragma once
// Values of memory to the words of format.md and back, whole blocks at a time.

#include <cstddef>
#include <cstdint>
#include <memory>

#include "engine/padic/kernels.h"
#include "engine/padic/level_tables.h"
#include "engine/padic/stream_format.h"

namespace vramlab::padic {

/// Words without sign bit from `least` to `most`.
struct WordRange {
  std::uint32_t least = 0, most = 0;
};

/// What one tensor's values are to the codec. THREAD-SAFETY: immutable.
class ValueCoder {
 public:
  /// REQUIRES: the number format has the mode, the bound fits the mode.
  ValueCoder(DType dtype, Mode mode, double bound, Preset preset);

  const NumberFormat& format() const { return format_; }
  WordKind kind() const { return kind_; }
  std::uint32_t zero() const { return zero_word(kind_); }
  std::uint32_t drop() const { return drop_; }
  bool can_escape() const { return way_ == Way::quantised || way_ == Way::rounded; }
  /// The split of `dense`.
  Splitter splitter(std::uint32_t lead) const;
  /// The highest magnitude that a word has.
  std::uint32_t most_magnitude() const { return most_magnitude_; }

  /// `values` values to values * format().words words: of 8-byte values all high words, then all low ones. What escapes
  /// gets the zero word and its bit in `escapes` ((words + 31) / 32 u32, written only if can_escape()). Returns how
  /// many escape. `words` has room for padded() entries.
  std::uint32_t to_words(const std::byte* raw, std::uint32_t values, std::uint32_t* words,
                         std::uint32_t* escapes) const;
  /// The inverse. Throws TraceError where a word means no value.
  void to_values(const std::uint32_t* words, std::uint32_t values, std::byte* raw) const;

  /// The number a word means; +-infinity, NaN included. Not of 8-byte formats.
  double number(std::uint32_t word) const;

  /// A value's bits, zero-extended, of formats of at most 4 bytes.
  std::uint32_t bits_at(const std::byte* raw, std::size_t index) const;
  void put_bits(std::byte* raw, std::size_t index, std::uint32_t bits) const;

  /// The words of finite numbers (signed_parts: their magnitudes). Not of 8-byte formats.
  WordRange finite_words() const;
  double bound() const { return bound_; }

 private:
  enum class Way : std::uint8_t { exact, quantised, levels, rounded, halves };

  void values_of_levels(const std::uint32_t* words, std::uint32_t count, std::byte* raw) const;
  void unround(const std::uint32_t* words, std::uint32_t count, std::byte* raw) const;
  std::uint32_t set_most_magnitude() const;

  NumberFormat format_;
  Way way_ = Way::exact;
  WordKind kind_ = WordKind::plain;
  bool fixed_ = false, folded_ = false;
  double bound_ = 0;
  std::uint32_t drop_ = 0, most_magnitude_ = 0;
  Quantiser quantiser_;
  Rounding rounding_;
  std::shared_ptr<const Levels> levels_;
  const Kernels* kernels_;
};

}  // namespace vramlab::padic
