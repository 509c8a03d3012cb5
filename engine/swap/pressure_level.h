#pragma once
// From bytes held to a level of pressure, and what each level may swap: the figures of the AutoSwap document.
//
//   low        below 50%              nothing
//   moderate   from 50% up to 75%     idle
//   high       above 75% up to 90%    low too
//   critical   above 90%              medium too
//   extreme    from 95% on            high too (the document's second figure, named critical in its configuration)
// Objects of critical priority are never swapped. Shares are compared exactly: bytes held times 1000 against bytes
// there are times the threshold.

#include <array>
#include <cstdint>
#include <optional>

#include "engine/core/types.h"
#include "engine/swap/swap_types.h"

namespace vramlab {

/// Per mille of the bytes there are: where moderate, high, critical and extreme begin.
struct PressureThresholds {
  std::array<std::uint32_t, 4> per_mille{500, 750, 900, 950};
};

/// Throws ConfigError where they do not rise, or exceed 1000.
void check(const PressureThresholds& thresholds);
/// Without any bytes there are (0), pressure is extreme.
PressureLevel pressure_level(Bytes held, Bytes there_are, const PressureThresholds& thresholds = {});
/// The dearest priority that `level` may swap; none at all under low pressure.
std::optional<SwapPriority> dearest_swapped(PressureLevel level);
bool may_swap(PressureLevel level, SwapPriority priority);

}  // namespace vramlab
