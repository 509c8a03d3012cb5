#pragma once
// The settings `limit`, `capacity` and `cap`: how much memory to get by with.

#include <string_view>

#include "engine/core/types.h"

namespace vramlab {

/// "12GiB", "unlimited", or "80%" of `max_load`, rounded down. Throws ConfigError that names the setting.
Bytes parse_limit(std::string_view text, Bytes max_load, std::string_view setting = "limit");

/// "12GiB", "unlimited", or "machine" for `device_memory`. Throws ConfigError.
Bytes parse_cap(std::string_view text, Bytes device_memory);

/// Whether the least limit is to be searched for.
bool is_least(std::string_view limit);

/// "0.01" or "1%", a share of the ideal time. Throws ConfigError.
double parse_overhead(std::string_view text);

/// Whether parse_limit needs the max load.
bool is_share(std::string_view limit);

}  // namespace vramlab
