#pragma once
// Tensors to pack, the same on every machine, and what a packed and unpacked one is held against.

#include <gtest/gtest.h>

#include <cmath>
#include <cstring>
#include <random>
#include <string>
#include <vector>

#include "engine/padic/level_tables.h"
#include "engine/padic/tensor_codec.h"
#include "engine/padic/words.h"

namespace vramlab::testing {

using padic::CodecOptions;
using padic::DType;
using padic::Mode;
using padic::Preset;
using Raw = std::vector<std::byte>;

inline const std::vector<DType>& every_dtype() {
  static const std::vector<DType> all = {DType::float32,     DType::float16, DType::bfloat16, DType::float8_e4m3,
                                         DType::float8_e5m2, DType::float64, DType::int8,     DType::uint8,
                                         DType::int16,       DType::uint16,  DType::int32,    DType::uint32,
                                         DType::int64,       DType::uint64};
  return all;
}

inline std::uint64_t bits_at(const Raw& raw, std::size_t i, DType dtype) {
  const std::size_t bytes = padic::format_of(dtype).bytes;
  std::uint64_t bits = 0;
  std::memcpy(&bits, raw.data() + i * bytes, bytes);
  return bits;
}
inline void set_bits(Raw& raw, std::size_t i, DType dtype, std::uint64_t bits) {
  const std::size_t bytes = padic::format_of(dtype).bytes;
  std::memcpy(raw.data() + i * bytes, &bits, bytes);
}

/// A floating-point format of at most 4 bytes as a number; an infinity or NaN is not finite.
inline double number(std::uint64_t bits, DType dtype) {
  const padic::NumberFormat format = padic::format_of(dtype);
  const std::uint32_t sign = 8U * format.bytes - 1U;
  const auto magnitude = static_cast<std::uint32_t>(bits & ((std::uint64_t{1} << sign) - 1));
  if (magnitude >= padic::least_special_magnitude(format)) return NAN;
  const double value = padic::magnitude_value(magnitude, format);
  return (bits >> sign & 1) != 0 ? -value : value;
}

/// The nearest pattern of the format, near enough for tests: mantissas are cut off, what is too large becomes the
/// largest. Integers are rounded towards zero.
inline std::uint64_t pattern_of(double value, DType dtype) {
  const padic::NumberFormat format = padic::format_of(dtype);
  if (!format.floating) {
    const std::uint32_t bits = 8U * format.bytes;
    const auto whole =
        static_cast<std::uint64_t>(static_cast<std::int64_t>(format.negative ? value : std::fabs(value)));
    return bits == 64 ? whole : whole & ((std::uint64_t{1} << bits) - 1);
  }
  if (dtype == DType::float64) {
    std::uint64_t bits = 0;
    std::memcpy(&bits, &value, 8);
    return bits;
  }
  const auto single = static_cast<float>(std::fabs(value));
  std::uint32_t bits = 0;
  std::memcpy(&bits, &single, 4);
  if (dtype != DType::float32) {
    const int bias = (1 << (format.exponent - 1)) - 1, exponent = static_cast<int>(bits >> 23) - 127 + bias;
    const std::uint32_t fraction = (bits >> (23 - format.mantissa)) & ((1U << format.mantissa) - 1U);
    const std::uint32_t largest = padic::least_special_magnitude(format) - 1U;
    bits = exponent <= 0 ? 0U : static_cast<std::uint32_t>(exponent) << format.mantissa | fraction;
    if (bits > largest) bits = largest;
  }
  return std::uint64_t{bits} | std::uint64_t{std::signbit(value) ? 1U : 0U} << (8U * format.bytes - 1U);
}

/// The next of a sequence that every machine draws alike.
class Draw {
 public:
  explicit Draw(std::uint64_t seed) : bits_(seed) {}
  std::uint64_t bits() { return bits_(); }
  std::uint64_t below(std::uint64_t n) { return bits_() % n; }
  /// Near enough to a Gaussian of deviation 1.
  double normal() {
    double sum = 0;
    for (int i = 0; i < 12; ++i) sum += static_cast<double>(bits_() >> 11) * 0x1p-53;
    return sum - 6;
  }

 private:
  std::mt19937_64 bits_;
};

inline const std::vector<std::string>& every_content() {
  static const std::vector<std::string> all = {"zeros",  "constant",    "negative zeros", "normal",
                                               "sparse", "very sparse", "halves",         "ramp",
                                               "tails",  "bits",        "specials"};
  return all;
}

inline double drawn(const std::string& content, std::size_t i, Draw& draw) {
  const double unit = 20;  // so that integers differ too
  if (content == "constant") return -1.5 * unit;
  if (content == "negative zeros") return -0.0;
  if (content == "normal") return draw.normal() * unit;
  if (content == "sparse") return draw.below(4) == 0 ? draw.normal() * unit : 0.0;
  if (content == "very sparse") return draw.below(700) == 0 ? draw.normal() * unit : 0.0;
  if (content == "halves") return draw.below(2) == 0 ? std::fabs(draw.normal()) * unit : 0.0;
  if (content == "ramp") return static_cast<double>(i % 5000) * 0.01;
  if (content == "tails") return std::ldexp(draw.normal(), static_cast<int>(draw.below(60)) - 30);
  return 0;
}

/// So many values of one of every_content().
inline Raw make_tensor(DType dtype, const std::string& content, std::size_t values, std::uint64_t seed = 1) {
  const std::size_t bytes = padic::format_of(dtype).bytes;
  Raw raw(values * bytes);
  Draw draw(seed);
  for (std::size_t i = 0; i < values; ++i) {
    const bool noise = content == "bits" || (content == "specials" && draw.below(9) == 0);
    std::uint64_t bits =
        noise ? draw.bits() : pattern_of(drawn(content == "specials" ? "normal" : content, i, draw), dtype);
    if (content == "specials" && draw.below(50) == 0) bits = draw.below(2) == 0 ? ~std::uint64_t{0} : 0x7F800000U;
    set_bits(raw, i, dtype, bits);
  }
  return raw;
}

inline padic::TensorView view_of(const Raw& raw, DType dtype) {
  return {raw.data(), raw.size() / padic::format_of(dtype).bytes, dtype, {}};
}

inline Raw unpacked(std::span<const std::byte> stream, unsigned threads = 1) {
  Raw out(padic::read_stream_info(stream).raw_bytes, std::byte{0xA5});
  padic::decompress(stream, out, threads);
  return out;
}

/// Empty where `back` is what the options promise for `raw`; else the first value that is not.
inline std::string broken_promise(const Raw& raw, const Raw& back, DType dtype, const CodecOptions& options) {
  if (raw.size() != back.size()) return "another length";
  if (options.mode == Mode::lossless) return raw == back ? "" : "not the same bytes";
  for (std::size_t i = 0; i < raw.size() / padic::format_of(dtype).bytes; ++i) {
    const std::uint64_t before = bits_at(raw, i, dtype), after = bits_at(back, i, dtype);
    const double x = number(before, dtype), y = number(after, dtype);
    const double allowed = options.mode == Mode::relative ? options.bound * std::fabs(x) : options.bound;
    if (std::isfinite(x) ? !(std::fabs(x - y) <= allowed) : before != after)
      return "value " + std::to_string(i) + ": " + std::to_string(before) + " became " + std::to_string(after);
  }
  return "";
}

}  // namespace vramlab::testing
