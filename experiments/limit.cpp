#include "experiments/limit.h"

#include <fmt/format.h>

#include <charconv>
#include <optional>

#include "engine/core/error.h"
#include "engine/core/option.h"

namespace vramlab {
namespace {

/// The whole of `text`, else nothing.
std::optional<double> number_of(std::string_view text) {
  double number = 0;
  const auto [stop, status] = std::from_chars(text.data(), text.data() + text.size(), number);
  if (status != std::errc() || stop != text.data() + text.size()) return std::nullopt;
  return number;
}

std::string_view without_percent(std::string_view text) {
  return text.substr(0, text.size() - (is_share(text) ? 1 : 0));
}

}  // namespace

bool is_share(std::string_view limit) { return limit.ends_with('%'); }

bool is_least(std::string_view limit) { return limit == "min"; }

Bytes parse_cap(std::string_view text, Bytes device_memory) {
  return text == "machine" ? device_memory : parse_bytes(text);
}

Bytes parse_limit(std::string_view text, Bytes max_load, std::string_view setting) {
  try {
    if (!is_share(text)) return parse_bytes(text);
  } catch (const ConfigError&) {
    throw ConfigError(fmt::format("{} '{}' is neither a byte count nor a percentage", setting, text), {},
                      "write for instance 12GiB or 80%");
  }
  const std::optional<double> percent = number_of(without_percent(text));
  if (!percent || !(*percent > 0 && *percent <= 1e6))
    throw ConfigError(fmt::format("{} '{}' is not a percentage above 0", setting, text), {}, "write for instance 80%");
  return Bytes(static_cast<std::uint64_t>(static_cast<double>(max_load.value) * *percent / 100));
}

double parse_overhead(std::string_view text) {
  const std::optional<double> number = number_of(without_percent(text));
  if (!number || !(*number >= 0 && *number <= 1e6))
    throw ConfigError(fmt::format("max_overhead '{}' is neither a share nor a percentage", text), {},
                      "write for instance 0.01 or 1%");
  return is_share(text) ? *number / 100 : *number;
}

}  // namespace vramlab
