#include "engine/padic/digit_planes.h"

#include <algorithm>
#include <array>
#include <bit>

#include "engine/core/error.h"
#include "engine/padic/byte_reader.h"

namespace vramlab::padic {
namespace {

enum class PlaneForm : std::uint8_t { zero, sparse, masked, raw };

using Digits = std::vector<std::uint8_t>;

unsigned bits_of_digit(Prime p) { return static_cast<unsigned>(std::bit_width(p.value() - 1U)); }
std::size_t packed_bytes(std::size_t digits, unsigned bits) { return (digits * bits + 7) / 8; }

void append_packed(std::span<const std::uint8_t> digits, unsigned bits, std::vector<std::byte>& out) {
  std::uint32_t held = 0;
  unsigned count = 0;
  for (const std::uint8_t digit : digits) {
    held |= static_cast<std::uint32_t>(digit) << count;
    for (count += bits; count >= 8; count -= 8, held >>= 8) out.push_back(static_cast<std::byte>(held));
  }
  if (count > 0) out.push_back(static_cast<std::byte>(held));
}

Digits read_packed(ByteReader& in, std::size_t count, Prime p) {
  const unsigned bits = bits_of_digit(p);
  const std::span<const std::byte> bytes = in.take(packed_bytes(count, bits), "digits");
  Digits digits(count);
  for (std::size_t i = 0; i < count; ++i) {
    const std::size_t at = i * bits;
    std::uint32_t window = static_cast<std::uint8_t>(bytes[at / 8]);
    if (at / 8 + 1 < bytes.size()) window |= static_cast<std::uint32_t>(bytes[at / 8 + 1]) << 8;
    const std::uint32_t digit = window >> at % 8 & ((1U << bits) - 1U);
    if (digit >= p.value()) in.refuse("a digit that is not below the prime");
    digits[i] = static_cast<std::uint8_t>(digit);
  }
  return digits;
}

struct Plane {
  Digits all, kept;                    ///< every digit; those that are not 0
  std::vector<std::uint16_t> indices;  ///< of `kept`
};

Plane plane_of(std::span<const std::uint64_t> numbers, std::uint64_t unit, std::uint64_t p) {
  Plane plane;
  plane.all.reserve(numbers.size());
  for (std::size_t i = 0; i < numbers.size(); ++i) {
    const auto digit = static_cast<std::uint8_t>(numbers[i] / unit % p);
    plane.all.push_back(digit);
    if (digit == 0) continue;
    plane.kept.push_back(digit);
    plane.indices.push_back(static_cast<std::uint16_t>(i));
  }
  return plane;
}

PlaneForm cheapest(const Plane& plane, unsigned bits) {
  if (plane.kept.empty()) return PlaneForm::zero;
  const std::size_t kept = packed_bytes(plane.kept.size(), bits);
  const std::array<std::size_t, 3> sizes{2 + 2 * plane.kept.size() + kept, (plane.all.size() + 7) / 8 + kept,
                                         packed_bytes(plane.all.size(), bits)};
  return static_cast<PlaneForm>(1 + std::ranges::min_element(sizes) - sizes.begin());
}

void append_u16(std::uint16_t value, std::vector<std::byte>& out) {
  out.push_back(static_cast<std::byte>(value));
  out.push_back(static_cast<std::byte>(value >> 8));
}

void append_plane(const Plane& plane, unsigned bits, std::vector<std::byte>& out) {
  const PlaneForm form = cheapest(plane, bits);
  out.push_back(static_cast<std::byte>(form));
  if (form == PlaneForm::sparse) {
    append_u16(static_cast<std::uint16_t>(plane.indices.size()), out);
    for (const std::uint16_t index : plane.indices) append_u16(index, out);
  }
  if (form == PlaneForm::masked) append_bitmap(plane.indices, plane.all.size(), out);
  if (form != PlaneForm::zero) append_packed(form == PlaneForm::raw ? plane.all : plane.kept, bits, out);
}

std::vector<std::uint16_t> read_indices(ByteReader& in, std::size_t numbers) {
  std::vector<std::uint16_t> indices(in.u16("the number of sparse digits"));
  std::int32_t last = -1;
  for (std::uint16_t& index : indices) {
    index = in.u16("the index of a sparse digit");
    if (index <= last || index >= numbers) in.refuse("indices that do not grow within the block");
    last = index;
  }
  return indices;
}

// Adds the plane's digits times `unit`.
void read_plane(ByteReader& in, Prime p, std::uint64_t unit, std::span<std::uint64_t> numbers) {
  const std::uint8_t form = in.u8("the form of a plane");
  if (form > static_cast<std::uint8_t>(PlaneForm::raw)) in.refuse("a plane of an unknown form");
  if (form == static_cast<std::uint8_t>(PlaneForm::zero)) return;
  if (form == static_cast<std::uint8_t>(PlaneForm::raw)) {
    const Digits digits = read_packed(in, numbers.size(), p);
    for (std::size_t i = 0; i < digits.size(); ++i) numbers[i] += digits[i] * unit;
    return;
  }
  const bool sparse = form == static_cast<std::uint8_t>(PlaneForm::sparse);
  const std::vector<std::uint16_t> indices = sparse ? read_indices(in, numbers.size()) : in.bitmap(numbers.size());
  const Digits digits = read_packed(in, indices.size(), p);
  for (std::size_t i = 0; i < digits.size(); ++i) {
    if (digits[i] == 0) in.refuse("a zero among the digits that are not");
    numbers[indices[i]] += digits[i] * unit;
  }
}

std::uint64_t power(Prime p, int exponent) {
  std::uint64_t value = 1;
  for (int i = 0; i < exponent; ++i) value *= p.value();
  return value;
}

}  // namespace

int digits_for(Prime p, std::uint64_t limit) {
  int digits = 0;
  for (std::uint64_t rest = limit == 0 ? 0 : limit - 1; rest > 0; rest /= p.value()) ++digits;
  return digits;
}

void append_digit_planes(std::span<const std::uint64_t> numbers, Prime p, int digits, std::vector<std::byte>& out) {
  for (int plane = digits - 1; plane >= 0; --plane)
    append_plane(plane_of(numbers, power(p, plane), p.value()), bits_of_digit(p), out);
}

std::size_t read_digit_planes(std::span<const std::byte> bytes, Prime p, int digits, int planes,
                              std::span<std::uint64_t> numbers) {
  ByteReader in(bytes);
  std::ranges::fill(numbers, 0);
  for (int plane = 0; plane < std::min(planes, digits); ++plane)
    read_plane(in, p, power(p, digits - 1 - plane), numbers);
  return in.position();
}

}  // namespace vramlab::padic
