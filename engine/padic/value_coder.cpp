#include "engine/padic/value_coder.h"

#include <algorithm>
#include <array>
#include <cmath>
#include <cstring>

#include "engine/core/error.h"

namespace vramlab::padic {
namespace {

constexpr std::uint32_t sign_bit = 0x80000000U;

WordKind kind_of(const NumberFormat& format, Mode mode, Preset preset) {
  if (format.words == 2) return WordKind::plain;
  if (mode == Mode::absolute) return WordKind::offset;
  if (format.floating) return WordKind::signed_parts;
  if (preset == Preset::dense && format.bytes == 1) return WordKind::plain;  // its heads are the bytes
  return format.negative ? WordKind::offset : WordKind::plain;
}

}  // namespace

ValueCoder::ValueCoder(DType dtype, Mode mode, double bound, Preset preset)
    : format_(format_of(dtype)), kind_(kind_of(format_, mode, preset)), bound_(bound), kernels_(&kernels()) {
  fixed_ = format_.words == 1 && mode != Mode::absolute && (format_.floating || format_.bytes == 1);
  folded_ = format_.words == 2 && format_.negative;
  if (format_.words == 2) {
    way_ = Way::halves;
  } else if (mode == Mode::absolute && format_.bytes == 4) {
    way_ = Way::quantised;
    quantiser_ = Quantiser::with(bound);
  } else if (mode == Mode::absolute) {
    way_ = Way::levels;
    levels_ = levels_for(dtype, bound);
  } else if (mode == Mode::relative) {
    drop_ = droppable_bits(bound, format_);
    if (drop_ != 0) way_ = Way::rounded;
    rounding_ = {format_, least_special_magnitude(format_), drop_, bound};
  }
  most_magnitude_ = set_most_magnitude();
}

std::uint32_t ValueCoder::set_most_magnitude() const {
  if (way_ == Way::quantised) return 1U << 30;
  if (way_ == Way::levels) return levels_->view().levels - 1U;
  if (format_.bytes == 8) return 0xFFFFFFFFU;
  const std::uint32_t bits = 8U * format_.bytes;
  if (kind_ == WordKind::signed_parts) return ((1U << (bits - 1)) - 1U) >> drop_;
  if (kind_ == WordKind::offset) return 1U << (bits - 1);
  return bits == 32 ? 0xFFFFFFFFU : (1U << bits) - 1U;
}

Splitter ValueCoder::splitter(std::uint32_t lead) const {
  if (!fixed_) return {Split::logarithmic, 0, lead};
  const bool tailless = format_.bytes == 1;
  return {Split::fixed, tailless ? 0U : format_.mantissa - drop_, 3};
}

std::uint32_t ValueCoder::to_words(const std::byte* raw, std::uint32_t values, std::uint32_t* words,
                                   std::uint32_t* escapes) const {
  switch (way_) {
    case Way::quantised:
      return kernels_->quantise(raw, values, quantiser_, words, escapes);
    case Way::levels:
      kernels_->to_levels(raw, values, levels_->map(), words);
      return 0;
    case Way::halves:
      kernels_->widen64(raw, values, folded_, words, words + values);
      return 0;
    case Way::exact:
    case Way::rounded:
      break;
  }
  kernels_->widen(raw, values, format_.bytes, kind_, words);
  return way_ == Way::rounded ? kernels_->round(words, values, rounding_, escapes) : 0;
}

void ValueCoder::to_values(const std::uint32_t* words, std::uint32_t values, std::byte* raw) const {
  switch (way_) {
    case Way::quantised:
      return kernels_->dequantise(words, values, quantiser_.step, raw);
    case Way::levels:
      return values_of_levels(words, values, raw);
    case Way::halves:
      return kernels_->narrow64(words, words + values, values, folded_, raw);
    case Way::rounded:
      return unround(words, values, raw);
    case Way::exact:
      return kernels_->narrow(words, values, format_.bytes, kind_, raw);
  }
}

void ValueCoder::values_of_levels(const std::uint32_t* words, std::uint32_t count, std::byte* raw) const {
  const std::uint32_t highest = kernels_->from_levels(words, count, levels_->map(), raw);
  const std::uint32_t levels = levels_->view().levels;
  if (highest >= levels)
    throw TraceError("the packed tensor has level " + std::to_string(highest) + " of " + std::to_string(levels), {},
                     "pack the tensor anew");
}

void ValueCoder::unround(const std::uint32_t* words, std::uint32_t count, std::byte* raw) const {
  std::array<std::uint32_t, 1024> shifted;
  for (std::uint32_t begin = 0; begin < count; begin += 1024) {
    const std::uint32_t part = std::min(count - begin, 1024U);
    for (std::uint32_t i = 0; i < part; ++i) {
      const std::uint32_t word = words[begin + i];
      shifted[i] = (word & sign_bit) | (word << drop_ & ~sign_bit);
    }
    kernels_->narrow(shifted.data(), part, format_.bytes, kind_, raw + std::size_t{begin} * format_.bytes);
  }
}

double ValueCoder::number(std::uint32_t word) const {
  if (way_ == Way::quantised)
    return static_cast<double>(quantiser_.value_of(static_cast<std::int32_t>(word ^ sign_bit)));
  if (kind_ == WordKind::plain) return static_cast<double>(word);
  const bool negative = kind_ == WordKind::offset ? word < sign_bit : word >= sign_bit;
  const std::uint32_t parts = negative ? sign_bit - word : word - sign_bit;
  std::uint32_t magnitude = kind_ == WordKind::offset ? parts : (word & ~sign_bit) << drop_;
  if (way_ == Way::levels) magnitude = levels_->magnitude_of[std::min(magnitude, levels_->view().levels - 1U)];
  if (!format_.floating) return negative ? -static_cast<double>(magnitude) : static_cast<double>(magnitude);
  if (format_.bytes == 4) return static_cast<double>(float_of_bits(magnitude | (negative ? sign_bit : 0U)));
  const double value = magnitude < least_special_magnitude(format_) ? magnitude_value(magnitude, format_) : INFINITY;
  return negative ? -value : value;
}

WordRange ValueCoder::finite_words() const {
  if (way_ == Way::levels) return {sign_bit - (levels_->finite - 1U), sign_bit + (levels_->finite - 1U)};
  if (kind_ == WordKind::offset) return {sign_bit - most_magnitude_, sign_bit + (most_magnitude_ - 1U)};
  if (format_.floating) return {0, (least_special_magnitude(format_) - 1U) >> drop_};
  return {0, most_magnitude_};
}

std::uint32_t ValueCoder::bits_at(const std::byte* raw, std::size_t index) const {
  std::uint32_t bits = 0;
  if (format_.bytes == 2)
    std::memcpy(&bits, raw + 2 * index, 2);
  else if (format_.bytes == 4)
    std::memcpy(&bits, raw + 4 * index, 4);
  else
    bits = static_cast<std::uint32_t>(raw[index]);
  return bits;
}

void ValueCoder::put_bits(std::byte* raw, std::size_t index, std::uint32_t bits) const {
  if (format_.bytes == 2)
    std::memcpy(raw + 2 * index, &bits, 2);
  else if (format_.bytes == 4)
    std::memcpy(raw + 4 * index, &bits, 4);
  else
    raw[index] = static_cast<std::byte>(bits);
}

}  // namespace vramlab::padic
