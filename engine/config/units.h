#pragma once
// Text with a unit to whole numbers, exactly: no floating point comes between "55.5 GB/s" and 55500000000.

#include <cstdint>
#include <string_view>

#include "engine/core/types.h"

namespace vramlab {

/// "250ns", "3us", "0.783 us", "335.1ms", "2s". Throws ConfigError unless it is a whole number of nanoseconds with a
/// unit and at most one day.
Nanoseconds parse_duration(std::string_view text);
/// "55.5 GB/s", "900 MB/s", "2 GiB/s" to bytes per second. Throws ConfigError unless it is a whole number of bytes
/// with a unit and at most 1 PB/s.
std::uint64_t parse_bandwidth(std::string_view text);

}  // namespace vramlab
