#include "engine/pool/pytorch_rules.h"

#include <fmt/format.h>
#include <algorithm>
#include <bit>
#include <charconv>

#include "engine/core/error.h"

namespace vramlab::pytorch {
namespace {

constexpr std::array<OptionSpec, 4> table{{
    {.name = "max_split_size",
     .kind = OptionKind::bytes,
     .default_text = "unlimited",
     .reason = "blocks of this size and more are never split (max_split_size_mb)"},
    {.name = "max_non_split_rounding",
     .kind = OptionKind::bytes,
     .default_text = "20MiB",
     .reason = "how much larger than asked an unsplittable block may be (max_non_split_rounding_mb)"},
    {.name = "roundup_power2_divisions",
     .kind = OptionKind::text,
     .default_text = "0",
     .reason = "steps between powers of two that sizes round up to: N, or MiB:N,... by size"},
    {.name = "garbage_collection_threshold",
     .kind = OptionKind::real,
     .default_text = "0",
     .reason = "with a capacity: fraction of it above which old cached blocks are freed before a new segment",
     .at_least = 0,
     .at_most = 1},
}};

std::uint32_t parse_number(std::string_view text) {
  std::uint32_t value = 0;
  const auto [stop, status] = std::from_chars(text.data(), text.data() + text.size(), value);
  if (status != std::errc() || stop != text.data() + text.size())
    throw ConfigError(fmt::format("'{}' in roundup_power2_divisions is not a number", text), {},
                      "write one number, or MiB:N pairs such as 256:1,512:2");
  return value;
}

std::uint32_t checked_divisions(std::uint32_t divisions) {
  if (divisions > 1 && !std::has_single_bit(divisions))
    throw ConfigError(fmt::format("roundup_power2_divisions: {} is not a power of two", divisions));
  return divisions;
}

std::size_t slot_of(std::uint64_t size) {
  const int log2 = static_cast<int>(std::bit_width(size)) - 1;
  return static_cast<std::size_t>(std::clamp(log2 - 20, 0, 15));
}

// Up to the next 1/divisions step between two powers of two; a power of two stays.
Bytes round_to_division(Bytes size, std::uint32_t divisions) {
  if (std::has_single_bit(size.value)) return size;
  const std::uint64_t floor = std::bit_floor(size.value);
  return round_up(size, Bytes(std::max<std::uint64_t>(floor / divisions, 1)));
}

}  // namespace

std::span<const OptionSpec> option_table() { return table; }

std::array<std::uint32_t, 16> parse_divisions(std::string_view text) {
  std::array<std::uint32_t, 16> slots{};
  if (text.find(':') == std::string_view::npos) {
    slots.fill(checked_divisions(parse_number(text)));
    return slots;
  }
  while (!text.empty()) {
    const std::string_view pair = text.substr(0, text.find(','));
    text.remove_prefix(std::min(pair.size() + 1, text.size()));
    const std::size_t colon = std::min(pair.find(':'), pair.size() - 1);
    const std::uint32_t mib = parse_number(pair.substr(0, colon));
    if (mib == 0) throw ConfigError("roundup_power2_divisions: sizes are in MiB from 1 on");
    slots[slot_of(std::uint64_t{mib} << 20)] = checked_divisions(parse_number(pair.substr(colon + 1)));
  }
  return slots;
}

Settings Settings::from(const OptionValues& options) {
  return {.max_split_size = options.bytes("max_split_size"),
          .max_non_split_rounding = options.bytes("max_non_split_rounding"),
          .garbage_collection_threshold = options.real("garbage_collection_threshold"),
          .roundup_divisions = parse_divisions(options.text("roundup_power2_divisions"))};
}

Bytes round_size(Bytes request, const Settings& settings) {
  if (request < min_block) return min_block;
  const std::uint32_t divisions = settings.roundup_divisions[slot_of(request.value)];
  if (divisions > 1 && request.value > min_block.value * divisions) return round_to_division(request, divisions);
  return round_up(request, min_block);
}

Bytes segment_size(Bytes rounded) {
  if (rounded <= small_size) return small_segment;
  if (rounded < min_large_request) return large_segment;
  return round_up(rounded, round_large);
}

}  // namespace vramlab::pytorch
