#include "experiments/limit.h"

#include <fmt/format.h>

#include <charconv>

#include "engine/core/error.h"
#include "engine/core/option.h"

namespace vramlab {

bool is_share(std::string_view limit) { return limit.ends_with('%'); }

Bytes parse_cap(std::string_view text, Bytes device_memory) {
  return text == "machine" ? device_memory : parse_bytes(text);
}

Bytes parse_limit(std::string_view text, Bytes max_load, std::string_view setting) {
  const std::string_view number = text.substr(0, text.size() - (is_share(text) ? 1 : 0));
  try {
    if (!is_share(text)) return parse_bytes(text);
  } catch (const ConfigError&) {
    throw ConfigError(fmt::format("{} '{}' is neither a byte count nor a percentage", setting, text), {},
                      "write for instance 12GiB or 80%");
  }
  double percent = 0;
  const auto [stop, status] = std::from_chars(number.data(), number.data() + number.size(), percent);
  if (status != std::errc() || stop != number.data() + number.size() || !(percent > 0 && percent <= 1e6))
    throw ConfigError(fmt::format("{} '{}' is not a percentage above 0", setting, text), {}, "write for instance 80%");
  return Bytes(static_cast<std::uint64_t>(static_cast<double>(max_load.value) * percent / 100));
}

}  // namespace vramlab
