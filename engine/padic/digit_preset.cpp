#include "engine/padic/digit_preset.h"

#include <algorithm>
#include <cstring>

#include "engine/padic/quantiser.h"
#include "engine/padic/words.h"

namespace vramlab::padic {

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
  out.insert(out.end(), block.begin(), block.end());
  out.resize(rounded_up(out.size(), stream_alignment));
}

void DigitBlocks::decode(std::span<const std::byte> block, std::uint32_t values, std::uint32_t planes, std::byte* raw) {
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
