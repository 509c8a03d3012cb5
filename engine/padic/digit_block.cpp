#include "engine/padic/digit_block.h"

#include <algorithm>

#include "engine/padic/byte_reader.h"
#include "engine/padic/digit_planes.h"

namespace vramlab::padic {
namespace {

constexpr unsigned has_escapes = 1, has_mask = 2, has_signs = 4;  // flags

void append(std::uint64_t value, unsigned bytes, std::vector<std::byte>& out) {
  for (unsigned i = 0; i < bytes; ++i) out.push_back(static_cast<std::byte>(value >> (8 * i)));
}

// The block's values, sorted into what the records hold.
struct Sorted {
  std::vector<std::uint16_t> escaped, kept, negative;  ///< indices; of `negative` those in `kept`
  std::vector<std::uint64_t> numbers;                  ///< of `kept`
  std::uint64_t largest = 0;
};

Sorted sort(std::span<const std::uint32_t> raws, const DigitCoder& coder) {
  Sorted sorted;
  for (std::size_t i = 0; i < raws.size(); ++i) {
    const DigitNumber number = coder.number_of(raws[i]);
    const auto index = static_cast<std::uint16_t>(i);
    if (number.escape) sorted.escaped.push_back(index);
    if (number.escape || (number.number == 0 && !number.negative)) continue;
    if (number.negative) sorted.negative.push_back(static_cast<std::uint16_t>(sorted.kept.size()));
    sorted.kept.push_back(index);
    sorted.numbers.push_back(number.number);
    sorted.largest = std::max(sorted.largest, number.number);
  }
  return sorted;
}

// Escapes, kept values and signs, as their records lie.
struct Layout {
  std::vector<std::uint16_t> escaped;
  std::vector<std::uint32_t> escaped_raws;
  std::vector<std::uint16_t> kept;
  std::vector<bool> negative;
};

void read_escapes(ByteReader& in, std::size_t values, Layout& layout) {
  layout.escaped.resize(in.u16("the number of escapes"));
  std::int32_t last = -1;
  for (std::uint16_t& index : layout.escaped) {
    index = in.u16("the index of an escape");
    if (index <= last || index >= values) in.refuse("escapes whose indices do not grow within the block");
    last = index;
  }
  for (std::size_t i = 0; i < layout.escaped.size(); ++i) layout.escaped_raws.push_back(in.u32("an escaped value"));
}

Layout read_layout(ByteReader& in, unsigned flags, std::size_t values) {
  Layout layout;
  if (flags & has_escapes) read_escapes(in, values, layout);
  if (flags & has_mask) {
    layout.kept = in.bitmap(values);
  } else {
    layout.kept.resize(values);
    for (std::size_t i = 0; i < values; ++i) layout.kept[i] = static_cast<std::uint16_t>(i);
  }
  layout.negative.resize(layout.kept.size());
  if (flags & has_signs)
    for (const std::uint16_t index : in.bitmap(layout.kept.size())) layout.negative[index] = true;
  return layout;
}

}  // namespace

std::vector<std::byte> encode_digit_block(std::span<const std::uint32_t> raws, const DigitCoder& coder) {
  const Sorted sorted = sort(raws, coder);
  const int digits = digits_for(coder.prime(), sorted.largest + 1);
  const bool mask = sorted.kept.size() < raws.size();
  std::vector<std::byte> out;
  append(static_cast<std::uint64_t>(digits), 1, out);
  append(
      (sorted.escaped.empty() ? 0U : has_escapes) | (mask ? has_mask : 0U) | (sorted.negative.empty() ? 0U : has_signs),
      3, out);
  if (!sorted.escaped.empty()) {
    append(sorted.escaped.size(), 2, out);
    for (const std::uint16_t index : sorted.escaped) append(index, 2, out);
    for (const std::uint16_t index : sorted.escaped) append(raws[index], 4, out);
  }
  if (mask) append_bitmap(sorted.kept, raws.size(), out);
  if (!sorted.negative.empty()) append_bitmap(sorted.negative, sorted.kept.size(), out);
  append_digit_planes(sorted.numbers, coder.prime(), digits, out);
  return out;
}

void decode_digit_block(std::span<const std::byte> block, const DigitCoder& coder, int planes,
                        std::span<std::uint32_t> raws) {
  ByteReader in(block);
  const int digits = in.u8("the number of digits");
  const unsigned flags = in.u8("the flags");
  if (digits > coder.digits() || flags > (has_escapes | has_mask | has_signs) || in.u16("the flags") != 0)
    in.refuse("a block of digits with an impossible head");
  const Layout layout = read_layout(in, flags, raws.size());
  // What the whole tensor's planes leave out at the top is left out of this block's too.
  const int left_out = coder.digits() - digits;
  const int wanted = planes < 0 ? digits : std::clamp(planes - left_out, 0, digits);
  std::vector<std::uint64_t> numbers(layout.kept.size());
  const std::size_t read = read_digit_planes(block.subspan(in.position()), coder.prime(), digits, wanted, numbers);
  if (wanted == digits && in.left() - read >= stream_alignment) in.refuse("bytes behind the last plane");
  std::ranges::fill(raws, coder.raw_of({}));
  for (std::size_t i = 0; i < numbers.size(); ++i)
    raws[layout.kept[i]] = coder.raw_of({numbers[i], layout.negative[i], false});
  for (std::size_t i = 0; i < layout.escaped.size(); ++i) raws[layout.escaped[i]] = layout.escaped_raws[i];
}

}  // namespace vramlab::padic
