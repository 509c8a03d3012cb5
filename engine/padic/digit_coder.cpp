#include <fmt/format.h>

#include "engine/core/error.h"
#include "engine/padic/digit_block.h"
#include "engine/padic/digit_planes.h"
#include "engine/padic/quantiser.h"
#include "engine/padic/rational_code.h"
#include "engine/padic/words.h"

namespace vramlab::padic {
namespace {

constexpr std::uint32_t default_hensel_digits = 3;  // of 251: |a|, b <= 2811
constexpr std::uint64_t magnitudes = std::uint64_t{1} << 32;
constexpr std::uint64_t multiples = std::uint64_t{1} << 30;

class LosslessCoder : public DigitCoder {
 public:
  LosslessCoder(Prime p, DType dtype) : DigitCoder(p, digits_for(p, magnitudes)), format_(format_of(dtype)) {}

  DigitNumber number_of(std::uint32_t raw) const override {
    const Word word = exact_word(raw, format_);
    return {word.magnitude, word.sign != 0, false};
  }
  std::uint32_t raw_of(const DigitNumber& number) const override {
    const std::uint32_t bits = 8U * format_.bytes;
    if (number.number >= std::uint64_t{1} << bits) throw TraceError("packed tensor: a number beyond the dtype");
    return exact_raw(static_cast<std::uint32_t>(number.number), number.negative ? 1 : 0, format_);
  }

 private:
  NumberFormat format_;
};

class BoundedCoder : public DigitCoder {
 public:
  BoundedCoder(Prime p, double bound) : DigitCoder(p, digits_for(p, multiples)), quantiser_(Quantiser::with(bound)) {}

  DigitNumber number_of(std::uint32_t raw) const override {
    const Word word = quantiser_.word_of(raw);
    return {word.magnitude, word.sign != 0, word.escape};
  }
  std::uint32_t raw_of(const DigitNumber& number) const override {
    if (number.number >= multiples) throw TraceError("packed tensor: a multiple beyond 2^30 steps");
    return quantiser_.raw_of(static_cast<std::uint32_t>(number.number), number.negative ? 1 : 0);
  }

 private:
  Quantiser quantiser_;
};

class RationalCoder : public DigitCoder {
 public:
  RationalCoder(Prime p, int digits) : DigitCoder(p, digits), ring_(p, digits) {}

  // The code goes by its Monna image (its digits reversed), so that planes come in the order of the p-adic expansion.
  DigitNumber number_of(std::uint32_t raw) const override {
    const auto code = rational_code(float_of_bits(raw), ring_);
    if (!code) return {0, false, true};
    return {reversed(*code), false, false};
  }
  std::uint32_t raw_of(const DigitNumber& number) const override {
    const auto value = float_of_code(reversed(number.number), ring_);
    if (!value || number.negative)
      throw TraceError("packed tensor: a code that no fraction within the Farey bound has");
    return bits_of_float(*value);
  }

 private:
  std::uint64_t reversed(std::uint64_t code) const {
    std::uint64_t image = 0;
    for (int i = 0; i < digits(); ++i, code /= prime().value())
      image = image * prime().value() + code % prime().value();
    return image;
  }

  WordHensel ring_;
};

[[noreturn]] void refuse(const char* what) {
  throw ConfigError(fmt::format("preset digits: {}", what), {}, "take preset fast or dense");
}

}  // namespace

std::uint32_t digits_needed(const StreamHeader& header) {
  const Prime p(header.prime);
  switch (static_cast<Mode>(header.mode)) {
    case Mode::lossless:
      return static_cast<std::uint32_t>(digits_for(p, magnitudes));
    case Mode::absolute:
      return static_cast<std::uint32_t>(digits_for(p, multiples));
    case Mode::rational:
      return header.precision == 0 ? default_hensel_digits : header.precision;
    case Mode::relative:
      break;
  }
  refuse("a relative bound is not to be had there");
}

std::unique_ptr<DigitCoder> digit_coder(const StreamHeader& header) {
  const Prime p(header.prime);
  const auto dtype = static_cast<DType>(header.dtype);
  const auto digits = static_cast<int>(digits_needed(header));
  if (format_of(dtype).bytes > 4) refuse("values of 8 bytes are not to be had there");
  switch (static_cast<Mode>(header.mode)) {
    case Mode::lossless:
      return std::make_unique<LosslessCoder>(p, dtype);
    case Mode::absolute:
      if (dtype != DType::float32) refuse("an absolute bound is for float32 there");
      return std::make_unique<BoundedCoder>(p, header.bound);
    default:
      break;
  }
  if (dtype != DType::float32) refuse("exact rationals are for float32");
  return std::make_unique<RationalCoder>(p, digits);
}

}  // namespace vramlab::padic
