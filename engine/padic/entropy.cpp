#include "engine/padic/entropy.h"

#include <algorithm>
#include <array>
#include <bit>
#include <cmath>
#include <cstring>
#include <functional>

#include "engine/padic/value_coder.h"

namespace vramlab::padic {
namespace {

constexpr std::uint64_t packed_block = 1024;

std::uint64_t bits_at(const TensorView& tensor, std::uint64_t i) {
  const std::size_t bytes = format_of(tensor.dtype).bytes;
  std::uint64_t bits = 0;
  std::memcpy(&bits, tensor.data + i * bytes, bytes);
  return bits;
}

/// A floating-point format of at most 4 bytes as a number.
double number_of(std::uint64_t bits, const NumberFormat& format) {
  if (format.bytes == 4) return static_cast<double>(float_of_bits(static_cast<std::uint32_t>(bits)));
  const std::uint32_t sign = 8U * format.bytes - 1U;
  const auto magnitude = static_cast<std::uint32_t>(bits & ((1U << sign) - 1U));
  if (magnitude >= least_special_magnitude(format)) return NAN;
  const double value = magnitude_value(magnitude, format);
  return (bits >> sign & 1U) != 0 ? -value : value;
}

class Histogram {
 public:
  explicit Histogram(std::size_t symbols) : counts_(symbols, 0) {}
  void add(std::size_t symbol) { ++counts_[symbol]; }
  /// Bits a value.
  double entropy(double values) const {
    double bits = 0;
    for (const std::uint64_t count : counts_)
      if (count != 0) bits += static_cast<double>(count) * std::log2(values / static_cast<double>(count));
    return bits / values;
  }

 private:
  std::vector<std::uint64_t> counts_;
};

/// Sign, bit length and the up to 8 leading bits of |q|; the rest is counted.
double absolute_entropy(const TensorView& tensor, double bound) {
  constexpr std::size_t lengths = 1025;  // of finite doubles; 256 leading parts each, two signs
  const NumberFormat format = format_of(tensor.dtype);
  Histogram symbols(2 * 256 * lengths + 1);
  double remaining = 0;
  for (std::uint64_t i = 0; i < tensor.values; ++i) {
    const double q = std::rint(number_of(bits_at(tensor, i), format) / (2 * bound));
    if (!std::isfinite(q)) {
      symbols.add(2 * 256 * lengths);
      remaining += 8.0 * format.bytes;
      continue;
    }
    int length = 0;
    const double part = std::frexp(std::fabs(q), &length);  // in [1/2, 1), or 0
    const auto leading = static_cast<std::size_t>(std::ldexp(part, std::min(length, 8)));
    remaining += std::max(length - 8, 0);
    symbols.add(((q < 0 ? lengths : 0U) + static_cast<std::size_t>(length)) * 256 + leading);
  }
  const auto values = static_cast<double>(tensor.values);
  return symbols.entropy(values) + remaining / values;
}

/// The entropy of the bits from `low_bits` on, and those of the bytes below them.
double parts_entropy(const TensorView& tensor, std::uint32_t low_bits,
                     const std::function<std::uint64_t(std::uint64_t)>& kept) {
  const std::uint32_t bits = 8U * format_of(tensor.dtype).bytes;
  Histogram head(std::size_t{1} << (bits - low_bits));
  std::vector<Histogram> bytes((low_bits + 7) / 8, Histogram(256));
  for (std::uint64_t i = 0; i < tensor.values; ++i) {
    const std::uint64_t value = kept(bits_at(tensor, i));
    head.add(bits == low_bits ? 0U : value >> low_bits);
    const std::uint64_t low = low_bits == 64 ? value : value & ((std::uint64_t{1} << low_bits) - 1);
    for (std::size_t b = 0; b < bytes.size(); ++b) bytes[b].add(low >> 8 * b & 0xFFU);
  }
  const auto values = static_cast<double>(tensor.values);
  double sum = head.entropy(values);
  for (const Histogram& byte : bytes) sum += byte.entropy(values);
  return sum;
}

double exact_entropy(const TensorView& tensor, Mode mode, double bound) {
  const NumberFormat format = format_of(tensor.dtype);
  const auto whole = [](std::uint64_t bits) { return bits; };
  if (!format.floating) return parts_entropy(tensor, 8U * format.bytes, whole);
  const std::uint32_t drop = mode == Mode::relative ? droppable_bits(bound, format) : 0U;
  if (drop == 0) return parts_entropy(tensor, format.mantissa, whole);
  return parts_entropy(tensor, format.mantissa, [&](std::uint64_t bits) {
    const Word word = rounded_word(exact_word(static_cast<std::uint32_t>(bits), format), drop, bound, format);
    if (word.escape) return bits;
    return std::uint64_t{exact_raw(word.magnitude << drop, word.sign, format)};
  });
}

/// The bits of the largest of a block's values, as plain packing keeps it.
std::uint64_t plain_width(const TensorView& tensor, std::uint64_t first, std::uint64_t last, Mode mode, double bound) {
  const NumberFormat format = format_of(tensor.dtype);
  const std::uint64_t raw_width = 8U * format.bytes;
  std::uint64_t any = 0;
  for (std::uint64_t i = first; i < last; ++i) {
    const std::uint64_t bits = bits_at(tensor, i);
    if (mode != Mode::absolute) {
      any |= bits;
      continue;
    }
    const double q = std::rint(number_of(bits, format) / (2 * bound));
    if (!(std::fabs(q) < 0x1p62)) return raw_width;
    any |= zigzag(static_cast<std::uint64_t>(static_cast<std::int64_t>(q)));
  }
  return std::min<std::uint64_t>(raw_width, static_cast<std::uint64_t>(std::bit_width(any)));
}

std::uint64_t raw_bytes(const TensorView& tensor) { return tensor.values * format_of(tensor.dtype).bytes; }

}  // namespace

std::optional<double> entropy_ratio(const TensorView& tensor, Mode mode, double bound) {
  check_options(tensor.dtype, {mode, bound});
  if (tensor.values == 0) return {};
  const double entropy = mode == Mode::absolute ? absolute_entropy(tensor, bound) : exact_entropy(tensor, mode, bound);
  if (entropy < 0.1) return {};
  const auto values = static_cast<double>(tensor.values);
  const double packed = 64 + 4 * std::ceil(values / 4096) + std::ceil(values * entropy / 8);
  return static_cast<double>(raw_bytes(tensor)) / packed;
}

double plain_packing_ratio(const TensorView& tensor, Mode mode, double bound) {
  check_options(tensor.dtype, {mode, bound});
  if (tensor.values == 0) return 1;
  std::uint64_t packed = 0;
  for (std::uint64_t first = 0; first < tensor.values; first += packed_block) {
    const std::uint64_t last = std::min(first + packed_block, tensor.values);
    packed += 1 + ((last - first) * plain_width(tensor, first, last, mode, bound) + 7) / 8;
  }
  return static_cast<double>(raw_bytes(tensor)) / static_cast<double>(packed);
}

}  // namespace vramlab::padic
