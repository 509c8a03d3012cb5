#include "engine/padic/digit_preset.h"

#include <algorithm>
#include <cstring>

#include "engine/core/error.h"
#include "engine/padic/quantiser.h"
#include "engine/padic/words.h"

namespace vramlab::padic {
namespace {

constexpr std::byte stored{255};  // where a block of digits has their number
constexpr std::size_t stored_head = 4;

}  // namespace

DigitBlocks::DigitBlocks(const StreamHeader& header)
    : coder_(digit_coder(header)),
      value_bytes_(format_of(static_cast<DType>(header.dtype)).bytes),
      bound_(header.bound) {}

void DigitBlocks::encode(const std::byte* raw, std::uint32_t values, std::vector<std::byte>& out) {
  raws_.assign(values, 0);
  for (std::uint32_t i = 0; i < values; ++i) std::memcpy(&raws_[i], raw + std::size_t{i} * value_bytes_, value_bytes_);
  const auto zero = [&](std::uint32_t value) {
    const DigitNumber number = coder_->number_of(value);
    return number.number == 0 && !number.negative && !number.escape;
  };
  if (std::ranges::all_of(raws_, zero)) return;
  const std::vector<std::byte> block = encode_digit_block(raws_, *coder_);
  const std::size_t bytes = std::size_t{values} * value_bytes_;
  if (block.size() >= stored_head + bytes) {
    out.push_back(stored);
    out.resize(out.size() + stored_head - 1);
    out.insert(out.end(), raw, raw + bytes);
  } else {
    out.insert(out.end(), block.begin(), block.end());
  }
  out.resize(rounded_up(out.size(), stream_alignment));
}

void DigitBlocks::decode(std::span<const std::byte> block, std::uint32_t values, std::uint32_t planes, std::byte* raw) {
  if (!block.empty() && block[0] == stored) {
    const std::size_t bytes = std::size_t{values} * value_bytes_;
    if (block.size() != rounded_up(stored_head + bytes, stream_alignment))
      throw TraceError("packed tensor: a stored block of another length");
    std::memcpy(raw, block.data() + stored_head, bytes);
    return;
  }
  raws_.assign(values, coder_->raw_of({}));
  const bool all = planes >= static_cast<std::uint32_t>(coder_->digits());
  if (!block.empty()) decode_digit_block(block, *coder_, all ? -1 : static_cast<int>(planes), raws_);
  for (std::uint32_t i = 0; i < values; ++i) std::memcpy(raw + std::size_t{i} * value_bytes_, &raws_[i], value_bytes_);
}

double DigitBlocks::error_of(std::uint32_t planes) const {
  double unit = 1;
  for (int left = coder_->digits() - static_cast<int>(planes); left > 0; --left) unit *= coder_->prime().value();
  return bound_ + (unit - 1) * Quantiser::with(bound_).step;
}

}  // namespace vramlab::padic
